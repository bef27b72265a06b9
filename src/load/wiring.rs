//! Programs that stand in arrays of the object: in slots of the table, and where other programs continue or tail-call.

use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, RawFd};

use anyhow::{Context as _, Result};
use libbpf_rs::ProgramMut;
use syscalls::{Abi, Slot};

use super::Bpf;
use super::attach::Attach;
use super::kind_arrays;
use super::kinds::KindPrograms;
use super::needed_programs::needed_by;
use super::programs::Pick;
use crate::bpf::set_program;
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

/// Arrays of one type that programs tail-call by.
struct Arrays<'a> {
    continuations: BorrowedFd<'a>,
    after: BorrowedFd<'a>,
    handlers: BorrowedFd<'a>,
}

impl Arrays<'_> {
    fn fill(
        &self,
        loaded: impl Fn(Pick) -> Option<RawFd>,
        handlers: &[(u16, RawFd)],
    ) -> Result<()> {
        for (place, pick) in CONTINUATIONS {
            if let Some(program) = loaded(pick) {
                set(self.continuations, place.0, program)?;
            }
        }
        if let Some(chain) = loaded(|programs| &programs.chain) {
            set(self.after, 0, chain)?;
        }
        handlers.iter().try_for_each(|&(id, program)| set(self.handlers, id.into(), program))
    }
}

fn set(array: BorrowedFd<'_>, key: u32, program: RawFd) -> Result<()> {
    let set = set_program(array, key, program);
    set.context("failed to set the programs that others tail-call")
}

fn descriptor(program: &ProgramMut<'_>) -> RawFd {
    program.as_fd().as_raw_fd()
}

impl Bpf<'_> {
    /// Fills the arrays of the programs that others continue with, and of the handlers that filters call, as far as they
    /// are loaded.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub(super) fn wire(&self) -> Result<()> {
        let (maps, programs) = (&self.skeleton.maps, &self.programs);
        let loaded = |pick: Pick| programs.loaded(&self.skeleton, pick).map(descriptor);
        let arrays = Arrays {
            continuations: maps.continuations.as_fd(),
            after: maps.tailcalld_after.as_fd(),
            handlers: maps.handlers.as_fd(),
        };
        for (place, pick) in RETURN_CONTINUATIONS {
            if let Some(program) = loaded(pick) {
                set(maps.return_continuations.as_fd(), place.0, program)?;
            }
        }
        let mut handlers = Vec::new();
        for handler in self.handlers.iter().filter(|handler| programs.has_handler(&handler.name)) {
            handlers.push((handler.id, programs.handler(&self.skeleton, &handler.name)?));
        }
        let is_session = self.dispatcher.attach() == Attach::Session;
        let of_returns = loaded(|programs| &programs.sys_exit).filter(|_| is_session);
        if let Some(program) = of_returns {
            set(arrays.continuations, continuation::CONTINUE_RETURN.0, program)?;
        }
        arrays.fill(loaded, &handlers)
    }

    /// Does the same for the programs of a kind of probes.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub(super) fn wire_kind(&self, kind: Abi) -> Result<()> {
        let Some(programs) = self.kinds.get(&kind) else { return Ok(()) };
        let arrays = Arrays {
            continuations: programs.array(kind_arrays::CONTINUATIONS)?,
            after: programs.array(kind_arrays::AFTER)?,
            handlers: programs.array(kind_arrays::HANDLERS)?,
        };
        let handlers = self.handlers.iter();
        let loaded = handlers
            .filter_map(|one| Some((one.id, programs.handler(&one.name)?)))
            .collect::<Vec<_>>();
        arrays.fill(|pick| programs.loaded(pick).map(descriptor), &loaded)
    }

    /// Returns the number of programs of a kind that its arrays have.
    pub(super) fn wired(&self, programs: &KindPrograms) -> usize {
        let continued = CONTINUATIONS.iter().filter(|(_, pick)| programs.loaded(*pick).is_some());
        let handlers = self.handlers.iter().filter(|one| programs.handler(&one.name).is_some());
        continued.count() + handlers.count()
    }

    /// Waits for the programs that a table needs, as far as they are not loaded yet.
    ///
    /// # Errors
    /// Fails if the kernel refused one.
    pub fn complete_for(&mut self, plan: &Plan) -> Result<()> {
        self.complete_kinds(plan)?;
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

    /// Returns the program of a handler, of the type that the slot takes.
    ///
    /// # Errors
    /// Fails if there is no such handler, or if the kernel refused its program.
    pub fn program(&self, slot: Slot, handler: u16) -> Result<RawFd> {
        let handler = self.handlers.iter().find(|known| known.id == handler);
        let handler = handler.context("no such handler")?;
        match self.own_kind(slot) {
            Some(kind) => {
                let programs = self.kinds.get(&kind).and_then(|kind| kind.handler(&handler.name));
                programs.with_context(|| format!("{} is not loaded", handler.name))
            }
            None => self.programs.handler(&self.skeleton, &handler.name),
        }
    }

    /// Returns the program that decides which rule a call is for, of the type that the slot takes.
    ///
    /// # Errors
    /// Fails if the kernel refused it.
    pub fn filter_program(&self, slot: Slot) -> Result<RawFd> {
        let pick: Pick = |programs| &programs.filter;
        match self.own_kind(slot) {
            Some(kind) => {
                let program = self.kinds.get(&kind).and_then(|kind| kind.loaded(pick));
                program.map(descriptor).context("the filter is not loaded")
            }
            None => self.programs.get(&self.skeleton, pick).map(descriptor),
        }
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
