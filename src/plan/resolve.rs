//! Which entry decides a slot. An entry for one syscall beats a group, whatever the file; among
//! entries of one kind the later file wins; two of one kind in one file are a conflict.

use std::collections::{BTreeMap, BTreeSet};
use std::ptr;

use super::{Plan, Route, Rule, env_names};
use crate::bpf::ENV_NAMES;
use crate::config::{
    Abis, Argv, Config, Entry, Fault, Limit, Options, Paths, Redact, Results, Subject, Target,
};
use crate::handlers::{Handler, Handlers};
use crate::syscalls::Slot;

/// Syscalls that never return: their events would wait for nothing. After a signal's handler the thread
/// goes on where the signal met it, and the kernel has forgotten that it was in a call.
const NEVER_RETURN: [&str; 4] = ["exit", "exit_group", "rt_sigreturn", "sigreturn"];

/// How many syscalls a conflict of two groups names.
const EXAMPLES: usize = 3;

type Winners<'a> = BTreeMap<Slot, &'a Entry>;

/// Two entries of one file, and the slots of which they say different things.
struct Conflict<'a> {
    first: &'a Entry,
    second: &'a Entry,
    slots: Vec<Slot>,
}

/// The entry that decides each slot, and the conflicts.
pub(super) fn winners<'a>(config: &'a Config, handlers: &Handlers) -> (Winners<'a>, Vec<Fault>) {
    let (singles, twice) = overlay(config, Subject::Syscall, |_, _, _| true);
    let (mut winners, overlaps) = overlay(config, Subject::Group, |slot, a, b| {
        let route = |entry| route(slot, entry, &config.defaults, handlers);
        !singles.contains_key(&slot) && route(a) != route(b)
    });
    winners.extend(singles);
    let twice = twice.iter().map(Conflict::of_one_syscall);
    (winners, twice.chain(overlaps.iter().map(Conflict::of_groups)).collect())
}

/// What a slot does by that entry; `None` if it is taken out of the table.
pub(super) fn route(
    slot: Slot,
    entry: &Entry,
    defaults: &Options,
    handlers: &Handlers,
) -> Option<Route> {
    let targets = entry.targets.iter().filter(|target| abis(target, defaults).contains(slot.abi()));
    let rules: Vec<Rule> =
        targets.map(|target| rule(slot, target, defaults, handlers)).collect::<Option<_>>()?;
    (!rules.is_empty()).then_some(Route { rules })
}

fn rule(slot: Slot, target: &Target, defaults: &Options, handlers: &Handlers) -> Option<Rule> {
    let options = target.options.or(defaults);
    let limit = limit(&options);
    let Options { priority, argv, argv_bytes, buffer_bytes, env, redact, result, paths, .. } =
        options;
    let Options { filter, sample, aggregate, keep, .. } = options;
    let Some(id) = target.handler else { return Some(Rule { filter, ..Rule::nothing() }) };
    let handler = handlers.by_id(id)?;
    Some(Rule {
        filter,
        limit: limit.filter(|_| handler.records()),
        sample: sample.unwrap_or(1),
        aggregate: aggregate.flatten(),
        keep: keep?,
        handler: id,
        variant: handler.variant(slot)?,
        priority: priority?,
        argv_bytes: if argv? == Argv::None { 0 } else { argv_bytes? },
        env: if handler.has("env") { env? } else { BTreeSet::new() },
        redact: if handler.has("argv") { redact? } else { Redact::default() },
        buffer_bytes: buffer_bytes?,
        paths: kept(paths?, slot, handler),
        results: if has_result(slot, handler) { result? } else { Results::None },
    })
}

/// What bounds its events. Without `burst`, as many at once as in a second.
fn limit(options: &Options) -> Option<Limit> {
    let rate = options.limit.flatten()?;
    let in_a_second = u64::from(rate.count) * SECOND_NS / rate.period_ns.max(1);
    let burst = options.burst.unwrap_or(u32::try_from(in_a_second.max(1)).unwrap_or(u32::MAX));
    Some(Limit { rate, burst, per: options.per.unwrap_or_default() })
}

const SECOND_NS: u64 = 1_000_000_000;

/// A handler that does not ask for exact paths has them only on request.
fn kept(paths: Paths, slot: Slot, handler: &Handler) -> Paths {
    match paths {
        _ if !has_result(slot, handler) => Paths::Entry,
        Paths::Auto if !handler.exact => Paths::Entry,
        paths => paths,
    }
}

