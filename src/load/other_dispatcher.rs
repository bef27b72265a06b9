//! Dispatcher of an object with other types. Its own executable says how it is silenced.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use anyhow::{Context as _, Result};

use crate::bpf::WritableMapping;
use crate::clock;

/// Word in the globals of the object that names its live bank, and the value with which no call is recorded.
#[derive(Debug)]
pub struct OtherDispatcher {
    globals: WritableMapping,
    offset: usize,
    silent: u32,
    silenced_ns: Cell<Option<u64>>,
}

impl OtherDispatcher {
    /// Maps the globals. The word is at `offset`, in bytes.
    ///
    /// # Errors
    /// Fails if the kernel refuses, or there is no such word.
    pub fn open(globals: BorrowedFd<'_>, offset: usize, silent: u32) -> Result<Self> {
        let bytes = offset.checked_add(size_of::<AtomicU32>()).and_then(NonZeroUsize::new);
        let globals = WritableMapping::open(globals, bytes.context("no globals")?)
            .context("failed to map the globals of the previous daemon")?;
        globals.half_word(offset).context("the globals have no such word")?;
        Ok(Self { globals, offset, silent, silenced_ns: Cell::new(None) })
    }

    /// Makes the empty bank the live one, if that was not done: it decides about no call any more.
    pub fn silence(&self) {
        if self.silenced_ns.get().is_some() {
            return;
        }
        if let Some(base) = self.globals.half_word(self.offset) {
            base.store(self.silent, SeqCst);
        }
        self.silenced_ns.set(Some(clock::boot_now_ns()));
    }

    /// Returns the time at which it was silenced, ns of `CLOCK_BOOTTIME`; `None` before.
    pub fn silenced_ns(&self) -> Option<u64> {
        self.silenced_ns.get()
    }
}
