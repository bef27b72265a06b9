//! Adoption of what a previous daemon left in the kernel: its maps, and through them its table, its ring and its
//! counters. Links stay attached to the programs of that daemon, and the programs of its table stay there until the
//! next reload: they are the same, and work on the same maps.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use anyhow::{Context as _, Result};
use libbpf_rs::{Map, MapCore, MapInfo, Object, OpenObject};
use serde::{Deserialize, Serialize};

use super::attach::Attach;
use super::attachment::LinkFunctions;
use super::kind_arrays::{arrays_of, is_of_kind};
use super::predecessor::{MAP, Predecessor, is_further_ring, kept_name, ring_name};
use crate::fd_store::FdStore;

/// Maps in which a daemon goes on counting whatever its object is, if the types are the same. The number in their names
/// is that of the first set: a service manager keeps a descriptor once, under its first name.
const BOOKS: [&str; 2] = ["counters", "ledger"];

/// Types of this object.
pub const LAYOUT: &str = env!("TAILCALLD_LAYOUT_STAMP");

/// Names of the links of dispatchers in the store; a table has one of them at least.
const DISPATCHER_LINKS: [&str; 2] = ["link.sys_enter.", "link.probe."];

/// Description of the kernel's side of a daemon, for the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelState {
    /// Stamp of the object and of the constants that it was loaded with.
    pub stamp: String,
    /// Stamp of the types of the object: of events, counters and globals.
    pub layout: String,
    /// Number in front of the names in the store.
    pub scope: u32,
    /// Number in front of the names of counters and ledger.
    pub books: u32,
    /// Hooks of the dispatcher, and of the program at the return of calls.
    pub hooks: (Attach, Attach),
    /// Id of the ring, which no other map has until the machine is booted.
    pub ring: u32,
    /// Ids of the rings behind it.
    #[serde(default)]
    pub further_rings: Vec<u32>,
    /// Functions of the links, by the name of the link.
    pub functions: LinkFunctions,
    /// Kinds of probes that have arrays of their own.
    #[serde(default)]
    pub kinds: Vec<String>,
}

/// Outcome of the attempt to go on with what a previous daemon left in the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adoption {
    /// It left nothing.
    Nothing,
    /// Table, ring and counters are those of the previous daemon.
    Done,
    /// Counters are those of the previous daemon; table and ring are new, for this reason. The old ones are the
    /// predecessor's.
    Replaced(String),
    /// It left something that this one cannot use, for this reason; that is gone.
    Refused(String),
}

/// Returns the stamp of an object that is to be loaded. Two objects with the same stamp have the same programs, and
/// understand each other's maps.
pub(super) fn stamp(open: &OpenObject) -> String {
    let maps = open.maps().map(|map| {
        let constants = is_constant(&map.name().to_string_lossy());
        let values = constants.then(|| map.initial_value()).flatten().unwrap_or_default();
        (map.max_entries(), map.autocreate(), hash(values))
    });
    let maps = format!("{:?}", maps.collect::<Vec<_>>());
    format!("{}-{:016x}", env!("TAILCALLD_OBJECT_STAMP"), hash(maps.as_bytes()))
}

/// Decides what becomes of what the previous daemon left, and makes the object use the maps that it shares with it.
///
/// # Errors
/// Fails if libbpf refuses one.
pub(super) fn reuse(
    open: &mut OpenObject,
    store: &FdStore,
    state: Option<&KernelState>,
    unfinished: &[&KernelState],
) -> Result<(Adoption, Vec<Predecessor>)> {
    let (adoption, predecessors) = decide(open, store, state, unfinished);
    match (&adoption, state) {
        (Adoption::Done, Some(state)) => reuse_maps(open, store, state)?,
        (Adoption::Replaced(_), Some(state)) => {
            reuse_named(open, store, state, |name| BOOKS.contains(&name))?;
        }
        _ => {}
    }
    Ok((adoption, predecessors))
}

/// Removes what is of no use from the store.
pub(super) fn remove_unused(store: &FdStore, adoption: &Adoption) {
    match adoption {
        // Two dispatchers would record every call twice.
        Adoption::Refused(_) => store.clear(),
        // Predecessors are out of the store already.
        Adoption::Replaced(_) => store.remove_received(),
        Adoption::Done | Adoption::Nothing => {}
    }
}

