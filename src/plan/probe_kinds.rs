//! The rule of types: all programs of one program array must be of one type, so that all probes of a table are of one kind,
//! and system calls are attached to in the same way.

use std::collections::BTreeMap;

use syscalls::Abi;

use super::Plan;
use super::conflict::Winners;
use crate::config::{AttachTo, Config, Fault};

/// Returns the kind of the probes of a table; `None` without probes.
pub(super) fn kind(plan: &Plan) -> Option<Abi> {
    plan.routes.keys().map(|slot| slot.abi()).find(|abi| abi.is_probe())
}

/// Returns the faults of a table whose programs would be of several types.
pub(super) fn faults(config: &Config, winners: &Winners<'_>, plan: &Plan) -> Vec<Fault> {
    let probes =
        winners.iter().filter(|(slot, _)| slot.abi().is_probe() && plan.routes.contains_key(slot));
    let mut entries = BTreeMap::new();
    for (slot, entry) in probes {
        let place = (entry.mark.rank(), entry.mark.start());
        entries.insert(place, (slot.abi(), *entry));
    }
    let Some((first, of_first)) = entries.values().next() else { return Vec::new() };
    let mixed = entries.values().find(|(kind, _)| kind != first).map(|(kind, entry)| {
        let message = format!(
            "\"{}\" and \"{}\" (line {}) cannot be in one table: {RULE}, and those of a {} and of a {} are of two; keep \
             one kind",
            entry.key,
            of_first.key,
            of_first.mark.line(),
            kind.name(),
            first.name()
        );
        Fault::at(&entry.mark, message)
    });
    let unfit = (!suits(config.attach, *first)).then(|| {
        let message = format!(
            "\"{}\" does not go with attach = \"{}\" below [kernel]: {RULE}, and those of a {} are of another than those \
             of system calls would be; set attach = \"auto\"",
            of_first.key,
            config.attach.name(),
            first.name()
        );
        Fault::at(&of_first.mark, message)
    });
    mixed.into_iter().chain(unfit).collect()
}

/// Returns whether system calls that are attached to in this way have programs of the type of a kind.
pub fn suits(attach: AttachTo, kind: Abi) -> bool {
    match attach {
        AttachTo::Auto => true,
        AttachTo::Function => kind == Abi::Kprobe,
        AttachTo::Tracepoint => kind != Abi::Kprobe,
    }
}

const RULE: &str = "the programs of one program array must all be of one type";
