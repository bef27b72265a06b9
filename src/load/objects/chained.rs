//! Programs of the handlers in chains, by the number that routes refer to them by.

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};

use anyhow::{Context as _, Result, anyhow};
use libbpf_rs::{ErrorKind, MapCore, MapFlags};

use super::folders::{read_again, shown};
use super::loader::{Maps, ObjectLoader, number_of};
use crate::bpf::ProgramCopy;
use crate::handlers::{HandlerObject, ProgramKey};
use crate::load::Bpf;

/// Programs in the kernel.
#[derive(Debug)]
pub struct ChainedPrograms {
    loader: ObjectLoader,
    loaded: BTreeMap<ProgramKey, OwnedFd>,
}

impl ChainedPrograms {
    /// Takes a loader, which has loaded nothing.
    pub fn new(loader: ObjectLoader) -> Self {
        Self { loader, loaded: BTreeMap::new() }
    }

    /// Loads a copy of a program of the object in this binary.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn load_copy(&self, copy: ProgramCopy) -> Result<OwnedFd> {
        let loaded = self.loader.load_copy(copy);
        loaded.map_err(|said| anyhow!("failed to load the program of a probe: {said}"))
    }

    /// Loads an object, unless its program is in the kernel already.
    fn load(&mut self, object: &HandlerObject) -> Result<()> {
        let key = object.key();
        if self.loaded.contains_key(&key) {
            return Ok(());
        }
        let refused =
            |reason: String| anyhow!("handler \"{}\": {} {reason}", key.name, shown(&object.path));
        let bytes = read_again(object).map_err(refused)?;
        let program = self.loader.load(&key.name, bytes);
        let program = program.map_err(|said| refused(format!("cannot be loaded: {said}")))?;
        self.loaded.insert(key, program);
        Ok(())
    }
}

impl Bpf<'_> {
    /// Starts the thread that loads objects of handlers, unless it is running.
    ///
    /// # Errors
    /// Fails if there can be no further thread.
    pub fn start_object_loader(&mut self) -> Result<()> {
        if self.chained.is_some() {
            return Ok(());
        }
        let copy = |map: &dyn MapCore| map.as_fd().try_clone_to_owned();
        let maps = Maps {
            calls: copy(&self.skeleton.maps.tailcalld_calls)?,
            after: copy(&self.skeleton.maps.tailcalld_after)?,
        };
        let loader = ObjectLoader::start(maps, self.way_to_attach())?;
        self.chained = Some(ChainedPrograms::new(loader));
        Ok(())
    }

    /// Puts the programs of these handlers at their numbers, and loads those that are not in the kernel yet.
    ///
    /// # Errors
    /// Fails if an object has changed or is refused, with the last lines of the verifier; nothing that is live has changed
    /// then.
    pub fn set_chained<'a>(
        &mut self,
        wanted: impl Iterator<Item = (&'a HandlerObject, u8)> + Clone,
    ) -> Result<()> {
        if wanted.clone().next().is_none() {
            return Ok(());
        }
        self.start_object_loader()?;
        let chained = self.chained.as_mut().context("no handlers can be loaded")?;
        for (object, _) in wanted.clone() {
            chained.load(object)?;
        }
        for (object, number) in wanted {
            let program = chained.loaded.get(&object.key()).context("its program is not loaded")?;
            let key = u32::from(number).to_ne_bytes();
            let map = &self.skeleton.maps.chain_programs;
            map.update(&key, &number_of(program), MapFlags::ANY).with_context(|| {
                format!("failed to set the program of handler \"{}\"", object.handler.name)
            })?;
        }
        Ok(())
    }

    /// Returns the program of the handler of that name; `None` if this daemon has not loaded it.
    pub(in crate::load) fn chained_program(&self, handler: &str) -> Option<RawFd> {
        let loaded = &self.chained.as_ref()?.loaded;
        let (_, program) = loaded.iter().find(|(key, _)| key.name == handler)?;
        Some(program.as_raw_fd())
    }

    /// Removes the programs of all handlers but these from the kernel.
    pub fn keep_chained<'a>(&mut self, kept: impl Iterator<Item = (&'a ProgramKey, u8)>) {
        let Some(chained) = &mut self.chained else { return };
        let kept: BTreeMap<_, _> = kept.collect();
        chained.loaded.retain(|key, _| kept.contains_key(key));
        for number in 1..crate::bpf::CHAINED_MAX {
            if kept.values().any(|&used| used == number) {
                continue;
            }
            let removed =
                self.skeleton.maps.chain_programs.delete(&u32::from(number).to_ne_bytes());
            if let Err(error) = removed.or_else(absent) {
                tracing::warn!("a handler that no route has stays in the kernel: {error}");
            }
        }
    }
}

fn absent(error: libbpf_rs::Error) -> libbpf_rs::Result<()> {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
