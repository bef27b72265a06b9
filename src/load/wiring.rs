//! Programs that stand in arrays of the object: in slots of the table, and where other programs continue or tail-call.

use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, RawFd};

use anyhow::{Context as _, Result};
use libbpf_rs::{MapCore, MapFlags};

use super::Bpf;
use super::needed_programs::needed_by;
use super::programs::Pick;
use crate::bpf::types::{continuation, return_continuation};
use crate::plan::Plan;

/// Programs that others continue with.
const CONTINUATIONS: [(continuation, Pick); 13] = [
    (continuation::CONTINUE_ARGV, |programs| &programs.argv_copy),
    (continuation::CONTINUE_FILTER, |programs| &programs.filter_resume),
    (continuation::CONTINUE_MATCH, |programs| &programs.filter_match),
    (continuation::CONTINUE_NAMES, |programs| &programs.names),
    (continuation::CONTINUE_DESCRIPTORS, |programs| &programs.descriptors),
    (continuation::CONTINUE_PATH, |programs| &programs.filter_path),
    (continuation::CONTINUE_WALK, |programs| &programs.filter_walk),
    (continuation::CONTINUE_CAPABILITIES, |programs| &programs.capabilities),
    (continuation::CONTINUE_VECTORS, |programs| &programs.vectors),
    (continuation::CONTINUE_INNER, |programs| &programs.inner_args),
    (continuation::CONTINUE_MEMBERS, |programs| &programs.members),
    (continuation::CONTINUE_CHAIN, |programs| &programs.chain),
    (continuation::CONTINUE_ANCESTORS, |programs| &programs.ancestor_exe),
];

/// Programs that the one at the return of calls continues with.
const RETURN_CONTINUATIONS: [(return_continuation, Pick); 4] = [
    (return_continuation::RETURN_DESCRIPTOR, |programs| &programs.result_descriptor),
    (return_continuation::RETURN_VECTORS, |programs| &programs.result_vectors),
    (return_continuation::RETURN_MEMBERS, |programs| &programs.result_members),
    (return_continuation::RETURN_ENTRIES, |programs| &programs.result_entries),
];

impl Bpf<'_> {
    /// Fills the arrays of the programs that others continue with, and of the handlers that filters call, as far as they
    /// are loaded.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub(super) fn wire(&self) -> Result<()> {
        let (maps, programs) = (&self.skeleton.maps, &self.programs);
        let set = |map: &dyn MapCore, key: u32, program: RawFd| {
            map.update(&key.to_ne_bytes(), &program.to_ne_bytes(), MapFlags::ANY)
                .context("failed to set the programs that others tail-call")
        };
        for (place, pick) in CONTINUATIONS {
            if let Some(program) = programs.loaded(&self.skeleton, pick) {
                set(&maps.continuations, place.0, program.as_fd().as_raw_fd())?;
            }
        }
        if let Some(chain) = programs.loaded(&self.skeleton, |programs| &programs.chain) {
            set(&maps.tailcalld_after, 0, chain.as_fd().as_raw_fd())?;
        }
        for (place, pick) in RETURN_CONTINUATIONS {
            if let Some(program) = programs.loaded(&self.skeleton, pick) {
                set(&maps.return_continuations, place.0, program.as_fd().as_raw_fd())?;
            }
        }
        for handler in self.handlers.iter().filter(|handler| programs.has_handler(&handler.name)) {
            let program = programs.handler(&self.skeleton, &handler.name)?;
            set(&maps.handlers, handler.id.into(), program)?;
        }
        Ok(())
    }

    /// Waits for the programs that a table needs, as far as they are not loaded yet.
    ///
    /// # Errors
    /// Fails if the kernel refused one.
    pub fn complete_for(&self, plan: &Plan) -> Result<()> {
        let needed = needed_by(plan, &self.handlers, self.are_returns_free());
        if self.programs.has(&needed) { Ok(()) } else { self.complete() }
    }

    /// Waits for all programs that are not loaded yet.
    ///
    /// # Errors
    /// Fails if the kernel refused one.
    pub fn complete(&self) -> Result<()> {
        self.programs.settle()?;
        self.wire()
    }

    /// Returns whether all programs are loaded.
    pub fn is_complete(&self) -> bool {
        self.programs.is_settled()
    }

    /// Becomes readable when the thread that loads programs has ended.
    pub fn completion(&self) -> BorrowedFd<'_> {
        self.programs.completion()
    }

    /// Returns the program of a handler.
    ///
    /// # Errors
    /// Fails if there is no such handler, or if the kernel refused its program.
    pub fn program(&self, handler: u16) -> Result<RawFd> {
        let handler = self.handlers.iter().find(|known| known.id == handler);
        let handler = handler.context("no such handler")?;
        self.programs.handler(&self.skeleton, &handler.name)
    }

    /// Returns the program that decides which rule a call is for.
    ///
    /// # Errors
    /// Fails if the kernel refused it.
    pub fn filter_program(&self) -> Result<RawFd> {
        let program = self.programs.get(&self.skeleton, |programs| &programs.filter)?;
        Ok(program.as_fd().as_raw_fd())
    }

    /// Returns the program of calls that execute a program and have no route.
    ///
    /// # Errors
    /// Fails if the kernel refused it.
    pub fn exec_unrouted_program(&self) -> Result<RawFd> {
        let program = self.programs.get(&self.skeleton, |programs| &programs.exec_unrouted)?;
        Ok(program.as_fd().as_raw_fd())
    }

    /// Returns the program that answers the daemon's test call.
    ///
    /// # Errors
    /// Fails if the kernel refused it.
    pub fn selftest_program(&self) -> Result<RawFd> {
        let program = self.programs.get(&self.skeleton, |programs| &programs.selftest)?;
        Ok(program.as_fd().as_raw_fd())
    }
}
