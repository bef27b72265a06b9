//! Programs of the handlers in chains, by the number that routes refer to them by.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd, RawFd};

use anyhow::{Context as _, Result, anyhow};
use nix::errno::Errno;
use syscalls::Abi;

use super::folders::{read_again, shown};
use super::loader::{Maps, ObjectLoader};
use crate::bpf::{delete_element, set_program};
use crate::handlers::{HandlerObject, ProgramKey};
use crate::load::kind_arrays::{AFTER, CHAIN_PROGRAMS};
use crate::load::{Attach, Bpf};

/// Programs in the kernel.
#[derive(Debug)]
pub struct ChainedPrograms {
    loader: ObjectLoader,
    /// By kind of probes, if its programs are of a type of their own, and by handler.
    loaded: BTreeMap<ChainKey, OwnedFd>,
}

impl ChainedPrograms {
    /// Takes a loader, which has loaded nothing.
    pub fn new(loader: ObjectLoader) -> Self {
        Self { loader, loaded: BTreeMap::new() }
    }

    /// Runs a job with the privileges that a load takes.
    ///
    /// # Errors
    /// Fails if the thread that has them has ended.
    pub fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        self.loader.run(job)
    }

    /// Loads an object, unless its program is in the kernel already.
    fn load(
        &mut self,
        (kind, object): (Option<Abi>, &HandlerObject),
        (maps, hook): (Maps, Attach),
    ) -> Result<()> {
        let key = (kind, object.key());
        if self.loaded.contains_key(&key) {
            return Ok(());
        }
        let name = &object.handler.name;
        let refused =
            |reason: String| anyhow!("handler \"{name}\": {} {reason}", shown(&object.path));
        let bytes = read_again(object).map_err(refused)?;
        let program = self.loader.load(name, bytes, (maps, hook));
        let of_probe = kind.map_or_else(String::new, |kind| format!(" for a {}", kind.name()));
        let program =
            program.map_err(|said| refused(format!("cannot be loaded{of_probe}: {said}")))?;
        self.loaded.insert(key, program);
        Ok(())
    }
}

/// Kind of probes, if its programs are of a type of their own, and handler.
pub type ChainKey = (Option<Abi>, ProgramKey);

impl Bpf<'_> {
    /// Starts the thread that loads objects of handlers, unless it is running.
    ///
    /// # Errors
    /// Fails if there can be no further thread.
    pub fn start_object_loader(&mut self) -> Result<()> {
        if self.chained.is_some() {
            return Ok(());
        }
        let loader = ObjectLoader::start(self.opens_perf_events_for_probes())?;
        self.chained = Some(ChainedPrograms::new(loader));
        Ok(())
    }

    /// Returns the maps that an object of a kind shares with the daemon.
    fn maps_of_objects(&self, kind: Option<Abi>) -> Result<Maps> {
        let maps = &self.skeleton.maps;
        let after = match kind.and_then(|kind| self.kinds.get(&kind)) {
            Some(programs) => programs.array(AFTER)?,
            None => maps.tailcalld_after.as_fd(),
        };
        let calls = maps.tailcalld_calls.as_fd().try_clone_to_owned()?;
        Ok(Maps { calls, after: after.try_clone_to_owned()? })
    }

    /// Returns the array of the programs of chains.
    fn chain_programs(&self, kind: Option<Abi>) -> Result<BorrowedFd<'_>> {
        match kind {
            Some(kind) => self.kinds.get(&kind).context("no programs")?.array(CHAIN_PROGRAMS),
            None => Ok(self.skeleton.maps.chain_programs.as_fd()),
        }
    }

    /// Puts the programs of these handlers at their numbers, and loads those that are not in the kernel yet.
    ///
    /// # Errors
    /// Fails if an object has changed or is refused, with the last lines of the verifier; nothing that is live has changed
    /// then.
    pub fn set_chained<'a>(
        &mut self,
        wanted: impl Iterator<Item = (Option<Abi>, &'a HandlerObject, u8)> + Clone,
    ) -> Result<()> {
        if wanted.clone().next().is_none() {
            return Ok(());
        }
        self.start_object_loader()?;
        for (kind, object, _) in wanted.clone() {
            let of_type = (self.maps_of_objects(kind)?, self.hook(kind));
            let chained = self.chained.as_mut().context("no handlers can be loaded")?;
            chained.load((kind, object), of_type)?;
        }
        for (kind, object, number) in wanted {
            let chained = self.chained.as_ref().context("no handlers can be loaded")?;
            let program = chained.loaded.get(&(kind, object.key()));
            let program = program.context("its program is not loaded")?.as_raw_fd();
            set_program(self.chain_programs(kind)?, number.into(), program).with_context(|| {
                format!("failed to set the program of handler \"{}\"", object.handler.name)
            })?;
        }
        Ok(())
    }

    /// Returns the program of the handler of that name for a kind; `None` if this daemon has not loaded it.
    pub(in crate::load) fn chained_program(
        &self,
        kind: Option<Abi>,
        handler: &str,
    ) -> Option<RawFd> {
        let loaded = &self.chained.as_ref()?.loaded;
        let (_, program) =
            loaded.iter().find(|((of, key), _)| *of == kind && key.name == handler)?;
        Some(program.as_raw_fd())
    }

    /// Removes the programs of all handlers but these from the kernel.
    pub fn keep_chained(&mut self, kept: &BTreeMap<ChainKey, u8>) {
        let Some(chained) = &mut self.chained else { return };
        chained.loaded.retain(|key, _| kept.contains_key(key));
        let kinds = self.kinds.keys().copied().map(Some);
        for kind in std::iter::once(None).chain(kinds) {
            let used: BTreeSet<u8> =
                kept.iter().filter(|((of, _), _)| *of == kind).map(|(_, number)| *number).collect();
            let Ok(array) = self.chain_programs(kind) else { continue };
            for number in (1..crate::bpf::CHAINED_MAX).filter(|number| !used.contains(number)) {
                match delete_element(array, number.into()) {
                    Ok(()) | Err(Errno::ENOENT) => {}
                    Err(error) => {
                        tracing::warn!("a handler that no route has stays in the kernel: {error}");
                    }
                }
            }
        }
    }
}
