//! Compares constants, commands of ioctl and sizes of structures with the kernel's headers: those of the host
//! or, with the variable HEADERS, those in another folder, such as the unpacked package linux-libc-dev of
//! another release.
//!
//! Each symbol of the tables is accounted for: it is equal, or `exceptions.txt` lists it.
#![allow(clippy::unwrap_used)] // clippy sees that a helper is for tests only below #[test]

#[path = "../common/mod.rs"]
mod common;
mod exceptions;
mod missing;
mod probe;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};

use common::skip;
use exceptions::Exceptions;
use probe::{Headers, Value};
use syscalls::{Abi, names};

const TABLES: [&str; 2] =
    [include_str!("../../tables/constants.txt"), include_str!("../../tables/ioctls.txt")];

/// Symbol of a table.
struct Symbol {
    name: &'static str,
    /// C expression that is equal to the value.
    expression: String,
    value: u64,
}

#[test]
fn constants_equal_those_of_headers() {
    let headers = Headers::new();
    let mut wrong = vec![];
    for abi in headers.abis() {
        let symbols: Vec<Symbol> = TABLES.into_iter().flat_map(|text| symbols(text, abi)).collect();
        let expressions = symbols.iter().map(|symbol| symbol.expression.clone()).collect();
        let values = match headers.evaluate(abi, "", &expressions) {
            Ok(values) => values,
            Err(reason) => return skip(&reason),
        };
        let results = symbols.iter().map(|symbol| {
            let header = values.get(&symbol.expression);
            (symbol.name, symbol.value, header.map(|header| low(*header, symbol.value)))
        });
        wrong.extend(account(abi, "constants", &headers, results));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Older headers have fewer operations: all that they have are in the table, and these have the same numbers.
#[test]
fn operations_of_rings_equal_those_of_headers() {
    let headers = Headers::new();
    let constant = |name: &str| format!("IORING_OP_{}", name.to_uppercase());
    let mut expressions: BTreeSet<_> =
        names(Abi::IoUring).map(|(_, name)| constant(name)).collect();
    expressions.insert(constant("last"));
    let values = match headers.evaluate(Abi::Native.name(), "", &expressions) {
        Ok(values) => values,
        Err(reason) => return skip(&reason),
    };
    let value = |name: &str| low(values[&constant(name)], u64::MAX);
    let last = value("last");
    let known = names(Abi::IoUring).filter(|(nr, _)| u64::from(*nr) < last);
    let numbers: Vec<u64> = known.map(|(_, name)| value(name)).collect();
    assert_eq!(numbers, (0..last).collect::<Vec<_>>());
}

#[test]
fn constants_of_headers_are_in_tables_or_known_to_be_left_out() {
    match missing::missing(&Headers::new(), std::env::consts::ARCH) {
        Ok(missing) => assert!(missing.is_empty(), "new: {}", missing.join(" ")),
        Err(reason) => skip(&reason),
    }
}

#[test]
fn structure_sizes_equal_those_of_headers() {
    let headers = Headers::new();
    let mut wrong = vec![];
    for abi in Abi::BOTH.into_iter().filter(|abi| headers.abis().contains(&abi.name())) {
        let names: Vec<&str> = syscalls::structure_names(abi).collect();
        let expression = |name: &str| format!("sizeof({})", c_type(name));
        let expressions = names.iter().map(|name| expression(name)).collect();
        let values = match headers.evaluate(abi.name(), "", &expressions) {
            Ok(values) => values,
            Err(reason) => return skip(&reason),
        };
        let results = names.iter().map(|name| {
            let size = syscalls::structure(abi, name).unwrap().size() as u64;
            (*name, size, values.get(&expression(name)).map(|value| value.number))
        });
        wrong.extend(account(abi.name(), "structures", &headers, results));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Counts the entries that are equal to the header's value, different or absent, and prints the numbers;
/// returns those that are neither equal nor a listed exception.
fn account(
    abi: &str,
    what: &str,
    headers: &Headers,
    results: impl Iterator<Item = (&'static str, u64, Option<u64>)>,
) -> Vec<String> {
    let version = headers.version();
    let exceptions = Exceptions::new(what);
    let mut counts = BTreeMap::from([("equal", 0), ("different", 0), ("absent", 0)]);
    let mut wrong = vec![];
    for (name, ours, theirs) in results {
        let (kind, is_listed) = match theirs {
            Some(theirs) if theirs == ours => ("equal", true),
            Some(theirs) => ("different", exceptions.may_differ(abi, name, theirs)),
            None => ("absent", exceptions.may_be_absent(abi, name, &version)),
        };
        *counts.get_mut(kind).unwrap() += 1;
        if !is_listed {
            let theirs = theirs.map_or("none".into(), |value| format!("{value:#x}"));
            wrong.push(format!("{abi}/{name}: {ours:#x}, headers: {theirs}"));
        }
    }
    let summary = format!("{abi} {what}, headers of Linux {version:?}: {counts:?}\n");
    io::stderr().write_all(summary.as_bytes()).unwrap();
    wrong
}

/// Returns the symbols that a table has for `abi`, each of several names of a value.
fn symbols(text: &'static str, abi: &str) -> Vec<Symbol> {
    let mut set = "";
    let mut symbols = vec![];
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let Some(member) = line.strip_prefix("    ") else {
            set = line.split([':', '/', ' ']).next().unwrap();
            continue;
        };
        let (names, value) = member.rsplit_once(' ').unwrap();
        let (abis, names) =
            names.split_once('/').map_or((abi, names), |(abis, names)| (abis, names));
        // The name of a field of bits is that of its shift.
        let value = value.split_once("<<").map_or(value, |(_, shift)| shift);
        if abis.split(',').any(|one| one == abi) {
            symbols.extend(names.split(" or ").map(|name| Symbol {
                name,
                expression: expression(set, name),
                value: number(value),
            }));
        }
    }
    symbols
}

/// Returns the expression of a symbol in a set whose values are not those of the symbols themselves.
fn expression(set: &str, name: &str) -> String {
    match set {
        // The low byte is the domain; the headers add flags to it, which the set has by themselves.
        "personality" => format!("(({name}) & 0xff ? ({name}) & 0xff : ({name}))"),
        // The command stands above the type of the quota.
        "quota" => format!("(({name}) > 0xff ? QCMD({name}, 0) : ({name}))"),
        _ => name.to_owned(),
    }
}

/// Returns the header's value in the width of its type: the table has `int` values without their sign.
fn low(header: Value, ours: u64) -> u64 {
    let is_narrow = header.size < 8 && ours <= u64::from(u32::MAX);
    if is_narrow { header.number & 0xffff_ffff } else { header.number }
}

/// Returns the value of a constant, which its mask may follow.
fn number(text: &str) -> u64 {
    let text = text.split('/').next().unwrap_or(text);
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).unwrap(),
        None => text.parse().unwrap(),
    }
}

/// Returns the C type of a structure. Those of a 32-bit ABI have a prefix where the kernel has a type of its own.
fn c_type(name: &str) -> String {
    let name = name.strip_prefix("compat_").unwrap_or(name);
    let types = include_str!("types.txt").lines().filter(|line| !line.starts_with('#'));
    let mut types = types.filter_map(|line| line.split_once('\t'));
    let found = types.find(|(known, _)| *known == name);
    found.map_or_else(|| format!("struct {name}"), |(_, c_type)| c_type.to_owned())
}
