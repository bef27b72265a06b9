//! Bytes from the ring in, events out. Pure: no BPF, no I/O, no logging. The bytes carry what
//! traced processes chose, so nothing here indexes, unwraps or panics.

mod argument;
mod inner;
mod process;
pub mod render;
mod returned;
mod wire;

pub use process::{Device, Exe, NAMESPACES, Process};
pub use wire::{Decoded, Error, decode};

use syscalls::{Capture, Slot, Status, Value};

use crate::handlers::{Field, Handler};

/// One syscall at entry. Borrows the bytes of the ring and the handler's declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// Who captured it.
    pub handler: &'a Handler,
    /// Which of the handler's messages describes it.
    pub message: u8,
    /// Number and ABI.
    pub slot: Slot,
    /// Of the table that judged the call.
    pub generation: u32,
    /// Syslog level, 3 to 7.
    pub priority: u8,
    /// `CLOCK_BOOTTIME` at entry, ns.
    pub boottime_ns: u64,
    /// cgroup v2 id.
    pub cgroup: u64,
    /// Thread group, as the initial pid namespace knows it; so are the next two.
    pub pid: u32,
    /// Thread.
    pub tid: u32,
    /// Parent's thread group.
    pub ppid: u32,
    /// Real user, as the initial user namespace knows it; so is the group.
    pub uid: u32,
    /// Real group.
    pub gid: u32,
    /// Login user; `u32::MAX` if none was set.
    pub loginuid: u32,
    /// The task's name: any bytes but NUL, 15 at most.
    pub comm: &'a [u8],
    /// Which process it is beyond its number.
    pub process: Process,
    /// The six arguments as passed.
    pub args: [u64; 6],
    /// What the handler captured, in its order.
    pub captures: Vec<NamedCapture<'a>>,
    /// The memory of its arguments, where the handler leaves them to the syscall's signature.
    pub pieces: Vec<Capture<'a>>,
    /// The fields of which something was hidden; none as it was decoded.
    pub redacted: Vec<&'a str>,
    /// Which rule of its route it is of, from 0.
    pub rule: u8,
    /// Whether its result is awaited.
    pub awaits_result: bool,
    /// Whether memory is awaited that could not be read at entry.
    pub awaits_memory: bool,
    /// What came of the call, where that is asked for.
    pub end: Option<End>,
}

impl Event<'_> {
    /// Whether more of it comes when its call returns.
    pub fn is_open(&self) -> bool {
        self.end.is_none() && (self.awaits_result || self.awaits_memory)
    }

    /// What its call returned, where that is known.
    pub fn result(&self) -> Option<i64> {
        match self.end {
            Some(End::Returned { result, .. }) => Some(result),
            _ => None,
        }
    }
}

/// The end of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return<'a> {
    /// The thread, as its event named it.
    pub tid: u32,
    /// `boottime_ns` of its event.
    pub entry_ns: u64,
    /// What came of the call.
    pub end: End,
    /// Memory that was read then.
    pub pieces: Vec<Capture<'a>>,
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It returned.
    Returned {
        /// As the kernel returns it: a negative errno for a failure.
        result: i64,
        /// From the call's entry to its return.
        duration_ns: u64,
    },
    /// It has no result: the task ended in it.
    Died,
    /// It is not known: the call was still going on when it was told, or its return was lost.
    Unknown,
}

impl End {
    /// A positive errno; `None` for a success, and where nothing came back.
    pub fn errno(self) -> Option<i32> {
        match self {
            Self::Returned { result: result @ -4095..=-1, .. } => i32::try_from(-result).ok(),
            _ => None,
        }
    }
}

/// One captured argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCapture<'a> {
    /// What it is.
    pub field: &'a Field,
    /// What was read; empty where nothing could be.
    pub value: Value<'a>,
    /// How far the reading came.
    pub status: Status,
}

/// A cgroup of the v2 hierarchy came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CgroupEvent<'a> {
    /// Made under `parent`.
    Born {
        /// Its id.
        id: u64,
        /// Its parent's id.
        parent: u64,
        /// Last component of its path.
        name: &'a [u8],
    },
    /// Removed.
    Gone {
        /// Its id.
        id: u64,
    },
}
