//! Entries of arrays of programs as they are in the kernel, where any process with CAP_BPF can change them. A program
//! of our own reads them: during a lookup by bpf(2) the kernel skips programs on its CPU.

use std::collections::BTreeSet;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, RawFd};
use std::sync::atomic::Ordering::SeqCst;

use anyhow::{Context as _, Result};
use libbpf_rs::{MapCore as _, ProgramInput};
use syscalls::{Abi, Slot};

use super::Bpf;
use super::attach::Attach;
use super::kind_arrays::{CONTINUATIONS, HANDLERS, TABLE};
use crate::bpf::types::{continuation, return_continuation};
use crate::bpf::{Bank, TABLE_CHECK_ENTRIES, program_id};
use crate::handlers::Handler;

/// Id that stands for an empty entry.
pub const EMPTY: u32 = 0;

/// Returns the id of a program by its descriptor.
///
/// # Errors
/// Fails if the kernel does not report it.
pub fn id_of(program: RawFd) -> Result<u32> {
    program_id(program).context("failed to ask the kernel for the id of a program")
}

impl Bpf<'_> {
    /// Returns the ids of the programs in a bank of the table, by the index of the slot.
    ///
    /// # Errors
    /// Fails if the kernel does not run the program that reads them.
    pub fn programs_of(&self, bank: Bank) -> Result<Vec<u32>> {
        let of_calls = &self.skeleton.maps.syscalls;
        let mut ids = self.programs_in(of_calls.as_fd(), bank.base(), TABLE_CHECK_ENTRIES)?;
        for (kind, programs) in &self.kinds {
            let of_kind =
                self.programs_in(programs.array(TABLE)?, bank.base(), TABLE_CHECK_ENTRIES)?;
            let slots = (0..).map_while(Slot::from_index);
            for ((slot, id), of_kind) in slots.zip(&mut ids).zip(of_kind) {
                if slot.abi() == *kind {
                    *id = of_kind;
                }
            }
        }
        Ok(ids)
    }

    /// Returns the slots of a bank that have a program; `None` while the program that reads them is not loaded.
    ///
    /// # Errors
    /// Fails if the kernel does not run that program.
    pub fn filled_slots(&self, bank: Bank) -> Result<Option<BTreeSet<Slot>>> {
        if self.programs.loaded(&self.skeleton, |programs| &programs.table_check).is_none() {
            return Ok(None);
        }
        let slots = (0..).map_while(Slot::from_index).zip(self.programs_of(bank)?);
        Ok(Some(slots.filter(|(_, id)| *id != EMPTY).map(|(slot, _)| slot).collect()))
    }

    /// Restores the arrays of the programs that others continue with; returns whether any was changed.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn restore_continuations(&self) -> Result<bool> {
        let maps = &self.skeleton.maps;
        // The last is that of sessions.
        let continuations = match self.dispatcher.attach() {
            Attach::Session => continuation::CONTINUATIONS.0,
            _ => continuation::CONTINUE_RETURN.0,
        };
        let continuations = continuations as usize;
        let handlers = maps.handlers.max_entries() as usize;
        let first = self.programs_in(maps.continuations.as_fd(), 0, continuations)?;
        let second = self.programs_in(maps.handlers.as_fd(), 0, handlers)?;
        let returns = return_continuation::RETURN_CONTINUATIONS.0 as usize;
        let third = self.programs_in(maps.return_continuations.as_fd(), 0, returns)?;
        let is_intact =
            !first.contains(&EMPTY) && !third.contains(&EMPTY) && self.are_handlers(&second);
        if !is_intact {
            self.wire()?;
        }
        let mut are_intact = is_intact;
        for kind in self.kinds.keys() {
            are_intact &= !self.restore_kind(*kind)?;
        }
        Ok(!are_intact)
    }

    /// Restores the arrays of a kind of probes, if they have fewer programs than are loaded.
    fn restore_kind(&self, kind: Abi) -> Result<bool> {
        let Some(programs) = self.kinds.get(&kind) else { return Ok(false) };
        let continuations = continuation::CONTINUATIONS.0 as usize;
        let handlers = self.skeleton.maps.handlers.max_entries() as usize;
        let count = |ids: Vec<u32>| ids.into_iter().filter(|id| *id != EMPTY).count();
        let found = count(self.programs_in(programs.array(CONTINUATIONS)?, 0, continuations)?)
            + count(self.programs_in(programs.array(HANDLERS)?, 0, handlers)?);
        let is_changed = found < self.wired(programs);
        if is_changed {
            self.wire_kind(kind)?;
        }
        Ok(is_changed)
    }

    fn are_handlers(&self, ids: &[u32]) -> bool {
        let is_there = |handler: &Handler| ids.get(usize::from(handler.id)) != Some(&EMPTY);
        self.handlers.iter().all(is_there)
    }

    fn programs_in(&self, map: BorrowedFd<'_>, first: u32, count: usize) -> Result<Vec<u32>> {
        let fd = u64::try_from(map.as_raw_fd())?;
        let args = [fd, first.into(), count as u64];
        let mut bytes: Vec<u8> = args.iter().flat_map(|arg| arg.to_ne_bytes()).collect();
        let input = ProgramInput { context_in: Some(&mut bytes), ..ProgramInput::default() };
        let program = self.programs.get(&self.skeleton, |programs| &programs.table_check)?;
        let read = program.test_run(input);
        read.context("failed to run the program that reads the table")?;
        let id = |index| self.shared.table_program(index).map(|id| id.load(SeqCst));
        Ok((0..count).map_while(id).collect())
    }
}
