//! Selection of the entry that decides a slot. An entry for one syscall beats a group, whatever the file; among
//! entries of one kind the later file wins; two of one kind in one file are a conflict.

use std::collections::{BTreeMap, BTreeSet};
use std::ptr;

use syscalls::Slot;

use super::resolve::{covered, route};
use crate::config::{Config, Entry, Fault, Subject};
use crate::handlers::Handlers;

/// Syscalls of a set that a fault names.
const EXAMPLES: usize = 3;

/// The entry that decides each slot.
pub(super) type Winners<'a> = BTreeMap<Slot, &'a Entry>;

/// Two entries of one file, and the slots of which they say different things.
struct Conflict<'a> {
    first: &'a Entry,
    second: &'a Entry,
    slots: Vec<Slot>,
}

/// Returns the entry that decides each slot, and the conflicts.
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

/// Adds a slot to the one conflict of a pair of entries.
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
        Fault::at(
            &second.mark,
            format!(
                "\"{}\" and \"{}\" (line {line}) are the same syscall; keep one of them",
                second.key, first.key
            ),
        )
    }

    fn of_groups(&self) -> Fault {
        let Self { first, second, .. } = self;
        let line = first.mark.line();
        Fault::at(
            &second.mark,
            format!(
                "\"{}\" and \"{}\" (line {line}) disagree about {}; give each of these an entry of its \
             own, or move one group to a drop-in",
                second.key,
                first.key,
                examples(&self.slots.iter().map(Slot::to_string).collect())
            ),
        )
    }
}

/// Returns some of the names: `mount, umount2 and 5 more`.
pub(super) fn examples(names: &BTreeSet<String>) -> String {
    let shown: Vec<_> = names.iter().take(EXAMPLES).map(String::as_str).collect();
    match names.len().saturating_sub(EXAMPLES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
