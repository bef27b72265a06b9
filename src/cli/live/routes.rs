//! `tailcalld routes`: the live table.

use std::io::Write as _;

use super::client::ask;
use super::{counted, print_json};
use crate::cli::print::{standard_output, table};
use crate::cli::{ClientOptions, exit};
use crate::config::printable;
use crate::rpc::{Route, Routes};

const HEAD: [&str; 10] = [
    "SYSCALL", "ABI", "NUMBER", "HANDLER", "PRIORITY", "RESULT", "SEEN", "WRITTEN", "LOST", "FROM",
];

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
    table(&mut out, style, HEAD, &live.routes.iter().map(row).collect::<Vec<_>>())?;
    let count = u64::try_from(live.routes.len())?;
    writeln!(out, "\n{}, generation {}", counted(count, "route"), live.generation)?;
    out.flush()?;
    Ok(exit::OK)
}

fn row(route: &Route) -> [String; 10] {
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
        from(route),
    ]
}

/// Returns the origin of a route, in the format of `check -v`.
fn from(route: &Route) -> String {
    let place = format!("{}:{}", printable(&route.file), route.line);
    if route.entry == route.syscall { place } else { format!("{place} ({})", route.entry) }
}
