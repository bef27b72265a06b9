//! The few fields of an event that are needed before it is delivered: to pair it with its exit and to look
//! up its rule and its owner. Decoding them costs no allocation.

use std::mem::offset_of;

use syscalls::Slot;

use super::reader::Reader;
use super::{Error, Outcome};
use crate::bpf::types::{self, call_flag};

/// Identity of one syscall, and what is still awaited of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Number and ABI of the syscall.
    pub slot: Slot,
    /// Generation of the table that routed the call.
    pub generation: u32,
    /// Index of the matched rule within its route.
    pub rule: u8,
    /// Entry of the call: `CLOCK_BOOTTIME`, ns.
    pub boottime_ns: u64,
    /// cgroup v2 id.
    pub cgroup: u64,
    /// User to whom limits and shares charge the event.
    pub charged_uid: u32,
    /// Thread group in the initial pid namespace.
    pub pid: u32,
    /// Thread in the initial pid namespace.
    pub tid: u32,
    /// The rule asks for the result of the call.
    pub awaits_result: bool,
    /// Only the execution of a program is awaited, for as long as it takes; the end of a call that executes none is not
    /// reported until its task goes on to another one.
    pub awaits_execution: bool,
    /// Memory that could not be read at entry is read again at the exit.
    pub awaits_memory: bool,
    /// The identity of the file is awaited that the call executes.
    pub awaits_executable: bool,
    /// No exit will be reported: the kernel side had no room to remember the call.
    pub is_exit_lost: bool,
}

impl Header {
    pub(super) fn decode(reader: &Reader<'_>) -> Result<Self, Error> {
        let slot = reader.u16(offset_of!(types::event, slot))?;
        let flags = reader.u16(offset_of!(types::event, flags))?;
        let has = |flag: call_flag| u32::from(flags) & flag.0 != 0;
        Ok(Self {
            slot: Slot::from_index(slot).ok_or(Error::Slot(slot))?,
            generation: reader.u32(offset_of!(types::event, generation))?,
            rule: reader.u8(offset_of!(types::event, rule))?,
            boottime_ns: reader.u64(offset_of!(types::event, boottime_ns))?,
            cgroup: reader.u64(offset_of!(types::event, cgroup))?,
            charged_uid: reader.u32(offset_of!(types::event, charged_uid))?,
            pid: reader.u32(offset_of!(types::event, pid))?,
            tid: reader.u32(offset_of!(types::event, tid))?,
            awaits_result: has(call_flag::CALL_RESULT),
            awaits_execution: has(call_flag::CALL_EXECUTION),
            awaits_memory: has(call_flag::CALL_MEMORY),
            awaits_executable: has(call_flag::CALL_EXECUTABLE),
            is_exit_lost: has(call_flag::CALL_RESULT_LOST),
        })
    }

    /// Returns whether an exit record completes the event.
    pub fn is_open(&self) -> bool {
        !self.is_exit_lost && (self.awaits_result || self.awaits_memory)
    }

    /// Returns the outcome that the event reports: that of its exit, if the rule asks for a result.
    pub fn outcome(&self, exit: Option<Outcome>) -> Option<Outcome> {
        let is_reported = self.awaits_result || self.is_exit_lost;
        is_reported.then(|| exit.unwrap_or(Outcome::Unknown))
    }
}
