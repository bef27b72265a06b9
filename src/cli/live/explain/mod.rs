//! `tailcalld explain`: why a syscall is recorded, or is not: the line that routes it, the rule and the option that
//! decide, and what becomes of its calls now.

mod judge;
mod process;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{io, thread};

use anyhow::{Result, bail};
use serde_json::Map;
use syscalls::{Abi, Slot};

use self::judge::{Judgement, judge};
use self::process::ProcessFacts;
use super::client::ask;
use crate::cli::print::StandardOutput;
use crate::cli::{ClientOptions, ExplainOptions, exit};
use crate::config::{Trust, drop_in_dir, printable};
use crate::handlers::Handlers;
use crate::load;
use crate::plan::{self, Origin, Plan, Rule};
use crate::rpc::{RouteStats, Stats, Status};

/// Time in which calls are counted.
const SECOND: Duration = Duration::from_secs(1);

/// Explains a syscall. Returns the exit code.
///
/// # Errors
/// Fails if nobody answers, the configuration has faults, or there is no such syscall or process.
pub fn explain(options: &ExplainOptions) -> Result<u8> {
    let client = ClientOptions { json: false, socket: options.socket.clone() };
    let slots = slots(&options.syscall)?;
    let subject = match (options.pid, &options.unit) {
        (Some(pid), _) => Some(ProcessFacts::of_process(pid)?),
        (None, Some(unit)) => Some(ProcessFacts::of_unit(unit)),
        (None, None) => None,
    };
    let status: Status = ask(&client, "Status", Map::new())?;
    let (trust, config) = (Trust::of_reader(), PathBuf::from(&status.config));
    let handlers = load::handlers_for(&config, &trust)?;
    let plan = plan::read_with(&config, &temporary(&status, &config), &trust, &handlers)?;
    let before: Stats = ask(&client, "Stats", Map::new())?;
    thread::sleep(SECOND);
    let after: Stats = ask(&client, "Stats", Map::new())?;
    let mut out = StandardOutput::lock();
    if status.refused_reload.is_some() {
        writeln!(out, "the last reload was refused: the live table is an older one than this")?;
    }
    for slot in slots {
        let explained = Explained { slot, plan: &plan, handlers: &handlers, subject: &subject };
        explained.print(&mut out)?;
        if plan.routes.contains_key(&slot) {
            writeln!(out, "  now: {}", rates(slot, &before, &after))?;
        }
    }
    Ok(exit::OK)
}

/// Returns the slots of a syscall, of each ABI that has it.
fn slots(name: &str) -> Result<Vec<Slot>> {
    let number = |abi| syscalls::number(abi, name);
    let of_name = Abi::BOTH.into_iter().filter_map(|abi| Slot::new(abi, number(abi)?));
    let of_number = name.parse().ok().and_then(|nr| Slot::new(Abi::Native, nr));
    let all: Vec<_> = of_name.chain(of_number).collect();
    if all.is_empty() {
        let meant = syscalls::closest(name);
        let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean {meant:?}?)"));
        bail!("unknown syscall \"{}\"{meant}", printable(name));
    }
    Ok(all)
}

/// Returns the files of temporary routes among those that the daemon has read.
fn temporary(status: &Status, config: &Path) -> Vec<PathBuf> {
    let drop_ins = drop_in_dir(config);
    let files = status.files.iter().map(PathBuf::from);
    files.filter(|file| file != config && file.parent() != Some(&drop_ins)).collect()
}

/// One slot to explain.
struct Explained<'a> {
    slot: Slot,
    plan: &'a Plan,
    handlers: &'a Handlers,
    subject: &'a Option<ProcessFacts>,
}

