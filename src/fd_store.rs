//! Descriptors that the service manager keeps while no daemon runs (`FDSTORE=1`, sd_notify(3)): with them the maps,
//! links and programs in the kernel outlive the daemon, and the next one gets them back (sd_listen_fds(3)).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::bpf;
use crate::notify_socket::NotifySocket;
use crate::pin_dir::PinDir;

/// Time that the service manager has to close what it does not keep any more.
const BARRIER_MAX: Duration = Duration::from_secs(1);

/// Store of the service manager; its clones are the same store. Without a service manager it keeps nothing.
#[derive(Debug, Clone, Default)]
pub struct FdStore {
    state: Arc<State>,
    /// Prefix of the names.
    scope: String,
}

#[derive(Debug, Default)]
struct State {
    /// Descriptors of the previous daemon that nobody has taken yet.
    received: Mutex<BTreeMap<String, OwnedFd>>,
    /// Names of all that the service manager keeps.
    kept: Mutex<BTreeSet<String>>,
    /// Keeper of the descriptors; `None` if nobody keeps them.
    keeper: Option<Keeper>,
    /// Highest number of a set that was received.
    last_scope: u32,
    /// The service manager goes on keeping what it has: nothing that is removed here is removed there.
    is_left: AtomicBool,
}

/// Keeper of the descriptors.
#[derive(Debug)]
enum Keeper {
    Manager(NotifySocket),
    Pins(PinDir),
}

impl Keeper {
    fn put(&self, name: &str, fd: BorrowedFd<'_>) -> Result<()> {
        match self {
            // `FDPOLL=0`: it must not drop the descriptor when that has an event.
            Self::Manager(manager) => {
                manager.send(&[("FDSTORE", "1"), ("FDNAME", name), ("FDPOLL", "0")], &[fd])
            }
            Self::Pins(pins) => pins.put(name, fd),
        }
    }

    fn put_file(&self, name: &str, file: &File) -> Result<()> {
        match self {
            Self::Manager(_) => self.put(name, file.as_fd()),
            Self::Pins(pins) => pins.put_file(name, file),
        }
    }

    fn remove(&self, name: &str) -> Result<()> {
        match self {
            Self::Manager(manager) => {
                manager.send(&[("FDSTOREREMOVE", "1"), ("FDNAME", name)], &[])
            }
            Self::Pins(pins) => pins.remove(name),
        }
    }

    /// Waits until it has closed what was removed.
    fn wait(&self) -> Result<()> {
        match self {
            Self::Manager(manager) => manager.barrier(BARRIER_MAX),
            Self::Pins(_) => Ok(()),
        }
    }
}

impl FdStore {
    /// Receives what was kept of the previous daemon: by the service manager, or as pins in a directory, and then copies
    /// of files in the runtime directory.
    ///
    /// # Errors
    /// Fails if the environment (`LISTEN_FDS`, `LISTEN_FDNAMES`) contradicts itself, or the directory cannot be used.
    pub fn receive(pins: Option<&Path>, runtime: &Path) -> Result<Self> {
        let passed = sd_notify::listen_fds_with_names()
            .context("failed to read the descriptors of the service manager")?;
        let owned = passed.map(|(fd, name)| (name, bpf::own(fd))).collect();
        let (keeper, owned) = match pins {
            Some(path) => {
                let pins = PinDir::open(path, runtime)?;
                let owned = pins.read()?.into_iter().collect();
                (Some(Keeper::Pins(pins)), owned)
            }
            // An address of a form that cannot be reached is reported with the other notifications.
            None => (NotifySocket::from_env().unwrap_or_default().map(Keeper::Manager), owned),
        };
        let owned: BTreeMap<String, OwnedFd> = owned;
        let numbers = owned.keys().filter_map(|name| name.split_once('.')?.0.parse().ok());
        let last_scope = numbers.max().unwrap_or_default();
        let state = Arc::new(State { keeper, last_scope, ..State::default() });
        let store = Self { state, scope: String::new() };
        store.received().extend(owned);
        store.kept().extend(store.received().keys().cloned());
        Ok(store)
    }

    /// Makes a store of descriptors that another process passed, which nobody keeps.
    pub fn of(received: impl IntoIterator<Item = (String, OwnedFd)>) -> Self {
        let store = Self::default();
        store.received().extend(received);
        store
    }

    /// Returns the part of the store whose names have a number in front, for one of several sets.
    pub fn scoped(&self, number: u32) -> Self {
        Self { state: Arc::clone(&self.state), scope: format!("{number}.") }
    }

    /// Returns the part with counters and ledger, which several sets may share: the number is that of the first one.
    pub fn books(&self, number: u32) -> Self {
        Self { state: Arc::clone(&self.state), scope: format!("b{number}.") }
    }

