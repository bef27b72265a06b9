//! Contents of a bank: a program for each slot, its settings, and the filters of its rules.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::RawFd;

use anyhow::{Context as _, Result};
use nix::errno::Errno;
use syscalls::Slot;

use super::BANK_SLOTS;
use super::settings::Settings;
use crate::bpf::{Bank, delete_element, set_program};
use crate::load::Bpf;
use crate::plan::{Plan, Route, exec_slots};

/// Slots of a bank that may have a program: all, unless they are known.
pub(super) type FilledSlots = Option<BTreeSet<Slot>>;

/// Writes all of a bank. Slots that have no program and get none are left out: a call of bpf(2) for each would make a
/// reload a third longer.
pub(super) fn fill(
    bpf: &Bpf<'_>,
    (bank, filled): (Bank, &FilledSlots),
    programs: &BTreeMap<Slot, RawFd>,
    settings: &Settings,
    returns: &BTreeSet<Slot>,
) -> Result<()> {
    for slot in slots() {
        let program = programs.get(&slot);
        if program.is_some() || filled.as_ref().is_none_or(|filled| filled.contains(&slot)) {
            write_program(bpf, bank, slot, program)
                .with_context(|| format!("failed to set the program of {slot}"))?;
        }
        let row = settings.row(slot, returns.contains(&slot));
        bpf.shared.set_route(bank, usize::from(slot.index()), &row);
    }
    fill_filters(bpf, bank, settings);
    Ok(())
}

/// Writes the filters of a bank; no filter of this table leads to what is not overwritten.
fn fill_filters(bpf: &Bpf<'_>, bank: Bank, settings: &Settings) {
    let shared = &bpf.shared;
    for (at, rule) in (BANK_SLOTS..).zip(&settings.rules) {
        shared.set_route(bank, at, rule);
    }
    for (at, filter) in (0..).zip(&settings.filters) {
        shared.set_filter(bank, at, filter);
    }
    for (at, insn) in (0..).zip(&settings.insns) {
        shared.set_insn(bank, at, insn);
    }
    for (at, pattern) in (0..).zip(&settings.patterns) {
        shared.set_pattern(bank, at, pattern);
    }
    for (at, chain) in (0..).zip(&settings.chains) {
        shared.set_chain(bank, at, chain);
    }
}

/// Writes the program of a slot, or clears the slot.
pub(super) fn write_program(
    bpf: &Bpf<'_>,
    bank: Bank,
    slot: Slot,
    program: Option<&RawFd>,
) -> nix::Result<()> {
    let index = bank.base() + u32::from(slot.index());
    match (bpf.table_of(slot), program) {
        (Some(table), Some(program)) => set_program(table, index, *program),
        (Some(table), None) => match delete_element(table, index) {
            Err(Errno::ENOENT) => Ok(()),
            result => result,
        },
        // There are no programs of that type.
        (None, _) => Ok(()),
    }
}

/// Returns the programs of a plan, and those in slots without a route: that of the self-test, and, if calls wait for the
/// execution of a program, one for all others that may execute one.
pub(super) fn programs(
    bpf: &Bpf<'_>,
    plan: &Plan,
    selftest: Option<Slot>,
) -> Result<BTreeMap<Slot, RawFd>> {
    let routed = plan.routes.iter().map(|(slot, route)| program(bpf, *slot, route));
    let selftest = selftest.map(|slot| Ok((slot, bpf.selftest_program()?)));
    let is_unrouted = |slot: &Slot| plan.awaits_executions() && !plan.routes.contains_key(slot);
    let unrouted = exec_slots().filter(is_unrouted);
    let unrouted = unrouted.map(|slot| Ok((slot, bpf.exec_unrouted_program()?)));
    routed.chain(selftest).chain(unrouted).collect()
}

/// Returns the program of a slot: the handler, or the filter that chooses one.
fn program(bpf: &Bpf<'_>, slot: Slot, route: &Route) -> Result<(Slot, RawFd)> {
    let program = match route.unfiltered() {
        Some(rule) => bpf.program(slot, rule.handler),
        None => bpf.filter_program(slot),
    };
    Ok((slot, program.with_context(|| format!("{slot} has no program"))?))
}

/// Returns all slots.
pub(super) fn slots() -> impl Iterator<Item = Slot> {
    (0..).map_while(Slot::from_index)
}
