//! Programs of the object. Those that the first table needs are loaded together with the maps, half of them by a thread.
//! The others are loaded by another thread, so that neither the first calls nor the events of the previous daemon wait for
//! the verifier, or on demand.

use std::cell::{Cell, OnceCell};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, RawFd};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result};
use libbpf_rs::ProgramMut;
use libbpf_rs::skel::Skel as _;
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::attach_mode::AttachMode;
use super::copies::{LoadResult, LoadedCopy, NO_THREAD, Names, join, load_copy, shared_maps};
use super::rings::Rings;
use crate::bpf::{TailcalldProgs, TailcalldSkel};

/// Chooses one program of an object.
pub(super) type Pick = for<'a, 'obj> fn(&'a TailcalldProgs<'obj>) -> &'a ProgramMut<'obj>;

/// Programs of an object, in the kernel or on their way there.
pub(super) struct Programs {
    /// Names of those that the first table needs.
    first: Names,
    /// Copy with those of them that a thread has loaded.
    second: Option<LoadedCopy>,
    rest: OnceCell<TailcalldSkel<'static>>,
    pending: Cell<Option<LaterPrograms>>,
    /// True once `settle` was called, and where there are no others.
    is_settled: Cell<bool>,
    /// Becomes readable when the thread has ended.
    completion: Arc<EventFd>,
}

/// Programs that are not loaded yet.
enum LaterPrograms {
    /// A thread loads them.
    InThread(JoinHandle<LoadResult>),
    /// The first that asks for one of them loads them.
    OnDemand(Box<dyn FnOnce() -> LoadResult>),
}

impl Programs {
    /// Programs that were loaded with the maps, and no others.
    pub fn only(first: Names) -> Result<Self> {
        let (rest, pending) = (OnceCell::new(), Cell::new(None));
        let completion = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK);
        let completion = Arc::new(completion.context(NO_THREAD)?);
        Ok(Self { first, second: None, rest, pending, is_settled: Cell::new(true), completion })
    }

    /// Loads all programs but those that are loaded, on the maps of the first object: on demand, or in a thread.
    pub fn load_rest(
        first: Names,
        second: Option<LoadedCopy>,
        skeleton: &TailcalldSkel<'_>,
        rings: Rings,
        choice: &AttachMode,
        is_on_demand: bool,
    ) -> Result<Self> {
        let programs = Self { second, ..Self::only(first)? };
        let all: Names = skeleton.object().progs().map(|program| name_of(&program)).collect();
        let rest: Names = all.difference(&programs.first).cloned().collect();
        if rest.is_empty() {
            return Ok(programs);
        }
        let (maps, choice) = (shared_maps(skeleton)?, choice.clone());
        let completion = Arc::clone(&programs.completion);
        let load = move || {
            let loaded = load_copy(&rest, &maps, rings, &choice);
            let _ = completion.write(1);
            loaded
        };
        programs.pending.set(Some(if is_on_demand {
            LaterPrograms::OnDemand(Box::new(load))
        } else {
            let thread = thread::Builder::new().name("tailcalld-load".to_owned()).spawn(load);
            LaterPrograms::InThread(thread.context(NO_THREAD)?)
        }));
        programs.is_settled.set(false);
        Ok(programs)
    }

    /// Returns whether these programs are loaded.
    pub fn has(&self, names: &Names) -> bool {
        self.is_settled() || names.is_subset(&self.first)
    }

    /// Returns whether `settle` has nothing to do.
    pub fn is_settled(&self) -> bool {
        self.is_settled.get()
    }

    /// Waits for the programs that are not loaded yet.
    ///
    /// # Errors
    /// Fails if the kernel refused one.
    pub fn settle(&self) -> Result<()> {
        if !self.is_settled() {
            self.rest()?;
            self.is_settled.set(true);
        }
        Ok(())
    }

    /// Becomes readable when the thread has ended.
    pub fn completion(&self) -> BorrowedFd<'_> {
        self.completion.as_fd()
    }

    /// Returns the program that `pick` chooses, as soon as it is loaded.
    ///
    /// # Errors
    /// Fails if the kernel refused the programs that were loaded later.
    pub fn get<'s>(
        &'s self,
        skeleton: &'s TailcalldSkel<'_>,
        pick: Pick,
    ) -> Result<&'s ProgramMut<'s>> {
        match self.loaded(skeleton, pick) {
            Some(program) => Ok(program),
            None => Ok(pick(&self.rest()?.progs)),
        }
    }

    /// Returns the program that `pick` chooses, if it is loaded.
    pub fn loaded<'s>(
        &'s self,
        skeleton: &'s TailcalldSkel<'_>,
        pick: Pick,
    ) -> Option<&'s ProgramMut<'s>> {
        let program = pick(&skeleton.progs);
        let name = program.name().to_string_lossy();
        if let Some(second) = self.in_second(&name) {
            return Some(pick(&second.progs));
        }
        if self.first.contains(&*name) {
            return Some(program);
        }
        self.rest.get().map(|rest| pick(&rest.progs))
    }

    /// Returns the program of that name, if it is loaded.
    pub fn loaded_by_name(&self, skeleton: &TailcalldSkel<'_>, name: &str) -> Option<RawFd> {
        let object = match self.in_second(name) {
            Some(second) => second.object(),
            None if self.first.contains(name) => skeleton.object(),
            None => self.rest.get()?.object(),
        };
        let found = object.progs().find(|program| program.name() == name)?;
        Some(found.as_fd().as_raw_fd())
    }

    fn in_second(&self, name: &str) -> Option<&TailcalldSkel<'static>> {
        let second = self.second.as_ref().filter(|second| second.names.contains(name));
        second.map(|second| &second.skeleton)
    }

    /// Returns the program of a handler, as soon as it is loaded.
    ///
    /// # Errors
    /// Fails where `get` does, and if there is none of that name.
    pub fn handler(&self, skeleton: &TailcalldSkel<'_>, handler: &str) -> Result<RawFd> {
        let name = handler_program(handler);
        let object = match self.in_second(&name) {
            Some(second) => second.object(),
            None if self.first.contains(&name) => skeleton.object(),
            None => self.rest()?.object(),
        };
        let found = object.progs().find(|program| program.name() == &*name);
        let found = found.with_context(|| format!("the BPF object has no program {name}"))?;
        Ok(found.as_fd().as_raw_fd())
    }

    /// Returns whether the program of a handler is loaded.
    pub fn has_handler(&self, handler: &str) -> bool {
        self.first.contains(&handler_program(handler)) || self.rest.get().is_some()
    }

    fn rest(&self) -> Result<&TailcalldSkel<'static>> {
        if let Some(rest) = self.rest.get() {
            return Ok(rest);
        }
        let pending = self.pending.take().context("the programs of the object are not loaded")?;
        let loaded = match pending {
            LaterPrograms::OnDemand(load) => load()?,
            LaterPrograms::InThread(thread) => join(thread)?,
        };
        Ok(self.rest.get_or_init(|| loaded))
    }
}

fn name_of(program: &libbpf_rs::Program<'_>) -> String {
    program.name().to_string_lossy().into_owned()
}

/// Returns the name of the program of a handler.
pub(super) fn handler_program(handler: &str) -> String {
    format!("handle_{handler}")
}
