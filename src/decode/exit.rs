//! Exit of a syscall: its outcome, the memory that the kernel wrote, and memory that could not be read at
//! entry. Memory that is still unreadable stays so.

use std::mem::discriminant;

use syscalls::{Capture, Moment, Part};

use super::argv::{self, Bounds};
use super::encoded_captures::{Decoded, Encoded};
use super::list::List;
use super::{Executable, Sha256};
use crate::handlers::Handler;

/// Exit of a syscall whose entry came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyscallExit<'a> {
    /// Thread, as the header of the entry names it.
    pub tid: u32,
    /// `boottime_ns` of the entry.
    pub entry_ns: u64,
    /// `CLOCK_BOOTTIME` at the exit, ns.
    pub boottime_ns: u64,
    /// Outcome of the call.
    pub outcome: Outcome,
    /// Digest of the file that the call has executed, once it is known.
    pub(super) sha256: Option<Sha256>,
    /// Memory that was read at the exit.
    pub(super) captures: Encoded<'a>,
}

impl SyscallExit<'_> {
    /// Returns an exit without memory.
    pub const fn bare(tid: u32, entry_ns: u64, boottime_ns: u64, outcome: Outcome) -> Self {
        let captures = Encoded::new(&[], 0, 0);
        Self { tid, entry_ns, boottime_ns, outcome, sha256: None, captures }
    }

    /// Returns the exit with the digest of the file that the call has executed.
    #[must_use]
    pub const fn with_digest(self, sha256: Option<Sha256>) -> Self {
        Self { sha256, ..self }
    }

    /// Returns the file that the call has executed, if its rule asks for that.
    pub fn executable(&self) -> Option<Executable> {
        self.captures.decode().find_map(|capture| match capture {
            Ok(Decoded::Executable(file)) => Some(file),
            _ => None,
        })
    }
}

/// Outcome of a syscall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The call returned.
    Returned {
        /// Value as the kernel returns it: a negative errno for a failure.
        result: i64,
        /// Time from entry to exit.
        duration_ns: u64,
    },
    /// The task ended in the call, which has no result.
    Died,
    /// The call has not returned; its exit is still awaited.
    Running {
        /// Time since the entry.
        for_ns: u64,
    },
    /// The call had not returned when its event was delivered, or its exit was lost.
    Unknown,
}

impl Outcome {
    /// Returns the value that the call returned.
    pub const fn result(self) -> Option<i64> {
        match self {
            Self::Returned { result, .. } => Some(result),
            Self::Died | Self::Running { .. } | Self::Unknown => None,
        }
    }

    /// Returns a positive errno; `None` for a success and for a call that did not return.
    pub fn errno(self) -> Option<i32> {
        let errno = self.result().filter(|result| (-4095..=-1).contains(result))?;
        i32::try_from(-errno).ok()
    }
}

/// Completes the captures of an entry, one capture of the exit after the other.
pub(super) struct Completion<'l, 'a, 'h> {
    captures: &'l mut List<'a>,
    handler: &'h Handler,
    bounds: Option<Bounds>,
}

impl<'l, 'a, 'h> Completion<'l, 'a, 'h> {
    /// Begins with the captures of the entry.
    pub const fn new(captures: &'l mut List<'a>, handler: &'h Handler) -> Self {
        Self { captures, handler, bounds: None }
    }

    /// Adds what was read at the exit to what was read at entry.
    pub fn add(&mut self, later: Capture<'a>) {
        match (later.moment, later.part) {
            _ if !later.status.is_readable() => {}
            (_, Part::ArgBounds) => self.bounds = Bounds::read(later.value),
            (_, Part::ArgArea) => {
                if let Some(bounds) = self.bounds {
                    argv::fill(self.captures, &later, bounds, self.handler);
                }
            }
            (Moment::Reread, _) => fill(self.captures, later),
            _ => self.captures.push(later),
        }
    }
}

/// Replaces the first capture of that field and part that could not be read at entry.
fn fill<'a>(captures: &mut List<'a>, later: Capture<'a>) {
    let is_same = |known: &&mut Capture<'a>| {
        let kinds = (discriminant(&known.value), discriminant(&later.value));
        let is_place = (known.index, known.part) == (later.index, later.part);
        is_place && kinds.0 == kinds.1 && !known.status.is_readable()
    };
    match captures.iter_mut().find(is_same) {
        Some(known) => *known = later,
        None => captures.push(later),
    }
}

#[cfg(test)]
mod tests {
    use syscalls::{Status, Value};

    use super::*;
    use crate::output::samples;

    const UNREADABLE: Status = Status::Unreadable { errno: 14 };
    const ENTRY: Capture<'static> = Capture {
        index: 1,
        part: Part::Whole,
        moment: Moment::Entry,
        value: Value::Text(b""),
        status: UNREADABLE,
    };

    /// Returns the captures after the exit as text, `?` for those that are unreadable.
    fn after(entry: Vec<Capture<'static>>, later: Vec<Capture<'static>>) -> Vec<String> {
        let (handler, mut captures) = (samples::plain_handler(), List::from_iter(entry));
        let mut completion = Completion::new(&mut captures, &handler);
        later.into_iter().for_each(|later| completion.add(later));
        let text = |capture: &Capture<'_>| match capture.value {
            Value::Text(text) if capture.status.is_readable() => {
                String::from_utf8(text.to_vec()).unwrap()
            }
            Value::Number(number) => number.to_string(),
            _ => "?".to_owned(),
        };
        captures.iter().map(text).collect()
    }

    fn text(text: &'static str) -> Capture<'static> {
        Capture { value: Value::Text(text.as_bytes()), status: Status::Ok, ..ENTRY }
    }

    #[test]
    fn add_reread_text_fills_first_unreadable_capture() {
        let again = |text: Capture<'static>| Capture { moment: Moment::Reread, ..text };
        let later = vec![again(text("b")), again(text("d"))];
        let entry = vec![text("a"), ENTRY, text("c"), ENTRY];
        assert_eq!(after(entry, later), ["a", "b", "c", "d"]);
        assert_eq!(after(vec![ENTRY], vec![again(ENTRY)]), ["?"]);
    }
}