/// Decides what becomes of what the previous daemon left. `state` is what it wrote down. Takes what it needs out of the
/// store if another object can only take over from it.
fn decide(
    open: &OpenObject,
    store: &FdStore,
    state: Option<&KernelState>,
    unfinished: &[&KernelState],
) -> (Adoption, Vec<Predecessor>) {
    if store.is_empty() {
        return (Adoption::Nothing, Vec::new());
    }
    let scoped = store.scoped(state.map_or(0, |state| state.scope));
    let reason = match check(open, &scoped, state) {
        Ok(()) => {
            return (Adoption::Done, older(store, unfinished));
        }
        Err(reason) => reason,
    };
    let books = store.books(state.map_or(0, |state| state.books)).names();
    let has_books = BOOKS.iter().all(|name| books.contains(&kept_name(name)));
    let is_readable = state.is_some_and(|state| state.layout == LAYOUT && is_whole(&scoped, state));
    if !has_books || !is_readable {
        return (Adoption::Refused(reason), Vec::new());
    }
    match Predecessor::take(scoped) {
        Ok(last) => {
            let mut all = older(store, unfinished);
            all.push(last);
            (Adoption::Replaced(reason), all)
        }
        Err(error) => (Adoption::Refused(format!("{reason}; {error:#}")), Vec::new()),
    }
}

/// Takes what is left of predecessors before the last one. Of some, nothing is.
pub(super) fn older(store: &FdStore, unfinished: &[&KernelState]) -> Vec<Predecessor> {
    let readable = unfinished.iter().filter(|state| state.layout == LAYOUT);
    readable.filter_map(|state| Predecessor::take(store.scoped(state.scope)).ok()).collect()
}

/// Returns whether the store has the rings that were written down, and a link of the dispatcher.
fn is_whole(store: &FdStore, state: &KernelState) -> bool {
    store.names().iter().any(|name| is_link_of_dispatcher(name)) && has_rings(store, state)
}

fn is_link_of_dispatcher(name: &str) -> bool {
    DISPATCHER_LINKS.iter().any(|links| name.starts_with(links))
}

/// Returns whether the store has the rings that were written down.
fn has_rings(store: &FdStore, state: &KernelState) -> bool {
    let all = std::iter::once(&state.ring).chain(&state.further_rings);
    (0..).zip(all).all(|(number, id)| {
        let kept = store.with(&ring_name(number), |fd| MapInfo::new(fd).map(|map| map.info.id));
        matches!(kept, Some(Ok(kept)) if kept == *id)
    })
}

/// Takes the rings behind the first one out of the store, if this daemon goes on with them.
pub(super) fn take_further_rings(
    store: &FdStore,
    state: Option<&KernelState>,
    adoption: &Adoption,
) -> Option<Vec<OwnedFd>> {
    let state = state.filter(|_| *adoption == Adoption::Done)?;
    let scoped = store.scoped(state.scope);
    let numbers = (1..).zip(&state.further_rings).map(|(number, _)| number);
    Some(numbers.filter_map(|number| scoped.take(&ring_name(number))).collect())
}

/// Keeps the rings behind the first one, which is a map of the object.
pub(super) fn keep_rings(further: &[OwnedFd], store: &FdStore) {
    for (number, ring) in (1..).zip(further) {
        store.put(&ring_name(number), ring.as_fd());
    }
}

/// Checks that the store has what the previous daemon wrote down, and that an object of this stamp can go on with it.
///
/// # Errors
/// The reason why not, as a clause.
pub(super) fn check(
    open: &OpenObject,
    store: &FdStore,
    state: Option<&KernelState>,
) -> Result<(), String> {
    let state = state.ok_or("the file that describes it is missing or damaged")?;
    if state.stamp != stamp(open) {
        return Err("it belongs to another version, or [ring], [kernel] attach or the number of CPUs has changed"
            .to_owned());
    }
    check_kept(open, store, state)
}

