//! Checks that need the signatures of the routed syscalls: whether there are the arguments and constants
//! that `argument` and `by` name, and whether a filter has room in the kernel.

use std::collections::{BTreeMap, BTreeSet};
use std::ptr;

use syscalls::{Abi, Slot};

use super::conflict::{Winners, examples};
use super::{Plan, Route, Rule, resolve};
use crate::config::{Config, Entry, Fault, Filter, Mark, Novel, Target, closest};
use crate::filter::{arguments, check, compile, has_descriptor, has_path};
use crate::handlers::Handlers;

/// Syscalls of one entry that lack the same argument or constant.
struct Gap<'a> {
    entry: &'a Entry,
    mark: &'a Mark,
    /// Words of the option that names it.
    asked: String,
    /// Reason for the first of the syscalls.
    reason: String,
    suggestion: Option<String>,
    slots: Vec<Slot>,
}

/// Identity of a gap: the file, the position and the words of an option.
type GapKey = (usize, usize, String);

/// Returns one fault for each argument or constant that syscalls do not have.
pub(super) fn faults(
    config: &Config,
    winners: &Winners<'_>,
    plan: &Plan,
    handlers: &Handlers,
) -> Vec<Fault> {
    let mut gaps: BTreeMap<GapKey, Gap<'_>> = BTreeMap::new();
    for (&slot, route) in &plan.routes {
        let Some(entry) = winners.get(&slot) else { continue };
        let mut found = of_route(config, entry, (slot, route), handlers);
        if found.is_empty() {
            found.extend(compile(slot, route.filters()).err().map(|reason| Gap {
                asked: reason.clone(),
                reason,
                suggestion: None,
                entry,
                mark: &entry.mark,
                slots: Vec::new(),
            }));
        }
        for gap in found {
            gaps.entry(gap.key()).or_insert(gap).slots.push(slot);
        }
    }
    gaps.into_values().map(|gap| gap.fault(winners)).collect()
}

/// Returns whether a slot has all that a route of that entry asks for.
pub(super) fn fits(
    config: &Config,
    entry: &Entry,
    (slot, route): (Slot, &Route),
    handlers: &Handlers,
) -> bool {
    of_route(config, entry, (slot, route), handlers).is_empty()
        && compile(slot, route.filters()).is_ok()
}

fn of_route<'a>(
    config: &'a Config,
    entry: &'a Entry,
    (slot, route): (Slot, &Route),
    handlers: &Handlers,
) -> Vec<Gap<'a>> {
    resolve::targets(slot, entry, &config.defaults)
        .zip(&route.rules)
        .flat_map(|(target, rule)| of_rule(config, entry, target, slot, rule, handlers))
        .collect()
}

fn of_rule<'a>(
    config: &'a Config,
    entry: &'a Entry,
    target: &'a Target,
    slot: Slot,
    rule: &Rule,
    handlers: &Handlers,
) -> Vec<Gap<'a>> {
    let mark = |option| {
        target.marks.get(option).or_else(|| config.marks.get(option)).unwrap_or(&entry.mark)
    };
    let gap = |option, asked, reason, suggestion| Gap {
        entry,
        mark: mark(option),
        asked,
        reason,
        suggestion,
        slots: Vec::new(),
    };
    let mut gaps = Vec::new();
    for condition in rule.filter.argument.iter().flatten() {
        if let Err(reason) = check(slot, condition) {
            let suggestion = like(&condition.argument, &arguments(slot));
            gaps.push(gap("argument", condition.to_string(), reason, suggestion));
        }
    }
    for (option, reason) in missing_files(slot, rule) {
        gaps.push(gap(option, option.to_owned(), reason, None));
    }
    let fields = handlers.by_id(rule.handler).into_iter().flat_map(|handler| &handler.fields);
    let mut known: Vec<&str> = fields.map(|field| field.name.as_str()).collect();
    for name in arguments(slot) {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    let of_aggregate = rule.aggregate.iter().flat_map(|aggregate| &aggregate.by);
    let of_novel = rule.novel.iter().flat_map(|novel| &novel.by);
    let of_novel = of_novel.filter(|name| ![Novel::PATH, Novel::ERROR].contains(&name.as_str()));
    for name in of_aggregate.chain(of_novel) {
        if !known.contains(&name.as_str()) {
            let has = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let reason = format!("{slot} has no argument \"{name}\"; its arguments are {has}");
            gaps.push(gap("by", name.clone(), reason, like(name, &known)));
        }
    }
    gaps
}

/// Returns the options about files that the syscall does not name, each with the reason.
fn missing_files(slot: Slot, rule: &Rule) -> Vec<(&'static str, String)> {
    let of = |option, is_asked: bool, has_one: bool, what| {
        let reason =
            || format!("{slot} has no argument that is a {what}, so {option} never matches");
        (is_asked && !has_one).then(|| (option, reason()))
    };
    let Filter { path, fd_path, .. } = &rule.filter;
    [
        of("path", path.is_some(), has_path(slot), "path"),
        of("fd_path", fd_path.is_some(), has_descriptor(slot), "descriptor"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns the word that was probably meant, unless `name` is known.
fn like(name: &str, known: &[&str]) -> Option<String> {
    let unknown = !known.contains(&name);
    unknown.then(|| closest(name, known.iter().copied())).flatten()
}

impl Gap<'_> {
    fn key(&self) -> GapKey {
        (self.mark.rank(), self.mark.start(), self.asked.clone())
    }

    fn fault(self, winners: &Winners<'_>) -> Fault {
        let names: BTreeSet<String> = self.slots.iter().map(Slot::to_string).collect();
        let mut message = self.reason.clone();
        if names.len() > 1 {
            message += &format!("; {} syscalls are concerned: {}", names.len(), examples(&names));
        }
        let is_total = self.is_total(winners);
        if let Some((own, other)) = self.abi(winners) {
            let (own, other) = (own.name(), other.generic_name());
            message += &format!("; that is {own}, which abi = \"{other}\" excludes");
        } else if !is_total {
            message += "; give these entries of their own, or take them out with \"none\"";
        }
        let mut fault = Fault::at(self.mark, message);
        fault.suggestion = self.suggestion.filter(|_| is_total);
        fault
    }

    /// Returns whether all syscalls of the entry have the gap.
    fn is_total(&self, winners: &Winners<'_>) -> bool {
        let mut all = winners.iter().filter(|(_, entry)| ptr::eq(**entry, self.entry));
        all.all(|(slot, _)| self.slots.contains(slot))
    }

    /// Returns the ABI of the gap and the other one, if it is in one alone and the entry has the same syscalls in both.
    fn abi(&self, winners: &Winners<'_>) -> Option<(Abi, Abi)> {
        let own = self.slots.first()?.abi();
        let other = match own {
            Abi::Native => Abi::Compat,
            Abi::Compat => Abi::Native,
            _ => return None,
        };
        let is_fine = |slot: &Slot| {
            let mut others = winners.iter().filter(|(at, entry)| {
                at.abi() == other && at.name() == slot.name() && ptr::eq(**entry, self.entry)
            });
            slot.abi() == own && others.any(|(at, _)| !self.slots.contains(at))
        };
        self.slots.iter().all(is_fine).then_some((own, other))
    }
}
