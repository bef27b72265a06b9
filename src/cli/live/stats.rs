//! `tailcalld stats`: the counters, and whether every call is accounted for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde_json::json;

use super::client::{ask, flags};
use super::{counted, print_json};
use crate::cli::print::{StandardOutput, columns, standard_output};
use crate::cli::{StatsOptions, exit};
use crate::load::DISPATCHER;
use crate::rpc::{CONSISTENT, IN_RING, Imbalance, PENDING, PER_CPU, RouteStats, Stats};

/// Places of events that are not written yet.
const IN_FLIGHT: [&str; 2] = [IN_RING, PENDING];

/// Shown even where all routes have none.
const ALWAYS: [&str; 2] = ["submitted", "written"];

/// Asks and prints. Gives the exit code.
///
/// # Errors
/// Fails if nobody answers, or the output cannot be written.
pub fn stats(options: &StatsOptions) -> anyhow::Result<u8> {
    if options.check {
        let stats = ask(&options.client, "Stats", flags(&[PER_CPU, CONSISTENT]))?;
        return check(&stats, options.client.json);
    }
    let wanted: &[&str] = if options.per_cpu { &[PER_CPU] } else { &[] };
    let stats: Stats = ask(&options.client, "Stats", flags(wanted))?;
    if options.client.json {
        print_json(&stats)?
    } else {
        print(&stats)?
    }
    Ok(exit::OK)
}

fn check(stats: &Stats, as_json: bool) -> anyhow::Result<u8> {
    let differences = stats.differences();
    if as_json {
        let objects: Vec<_> = differences.iter().map(as_object).collect();
        print_json(&json!({ "balanced": objects.is_empty(), "differences": objects }))?;
    } else if differences.is_empty() {
        writeln!(StandardOutput::lock(), "every call is accounted for: {}", summary(stats))?;
    } else {
        let mut out = StandardOutput::lock();
        differences.iter().try_for_each(|difference| writeln!(out, "{}", line(difference)))?;
    }
    Ok(if differences.is_empty() { exit::OK } else { exit::FAILURE })
}

fn as_object(difference: &Imbalance<'_>) -> serde_json::Value {
    json!({
        "syscall": difference.route.syscall,
        "abi": difference.route.abi,
        "nr": difference.route.nr,
        "handler": difference.route.handler,
        "cpu": difference.cpu,
        "equation": difference.what,
        "left": difference.whole,
        "right": difference.parts,
        "missing": i64::try_from(difference.count()).unwrap_or(i64::MAX),
    })
}

/// `openat (x86_64) on CPU 3: seen 9 is not counted 7 + lost_scratch 1 = 8: 1 is missing`
fn line(difference: &Imbalance<'_>) -> String {
    let Imbalance { route, cpu, what, whole, parts } = difference;
    let cpu = cpu.map(|cpu| format!(" on CPU {cpu}")).unwrap_or_default();
    let named = parts.iter().filter(|(_, count)| **count > 0);
    let named: Vec<_> = named.map(|(name, count)| format!("{name} {count}")).collect();
    let sum: u128 = parts.values().copied().map(u128::from).sum();
    let sides = match named.as_slice() {
        [] => "0".to_owned(),
        [one] => one.clone(),
        many => format!("{} = {sum}", many.join(" + ")),
    };
    let count = difference.count();
    let verdict = if count > 0 { "missing" } else { "too many" };
    let count = count.unsigned_abs();
    format!(
        "{} ({}){cpu}: {what} {whole} is not {sides}: {count} {verdict}",
        route.syscall, route.abi
    )
}

fn summary(stats: &Stats) -> String {
    let sum = |of: fn(&RouteStats) -> u64| stats.routes.iter().map(of).fold(0, u64::saturating_add);
    let written = sum(|route| route.events.get("written").copied().unwrap_or_default());
    let aggregated = sum(|route| route.events.get("aggregated").copied().unwrap_or_default());
    let aggregated =
        if aggregated > 0 { format!("{aggregated} aggregated, ") } else { String::new() };
    let in_flight = sum(|route| IN_FLIGHT.iter().filter_map(|name| route.events.get(*name)).sum());
    format!(
        "{} of {}; {} submitted, {written} written, {aggregated}{in_flight} in flight, {} lost",
        counted(sum(|route| route.seen), "call"),
        counted(stats.routes.len() as u64, "route"),
        counted(sum(|route| route.submitted), "event"),
        sum(RouteStats::lost),
    )
}

