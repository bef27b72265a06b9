//! Further copies of the object, with other programs on the maps of the first one. A thread opens a copy while the first
//! one makes the maps; then both have their programs verified at the same time.

use std::collections::BTreeSet;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result, anyhow};
use libbpf_rs::skel::{OpenSkel as _, Skel as _};
use libbpf_rs::{Map, MapCore as _, OpenObject};

use super::adoption::{is_constant, kept_maps_of};
use super::attach_mode::AttachMode;
use super::rings::Rings;
use super::{errors, prepare, without_signals};
use crate::bpf::{self, OpenTailcalldSkel, TailcalldSkel};

/// Names of programs.
pub(super) type Names = BTreeSet<String>;

/// Maps that all programs of the daemon work on, by name: all but constants.
pub(super) type SharedMaps = Vec<(String, OwnedFd)>;

/// Outcome of the load of a copy.
pub(super) type LoadResult = Result<TailcalldSkel<'static>>;

/// Copy that a thread loads while this one loads the first object.
pub(super) struct ConcurrentLoad {
    names: Names,
    maps: Sender<SharedMaps>,
    thread: JoinHandle<LoadResult>,
}

/// Copy with its programs in the kernel.
pub(super) struct LoadedCopy {
    /// Names of its programs.
    pub names: Names,
    /// Object.
    pub skeleton: TailcalldSkel<'static>,
}

impl ConcurrentLoad {
    /// Starts a thread that opens a copy with these programs and waits for the maps.
    ///
    /// # Errors
    /// Fails if there can be no further thread.
    pub fn begin(names: Names, rings: Rings, choice: &AttachMode) -> Result<Self> {
        let (maps, given) = channel();
        let (wanted, choice) = (names.clone(), choice.clone());
        let load = move || {
            let open = open(&wanted, rings, &choice)?;
            let maps = given.recv().context("the maps of the object were not made")?;
            finish(open, &maps)
        };
        let thread = thread::Builder::new().name("tailcalld-load".to_owned()).spawn(load);
        Ok(Self { names, maps, thread: thread.context(NO_THREAD)? })
    }

    /// Gives the thread the maps, on which it loads.
    pub fn load_on(&self, maps: SharedMaps) {
        // A thread that has ended already says why in `finish`.
        let _ = self.maps.send(maps);
    }

    /// Waits for the programs.
    ///
    /// # Errors
    /// Fails if the kernel refused one.
    pub fn finish(self) -> Result<LoadedCopy> {
        Ok(LoadedCopy { names: self.names, skeleton: join(self.thread)? })
    }
}

/// Waits for a thread that loads a copy.
///
/// # Errors
/// Fails where the load did.
pub(super) fn join(thread: JoinHandle<LoadResult>) -> LoadResult {
    thread.join().map_err(|_| anyhow!("the thread that loads programs ended"))?
}

/// Loads a copy with these programs, on the maps of the first object.
///
/// # Errors
/// Fails if the kernel refuses one.
pub(super) fn load_copy(
    names: &Names,
    maps: &SharedMaps,
    rings: Rings,
    choice: &AttachMode,
) -> LoadResult {
    finish(open(names, rings, choice)?, maps)
}

fn open(names: &Names, rings: Rings, choice: &AttachMode) -> Result<OpenTailcalldSkel<'static>> {
    // A few bytes that are not freed: a daemon loads two, and their programs stay to its end.
    let mut open = prepare(Box::leak(Box::new(MaybeUninit::uninit())), rings, choice)?;
    load_only(&mut open, names);
    Ok(open)
}

fn finish(mut open: OpenTailcalldSkel<'static>, maps: &SharedMaps) -> LoadResult {
    for mut map in open.open_object_mut().maps_mut() {
        let name = map.name().to_string_lossy().into_owned();
        if let Some((_, fd)) = maps.iter().find(|(shared, _)| *shared == name) {
            map.reuse_fd(fd.as_fd()).with_context(|| format!("failed to share {name}"))?;
        }
    }
    without_signals(|| errors::explain(|| open.load()))
}

/// Leaves out all other programs.
pub(super) fn load_only(open: &mut OpenTailcalldSkel<'_>, names: &Names) {
    for mut program in open.open_object_mut().progs_mut() {
        let is_wanted = names.contains(&*program.name().to_string_lossy());
        program.set_autoload(is_wanted);
    }
}

/// Makes the maps of an object whose programs are not loaded yet, and returns those that copies share.
///
/// # Errors
/// Fails if the kernel refuses one.
pub(super) fn make_maps(open: &mut OpenObject) -> Result<SharedMaps> {
    without_signals(|| errors::explain(|| bpf::make_maps(open)))?;
    let shared = open.maps().filter(libbpf_rs::OpenMapImpl::autocreate);
    let shared = shared.map(|map| (map.name().to_string_lossy().into_owned(), map));
    let shared = shared.filter(|(name, _)| !is_constant(name));
    shared
        .map(|(name, map)| {
            let fd = bpf::map_of(&map).context("failed to duplicate a map")?;
            Ok((name, fd))
        })
        .collect()
}

/// Returns the maps of a loaded object that copies share.
///
/// # Errors
/// Fails if the process has no descriptors left.
pub(super) fn shared_maps(skeleton: &TailcalldSkel<'_>) -> Result<SharedMaps> {
    let shared = |map: Map<'_>| {
        let fd = map.as_fd().try_clone_to_owned().context("failed to duplicate a map")?;
        Ok((map.name().to_string_lossy().into_owned(), fd))
    };
    kept_maps_of(skeleton.object()).map(shared).collect()
}

/// Message of a failure to start a thread.
pub(super) const NO_THREAD: &str = "failed to start a thread that loads programs";
