//! `tailcalld routes`: the live table, and what it costs.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use anstyle::Style;
use serde_json::{Map, Value};

use super::client::ask;
use super::{counted, print_json};
use crate::cli::print::{columns, standard_output, table};
use crate::cli::{ClientOptions, RoutesOptions, exit};
use crate::config::{printable, time_span};
use crate::rpc::{MILLISECONDS, ProgramStatus, Route, Routes, RunTime};

const HEAD: [&str; 9] =
    ["SYSCALL", "ABI", "NUMBER", "HANDLER", "PRIORITY", "RESULT", "SEEN", "WRITTEN", "LOST"];
const RUN_TIME: [&str; 2] = ["TIMED CALLS", "NS/CALL"];
const VERIFIED: &str = "VERIFIED INSNS";

/// Shortest and longest measurement.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Time by which the daemon may end a measurement late: its timers are in milliseconds.
const DELAY: Duration = Duration::from_millis(10);

/// Parses the time of a measurement.
pub fn measured_time(text: &str) -> Result<Duration, String> {
    let time = time_span(text)?;
    let is_possible = (SHORTEST..=LONGEST).contains(&time);
    if is_possible { Ok(time) } else { Err("expected 1s to 1min".to_owned()) }
}

/// Asks and prints. Gives the exit code.
///
/// # Errors
/// Fails if nobody answers, or the output cannot be written.
pub fn routes(options: &RoutesOptions) -> anyhow::Result<u8> {
    if let Some(time) = options.measure {
        measure(&options.client, time)?;
    }
    let live: Routes = ask(&options.client, "Routes", Map::new())?;
    if options.client.json {
        print_json(&live)?;
        return Ok(exit::OK);
    }
    let (mut out, style) = standard_output();
    print_routes(&live, options.measure.is_some(), style, &mut out)?;
    writeln!(out)?;
    print_programs(&live, style, &mut out)?;
    let count = u64::try_from(live.routes.len())?;
    writeln!(out, "\n{}, generation {}", counted(count, "route"), live.generation)?;
    out.flush()?;
    Ok(exit::OK)
}

/// Makes the daemon measure, and waits until it has.
fn measure(options: &ClientOptions, time: Duration) -> anyhow::Result<()> {
    let milliseconds = u64::try_from(time.as_millis())?;
    let parameters = Map::from_iter([(MILLISECONDS.to_owned(), milliseconds.into())]);
    let _: Map<String, Value> = ask(options, "Measure", parameters)?;
    thread::sleep(time + DELAY);
    Ok(())
}

fn print_routes(
    live: &Routes,
    is_measured: bool,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let run_time: &[&str] = if is_measured { &RUN_TIME } else { &[] };
    let head: Vec<&str> = [&HEAD[..], run_time, &[VERIFIED, "FROM"]].concat();
    let verified = Verified::of(live);
    let row = |route: &Route| {
        let run_time = if is_measured { run_time_of(route).to_vec() } else { Vec::new() };
        [row(route).to_vec(), run_time, vec![verified.sum(route), from(route)]].concat()
    };
    columns(out, style, &head, &live.routes.iter().map(row).collect::<Vec<_>>())
}

fn row(route: &Route) -> [String; HEAD.len()] {
    let option = |name: &str| {
        let rules = route.rules.iter().filter_map(|rule| rule.options.get(name));
        let mut values: Vec<&str> = rules.map(String::as_str).collect();
        values.dedup();
        values.join("|")
    };
    [
        route.syscall.clone(),
        route.abi.clone(),
        known(route.nr),
        route.handler.clone(),
        option("priority"),
        option("result"),
        route.seen.to_string(),
        route.written.to_string(),
        route.lost.to_string(),
    ]
}

/// Returns the number of calls that were measured, and the mean of their run time.
fn run_time_of(route: &Route) -> [String; RUN_TIME.len()] {
    let RunTime { calls, ns } = route.run_time.unwrap_or_default();
    [calls.to_string(), known(ns.checked_div(calls))]
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