fn print(stats: &Stats) -> io::Result<()> {
    let (mut out, style) = standard_output();
    let names = names(stats);
    let per_cpu = stats.routes.iter().any(|route| route.cpus.is_some());
    let cpu = per_cpu.then(|| "CPU".to_owned());
    let head = ["SYSCALL", "ABI", "HANDLER"].map(str::to_owned).into_iter().chain(cpu);
    let head = head.chain(["SEEN".to_owned()]);
    let head: Vec<_> = head.chain(names.iter().map(|name| name.to_uppercase())).collect();
    let busy = stats.routes.iter().filter(|route| route.seen > 0);
    let rows: Vec<_> = busy.flat_map(|route| rows(route, &names)).collect();
    columns(&mut out, style, &head, &rows)?;
    writeln!(out, "\n{}", summary(stats))?;
    others(stats, &mut out)?;
    out.flush()
}

/// Names of the outcomes and places of events that are not 0 in all routes.
fn names(stats: &Stats) -> BTreeSet<&str> {
    let all = stats.routes.iter().flat_map(|route| route.outcomes.iter().chain(&route.events));
    let some = all.filter(|(_, count)| **count > 0).map(|(name, _)| name.as_str());
    some.chain(ALWAYS).collect()
}

/// A line for the route, or one for each CPU; where events are is known of the route alone.
fn rows(route: &RouteStats, names: &BTreeSet<&str>) -> Vec<Vec<String>> {
    let row = |cpu: Option<usize>, seen: u64, counts: &[&BTreeMap<String, u64>]| {
        let named = [&route.syscall, &route.abi, &route.handler].map(String::clone);
        let cpu = cpu.map(|cpu| cpu.to_string());
        let count = |name: &&str| {
            let found = counts.iter().find_map(|counts| counts.get(*name));
            found.map_or("-".to_owned(), u64::to_string)
        };
        let seen = std::iter::once(seen.to_string());
        named.into_iter().chain(cpu).chain(seen).chain(names.iter().map(count)).collect()
    };
    match &route.cpus {
        Some(cpus) => {
            cpus.iter().map(|cpu| row(Some(cpu.cpu), cpu.seen, &[&cpu.outcomes])).collect()
        }
        None => vec![row(None, route.seen, &[&route.outcomes, &route.events])],
    }
}

/// Writes the calls and events that no route counts.
fn others(stats: &Stats, out: &mut impl Write) -> io::Result<()> {
    let odd = &stats.unroutable;
    let unroutable = odd.minus_one + odd.x32 + odd.out_of_range;
    let counts = [
        (stats.missed, "missed: the kernel did not run the dispatcher".to_owned()),
        (
            unroutable,
            format!(
                "with a number outside of the table (-1: {}, x32: {}, 512 and above: {})",
                odd.minus_one, odd.x32, odd.out_of_range
            ),
        ),
    ];
    for (count, what) in counts.iter().filter(|(count, _)| *count > 0) {
        writeln!(out, "{} {what}", counted(*count, "call"))?;
    }
    if let Some(gap) = &stats.gap {
        writeln!(out, "nothing was recorded from {} to {} ({})", gap.from, gap.to, gap.reason)?;
    }
    for (program, count) in stats.misses.iter().filter(|(_, count)| **count > 0) {
        if program != DISPATCHER {
            writeln!(out, "{} of {program} missed", counted(*count, "run"))?;
        }
    }
    let results = stats.routes.iter().map(|route| route.results_lost).sum();
    if results > 0 {
        writeln!(
            out,
            "{} recorded without the result that was asked for",
            counted(results, "event")
        )?;
    }
    if stats.undecodable > 0 {
        writeln!(out, "{} that could not be decoded", counted(stats.undecodable, "event"))?;
    }
    Ok(())
}
