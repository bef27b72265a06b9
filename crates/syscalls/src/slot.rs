//! Slots: a syscall number together with the ABI that it belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Abi, numbers};

/// A syscall number of one ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Slot(u16);

impl Slot {
    /// Creates the slot of syscall number `nr`; `None` if the number is out of range.
    pub fn new(abi: Abi, nr: u16) -> Option<Self> {
        (nr < abi.slots()).then_some(Self(abi.first() + nr))
    }

    /// Creates the slot with that index; `None` if the index is out of range.
    pub fn from_index(index: u16) -> Option<Self> {
        (index < Abi::SLOTS).then_some(Self(index))
    }

    /// Returns the index of the slot: native slots first, then those of the 32-bit ABI, then operations of
    /// `io_uring`, then probes.
    pub fn index(self) -> u16 {
        self.0
    }

    /// Returns the ABI.
    pub fn abi(self) -> Abi {
        const LAST_FIRST: [Abi; 5] =
            [Abi::RawTracepoint, Abi::Tracepoint, Abi::Kprobe, Abi::IoUring, Abi::Compat];
        let of = LAST_FIRST.into_iter().find(|abi| self.0 >= abi.first());
        of.unwrap_or(Abi::Native)
    }

    /// Returns the number of the syscall or operation; of a probe, one that only this process knows.
    pub fn nr(self) -> u16 {
        self.0 - self.abi().first()
    }

    /// Returns the number of the syscall or operation; `None` of a probe, which has none outside of this process.
    pub fn known_nr(self) -> Option<u16> {
        (!self.abi().is_probe()).then(|| self.nr())
    }

    /// Returns the name with its ABI: `execve (i386)`.
    pub fn with_abi(self) -> String {
        format!("{self} ({})", self.abi().name())
    }

    /// Returns the name of the syscall; `None` if the number has none.
    pub fn name(self) -> Option<&'static str> {
        numbers::name(self.abi(), self.nr())
    }
}

impl From<Slot> for u16 {
    fn from(slot: Slot) -> Self {
        slot.index()
    }
}

impl TryFrom<u16> for Slot {
    type Error = String;

    fn try_from(index: u16) -> Result<Self, Self::Error> {
        Self::from_index(index).ok_or_else(|| format!("{index} is the index of no slot"))
    }
}

impl fmt::Display for Slot {
    /// Prints the name, or `#511` if the number has none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("#{}", self.nr())),
        }
    }
}
