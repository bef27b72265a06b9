//! Prints constants in the form of `constants.txt` and `ioctls.txt`, with the values that the kernel's headers
//! have on each architecture:
//!
//!     cargo run -p tailcalld-syscalls --example constants -- MADV_COLD MADV_PAGEOUT
//!     cargo run -p tailcalld-syscalls --example constants -- --header linux/io_uring.h IORING_REGISTER_
//!
//! With `--header`, the arguments are prefixes, and the header's symbols with such a prefix are printed. The
//! variable HEADERS names a folder with other headers than those of the host, such as the unpacked Debian
//! package linux-libc-dev of a newer kernel, which has those of all architectures.
#![allow(clippy::unwrap_used)] // an example, and the helper that it shares with the tests

#[path = "../tests/headers/probe.rs"]
mod probe;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::process::ExitCode;

use probe::{Headers, Value};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let headers = Headers::new();
    let result = match arguments.as_slice() {
        [option, header, prefixes @ ..] if option == "--header" => {
            symbols(&headers, header, prefixes)
                .and_then(|names| print(&headers, &format!("#include <{header}>"), names))
        }
        [] => Err("usage: constants NAME... | --header FILE PREFIX...".to_owned()),
        names => print(&headers, "", names.to_vec()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("constants: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the words of a header that begin with one of the prefixes, in their order.
fn symbols(headers: &Headers, file: &str, prefixes: &[String]) -> Result<Vec<String>, String> {
    let text = headers.text(file).ok_or_else(|| format!("no header {file}"))?;
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    let mut known = BTreeSet::new();
    let is_wanted = |word: &&str| prefixes.iter().any(|prefix| word.starts_with(prefix.as_str()));
    Ok(words.filter(is_wanted).filter(|word| known.insert(*word)).map(str::to_owned).collect())
}

/// Prints each name with its value, for each value with the ABIs that have it.
fn print(headers: &Headers, includes: &str, names: Vec<String>) -> Result<(), String> {
    let abis = headers.abis();
    let expressions = names.iter().cloned().collect();
    let mut values: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for abi in &abis {
        values.insert(abi, headers.evaluate(abi, includes, &expressions)?);
    }
    for name in names {
        let mut lines: Vec<(u64, Vec<&str>)> = vec![];
        for abi in &abis {
            let Some(value) = values[abi].get(&name) else { continue };
            let number = if value.size < 8 { value.number & 0xffff_ffff } else { value.number };
            match lines.iter_mut().find(|(known, _)| *known == number) {
                Some((_, of)) => of.push(abi),
                None => lines.push((number, vec![abi])),
            }
        }
        lines.iter().for_each(|(number, of)| println!("{}", line(&name, *number, of, &abis)));
        if lines.is_empty() {
            eprintln!("{name}: no header defines it as a constant");
        }
    }
    Ok(())
}

fn line(name: &str, number: u64, of: &[&str], abis: &[&str]) -> String {
    let prefix = if of == abis { String::new() } else { format!("{}/", of.join(",")) };
    let number = if number < 10 { number.to_string() } else { format!("{number:#x}") };
    format!("    {prefix}{name} {number}")
}
