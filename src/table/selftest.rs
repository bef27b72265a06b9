//! Slot of the self-test, and repair of a table that another program has changed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::os::fd::RawFd;

use anyhow::{Context as _, Result};
use syscalls::{Abi, Slot, number};

use super::Table;
use super::bank::{slots, write_program};
use crate::bpf::SELFTEST_CALLS;
use crate::load::{Bpf, EMPTY, id_of};
use crate::plan::Plan;

/// Returns the slot of the self-test: of a syscall that is not routed and that the dispatcher can be attached to.
/// Nothing is tested while nothing is routed.
pub(super) fn slot(bpf: &Bpf<'_>, plan: &Plan) -> Option<Slot> {
    let slot = |name: &&str| number(Abi::Native, name).and_then(|nr| Slot::new(Abi::Native, nr));
    let is_free = |slot: &Slot| {
        !plan.routes.contains_key(slot) && bpf.unattachable([*slot].iter()).is_empty()
    };
    let mut candidates = SELFTEST_CALLS.iter().filter_map(slot).filter(is_free);
    candidates.next().filter(|_| !plan.routes.is_empty())
}

/// Returns the ids of the programs of a bank. A few programs are in many slots.
pub(super) fn ids(programs: &BTreeMap<Slot, RawFd>) -> Result<BTreeMap<Slot, u32>> {
    let mut known = BTreeMap::new();
    let id = |(slot, program): (&Slot, &RawFd)| match known.entry(*program) {
        Entry::Occupied(id) => Ok((*slot, *id.get())),
        Entry::Vacant(vacant) => Ok((*slot, *vacant.insert(id_of(*program)?))),
    };
    programs.iter().map(id).collect()
}

impl Table {
    /// Returns the slot whose program answers the self-test; `None` if all of its syscalls are routed.
    pub fn selftest(&self) -> Option<Slot> {
        self.selftest
    }

    /// Returns the slots of the live bank that do not have the program that they should have.
    ///
    /// # Errors
    /// Fails if the kernel does not show them.
    pub fn changed_slots(&self, bpf: &Bpf<'_>) -> Result<Vec<Slot>> {
        let found = bpf.programs_of(bpf.shared.live_bank())?;
        let expected = |slot: &Slot| self.ids.get(slot).copied().unwrap_or(EMPTY);
        let differs = |(slot, found): &(Slot, u32)| *found != expected(slot);
        Ok(slots().zip(found).filter(differs).map(|(slot, _)| slot).collect())
    }

    /// Gives slots of the live bank their programs back. The other bank is written as a whole before it goes live.
    ///
    /// # Errors
    /// Fails if the kernel refuses a slot.
    pub fn restore(&self, bpf: &Bpf<'_>, slots: &[Slot]) -> Result<()> {
        let live = bpf.shared.live_bank();
        slots.iter().try_for_each(|slot| {
            write_program(bpf, live, *slot, self.programs.get(slot))
                .with_context(|| format!("failed to restore the program of {slot}"))
        })
    }

    /// Attaches the programs of calls anew.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn attach_anew(&self, bpf: &mut Bpf<'_>) -> Result<()> {
        bpf.attach_anew(self.programs.keys(), &self.returns)
    }
}
