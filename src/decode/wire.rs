//! One record of the ring, from bytes: `bpf/event.h` says how they lie.

use std::mem::{offset_of, size_of};

use syscalls::{Capture, Moment, Part, Slot, Status, Value};
use thiserror::Error;

use super::{CgroupEvent, Device, End, Event, Exe, NAMESPACES, NamedCapture, Process, Return};
use crate::bpf::types::{
    self, capture_kind, capture_moment, capture_part, capture_status, event_kind,
};
use crate::handlers::{Handler, Handlers};

/// What a record of the ring may be.
#[derive(Debug, Clone, PartialEq, Eq)]
// There is one at a time, and it is taken apart at once: a box would cost an allocation an event.
#[allow(clippy::large_enum_variant)]
pub enum Decoded<'a> {
    /// A syscall.
    Syscall(Event<'a>),
    /// A cgroup came or went.
    Cgroup(CgroupEvent<'a>),
    /// Our own test call came through; its first argument.
    Selftest(u64),
    /// A call whose event was told before has ended.
    Return(Return<'a>),
}

/// Why a record could not be decoded. It is counted and the next one is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Error {
    /// It ends before what it announces.
    #[error("the record ends after {0} bytes")]
    TooShort(usize),
    /// It was written under another contract.
    #[error("the record has version {0}, this daemon reads {version}", version = VERSION)]
    Version(u16),
    /// A kind that this daemon does not know.
    #[error("the record has the unknown kind {0}")]
    Kind(u16),
    /// No handler has that number.
    #[error("the event is of the unknown handler {0}")]
    Handler(u16),
    /// No table has that slot.
    #[error("the event is of slot {0}, beyond the table")]
    Slot(u16),
    /// The handler has no such field, or the capture has an unknown form.
    #[error("the event has a malformed capture of field {0}")]
    Capture(u8),
}

/// `EVENT_VERSION`.
const VERSION: u16 = 3;
const EVENT_SIZE: usize = size_of::<types::event>();
const CAPTURE_SIZE: usize = size_of::<types::capture>();
const RESULT_SIZE: usize = size_of::<types::result_event>();
const _: () = assert!(EVENT_SIZE == types::wire_size::EVENT_SIZE.0 as usize);
const _: () = assert!(CAPTURE_SIZE == types::wire_size::CAPTURE_SIZE.0 as usize);

/// Decodes one record.
///
/// # Errors
/// When the bytes are not a record of this contract. Never panics, whatever they are.
pub fn decode<'a>(bytes: &'a [u8], handlers: &'a Handlers) -> Result<Decoded<'a>, Error> {
    let reader = Reader(bytes);
    let version = reader.u16(offset_of!(types::event, version))?;
    if version != VERSION {
        return Err(Error::Version(version));
    }
    let kind = reader.u16(offset_of!(types::event, kind))?;
    match event_kind(u32::from(kind)) {
        event_kind::EVENT_SYSCALL => Ok(Decoded::Syscall(event(&reader, handlers)?)),
        event_kind::EVENT_CGROUP_BORN => Ok(Decoded::Cgroup(cgroup_born(&reader)?)),
        event_kind::EVENT_CGROUP_GONE => Ok(Decoded::Cgroup(cgroup_gone(&reader)?)),
        event_kind::EVENT_SELFTEST => {
            Ok(Decoded::Selftest(reader.u64(offset_of!(types::selftest_event, nonce))?))
        }
        event_kind::EVENT_RESULT => Ok(Decoded::Return(result(&reader)?)),
        _ => Err(Error::Kind(kind)),
    }
}

fn result<'a>(reader: &Reader<'a>) -> Result<Return<'a>, Error> {
    let entry_ns = reader.u64(offset_of!(types::result_event, entry_ns))?;
    let at_ns = reader.u64(offset_of!(types::result_event, boottime_ns))?;
    let result = reader.u64(offset_of!(types::result_event, result))? as i64;
    let end = match reader.u16(offset_of!(types::result_event, ended))? {
        0 => End::Returned { result, duration_ns: at_ns.saturating_sub(entry_ns) },
        _ => End::Died,
    };
    let count = reader.u16(offset_of!(types::result_event, captures))?;
    let pieces = pieces(reader, RESULT_SIZE, count)?;
    Ok(Return { tid: reader.u32(offset_of!(types::result_event, tid))?, entry_ns, end, pieces })
}

fn has(flags: u32, flag: types::call_flag) -> bool {
    flags & flag.0 != 0
}