/// The slots that an entry decides: those of the ABIs that it or `[defaults]` names. "none" takes out of
/// both.
fn covered(entry: &Entry, defaults: &Options) -> impl Iterator<Item = Slot> {
    let all: Vec<Abis> = entry.targets.iter().map(|target| abis(target, defaults)).collect();
    let is_covered =
        move |slot: &Slot| all.is_empty() || all.iter().any(|abis| abis.contains(slot.abi()));
    entry.slots.iter().copied().filter(is_covered)
}

fn abis(target: &Target, defaults: &Options) -> Abis {
    target.options.abi.or(defaults.abi).unwrap_or_default()
}

/// Entries that decide nothing, because no syscall of theirs is in an ABI that they name.
pub(super) fn idle(config: &Config) -> impl Iterator<Item = Fault> {
    let idle = |entry: &&Entry| covered(entry, &config.defaults).next().is_none();
    config.entries.iter().filter(idle).map(|entry| {
        let of: BTreeSet<&str> = entry.slots.iter().map(|slot| slot.abi().name()).collect();
        let of: Vec<_> = of.into_iter().collect();
        let (key, of) = (&entry.key, of.join(" and "));
        entry.mark.fault(format!(
            "\"{key}\" is of {of} alone, and abi leaves that out; name it in abi, or remove the entry"
        ))
    })
}

/// The kernel side compares with so many names, those of all routes together.
pub(super) fn too_many_variables(winners: &Winners<'_>, plan: &Plan) -> Option<Fault> {
    let mut names = BTreeSet::new();
    let (slot, _) = plan.routes.iter().find(|(_, route)| {
        names.extend(route.rules.iter().flat_map(|rule| &rule.env));
        names.len() > ENV_NAMES
    })?;
    let count = env_names(&plan.routes).len();
    let problem = format!(
        "{count} environment variables are too many, all routes together may name {ENV_NAMES}"
    );
    Some(winners.get(slot)?.mark.fault(problem))
}

/// Whether there is a result to wait for, and an event that can wait.
fn has_result(slot: Slot, handler: &Handler) -> bool {
    handler.records() && !slot.name().is_some_and(|name| NEVER_RETURN.contains(&name))
}

/// Lays the entries of one kind over each other, later files on top.
fn overlay(
    config: &Config,
    kind: Subject,
    differ: impl Fn(Slot, &Entry, &Entry) -> bool,
) -> (Winners<'_>, Vec<Conflict<'_>>) {
    let mut winners = Winners::new();
    let mut conflicts = Vec::new();
    for entry in config.entries.iter().filter(|entry| entry.subject == kind) {
        for slot in covered(entry, &config.defaults) {
            let Some(before) = winners.insert(slot, entry) else { continue };
            if before.mark.rank() == entry.mark.rank() && differ(slot, before, entry) {
                note(&mut conflicts, slot, before, entry);
            }
        }
    }
    (winners, conflicts)
}

/// One conflict for each pair of entries, however many slots they share.
fn note<'a>(conflicts: &mut Vec<Conflict<'a>>, slot: Slot, first: &'a Entry, second: &'a Entry) {
    let same =
        |known: &&mut Conflict<'_>| ptr::eq(known.first, first) && ptr::eq(known.second, second);
    match conflicts.iter_mut().find(same) {
        Some(known) => known.slots.push(slot),
        None => conflicts.push(Conflict { first, second, slots: vec![slot] }),
    }
}

impl Conflict<'_> {
    fn of_one_syscall(&self) -> Fault {
        let Self { first, second, .. } = self;
        let line = first.mark.line();
        second.mark.fault(format!(
            "\"{}\" and \"{}\" (line {line}) are the same syscall; keep one of them",
            second.key, first.key
        ))
    }

    fn of_groups(&self) -> Fault {
        let Self { first, second, .. } = self;
        let line = first.mark.line();
        second.mark.fault(format!(
            "\"{}\" and \"{}\" (line {line}) disagree about {}; give each of these an entry of its \
             own, or move one group to a drop-in",
            second.key,
            first.key,
            self.examples()
        ))
    }

    /// `mount, umount2 and 5 more`.
    fn examples(&self) -> String {
        let names: BTreeSet<String> = self.slots.iter().map(Slot::to_string).collect();
        let shown: Vec<_> = names.iter().take(EXAMPLES).map(String::as_str).collect();
        match names.len().saturating_sub(EXAMPLES) {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }
}