/// Checks that the store has all maps and links of an object.
///
/// # Errors
/// The reason why not, as a clause.
pub(super) fn check_kept(
    open: &OpenObject,
    store: &FdStore,
    state: &KernelState,
) -> Result<(), String> {
    let names = store.names();
    let books = store.books(state.books).names();
    let is_kept = |name: &String| names.contains(name) || books.contains(name);
    let arrays = arrays_of(&state.kinds).map(|array| kept_name(&array));
    if let Some(missing) = kept_maps(open).chain(arrays).find(|name| !is_kept(name)) {
        return Err(format!("the service manager did not keep {missing}"));
    }
    if !has_rings(store, state) {
        return Err("the file that describes it is that of another daemon".to_owned());
    }
    if let Some(missing) = state.functions.keys().find(|name| !names.contains(name)) {
        return Err(format!("the service manager did not keep {missing}"));
    }
    if !names.iter().any(|name| is_link_of_dispatcher(name)) {
        return Err("the dispatcher is not attached".to_owned());
    }
    Ok(())
}

/// Returns the part of the store that has a map.
fn part(store: &FdStore, (scope, books): (u32, u32), map: &str) -> FdStore {
    if BOOKS.contains(&map) { store.books(books) } else { store.scoped(scope) }
}

fn reuse_named(
    open: &mut OpenObject,
    store: &FdStore,
    state: &KernelState,
    is_meant: fn(&str) -> bool,
) -> Result<()> {
    for mut map in open.maps_mut() {
        let name = map.name().to_string_lossy().into_owned();
        if is_meant(&name) {
            let part = part(store, (state.scope, state.books), &name);
            let reused = part.with(&kept_name(&name), |fd| map.reuse_fd(fd));
            reused.unwrap_or(Ok(())).with_context(|| format!("failed to adopt {name}"))?;
        }
    }
    let books = store.books(state.books);
    BOOKS.iter().for_each(|name| drop(books.take(&kept_name(name))));
    Ok(())
}

/// Makes an object use the maps in the store instead of new ones.
///
/// # Errors
/// Fails if libbpf refuses one.
pub(super) fn reuse_maps(
    open: &mut OpenObject,
    store: &FdStore,
    state: &KernelState,
) -> Result<()> {
    reuse_named(open, store, state, |_| true)?;
    // Maps that the object does not create on this kernel are not needed any more.
    let scoped = store.scoped(state.scope);
    let is_unused =
        |name: &String| name.starts_with(MAP) && !is_further_ring(name) && !is_of_kind(name);
    let names = scoped.names().into_iter().filter(is_unused);
    names.for_each(|name| drop(scoped.take(&name)));
    Ok(())
}

/// Keeps the maps of an object in the store, in the set `scope`. With `has_books` counters and ledger are there already.
pub(super) fn keep_maps(object: &Object, store: &FdStore, scope: u32, has_books: bool) {
    for map in kept_maps_of(object) {
        let name = map.name().to_string_lossy().into_owned();
        if has_books && BOOKS.contains(&&*name) {
            continue;
        }
        part(store, (scope, scope), &name).put(&kept_name(&name), map.as_fd());
    }
}

/// Returns the maps of a loaded object that outlive it or are shared: all but constants, and but those that are not created
/// on this kernel, in whose place libbpf has an empty file.
pub(super) fn kept_maps_of(object: &Object) -> impl Iterator<Item = Map<'_>> {
    let is_kept = |map: &Map<'_>| !is_constant(&map.name().to_string_lossy());
    object.maps().filter(is_kept).filter(|map| MapInfo::new(map.as_fd()).is_ok())
}

/// Returns the id of a map.
///
/// # Errors
/// Fails if the kernel does not report it.
pub(super) fn id(map: BorrowedFd<'_>) -> Result<u32> {
    Ok(MapInfo::new(map).context("failed to read the id of a map")?.info.id)
}

fn kept_maps(open: &OpenObject) -> impl Iterator<Item = String> {
    let maps = open.maps().filter(libbpf_rs::OpenMapImpl::autocreate);
    let names = maps.map(|map| map.name().to_string_lossy().into_owned());
    names.filter(|name| !is_constant(name)).map(|name| kept_name(&name))
}

/// Returns whether a map holds constants: each object has its own, frozen before its programs were verified.
pub(super) fn is_constant(map: &str) -> bool {
    map.contains(".rodata")
}

/// FNV-1a. Collisions are no danger here: nobody but root can put anything into the store.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
