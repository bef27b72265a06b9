//! Exit of a syscall: its outcome, the memory that the kernel wrote, and memory that could not be read at
//! entry. Memory that is still unreadable stays so.

use syscalls::{Capture, Moment, Part, Status, Value};

use super::captures::Encoded;
use super::list::List;
use crate::handlers::{Handler, Role};

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
    /// Memory that was read at the exit.
    pub(super) captures: Encoded<'a>,
}

impl SyscallExit<'_> {
    /// Returns an exit without memory.
    pub const fn bare(tid: u32, entry_ns: u64, boottime_ns: u64, outcome: Outcome) -> Self {
        Self { tid, entry_ns, boottime_ns, outcome, captures: Encoded::new(&[], 0, 0) }
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

/// Adds what was read at the exit to what was read at entry.
pub(super) fn add<'a>(captures: &mut List<'a>, later: Capture<'a>, handler: &Handler) {
    match (later.moment, later.part) {
        _ if !later.status.is_readable() => {}
        (Moment::Reread, Part::ArgArea) => fill_vector(captures, &later, handler),
        (Moment::Reread, _) => fill(captures, later),
        _ => captures.push(later),
    }
}

/// Replaces the first capture of that field and part that could not be read at entry.
fn fill<'a>(captures: &mut List<'a>, later: Capture<'a>) {
    let is_same = |known: &&mut Capture<'a>| {
        (known.index, known.part) == (later.index, later.part) && !known.status.is_readable()
    };
    match captures.iter_mut().find(is_same) {
        Some(known) => *known = later,
        None => captures.push(later),
    }
}

/// Fills in the arguments of a program that was executed; `area` has all of them, each with a NUL behind
/// it. The kernel may have put an interpreter before them, so their number says where they begin.
fn fill_vector<'a>(captures: &mut List<'a>, area: &Capture<'a>, handler: &Handler) {
    let Value::Bytes(bytes) = area.value else { return };
    let texts = bytes.strip_suffix(&[0]).unwrap_or(bytes).split(|&byte| byte == 0);
    let Some(count) = count(captures, area.index, handler) else {
        let whole = Capture { part: Part::Whole, status: Status::Ok, ..*area };
        let all = texts.map(|text| Capture { value: Value::Text(text), ..whole });
        return all.for_each(|text| captures.push(text));
    };
    let interpreter = texts.clone().count().saturating_sub(count);
    let known = captures.iter_mut().filter(|known| is_string(known, area.index));
    for (known, text) in known.zip(texts.skip(interpreter)) {
        if !known.status.is_readable() {
            (known.value, known.status) = (Value::Text(text), Status::Ok);
        }
    }
}

/// Returns the number of strings in the vector `index`: the handler's count, or the number of captured
/// strings. `None` if the vector could not be counted, or none of it was captured.
fn count(captures: &[Capture<'_>], index: u8, handler: &Handler) -> Option<usize> {
    let counter = handler.field_with(Role::ArgvCount).unwrap_or(index);
    let counted = captures.iter().find_map(|capture| match capture.value {
        Value::Number(count) if capture.index == counter => Some((count, capture.status)),
        _ => None,
    });
    match counted {
        Some((count, Status::Ok)) => usize::try_from(count).ok(),
        Some(_) => None,
        // No string of the entry is left of a call that was recorded before its exit.
        None => Some(captures.iter().filter(|capture| is_string(capture, index)).count())
            .filter(|&count| count > 0),
    }
}

fn is_string(capture: &Capture<'_>, index: u8) -> bool {
    let is_text = matches!(capture.value, Value::Text(_));
    capture.index == index && capture.part == Part::Whole && is_text
}

#[cfg(test)]
mod tests {
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
        later.into_iter().for_each(|later| add(&mut captures, later, &handler));
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

    fn area(bytes: &'static [u8]) -> Capture<'static> {
        let (part, moment) = (Part::ArgArea, Moment::Reread);
        Capture { part, moment, value: Value::Bytes(bytes), status: Status::Ok, ..ENTRY }
    }

    #[test]
    fn add_reread_text_fills_first_unreadable_capture() {
        let again = |text: Capture<'static>| Capture { moment: Moment::Reread, ..text };
        let later = vec![again(text("b")), again(text("d"))];
        let entry = vec![text("a"), ENTRY, text("c"), ENTRY];
        assert_eq!(after(entry, later), ["a", "b", "c", "d"]);
        assert_eq!(after(vec![ENTRY], vec![again(ENTRY)]), ["?"]);
    }

    #[test]
    fn add_arg_area_fills_unreadable_arguments() {
        let entry = vec![text("ls"), ENTRY];
        assert_eq!(after(entry.clone(), vec![area(b"ls\0-l\0")]), ["ls", "-l"]);
        // A script: the interpreter, its argument and the script's path precede.
        assert_eq!(after(entry.clone(), vec![area(b"/bin/sh\0-e\0/x\0-l\0")]), ["ls", "-l"]);
        // Of three only two were kept.
        let count = Capture { value: Value::Number(3), status: Status::Ok, ..ENTRY };
        let entry = [entry, vec![count]].concat();
        assert_eq!(after(entry, vec![area(b"ls\0-l\0/tmp\0")]), ["ls", "-l", "3"]);
    }

    #[test]
    fn add_arg_area_replaces_uncounted_vector() {
        let cut = Status::Truncated { length: None };
        let count = Capture { value: Value::Number(0), status: cut, ..ENTRY };
        assert_eq!(after(vec![count], vec![area(b"ls\0\0")]), ["0", "ls", ""]);
        assert_eq!(after(vec![], vec![area(b"ls\0-l\0")]), ["ls", "-l"]);
    }
}
