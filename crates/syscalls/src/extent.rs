//! Bytes of a capture that the kernel read or wrote: bounded by the caller's room and by the length that the call
//! returned. More may have been captured if another argument decides on the kind of memory.

use crate::capture::strings_in_all;
use crate::{
    Argument, Capture, Count, Direction, Kind, Moment, Part, Status, Structure, Value, structure,
};

/// Number of messages of a vector that the kernel takes at most (`UIO_MAXIOV`).
const MESSAGES: u64 = 1024;

impl<'c> Argument<'c> {
    /// Returns the bytes of a capture that the kernel read or wrote, and whether there were more.
    pub fn valid_bytes(&self, capture: &Capture<'c>) -> (&'c [u8], bool) {
        let (Value::Text(bytes) | Value::Bytes(bytes)) = capture.value else { return (&[], false) };
        match self.extent(capture, bytes) {
            Some(size) => (bytes.get(..size).unwrap_or(bytes), bytes.len() < size),
            None => (bytes, capture.status.is_truncated()),
        }
    }

    /// Returns whether there is more than was captured.
    pub(crate) fn is_cut(&self, capture: &Capture<'c>) -> bool {
        capture.status.is_readable() && self.valid_bytes(capture).1
    }

    /// Returns the number of elements that the kernel reads or writes, by an argument or the result; `None` for
    /// a constant number.
    pub fn count(&self) -> Option<u64> {
        match self.parameter.memory?.count {
            Count::One | Count::Fixed(_) => None,
            Count::Argument(at) | Count::Pointed(at) => Some(self.register_at(at)),
            Count::ButOne(at) => Some(self.register_at(at).saturating_sub(1)),
            Count::Pages(at) => Some(self.register_at(at).div_ceil(4096)),
            Count::Result(at) => {
                Some(u64::try_from(self.result()?).ok()?.min(self.register_at(at)))
            }
        }
    }

    /// Returns whether the result is a number of elements for which the caller has no room.
    pub(crate) fn exceeds_capacity(&self) -> bool {
        let Some(Count::Result(at)) = self.parameter.memory.map(|memory| memory.count) else {
            return false;
        };
        let result = self.result().and_then(|result| u64::try_from(result).ok());
        result.is_some_and(|result| result > self.register_at(at))
    }

    /// Returns whether a vector has more messages than were captured.
    pub fn has_more_messages(&self) -> bool {
        if self.parameter.kind != Kind::Mmsghdr {
            return false;
        }
        let headers = |moment| {
            let is_header = |one: &&Capture<'_>| {
                one.part == Part::Whole && (one.moment == Moment::Return) == moment
            };
            self.captures().filter(is_header).filter(|one| one.status.is_readable()).count() as u64
        };
        let (before, after) = (headers(false), headers(true));
        let is_output = self.parameter.memory.is_some_and(|one| one.direction == Direction::Out);
        match (is_output, after) {
            (true, 0) => false,
            (true, after) => self.count().is_some_and(|count| count > after),
            (false, _) => {
                before > 0 && self.count().is_some_and(|count| count.min(MESSAGES) > before)
            }
        }
    }

    /// Returns whether some vector has buffers that were not captured.
    pub(crate) fn has_more_buffers(&self) -> bool {
        let is_counted = matches!(self.parameter.kind, Kind::Sized(_));
        self.captures().any(|one| one.part == Part::Rest && !is_counted)
    }

    /// Returns the number of entries of a directory, if more than the captured ones were counted.
    pub(crate) fn entries(&self) -> Option<u64> {
        self.counted_entries().map(|(count, _)| count)
    }

    /// Returns whether all of them were counted.
    pub(crate) fn has_all_entries(&self) -> bool {
        self.counted_entries().is_some_and(|(_, status)| status == Status::Ok)
    }

    fn counted_entries(&self) -> Option<(u64, Status)> {
        let is_counted = matches!(self.parameter.kind, Kind::Sized(_));
        let mut rest = self.captures().filter(|one| is_counted && one.part == Part::Rest);
        rest.find_map(|one| match one.value {
            Value::Number(count) => Some((count, one.status)),
            _ => None,
        })
    }

    /// Returns whether a vector has more strings than were captured, or were counted.
    pub(crate) fn has_more_strings(&self) -> bool {
        matches!(self.parameter.kind, Kind::Strings | Kind::Environment)
            && strings_in_all(self.captures()).is_some_and(|(_, status)| {
                self.parameter.kind == Kind::Strings || status.is_truncated()
            })
    }

    /// Returns the number of valid bytes, if it is not the number of captured ones.
    fn extent(&self, capture: &Capture<'c>, bytes: &[u8]) -> Option<usize> {
        let memory = self.parameter.memory?;
        if let Kind::Struct(name) = self.parameter.kind {
            if memory.count == Count::One && capture.status.is_readable() {
                let layout = structure(self.abi(), name)?;
                let extent = layout.extent(bytes);
                return extent.or_else(|| self.is_some(capture).then(|| layout.size()));
            }
        }
        match capture.status {
            Status::Truncated { length: None } if matches!(capture.value, Value::Bytes(_)) => {
                self.size_of_some(bytes)
            }
            Status::Truncated { length: Some(length) } if capture.part == Part::Whole => {
                let Count::Result(_) = memory.count else { return None };
                let capacity = self.size_of_some(bytes)?;
                Some(capacity.min(usize::try_from(length).ok()?))
            }
            _ => None,
        }
    }

    /// Returns whether as many bytes were captured as any call may need.
    fn is_some(&self, capture: &Capture<'c>) -> bool {
        let is_bytes = matches!(capture.value, Value::Bytes(_));
        is_bytes && capture.status == Status::Truncated { length: None }
    }

    /// Returns the size of the memory by its kind and the number of its elements.
    fn size_of_some(&self, bytes: &[u8]) -> Option<usize> {
        let element = match self.parameter.kind {
            Kind::Path | Kind::String => {
                let end = bytes.iter().position(|&byte| byte == 0);
                return Some(end.unwrap_or(bytes.len().saturating_add(1)));
            }
            Kind::Struct(name) => structure(self.abi(), name).map(Structure::size)?,
            Kind::Pointer(kind) => kind.size(self.abi())?,
            Kind::Bits(_) | Kind::Iovec | Kind::Msghdr | Kind::Mmsghdr | Kind::Pointers(_) => {
                return None;
            }
            _ => 1,
        };
        let header = match self.parameter.kind {
            Kind::Msgbuf => Kind::Address.size(self.abi())?,
            _ => 0,
        };
        let count = match self.parameter.memory?.count {
            Count::One => 1,
            Count::Fixed(count) => u64::from(count),
            _ => self.count()?,
        };
        usize::try_from(count).ok()?.checked_mul(element)?.checked_add(header)
    }
}
