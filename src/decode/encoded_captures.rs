//! Captures at the end of the records of an event's entry and exit, decoded one by one.

use std::mem::{offset_of, size_of};

use syscalls::{Capture, Moment, Part, Status, Value};

use super::reader::Reader;
use super::{Descriptor, Error, Executable, KernelPath, OpenFiles};
use crate::bpf::types::{
    self, capture_kind, capture_moment, capture_part, capture_status, path_flag,
};

const CAPTURE_SIZE: usize = size_of::<types::capture>();
const _: () = assert!(CAPTURE_SIZE == types::wire_size::CAPTURE_SIZE.0 as usize);

/// Captures at the end of a record that are still to be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoded<'a> {
    record: &'a [u8],
    at: usize,
    count: u16,
}

impl<'a> Encoded<'a> {
    /// Names the last part of `record`: `count` captures from the byte `at` on.
    pub const fn new(record: &'a [u8], at: usize, count: u16) -> Self {
        Self { record, at, count }
    }

    /// Decodes the captures one by one; ends after the first error.
    pub fn decode(self) -> impl Iterator<Item = Result<Decoded<'a>, Error>> {
        let (mut at, mut is_broken) = (self.at, false);
        (0..self.count).map_while(move |_| {
            if is_broken {
                return None;
            }
            let capture = capture(self.record, &mut at);
            is_broken = capture.is_err();
            Some(capture)
        })
    }
}

/// Captures of one handler of a chain, as they are in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EncodedChained<'a> {
    /// Position of the handler in the chain, from 1.
    pub position: u8,
    /// Number of captures.
    pub count: u16,
    /// Number of the sentence that the handler has chosen.
    pub message: u32,
    /// Captures.
    pub bytes: &'a [u8],
}

impl<'a> EncodedChained<'a> {
    fn decode(head: &Reader<'_>, position: u8, bytes: &'a [u8]) -> Result<Self, Error> {
        let count = head.u16(offset_of!(types::capture, error))?;
        let message = head.u32(offset_of!(types::capture, length))?;
        Ok(Self { position, count, message, bytes })
    }
}

