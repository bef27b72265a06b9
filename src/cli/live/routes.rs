//! `tailcalld routes`: the live table.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::Style;

use super::client::ask;
use super::{counted, print_json};
use crate::cli::print::{standard_output, table};
use crate::cli::{ClientOptions, exit};
use crate::config::printable;
use crate::rpc::{ProgramStatus, Route, Routes};

const HEAD: [&str; 11] = [
    "SYSCALL", "ABI", "NUMBER", "HANDLER", "PRIORITY", "RESULT", "SEEN", "WRITTEN", "LOST",
    VERIFIED, "FROM",
];
const VERIFIED: &str = "VERIFIED INSNS";

/// Asks and prints. Gives the exit code.
///
/// # Errors
/// Fails if nobody answers, or the output cannot be written.
pub fn routes(options: &ClientOptions) -> anyhow::Result<u8> {
    let live: Routes = ask(options, "Routes", &[])?;
    if options.json {
        print_json(&live)?;
        return Ok(exit::OK);
    }
    let (mut out, style) = standard_output();
    let verified = Verified::of(&live);
    let rows: Vec<_> = live.routes.iter().map(|route| row(route, &verified)).collect();
    table(&mut out, style, HEAD, &rows)?;
    writeln!(out)?;
    print_programs(&live, style, &mut out)?;
    let count = u64::try_from(live.routes.len())?;
    writeln!(out, "\n{}, generation {}", counted(count, "route"), live.generation)?;
    out.flush()?;
    Ok(exit::OK)
}

/// Instructions that the verifier processed, by program.
struct Verified<'a>(BTreeMap<&'a str, Option<u32>>);

impl<'a> Verified<'a> {
    fn of(live: &'a Routes) -> Self {
        let counts = live.programs.iter();
        Self(counts.map(|program| (program.name.as_str(), program.verified_insns)).collect())
    }

    /// Returns those of all programs of a route; `-` if one of them is unknown.
    fn sum(&self, route: &Route) -> String {
        let counts = route.programs.iter().map(|name| self.0.get(name.as_str()).copied().flatten());
        let sum: Option<u64> = counts.map(|count| count.map(u64::from)).sum();
        known(sum)
    }
}

fn known(count: Option<impl ToString>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| count.to_string())
}

fn row(route: &Route, verified: &Verified<'_>) -> [String; 11] {
    let option = |name: &str| {
        let rules = route.rules.iter().filter_map(|rule| rule.options.get(name));
        let mut values: Vec<&str> = rules.map(String::as_str).collect();
        values.dedup();
        values.join("|")
    };
    [
        route.syscall.clone(),
        route.abi.clone(),
        route.nr.to_string(),
        route.handler.clone(),
        option("priority"),
        option("result"),
        route.seen.to_string(),
        route.written.to_string(),
        route.lost.to_string(),
        verified.sum(route),
        from(route),
    ]
}

/// Returns the origin of a route, in the format of `check -v`.
fn from(route: &Route) -> String {
    let place = format!("{}:{}", printable(&route.file), route.line);
    if route.entry == route.syscall { place } else { format!("{place} ({})", route.entry) }
}

fn print_programs(live: &Routes, style: Style, out: &mut impl Write) -> io::Result<()> {
    let row = |program: &ProgramStatus| {
        let routes = live.routes.iter().filter(|route| route.programs.contains(&program.name));
        [
            program.name.clone(),
            program.kernel_name.clone(),
            program.id.to_string(),
            known(program.verified_insns),
            routes.count().to_string(),
        ]
    };
    let rows: Vec<_> = live.programs.iter().map(row).collect();
    table(out, style, ["PROGRAM", "KERNEL NAME", "ID", VERIFIED, "ROUTES"], &rows)
}
