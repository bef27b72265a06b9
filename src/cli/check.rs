//! `tailcalld check`: reads a configuration as the daemon would, and tells what came of it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::print::{standard_output, table};
use super::report::print_faults;
use super::{CheckOptions, exit};
use crate::config::{level_name, printable, size_name};
use crate::handlers::Handlers;
use crate::load::{self, Choice};
use crate::plan::{self, Origin, Plan, Route, Rule};
use crate::syscalls::{Slot, name};

/// What no table sees, and for which syscalls that matters: none stands for any.
const NOT_SEEN: [(&[&str], &str); 3] = [
    (&[], "operations that a process submits through io_uring: they are no syscalls"),
    (&[], "calls that seccomp refuses: they end before the table is asked"),
    (
        &["clock_gettime", "clock_getres", "gettimeofday", "time", "getcpu"],
        "most calls of clock_gettime and the like: the vDSO answers without the kernel",
    ),
];

/// Prints every fault, or one line if there is none. Gives the exit code.
///
/// # Errors
///
/// Only if the output cannot be written.
pub fn check(options: &CheckOptions, handlers: &Handlers) -> anyhow::Result<u8> {
    let plan = match plan::read(&options.file, handlers) {
        Ok(plan) => plan,
        Err(faults) => {
            print_faults(&faults)?;
            return Ok(exit::CONFIG);
        }
    };
    if options.verbose {
        print_plan(&plan, handlers)?;
    }
    if !options.quiet {
        let file = printable(&options.file.to_string_lossy());
        writeln!(io::stdout(), "{file}: ok, {}", summary(&plan, handlers))?;
    }
    Ok(exit::OK)
}

/// `14 routes (exec 4, timer 10)`.
fn summary(plan: &Plan, handlers: &Handlers) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for route in plan.routes.values() {
        *counts.entry(route.told(handlers)).or_default() += 1;
    }
    let parts = counts.iter().map(|(name, count)| format!("{name} {count}"));
    let parts = parts.collect::<Vec<_>>().join(", ");
    let plural = if plan.routes.len() == 1 { "" } else { "s" };
    format!("{} route{plural} ({parts})", plan.routes.len())
}

fn print_plan(plan: &Plan, handlers: &Handlers) -> io::Result<()> {
    let (mut out, style) = standard_output();
    let rows = |(&slot, route): (&Slot, &Route)| -> Vec<_> {
        let origin = plan.origins.get(&slot).map(|origin| from(slot, origin)).unwrap_or_default();
        route.rules.iter().map(|rule| row(slot, rule, &origin, handlers)).collect()
    };
    let routes = plan.routes.iter().flat_map(rows);
    let head = ["SYSCALL", "ABI", "NUMBER", "HANDLER", "PRIORITY", "RESULT", "FROM"];
    table(&mut out, style, head, &routes.collect::<Vec<_>>())?;
    writeln!(out)?;
    table(&mut out, style, ["SETTING", "VALUE"], &settings(plan))?;
    writeln!(out, "\n{style}NOT SEEN{style:#}")?;
    for (_, what) in NOT_SEEN.iter().filter(|(names, _)| concerns(plan, names)) {
        writeln!(out, "{what}")?;
    }
    writeln!(out)?;
    out.flush()
}

fn row(slot: Slot, rule: &Rule, origin: &str, handlers: &Handlers) -> [String; 7] {
    [
        slot.to_string(),
        slot.abi().name().to_owned(),
        slot.nr().to_string(),
        rule.told(handlers),
        level_name(rule.priority).to_owned(),
        rule.results.told(),
        origin.to_owned(),
    ]
}

/// `/etc/tailcalld.toml:12`, and the entry where it does not have the syscall's own name.
fn from(slot: Slot, origin: &Origin) -> String {
    let place = format!("{}:{}", printable(&origin.path.to_string_lossy()), origin.line);
    match name(slot.abi(), slot.nr()) {
        Some(name) if name == origin.entry => place,
        _ => format!("{place} ({})", origin.entry),
    }
}

/// What the daemon would attach to, as far as we may ask the kernel.
fn attached(plan: &Plan) -> [String; 2] {
    let told = if load::preconditions().is_err() {
        format!("{} (what that is on this kernel, root is told)", plan.attach.name())
    } else {
        match Choice::make(plan.attach, &plan.routes) {
            Ok(choice) => format!("{} ({})", choice.attach, choice.reason),
            Err(error) => error.to_string(),
        }
    };
    ["attach".to_owned(), told]
}

fn settings(plan: &Plan) -> Vec<[String; 2]> {
    let path =
        |what: &str, path: &std::path::Path| [what.to_owned(), printable(&path.to_string_lossy())];
    let mut rows = vec![["ring size".to_owned(), size_name(plan.ring_bytes.into())]];
    rows.extend(plan.exclude.iter().map(|exe| path("exclude exe", exe)));
    rows.push(attached(plan));
    rows.push(path("journal socket", &plan.socket));
    rows.extend(plan.files.iter().map(|file| path("read from", file)));
    rows
}

fn concerns(plan: &Plan, names: &[&str]) -> bool {
    let routed = |name: &&str| plan.routes.keys().any(|slot| slot.name() == Some(name));
    names.is_empty() || names.iter().any(routed)
}