fn event<'a>(reader: &Reader<'a>, handlers: &'a Handlers) -> Result<Event<'a>, Error> {
    let id = reader.u16(offset_of!(types::event, handler))?;
    let handler = handlers.by_id(id).ok_or(Error::Handler(id))?;
    let slot = reader.u16(offset_of!(types::event, slot))?;
    let flags = reader.u32(offset_of!(types::event, flags))?;
    let mut args = [0; 6];
    for (index, arg) in args.iter_mut().enumerate() {
        *arg = reader.u64(offset_of!(types::event, args) + index * size_of::<u64>())?;
    }
    let pieces = pieces(reader, EVENT_SIZE, reader.u16(offset_of!(types::event, captures))?)?;
    let unknown = |piece: &&Capture<'_>| handler.fields.get(usize::from(piece.index)).is_none();
    if let Some(piece) = pieces.iter().find(unknown).filter(|_| !handler.fields.is_empty()) {
        return Err(Error::Capture(piece.index));
    }
    Ok(Event {
        handler,
        message: reader.u8(offset_of!(types::event, message))?,
        slot: Slot::from_index(slot).ok_or(Error::Slot(slot))?,
        generation: reader.u32(offset_of!(types::event, generation))?,
        priority: reader.u8(offset_of!(types::event, priority))?,
        boottime_ns: reader.u64(offset_of!(types::event, boottime_ns))?,
        cgroup: reader.u64(offset_of!(types::event, cgroup))?,
        pid: reader.u32(offset_of!(types::event, pid))?,
        tid: reader.u32(offset_of!(types::event, tid))?,
        ppid: reader.u32(offset_of!(types::event, ppid))?,
        uid: reader.u32(offset_of!(types::event, uid))?,
        gid: reader.u32(offset_of!(types::event, gid))?,
        loginuid: reader.u32(offset_of!(types::event, loginuid))?,
        comm: reader.until_nul(offset_of!(types::event, comm), COMM_SIZE)?,
        process: process(reader)?,
        args,
        captures: captures(&pieces, handler),
        pieces,
        redacted: Vec::new(),
        rule: reader.u8(offset_of!(types::event, rule))?,
        awaits_result: has(flags, types::call_flag::CALL_RESULT),
        awaits_memory: has(flags, types::call_flag::CALL_MEMORY),
        end: has(flags, types::call_flag::CALL_RESULT_LOST).then_some(End::Unknown),
    })
}

fn process(reader: &Reader<'_>) -> Result<Process, Error> {
    let inode = reader.u64(offset_of!(types::event, exe_inode))?;
    let device = Device(reader.u32(offset_of!(types::event, exe_device))?);
    let mut namespaces = [0; NAMESPACES];
    for (index, id) in namespaces.iter_mut().enumerate() {
        *id = reader.u32(offset_of!(types::event, namespaces) + index * size_of::<u32>())?;
    }
    Ok(Process {
        start_ns: reader.u64(offset_of!(types::event, start_ns))?,
        exe: (inode != 0).then_some(Exe { device, inode }),
        namespaces,
    })
}

const COMM_SIZE: usize = types::wire_size::COMM_SIZE.0 as usize;

fn pieces<'a>(reader: &Reader<'a>, start: usize, count: u16) -> Result<Vec<Capture<'a>>, Error> {
    // The count is bounded by the bytes that are there, not by what they claim.
    let mut found = Vec::with_capacity(usize::from(count).min(reader.0.len() / CAPTURE_SIZE));
    let mut at = start;
    for _ in 0..count {
        let head = Reader(reader.bytes(at, CAPTURE_SIZE)?);
        let stored = head.u32(offset_of!(types::capture, stored))? as usize;
        let index = head.u8(offset_of!(types::capture, field))?;
        let bytes = reader.bytes(at + CAPTURE_SIZE, stored)?;
        found.push(piece(index, &head, bytes).ok_or(Error::Capture(index))?);
        at += CAPTURE_SIZE + stored.next_multiple_of(8);
    }
    Ok(found)
}

