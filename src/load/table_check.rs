//! Entries of arrays of programs as they are in the kernel, where any process with CAP_BPF can change them. A program
//! of our own reads them: during a lookup by bpf(2) the kernel skips programs on its CPU.

use std::os::fd::{AsRawFd as _, RawFd};
use std::sync::atomic::Ordering::SeqCst;

use anyhow::{Context as _, Result};
use libbpf_rs::{MapCore, ProgramInput};

use super::Bpf;
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
        self.programs_in(&self.skeleton.maps.syscalls, bank.base(), TABLE_CHECK_ENTRIES)
    }

    /// Restores the arrays of the programs that others continue with; returns whether any was changed.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn restore_continuations(&self) -> Result<bool> {
        let maps = &self.skeleton.maps;
        let continuations = continuation::CONTINUATIONS.0 as usize;
        let handlers = maps.handlers.max_entries() as usize;
        let first = self.programs_in(&maps.continuations, 0, continuations)?;
        let second = self.programs_in(&maps.handlers, 0, handlers)?;
        let returns = return_continuation::RETURN_CONTINUATIONS.0 as usize;
        let third = self.programs_in(&maps.return_continuations, 0, returns)?;
        let is_intact =
            !first.contains(&EMPTY) && !third.contains(&EMPTY) && self.are_handlers(&second);
        if !is_intact {
            self.wire()?;
        }
        Ok(!is_intact)
    }

    fn are_handlers(&self, ids: &[u32]) -> bool {
        let is_there = |handler: &Handler| ids.get(usize::from(handler.id)) != Some(&EMPTY);
        self.handlers.iter().all(is_there)
    }

    fn programs_in(&self, map: &dyn MapCore, first: u32, count: usize) -> Result<Vec<u32>> {
        let fd = u64::try_from(map.as_fd().as_raw_fd())?;
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
