//! Memory of a traced process, as it was captured for one argument of a syscall: where it belongs,
//! when it was read, and how far the reading came. The bytes are whatever the process chose.

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

/// Part of an argument that a capture holds; `enum capture_part` of `bpf/event.h` explains each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Part {
    Whole,
    Name,
    Vector,
    Buffer,
    Control,
    ArgArea,
}

/// Moment at which memory was read; `enum capture_moment` of `bpf/event.h` explains each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Moment {
    Entry,
    Reread,
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
}
