//! Programs for the kinds of probes whose hook is not that of calls. All programs of a program array are of one type, so
//! each such kind has arrays of its own, in which copies of the programs stand that its routes need. All other maps are
//! those of the first object, the word that names the live bank among them: a flip is one for all kinds.

use std::collections::BTreeSet;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd, RawFd};

use anyhow::{Context as _, Result};
use libbpf_rs::ProgramMut;
use syscalls::{Abi, Slot};

use super::attach::Attach;
use super::attach_mode::{AttachMode, must_be_probed};
use super::copies::{self, LoadResult, LoadedCopy, Names, SharedMaps};
use super::dispatchers::PROBE;
use super::kind_arrays::{ARRAYS, TABLE, name_of, named};
use super::needed_programs::of_kind;
use super::predecessor::kept_name;
use super::probe_links::hook_of;
use super::programs::{Pick, handler_program};
use super::rings::Rings;
use super::{Bpf, KernelState};
use crate::bpf::{ProgramCopy, TracepointKey};
use crate::fd_store::FdStore;
use crate::plan::Plan;

/// Programs of a kind, and the arrays in which they stand.
pub(super) struct KindPrograms {
    hook: Attach,
    arrays: SharedMaps,
    /// Copies of the object, each with the programs that the ones before it lack.
    copies: Vec<LoadedCopy>,
}

impl KindPrograms {
    /// Takes the arrays that a previous daemon left; its programs stand in them. `None` if one is missing.
    fn adopt(kind: Abi, store: &FdStore) -> Option<Self> {
        let take = |name: &&str| Some(((*name).to_owned(), store.take(&kept_array(name, kind))?));
        let arrays = ARRAYS.iter().map(take).collect::<Option<_>>()?;
        Some(Self { hook: hook_of(kind)?, arrays, copies: Vec::new() })
    }

    /// Returns an array.
    ///
    /// # Errors
    /// Fails if there is none of that name, which does not happen.
    pub fn array(&self, name: &str) -> Result<BorrowedFd<'_>> {
        let found = self.arrays.iter().find(|(known, _)| known == name);
        found.map(|(_, fd)| fd.as_fd()).with_context(|| format!("no array {name}"))
    }

    fn has(&self, name: &str) -> bool {
        self.copies.iter().any(|copy| copy.names.contains(name))
    }

    /// Returns the program that `pick` chooses, if it is loaded.
    pub fn loaded(&self, pick: Pick) -> Option<&ProgramMut<'_>> {
        let of = |copy: &'_ LoadedCopy| {
            copy.names.contains(&*pick(&copy.skeleton.progs).name().to_string_lossy())
        };
        self.copies.iter().find(|copy| of(copy)).map(|copy| pick(&copy.skeleton.progs))
    }

    /// Returns the program of a handler, if it is loaded.
    pub fn handler(&self, handler: &str) -> Option<RawFd> {
        self.by_name(&handler_program(handler))
    }

    /// Returns the program of that name, if it is loaded.
    pub fn by_name(&self, name: &str) -> Option<RawFd> {
        use libbpf_rs::skel::Skel as _;
        let copy = self.copies.iter().find(|copy| copy.names.contains(name))?;
        let found = copy.skeleton.object().progs().find(|program| program.name() == name)?;
        Some(found.as_fd().as_raw_fd())
    }
}

fn kept_array(array: &str, kind: Abi) -> String {
    kept_name(&name_of(array, kind))
}