    /// Returns a number that no set of earlier daemons has.
    pub fn next_scope(&self) -> u32 {
        self.state.last_scope + 1
    }

    fn full(&self, name: &str) -> String {
        format!("{}{name}", self.scope)
    }

    /// Returns whether anything was received that nobody has taken.
    pub fn is_empty(&self) -> bool {
        self.received().is_empty()
    }

    /// Returns whether anybody keeps what is put here.
    pub fn is_open(&self) -> bool {
        self.keeper().is_some()
    }

    fn keeper(&self) -> Option<&Keeper> {
        self.state.keeper.as_ref().filter(|_| !self.state.is_left.load(Relaxed))
    }

    /// Returns the names of what nobody has taken.
    pub fn names(&self) -> Vec<String> {
        let received = self.received();
        let names = received.keys().filter_map(|name| name.strip_prefix(&*self.scope));
        names.map(str::to_owned).collect()
    }

    /// Takes a descriptor that was received. The service manager keeps it until it is removed.
    pub fn take(&self, name: &str) -> Option<OwnedFd> {
        self.received().remove(&self.full(name))
    }

    /// Runs `f` with a descriptor that was received.
    pub fn with<T>(&self, name: &str, f: impl FnOnce(BorrowedFd<'_>) -> T) -> Option<T> {
        self.received().get(&self.full(name)).map(|fd| f(fd.as_fd()))
    }

    /// Keeps an object of bpf(2) for the next daemon.
    pub fn put(&self, name: &str, fd: BorrowedFd<'_>) {
        self.keep(name, |keeper, name| keeper.put(name, fd));
    }

    /// Keeps an open file for the next daemon.
    pub fn put_file(&self, name: &str, file: &File) {
        self.keep(name, |keeper, name| keeper.put_file(name, file));
    }

    fn keep(&self, name: &str, put: impl FnOnce(&Keeper, &str) -> Result<()>) {
        let Some(keeper) = self.keeper() else { return };
        let name = self.full(name);
        match put(keeper, &name) {
            Ok(()) => drop(self.kept().insert(name)),
            Err(error) => self.give_up(&error),
        }
    }

    /// Makes the keeper close its copy of a descriptor.
    pub fn remove(&self, name: &str) {
        self.remove_full(&self.full(name));
    }

    fn remove_full(&self, name: &str) {
        let is_kept = self.kept().remove(name);
        let Some(keeper) = self.keeper().filter(|_| is_kept) else { return };
        if let Err(error) = keeper.remove(name) {
            self.give_up(&error);
        }
    }

    /// Waits until the service manager has closed what was removed: closing the last descriptor of a link can take 0.1 s,
    /// and should not stop the service manager.
    pub fn wait(&self) {
        if let Some(Err(error)) = self.keeper().map(Keeper::wait) {
            tracing::debug!("{error:#}");
        }
    }

    /// Leaves the store as it is: half of it is of no use to the next daemon, which finds that out.
    fn give_up(&self, error: &anyhow::Error) {
        tracing::warn!("the next daemon cannot go on where this one ends: {error:#}");
        self.leave();
    }

    /// Takes everything that was received and whose name `is_meant` selects, for good: nothing here removes it any more
    /// but [`Self::release`].
    pub fn claim(&self, is_meant: impl Fn(&str) -> bool) -> BTreeMap<String, OwnedFd> {
        let (claimed, rest) =
            std::mem::take(&mut *self.received()).into_iter().partition(|(name, _)| is_meant(name));
        *self.received() = rest;
        let claimed: BTreeMap<String, OwnedFd> = claimed;
        self.kept().retain(|name| !claimed.contains_key(name));
        claimed
    }

    /// Makes the keeper close its copies of what was claimed.
    pub fn release<'n>(&self, names: impl IntoIterator<Item = &'n String>) {
        for name in names {
            let removed = self.keeper().map_or(Ok(()), |keeper| keeper.remove(name));
            if let Err(error) = removed {
                self.give_up(&error);
            }
        }
        self.wait();
    }

    /// Closes what was received and not taken, here and in the service manager.
    pub fn remove_received(&self) {
        let received = std::mem::take(&mut *self.received());
        received.keys().for_each(|name| self.remove_full(name));
    }

    /// Closes what was received and not taken, and makes the service manager close all that it keeps.
    pub fn clear(&self) {
        self.received().clear();
        let kept = self.kept().clone();
        kept.iter().for_each(|name| self.remove_full(name));
    }

    fn kept(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.state.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn received(&self) -> MutexGuard<'_, BTreeMap<String, OwnedFd>> {
        self.state.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves to the service manager what it keeps now: nothing that happens here changes that.
    pub fn leave(&self) {
        self.state.is_left.store(true, Relaxed);
    }
}
