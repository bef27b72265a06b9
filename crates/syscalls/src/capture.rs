//! Captured memory of a traced process: the argument that it belongs to, the moment and the outcome of
//! the reading. The process controls the bytes.

/// Captured memory of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capture<'a> {
    /// Position of the argument; for a handler with declared fields, position of the field.
    pub index: u8,
    /// Part of the argument that the memory holds.
    pub part: Part,
    /// Moment of the reading.
    pub moment: Moment,
    /// Bytes or number that were read; empty if nothing could be read.
    pub value: Value<'a>,
    /// Outcome of the reading.
    pub status: Status,
}

/// Part of an argument that a capture holds (`enum capture_part` in `bpf/event.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Memory that the argument points to.
    Whole,
    /// Address of a `struct msghdr`.
    Name,
    /// Vector of buffers of a `struct msghdr`.
    Vector,
    /// One buffer of a vector; the captures are in the order of the buffers.
    Buffer,
    /// Ancillary data of a `struct msghdr`.
    Control,
    /// All arguments of a new program as they lie in its memory, each with its NUL.
    ArgArea,
    /// Number of these arguments, and the bytes of them that an event keeps.
    ArgBounds,
    /// Number of elements of a vector whose buffers were not captured.
    Rest,
}

/// Moment at which memory was read (`enum capture_moment` in `bpf/event.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Entry of the syscall.
    Entry,
    /// Return of the syscall, for input that could not be read at entry.
    Reread,
    /// Return of the syscall, for memory that the kernel writes.
    Return,
}

/// A captured value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// A scalar, as passed in a register.
    Number(u64),
    /// A C string without its NUL.
    Text(&'a [u8]),
    /// A structure as it lay in memory.
    Bytes(&'a [u8]),
}

/// Outcome of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Everything was read.
    Ok,
    /// Only the beginning was read.
    Truncated {
        /// Full size in bytes (for a number: a lower bound), if it is known.
        length: Option<u32>,
    },
    /// User memory could not be read.
    Unreadable {
        /// Reason, as a positive errno.
        errno: i32,
    },
}

impl Status {
    /// Returns whether at least part of the memory was read.
    pub fn is_readable(self) -> bool {
        !matches!(self, Self::Unreadable { .. })
    }

    /// Returns whether only the beginning was read.
    pub fn is_truncated(self) -> bool {
        matches!(self, Self::Truncated { .. })
    }
}

/// Returns the number of strings in a vector, with its status, if some of them were not captured.
pub(crate) fn strings_in_all<'e>(
    captures: impl Iterator<Item = &'e Capture<'e>> + Clone,
) -> Option<(u64, Status)> {
    let is_string = |capture: &&Capture<'_>| matches!(capture.value, Value::Text(_));
    let strings = captures.clone().filter(is_string).count() as u64;
    let mut totals = captures.filter_map(|capture| match capture.value {
        Value::Number(count) => Some((count, capture.status)),
        _ => None,
    });
    totals.find(|(count, status)| *count > strings || status.is_truncated())
}