impl Explained<'_> {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let slot = self.slot.with_abi();
        let Some(route) = self.plan.routes.get(&self.slot) else {
            return writeln!(
                out,
                "{slot} is not routed; to record it for a while: tailcalld route add '{} = \"args\"' --for 10min",
                self.slot
            );
        };
        let from = self.plan.origins.get(&self.slot).map(place).unwrap_or_default();
        writeln!(out, "{slot} is routed by {from}")?;
        let mut is_open = true;
        for (nth, rule) in (1..).zip(&route.rules) {
            writeln!(out, "  {nth}. {}", self.rule(rule))?;
            if let Some(subject) = self.subject {
                let verdict = judge(&rule.filter, subject);
                let answer = if is_open { answer(&verdict) } else { "not reached".to_owned() };
                writeln!(out, "     {}: {answer}", subject.name)?;
                is_open &= verdict != Judgement::Accepts;
            }
        }
        match self.subject {
            Some(subject) if is_open => {
                writeln!(
                    out,
                    "     {}: calls that no rule takes are counted as filtered",
                    subject.name
                )
            }
            _ => Ok(()),
        }
    }

    fn rule(&self, rule: &Rule) -> String {
        let parts = rule.filter.summary();
        let parts = parts.into_iter().map(|(option, value)| format!("{option} {value}"));
        let filter = parts.collect::<Vec<_>>().join("; ");
        let filter = if filter.is_empty() { "all calls".to_owned() } else { filter };
        format!("{}, for {filter}", rule.handler_name(self.handlers))
    }
}

fn answer(verdict: &Judgement) -> String {
    match verdict {
        Judgement::Accepts => "yes".to_owned(),
        Judgement::Refuses(reason) => format!("no, {reason}"),
        Judgement::Depends(options) => {
            format!("depends on {}, which each call decides", options.join(", "))
        }
    }
}

fn place(origin: &Origin) -> String {
    let path = printable(&origin.path.to_string_lossy());
    format!("{} at {path}:{}", printable(&origin.entry), origin.line)
}

/// Returns what became of the calls of a slot between two readings: `12 calls/s: 10 filtered, 2 recorded`.
fn rates(slot: Slot, before: &Stats, after: &Stats) -> String {
    let of = |stats: &Stats| -> RouteStats {
        let is_it =
            |one: &&RouteStats| one.syscall == slot.to_string() && one.abi == slot.abi().name();
        stats.routes.iter().find(is_it).cloned().unwrap_or_default()
    };
    let (before, after) = (of(before), of(after));
    let grown = |old: &BTreeMap<String, u64>, (name, new): (&String, &u64)| {
        let more = new.saturating_sub(old.get(name).copied().unwrap_or(0));
        (more > 0).then(|| format!("{more} {name}"))
    };
    let outcomes = after.outcomes.iter().filter_map(|one| grown(&before.outcomes, one));
    let outcomes = outcomes.collect::<Vec<_>>().join(", ");
    let seen = after.seen.saturating_sub(before.seen);
    let colon = if outcomes.is_empty() { "" } else { ": " };
    format!("{seen} calls/s{colon}{outcomes}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_what_was_added_between_readings() {
        let stats = |seen, outcomes: &[(&str, u64)]| {
            let outcomes = outcomes.iter().map(|(name, count)| ((*name).to_owned(), *count));
            let abi = Abi::Native.name().to_owned();
            let route = RouteStats { syscall: "read".into(), abi, seen, ..RouteStats::default() };
            let route = RouteStats { outcomes: outcomes.collect(), ..route };
            Stats { routes: vec![route], ..Stats::default() }
        };
        let nr = syscalls::number(Abi::Native, "read").unwrap();
        let slot = Slot::new(Abi::Native, nr).unwrap();
        let before = stats(10, &[("filtered", 4), ("submitted", 6)]);
        let after = stats(25, &[("filtered", 17), ("limited", 2), ("submitted", 6)]);
        assert_eq!(rates(slot, &before, &after), "15 calls/s: 13 filtered, 2 limited");
        assert_eq!(rates(slot, &after, &after), "0 calls/s");
    }
}