/// One capture of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoded<'a> {
    /// Memory of the process.
    Memory(Capture<'a>),
    /// Path of the kernel: its part, the argument that it belongs to, and the path.
    Path(u8, u8, KernelPath<'a>),
    /// File behind a descriptor.
    File(Descriptor<'a>),
    /// File behind a descriptor of that number in the memory of an argument.
    Member(i32, Descriptor<'a>),
    /// Effective capabilities of the task.
    Capabilities(u64),
    /// File that was executed.
    Executable(Executable),
    /// Captures of a further handler of the chain.
    Chained(EncodedChained<'a>),
}

impl<'a> Decoded<'a> {
    /// Returns memory of the process, or adds a file to `files`.
    pub fn memory(self, files: &mut OpenFiles<'a>) -> Result<Option<Capture<'a>>, Error> {
        match self {
            Self::Memory(capture) => Ok(Some(capture)),
            Self::File(descriptor) if files.add(descriptor) => Ok(None),
            Self::Member(number, descriptor) => {
                files.add_member(number, descriptor);
                Ok(None)
            }
            Self::File(Descriptor { position, .. }) | Self::Path(_, position, _) => {
                Err(Error::Capture(position))
            }
            Self::Capabilities(_) | Self::Executable(_) | Self::Chained(_) => {
                Err(Error::Capture(0))
            }
        }
    }
}

/// Decodes the capture at `at` and moves `at` behind it.
fn capture<'a>(record: &'a [u8], at: &mut usize) -> Result<Decoded<'a>, Error> {
    // The size is known from here on: no field is looked for beyond the end.
    let head: Option<&[u8; CAPTURE_SIZE]> = record.get(*at..).and_then(<[u8]>::first_chunk);
    let head = Reader(head.ok_or(Error::TooShort(record.len()))?);
    let stored = head.u32(offset_of!(types::capture, stored))? as usize;
    let index = head.u8(offset_of!(types::capture, field))?;
    let bytes = Reader(record).bytes(*at + CAPTURE_SIZE, stored)?;
    *at += CAPTURE_SIZE + stored.next_multiple_of(8);
    let path = || path(&head, bytes)?.ok_or(Error::Capture(index));
    match capture_kind(head.u8(offset_of!(types::capture, kind))?.into()) {
        capture_kind::CAPTURE_PATH => {
            Ok(Decoded::Path(head.u8(offset_of!(types::capture, part))?, index, path()?))
        }
        capture_kind::CAPTURE_FILE => {
            let descriptor = Descriptor::decode(index, bytes, path()?)?;
            let part = head.u8(offset_of!(types::capture, part))?;
            Ok(match capture_part(part.into()) {
                capture_part::PART_MEMBER => {
                    let number = head.u32(offset_of!(types::capture, length))?;
                    Decoded::Member(number as i32, descriptor)
                }
                _ => Decoded::File(descriptor),
            })
        }
        capture_kind::CAPTURE_CAPABILITIES => Reader(bytes).u64(0).map(Decoded::Capabilities),
        capture_kind::CAPTURE_CHAINED => {
            EncodedChained::decode(&head, index, bytes).map(Decoded::Chained)
        }
        capture_kind::CAPTURE_EXECUTABLE => Executable::decode(bytes).map(Decoded::Executable),
        _ => described(index, &head, bytes)?.map(Decoded::Memory).ok_or(Error::Capture(index)),
    }
}

/// Returns `None` for a status of another version.
fn path<'a>(head: &Reader<'_>, names: &'a [u8]) -> Result<Option<KernelPath<'a>>, Error> {
    let flags = u32::from(head.u8(offset_of!(types::capture, path))?);
    let has = |flag: path_flag| flags & flag.0 != 0;
    Ok(status(head)?.map(|status| KernelPath {
        names,
        status,
        is_deleted: has(path_flag::PATH_DELETED),
        is_unreachable: has(path_flag::PATH_UNREACHABLE),
        is_pseudo: has(path_flag::PATH_PSEUDO),
    }))
}

/// Returns `None` for a kind, part, moment or status of another version.
fn described<'a>(
    index: u8,
    head: &Reader<'_>,
    bytes: &'a [u8],
) -> Result<Option<Capture<'a>>, Error> {
    let Some(part) = part(head.u8(offset_of!(types::capture, part))?) else { return Ok(None) };
    let Some(moment) = moment(head.u8(offset_of!(types::capture, moment))?) else {
        return Ok(None);
    };
    let Some(status) = status(head)? else { return Ok(None) };
    let Some(value) = value(head.u8(offset_of!(types::capture, kind))?, bytes) else {
        return Ok(None);
    };
    Ok(Some(Capture { index, part, moment, value, status }))
}

fn value(kind: u8, bytes: &[u8]) -> Option<Value<'_>> {
    Some(match capture_kind(u32::from(kind)) {
        capture_kind::CAPTURE_NUMBER if bytes.is_empty() => Value::Number(0),
        capture_kind::CAPTURE_NUMBER => {
            Value::Number(bytes.try_into().map(u64::from_ne_bytes).ok()?)
        }
        capture_kind::CAPTURE_TEXT => Value::Text(bytes),
        capture_kind::CAPTURE_BYTES => Value::Bytes(bytes),
        _ => return None,
    })
}

fn part(part: u8) -> Option<Part> {
    Some(match capture_part(u32::from(part)) {
        capture_part::PART_WHOLE => Part::Whole,
        capture_part::PART_NAME => Part::Name,
        capture_part::PART_VECTOR => Part::Vector,
        capture_part::PART_BUFFER => Part::Buffer,
        capture_part::PART_CONTROL => Part::Control,
        capture_part::PART_AREA => Part::ArgArea,
        capture_part::PART_AREA_BOUNDS => Part::ArgBounds,
        capture_part::PART_REST => Part::Rest,
        _ => return None,
    })
}

fn moment(moment: u8) -> Option<Moment> {
    Some(match capture_moment(u32::from(moment)) {
        capture_moment::MOMENT_ENTRY => Moment::Entry,
        capture_moment::MOMENT_REREAD => Moment::Reread,
        capture_moment::MOMENT_RETURN => Moment::Return,
        _ => return None,
    })
}

fn status(head: &Reader<'_>) -> Result<Option<Status>, Error> {
    let length = head.u32(offset_of!(types::capture, length))?;
    let errno = head.u16(offset_of!(types::capture, error))?.into();
    let status = head.u8(offset_of!(types::capture, status))?;
    Ok(Some(match capture_status(u32::from(status)) {
        capture_status::CAPTURE_OK => Status::Ok,
        capture_status::CAPTURE_TRUNCATED => {
            Status::Truncated { length: Some(length).filter(|&length| length != 0) }
        }
        capture_status::CAPTURE_UNREADABLE => Status::Unreadable { errno },
        _ => return Ok(None),
    }))
}
