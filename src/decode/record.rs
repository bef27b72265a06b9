//! First stage: the kind of a record of the ring, and of an event no more than its header. `bpf/event.h`
//! describes the bytes.

use std::mem::{offset_of, size_of};

use super::encoded_captures::Encoded;
use super::error::VERSION;
use super::reader::Reader;
use super::{CgroupEvent, Error, Header, Outcome, SyscallExit};
use crate::bpf::types::{self, call_end, event_kind};

/// A record of the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RingRecord<'a> {
    /// Entry of a syscall; `Event::decode` decodes the rest of it.
    Syscall(Header),
    /// Exit of a syscall whose entry came before.
    Exit(SyscallExit<'a>),
    /// End of a call that was to execute a program and has executed none.
    Unexecuted(SyscallExit<'a>),
    /// Birth or end of a cgroup.
    Cgroup(CgroupEvent<'a>),
    /// Test call of the daemon itself, with its first argument.
    Selftest(u64),
}

const RESULT_SIZE: usize = size_of::<types::result_event>();

impl<'a> RingRecord<'a> {
    /// Decodes one record.
    ///
    /// # Errors
    /// Fails if the bytes are not a record of this version. Never panics, whatever they are.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        let reader = Reader(bytes);
        let version = reader.u16(offset_of!(types::event, version))?;
        if version != VERSION {
            return Err(Error::Version(version));
        }
        let kind = reader.u16(offset_of!(types::event, kind))?;
        Ok(match event_kind(u32::from(kind)) {
            event_kind::EVENT_SYSCALL => Self::Syscall(Header::decode(&reader)?),
            event_kind::EVENT_RESULT => result(&reader)?,
            event_kind::EVENT_CGROUP_CREATED => Self::Cgroup(cgroup_created(&reader)?),
            event_kind::EVENT_CGROUP_REMOVED => Self::Cgroup(cgroup_removed(&reader)?),
            event_kind::EVENT_SELFTEST => {
                Self::Selftest(reader.u64(offset_of!(types::selftest_event, nonce))?)
            }
            _ => return Err(Error::Kind(kind)),
        })
    }
}

fn result<'a>(reader: &Reader<'a>) -> Result<RingRecord<'a>, Error> {
    let ended = call_end(u32::from(reader.u16(offset_of!(types::result_event, ended))?));
    let exit = exit(reader, ended)?;
    Ok(match ended {
        call_end::CALL_NOT_EXECUTED => RingRecord::Unexecuted(exit),
        _ => RingRecord::Exit(exit),
    })
}

fn exit<'a>(reader: &Reader<'a>, ended: call_end) -> Result<SyscallExit<'a>, Error> {
    let entry_ns = reader.u64(offset_of!(types::result_event, entry_ns))?;
    let at_ns = reader.u64(offset_of!(types::result_event, boottime_ns))?;
    let result = reader.u64(offset_of!(types::result_event, result))? as i64;
    let outcome = match ended {
        call_end::CALL_RETURNED => {
            Outcome::Returned { result, duration_ns: at_ns.saturating_sub(entry_ns) }
        }
        _ => Outcome::Died,
    };
    let count = reader.u16(offset_of!(types::result_event, captures))?;
    let captures = Encoded::new(reader.0, RESULT_SIZE, count);
    let tid = reader.u32(offset_of!(types::result_event, tid))?;
    Ok(SyscallExit { tid, entry_ns, boottime_ns: at_ns, outcome, sha256: None, captures })
}

fn cgroup_created<'a>(reader: &Reader<'a>) -> Result<CgroupEvent<'a>, Error> {
    Ok(CgroupEvent::Born {
        id: reader.u64(offset_of!(types::cgroup_event, id))?,
        parent: reader.u64(offset_of!(types::cgroup_event, parent))?,
        name: reader.until_nul(offset_of!(types::cgroup_event, name), CGROUP_NAME_SIZE)?,
    })
}

const CGROUP_NAME_SIZE: usize = types::wire_size::CGROUP_NAME_SIZE.0 as usize;

fn cgroup_removed<'a>(reader: &Reader<'a>) -> Result<CgroupEvent<'a>, Error> {
    Ok(CgroupEvent::Gone { id: reader.u64(offset_of!(types::cgroup_event, id))? })
}