fn piece<'a>(index: u8, head: &Reader<'_>, bytes: &'a [u8]) -> Option<Capture<'a>> {
    let kind = head.u8(offset_of!(types::capture, kind)).ok()?;
    Some(Capture {
        index,
        part: part(head.u8(offset_of!(types::capture, part)).ok()?)?,
        moment: moment(head.u8(offset_of!(types::capture, moment)).ok()?)?,
        status: status(head)?,
        value: match capture_kind(u32::from(kind)) {
            capture_kind::CAPTURE_NUMBER if bytes.is_empty() => Value::Number(0),
            capture_kind::CAPTURE_NUMBER => {
                Value::Number(bytes.try_into().map(u64::from_ne_bytes).ok()?)
            }
            capture_kind::CAPTURE_TEXT => Value::Text(bytes),
            capture_kind::CAPTURE_BYTES => Value::Bytes(bytes),
            _ => return None,
        },
    })
}

/// The pieces as the handler's own fields; none if it has none.
pub(super) fn captures<'a>(pieces: &[Capture<'a>], handler: &'a Handler) -> Vec<NamedCapture<'a>> {
    let capture = |piece: &Capture<'a>| {
        let field = handler.fields.get(usize::from(piece.index))?;
        Some(NamedCapture { field, value: piece.value, status: piece.status })
    };
    pieces.iter().filter_map(capture).collect()
}

fn part(part: u8) -> Option<Part> {
    Some(match capture_part(u32::from(part)) {
        capture_part::PART_WHOLE => Part::Whole,
        capture_part::PART_NAME => Part::Name,
        capture_part::PART_VECTOR => Part::Vector,
        capture_part::PART_BUFFER => Part::Buffer,
        capture_part::PART_CONTROL => Part::Control,
        capture_part::PART_AREA => Part::ArgArea,
        _ => return None,
    })
}

fn moment(moment: u8) -> Option<Moment> {
    Some(match capture_moment(u32::from(moment)) {
        capture_moment::MOMENT_ENTRY => Moment::Entry,
        capture_moment::MOMENT_AGAIN => Moment::Reread,
        capture_moment::MOMENT_RETURN => Moment::Return,
        _ => return None,
    })
}

fn status(head: &Reader<'_>) -> Option<Status> {
    let length = head.u32(offset_of!(types::capture, length)).ok()?;
    let status = head.u8(offset_of!(types::capture, status)).ok()?;
    Some(match capture_status(u32::from(status)) {
        capture_status::CAPTURE_OK => Status::Ok,
        capture_status::CAPTURE_TRUNCATED => {
            Status::Truncated { length: Some(length).filter(|&length| length != 0) }
        }
        capture_status::CAPTURE_UNREADABLE => {
            Status::Unreadable { errno: head.u16(offset_of!(types::capture, error)).ok()?.into() }
        }
        _ => return None,
    })
}

fn cgroup_born<'a>(reader: &Reader<'a>) -> Result<CgroupEvent<'a>, Error> {
    Ok(CgroupEvent::Born {
        id: reader.u64(offset_of!(types::cgroup_event, id))?,
        parent: reader.u64(offset_of!(types::cgroup_event, parent))?,
        name: reader.until_nul(offset_of!(types::cgroup_event, name), CGROUP_NAME_SIZE)?,
    })
}

const CGROUP_NAME_SIZE: usize = types::wire_size::CGROUP_NAME_SIZE.0 as usize;

fn cgroup_gone<'a>(reader: &Reader<'a>) -> Result<CgroupEvent<'a>, Error> {
    Ok(CgroupEvent::Gone { id: reader.u64(offset_of!(types::cgroup_event, id))? })
}

/// Bytes that are read only where they are.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&self, at: usize, size: usize) -> Result<&'a [u8], Error> {
        let end = at.checked_add(size);
        end.and_then(|end| self.0.get(at..end)).ok_or(Error::TooShort(self.0.len()))
    }

    fn array<const SIZE: usize>(&self, at: usize) -> Result<[u8; SIZE], Error> {
        self.bytes(at, SIZE)?.try_into().map_err(|_| Error::TooShort(self.0.len()))
    }

    fn u8(&self, at: usize) -> Result<u8, Error> {
        self.array(at).map(u8::from_ne_bytes)
    }

    fn u16(&self, at: usize) -> Result<u16, Error> {
        self.array(at).map(u16::from_ne_bytes)
    }

    fn u32(&self, at: usize) -> Result<u32, Error> {
        self.array(at).map(u32::from_ne_bytes)
    }

    fn u64(&self, at: usize) -> Result<u64, Error> {
        self.array(at).map(u64::from_ne_bytes)
    }

    /// A string in a field of fixed size.
    fn until_nul(&self, at: usize, size: usize) -> Result<&'a [u8], Error> {
        let bytes = self.bytes(at, size)?;
        Ok(bytes.split(|&byte| byte == 0).next().unwrap_or_default())
    }
}
