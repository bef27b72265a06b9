//! Attachment of the programs to the slots of a table, at the entry of calls and at their end.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering::SeqCst;

use anyhow::{Context as _, Result};
use libbpf_rs::ProgramMut;
use syscalls::{Abi, Slot};

use super::attach::Attach;
use super::function_links::FunctionLink;
use super::{Bpf, dispatchers, kind_arrays, probe_links};
use crate::plan::Awaited;
use crate::probes;

impl Bpf<'_> {
    /// Attaches the dispatcher to calls of these slots. The first call may come before this returns.
    ///
    /// # Errors
    /// Fails if the kernel refuses; nothing has changed then.
    pub fn attach_slots<'a>(&mut self, slots: impl Iterator<Item = &'a Slot>) -> Result<()> {
        let BySide { operations, calls, probes } = by_side(slots);
        for slot in &calls {
            if let Some(number) = self.shared.routed_numbers().get(usize::from(slot.nr())) {
                number.store(1, SeqCst);
            }
        }
        let program = || self.programs.get(&self.skeleton, |programs| &programs.sys_enter);
        self.dispatcher.attach_slots(&self.keeper, program, calls.into_iter())?;
        let program = || self.programs.get(&self.skeleton, |programs| &programs.uring_submit);
        self.submissions.attach_slots(&self.keeper, program, operations.into_iter())?;
        self.attach_probes(&probes)
    }

    /// Attaches the dispatcher of probes to those that it is not attached to.
    fn attach_probes(&mut self, slots: &[Slot]) -> Result<()> {
        let new = self.probes.unattached(slots);
        if new.is_empty() {
            return Ok(());
        }
        for slot in &new {
            let layout = probes::layout(*slot).unwrap_or_default();
            self.shared.set_probe(slot.index(), &layout);
        }
        self.shared.has_probes().store(1, SeqCst);
        for kind in kind_arrays::KINDS {
            let of_kind = new.iter().copied().filter(|slot| slot.abi() == kind);
            self.attach_kind(kind, &of_kind.collect::<Vec<_>>())?;
        }
        Ok(())
    }

    fn attach_kind(&mut self, kind: Abi, slots: &[Slot]) -> Result<()> {
        let Some(own) = slots.first().map(|slot| self.own_kind(*slot)) else { return Ok(()) };
        if own.is_some() {
            self.load_kind(kind, [dispatchers::PROBE.to_owned()].into())?;
        }
        let links = match own.and_then(|kind| self.kinds.get(&kind)) {
            Some(programs) => {
                let program = programs.loaded(|programs| &programs.probe);
                self.probe_links(kind, program.context("its program is not loaded")?, slots)
            }
            None => {
                let program = self.programs.get(&self.skeleton, |programs| &programs.probe)?;
                self.probe_links(kind, program, slots)
            }
        };
        self.probes.add(links?);
        Ok(())
    }

    fn probe_links(
        &self,
        kind: Abi,
        program: &ProgramMut<'_>,
        slots: &[Slot],
    ) -> Result<Vec<FunctionLink>> {
        match kind {
            Abi::Kprobe => probe_links::attach_functions(&self.keeper, program, slots),
            _ => {
                let mut attach = |copy, at| self.attach_tracepoint(copy, at);
                probe_links::attach_copies(&self.keeper, program, slots, &mut attach)
            }
        }
    }

    /// Detaches the dispatcher from all slots except these.
    pub fn detach_unused<'a>(&mut self, slots: impl Iterator<Item = &'a Slot>) {
        let BySide { operations, calls, probes } = by_side(slots);
        let numbers: BTreeSet<u16> = calls.iter().map(|slot| slot.nr()).collect();
        for (number, is_routed) in (0..).zip(self.shared.routed_numbers()) {
            is_routed.store(numbers.contains(&number).into(), SeqCst);
        }
        if self.dispatcher.attach() == Attach::Session {
            // Calls of the previous table may still return: see `detach_unused_returns`.
            self.routed = calls.into_iter().copied().collect();
        } else {
            self.dispatcher.detach_unused(calls.into_iter());
        }
        self.submissions.detach_unused(operations.into_iter());
        self.probes.detach_unused(&probes);
    }

    /// Attaches the programs at the end of these calls.
    ///
    /// # Errors
    /// Fails where `attach_slots` does, and if the calls cannot be followed to their end.
    pub fn attach_returns(&mut self, awaited: &Awaited) -> Result<()> {
        if !awaited.is_empty() {
            let program = || self.programs.get(&self.skeleton, |programs| &programs.task_exit);
            self.task_end.attach(&self.keeper, program)?;
        }
        if !awaited.executions.is_empty() {
            let program = || self.programs.get(&self.skeleton, |programs| &programs.task_exec);
            self.execution.attach(&self.keeper, program)?;
        }
        let program = || self.programs.get(&self.skeleton, |programs| &programs.sys_exit);
        self.returns.attach_slots(&self.keeper, program, awaited.returns.iter())
    }

    /// Detaches the programs at the end of calls, but for these calls.
    pub fn detach_unused_returns(&mut self, awaited: &Awaited) {
        self.returns.detach_unused(awaited.returns.iter());
        if self.dispatcher.attach() == Attach::Session {
            self.dispatcher.detach_unused(self.routed.union(&awaited.returns));
        }
        if awaited.executions.is_empty() {
            self.execution.detach();
        }
        if awaited.is_empty() {
            self.task_end.detach();
        }
    }

    /// Returns the slots whose calls the dispatcher cannot see: they have no function to attach to.
    pub fn unattachable<'a>(&self, slots: impl Iterator<Item = &'a Slot>) -> Vec<Slot> {
        self.dispatcher.unattachable(slots.filter(|slot| !slot.abi().is_probe()))
    }

    /// Attaches the programs of calls anew to these slots, whatever became of their links.
    ///
    /// # Errors
    /// Fails where `attach_slots` and `attach_returns` do.
    pub fn attach_anew<'a>(
        &mut self,
        slots: impl Iterator<Item = &'a Slot>,
        awaited: &Awaited,
    ) -> Result<()> {
        self.dispatcher.detach_all();
        self.submissions.detach_all();
        self.probes.detach_all();
        self.returns.detach_all();
        self.attach_slots(slots)?;
        self.attach_returns(awaited)
    }
}

/// Slots by the dispatcher that sees them.
struct BySide<'a> {
    operations: Vec<&'a Slot>,
    calls: Vec<&'a Slot>,
    probes: Vec<Slot>,
}

fn by_side<'a>(slots: impl Iterator<Item = &'a Slot>) -> BySide<'a> {
    let (probes, others): (Vec<&Slot>, Vec<&Slot>) = slots.partition(|slot| slot.abi().is_probe());
    let (operations, calls) = others.into_iter().partition(|slot| slot.abi() == Abi::IoUring);
    BySide { operations, calls, probes: probes.into_iter().copied().collect() }
}
