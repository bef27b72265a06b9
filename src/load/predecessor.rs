//! Kernel side of a previous daemon whose object is another one, of the same types. It goes on deciding about calls until
//! the table of this daemon is live; then it is silenced, and what is in its ring is read.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering::SeqCst;

use anyhow::{Context as _, Result};
use libbpf_rs::MapInfo;
use nix::errno::Errno;

use super::dispatchers::DISPATCHERS;
use super::kept_link::misses_of;
use super::kind_arrays::{TABLE, is_of_kind};
use crate::bpf::types::{self, table_size};
use crate::bpf::{Bank, LIVE_BASE, WritableMapping, delete_element};
use crate::clock;
use crate::fd_store::FdStore;

/// Descriptors that the service manager keeps of a daemon.
#[derive(Debug)]
pub struct Predecessor {
    store: FdStore,
    /// Everything by name: links stay attached as long as it is open.
    fds: Vec<(String, OwnedFd)>,
    globals: WritableMapping,
    /// Time at which it was silenced, ns of `CLOCK_BOOTTIME`.
    silenced_ns: Cell<Option<u64>>,
}

impl Predecessor {
    /// Takes it out of the store. Where a daemon was killed while it removed it, nothing was in its ring any more; then the
    /// rest is removed.
    ///
    /// # Errors
    /// Fails if a map is missing or of another size.
    pub(super) fn take(store: FdStore) -> Result<Self> {
        let names = store.names().into_iter();
        let fds: Vec<_> =
            names.filter_map(|name| Some((name.clone(), store.take(&name)?))).collect();
        let is_whole = NEEDED.iter().try_for_each(|map| find(&fds, map).map(drop));
        is_whole.inspect_err(|_| fds.iter().for_each(|(name, _)| store.remove(name)))?;
        let bytes = NonZeroUsize::new(size_of::<types::bss>()).context("no globals")?;
        let globals = WritableMapping::open(find(&fds, GLOBALS_MAP)?, bytes)
            .context("failed to map the globals of the previous daemon")?;
        Ok(Self { store, fds, globals, silenced_ns: Cell::new(None) })
    }

    /// Empties the bank that is not live.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn prepare(&self) -> Result<()> {
        find(&self.fds, TABLE)?;
        let base = self.live_bank().other().base();
        let slots = base..base + table_size::BANK_SLOTS.0;
        self.tables().flat_map(|table| slots.clone().map(move |slot| (table, slot))).try_for_each(
            |(table, slot)| match delete_element(table, slot) {
                Ok(()) | Err(Errno::ENOENT) => Ok(()),
                result => result.context("failed to empty the table of the previous daemon"),
            },
        )
    }

    /// Returns the tables: that of calls, and those of kinds of probes.
    fn tables(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let of_calls = kept_name(TABLE);
        let is_table = move |name: &str| {
            name.strip_prefix(&*of_calls).is_some_and(|end| end.is_empty() || is_of_kind(end))
        };
        self.fds.iter().filter(move |(name, _)| is_table(name)).map(|(_, fd)| fd.as_fd())
    }

    /// Makes the empty bank the live one, if that was not done: it decides about no call any more.
    pub fn silence(&self) {
        if self.silenced_ns.get().is_some() {
            return;
        }
        if let Some(base) = self.globals.half_word(LIVE_BASE) {
            base.store(self.live_bank().other().base(), SeqCst);
        }
        self.silenced_ns.set(Some(clock::boot_now_ns()));
    }

    /// Returns the time at which it was silenced, ns of `CLOCK_BOOTTIME`; `None` before.
    pub fn silenced_ns(&self) -> Option<u64> {
        self.silenced_ns.get()
    }

    /// Returns the calls that the kernel did not run its dispatchers for, as far as its links are not gone.
    pub fn misses(&self) -> u64 {
        let misses = |(name, fd): &(String, OwnedFd)| misses_of(&DISPATCHERS, name, fd.as_fd());
        self.fds.iter().map(misses).sum()
    }

    /// Returns the bank that is live.
    pub fn live_bank(&self) -> Bank {
        Bank::at(self.globals.half_word(LIVE_BASE).map_or(0, |base| base.load(SeqCst)))
    }

    /// Detaches and removes it. Where it is only dropped, the service manager keeps it for the next start.
    pub fn remove(self) {
        self.fds.iter().for_each(|(name, _)| self.store.remove(name));
        self.store.wait();
    }

    /// Returns the rings and their sizes in bytes.
    ///
    /// # Errors
    /// Fails if the kernel does not report a size.
    pub fn rings(&self) -> Result<Vec<(BorrowedFd<'_>, usize)>> {
        let further = self.fds.iter().filter(|(name, _)| is_further_ring(name));
        let further = further.map(|(_, ring)| ring.as_fd());
        let all = std::iter::once(find(&self.fds, RING)?).chain(further);
        let with_size = |ring| {
            let info = MapInfo::new(ring).context("failed to read the size of a ring")?;
            Ok((ring, info.info.max_entries as usize))
        };
        all.map(with_size).collect()
    }
}

/// Prefix of the names of maps in the store.
pub(super) const MAP: &str = "map.";

/// Name of a map in the store.
pub(super) fn kept_name(map: &str) -> String {
    format!("{MAP}{map}")
}

/// Map of the first ring.
const RING: &str = "events";

/// Name of a ring in the store.
pub(super) fn ring_name(number: u32) -> String {
    match number {
        0 => kept_name(RING),
        _ => format!("{}.{number}", kept_name(RING)),
    }
}

/// Returns whether a name in the store is that of a ring behind the first one.
pub(super) fn is_further_ring(name: &str) -> bool {
    name.strip_prefix(&kept_name(RING)).is_some_and(|number| number.starts_with('.'))
}

/// Maps without which nothing is left of it.
const NEEDED: [&str; 3] = [RING, TABLE, GLOBALS_MAP];

/// Map of the globals.
const GLOBALS_MAP: &str = "tailcall.bss";
/// Name of the globals in the store.
pub const GLOBALS: &str = "map.tailcall.bss";

fn find<'f>(fds: &'f [(String, OwnedFd)], map: &str) -> Result<BorrowedFd<'f>> {
    let wanted = kept_name(map);
    let found = fds.iter().find(|(name, _)| *name == wanted).map(|(_, fd)| fd.as_fd());
    found.with_context(|| format!("the service manager did not keep {wanted}"))
}