impl Bpf<'_> {
    /// Takes the arrays of all kinds that a previous daemon had.
    pub(super) fn adopt_kinds(&mut self, state: &KernelState) {
        for kind in named(&state.kinds) {
            self.kinds.extend(KindPrograms::adopt(kind, &self.store).map(|it| (kind, it)));
        }
    }

    /// Returns the kind of a slot whose programs have a type of their own; `None` for all others.
    pub fn own_kind(&self, slot: Slot) -> Option<Abi> {
        let hook = hook_of(slot.abi())?;
        (hook != self.dispatcher.attach()).then(|| slot.abi())
    }

    /// Returns the hook of the programs of a kind, or that of calls.
    pub fn hook(&self, kind: Option<Abi>) -> Attach {
        kind.and_then(hook_of).unwrap_or(self.dispatcher.attach())
    }

    /// Returns the table of a slot: the one of its kind, or of calls. `None` if there is none yet.
    pub fn table_of(&self, slot: Slot) -> Option<BorrowedFd<'_>> {
        match self.own_kind(slot) {
            Some(kind) => self.kinds.get(&kind)?.array(TABLE).ok(),
            None => Some(self.skeleton.maps.syscalls.as_fd()),
        }
    }

    /// Returns the tables of all types.
    pub fn tables(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let of_kinds = self.kinds.values().filter_map(|kind| kind.array(TABLE).ok());
        std::iter::once(self.skeleton.maps.syscalls.as_fd()).chain(of_kinds)
    }

    /// Loads what the probes of a table need that have programs of a type of their own.
    ///
    /// # Errors
    /// Fails if the kernel lacks or refuses it.
    pub fn complete_kinds(&mut self, plan: &Plan) -> Result<()> {
        let kinds: BTreeSet<Abi> =
            plan.routes.keys().filter_map(|slot| self.own_kind(*slot)).collect();
        kinds.into_iter().try_for_each(|kind| {
            let names = of_kind(plan, kind, &self.handlers);
            self.load_kind(kind, names)
        })
    }

    /// Loads those of the programs that are not loaded yet, in whichever thread may.
    pub(super) fn load_kind(&mut self, kind: Abi, mut names: Names) -> Result<()> {
        let known = self.kinds.get(&kind);
        names.retain(|name| !known.is_some_and(|known| known.has(name)));
        if names.is_empty() {
            return Ok(());
        }
        let hook = self.hook(Some(kind));
        let maps = self.maps_for(known)?;
        let (rings, choice) = (self.rings_of_load, self.choice.with_attach(hook));
        let wanted = names.clone();
        let is_new = known.is_none();
        let load = move || load(kind, is_new, (&wanted, &maps), rings, &choice);
        let loaded = match &self.chained {
            Some(chained) => chained.run(load)?,
            None => load(),
        };
        let of = || format!("failed to load the programs of {} probes", kind.name());
        let copy = LoadedCopy { names, skeleton: loaded.with_context(of)? };
        match self.kinds.get_mut(&kind) {
            Some(known) => known.copies.push(copy),
            None => {
                let made = self.keep_kind(kind, hook, copy)?;
                self.kinds.insert(kind, made);
            }
        }
        self.wire_kind(kind)
    }

    /// Returns the maps that the programs of a kind work on: its own arrays, if there are any, and all others.
    fn maps_for(&self, known: Option<&KindPrograms>) -> Result<SharedMaps> {
        let mut maps = copies::shared_maps(&self.skeleton)?;
        maps.retain(|(name, _)| !ARRAYS.contains(&&**name));
        for (name, fd) in known.iter().flat_map(|known| &known.arrays) {
            maps.push((name.clone(), fd.try_clone().context("failed to duplicate a map")?));
        }
        Ok(maps)
    }

    /// Takes the arrays that a first copy has made, and keeps them for the next daemon.
    fn keep_kind(&self, kind: Abi, hook: Attach, copy: LoadedCopy) -> Result<KindPrograms> {
        let mut arrays = copies::shared_maps(&copy.skeleton)?;
        arrays.retain(|(name, _)| ARRAYS.contains(&&**name));
        for (name, fd) in &arrays {
            self.store.put(&kept_array(name, kind), fd.as_fd());
        }
        Ok(KindPrograms { hook, arrays, copies: vec![copy] })
    }

    /// Loads the copy of the dispatcher for a tracepoint and attaches it, in whichever thread may.
    pub(super) fn attach_tracepoint(
        &self,
        copy: ProgramCopy,
        at: TracepointKey,
    ) -> Result<(OwnedFd, OwnedFd)> {
        let attach = move || copy.attach(&at);
        let attached = match &self.chained {
            Some(chained) => chained.run(attach)?,
            None => attach(),
        };
        attached.context("failed to load and attach the program of a probe")
    }

    /// Returns how often the kernel skipped `probe` where functions have a type of their own.
    pub(super) fn skipped_by_kinds(&self) -> Result<u64> {
        let programs = self.kinds.values().filter(|kind| kind.hook == Attach::Function);
        let programs = programs.filter_map(|kind| kind.loaded(|programs| &programs.probe));
        let counts = programs.map(|program| crate::bpf::recursion_misses(program.as_fd()));
        let counts: std::io::Result<Vec<u64>> = counts.collect();
        let counts = counts
            .with_context(|| format!("failed to read how often the kernel skipped {PROBE}"))?;
        Ok(counts.into_iter().sum())
    }
}

fn load(
    kind: Abi,
    is_new: bool,
    (names, maps): (&Names, &SharedMaps),
    rings: Rings,
    choice: &AttachMode,
) -> LoadResult {
    if is_new {
        must_be_probed(kind)?;
    }
    copies::load_copy(names, maps, rings, choice)
}
