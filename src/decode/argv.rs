//! Arguments of a program that were read again from its own memory, because some of them, or the vector,
//! could not be read at entry. The options that held at entry hold for them as well.

use syscalls::{Capture, Part, Status, Value};

use super::list::List;
use crate::handlers::{Handler, Role};

/// Strings of a vector that an event has at most; `ARGV_STRINGS_MAX` in `bpf/argv.h`.
const STRINGS_MAX: usize = 256;

/// Bounds of the arguments, `PART_AREA_BOUNDS` in `bpf/event.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Bytes of them that the event keeps.
    keep: usize,
    /// Number of the program's arguments.
    count: usize,
}

impl Bounds {
    pub fn read(value: Value<'_>) -> Option<Self> {
        let Value::Number(number) = value else { return None };
        let half = |number: u64| usize::try_from(number & 0xffff_ffff).ok();
        Some(Self { keep: half(number)?, count: half(number >> 32)? })
    }
}

/// Completes the arguments of a program that was executed, their number and their length; `area` has all of
/// them, each with a NUL behind it. The kernel may have put an interpreter before them, so their number says
/// where they begin.
pub(super) fn fill<'a>(
    captures: &mut List<'a>,
    area: &Capture<'a>,
    bounds: Bounds,
    handler: &Handler,
) {
    let area = Area { capture: *area, bounds };
    let counter = handler.field_with(Role::ArgvCount).unwrap_or(area.capture.index);
    let known: Vec<_> = captures.iter().copied().filter(|one| area.is_string(one)).collect();
    let interpreter =
        count(captures, counter, known.len()).map_or(0, |count| bounds.count.saturating_sub(count));
    let is_counted = count(captures, counter, known.len()).is_some();
    let length = area.length(interpreter, known.first());
    let strings = if is_counted { area.complete(known, interpreter) } else { area.strings() };
    let is_other = |one: &&Capture<'a>| !area.is_string(one) && !area.is_mark(one);
    let mut all: List<'a> = captures.iter().filter(is_other).copied().collect();
    correct(&mut all, counter, Some(bounds.count));
    if let Some(index) = handler.field_with(Role::ArgvBytes) {
        correct(&mut all, index, length);
    }
    bounded(strings, bounds.keep).for_each(|string| all.push(string));
    *captures = all;
}

/// Replaces a number that was a lower bound.
fn correct(captures: &mut List<'_>, index: u8, number: Option<usize>) {
    let Some(number) = number else { return };
    let is_number = |one: &&mut Capture<'_>| {
        one.index == index && matches!(one.value, Value::Number(_)) && one.status != Status::Ok
    };
    if let Some(known) = captures.iter_mut().find(is_number) {
        (known.value, known.status) = (Value::Number(number as u64), Status::Ok);
    }
}

/// Returns the number of strings in the vector: the one that was counted at entry, or that of the captured
/// strings. `None` if the vector could not be counted, or none of it was captured.
fn count(captures: &[Capture<'_>], counter: u8, strings: usize) -> Option<usize> {
    let counted = captures.iter().find_map(|capture| match capture.value {
        Value::Number(count) if capture.index == counter => Some((count, capture.status)),
        _ => None,
    });
    match counted {
        Some((count, Status::Ok)) => usize::try_from(count).ok(),
        Some(_) => None,
        // No string of the entry is left of a call that was recorded before its exit.
        None => Some(strings).filter(|&count| count > 0),
    }
}

/// Cuts strings as the kernel side does at entry: it keeps that many bytes of all of them.
fn bounded<'a>(
    strings: impl IntoIterator<Item = Capture<'a>>,
    keep: usize,
) -> impl Iterator<Item = Capture<'a>> {
    let mut left = keep;
    strings.into_iter().take(STRINGS_MAX).map_while(move |mut string| {
        if left == 0 {
            return None;
        }
        if let Value::Text(text) = string.value {
            if let Some(kept) = text.get(..left).filter(|kept| kept.len() < text.len()) {
                string.value = Value::Text(kept);
                string.status = Status::Truncated { length: length_of(text, string.status) };
            }
            left = left.saturating_sub(text.len());
        }
        Some(string)
    })
}

/// Returns the length of a string of which `text` was captured, if it is known.
fn length_of(text: &[u8], status: Status) -> Option<u32> {
    match status {
        Status::Ok => u32::try_from(text.len()).ok(),
        Status::Truncated { length } => length,
        Status::Unreadable { .. } => None,
    }
}

/// The arguments as they lie in the memory of the program.
#[derive(Clone, Copy)]
struct Area<'a> {
    capture: Capture<'a>,
    bounds: Bounds,
}

impl<'a> Area<'a> {
    fn is_string(&self, one: &Capture<'_>) -> bool {
        let is_text = matches!(one.value, Value::Text(_));
        one.index == self.capture.index && one.part == Part::Whole && is_text
    }

    /// Returns whether a capture is the mark of a vector that could not be read.
    fn is_mark(&self, one: &Capture<'_>) -> bool {
        one.index == self.capture.index && !one.status.is_readable()
    }

    /// Returns the strings, the last of which may be cut.
    fn strings(self) -> Vec<Capture<'a>> {
        let bytes = match self.capture.value {
            Value::Bytes(bytes) => bytes,
            _ => return Vec::new(),
        };
        let string = |piece: &'a [u8]| {
            let (text, status) = match piece.strip_suffix(&[0]) {
                Some(text) => (text, Status::Ok),
                None => (piece, self.capture.status),
            };
            let status = match status {
                Status::Truncated { .. } => Status::Truncated { length: None },
                other => other,
            };
            Capture { part: Part::Whole, value: Value::Text(text), status, ..self.capture }
        };
        bytes.split_inclusive(|&byte| byte == 0).take(self.bounds.count).map(string).collect()
    }

    /// Fills those of the `known` strings that could not be read; `interpreter` strings of the area precede them.
    fn complete(self, mut known: Vec<Capture<'a>>, interpreter: usize) -> Vec<Capture<'a>> {
        for (known, read) in known.iter_mut().zip(self.strings().into_iter().skip(interpreter)) {
            if !known.status.is_readable() {
                *known = read;
            }
        }
        known
    }

    /// Returns the length of all arguments without their NULs; `None` if it is not known. Of a script, the kernel
    /// has put its path in the place of the `first` argument.
    fn length(self, interpreter: usize, first: Option<&Capture<'a>>) -> Option<usize> {
        let all = match (self.capture.status, self.capture.value) {
            (Status::Truncated { length }, _) => usize::try_from(length?).ok()?,
            (Status::Ok, Value::Bytes(bytes)) => bytes.len(),
            _ => return None,
        };
        let all = all.checked_sub(self.bounds.count)?;
        if interpreter == 0 {
            return Some(all);
        }
        let mut replaced = 0;
        let strings = self.strings();
        for string in strings.get(..=interpreter)? {
            let Value::Text(text) = string.value else { return None };
            replaced += usize::try_from(length_of(text, string.status)?).ok()?;
        }
        let Value::Text(text) = first?.value else { return None };
        let first = usize::try_from(length_of(text, first?.status)?).ok()?;
        all.checked_sub(replaced)?.checked_add(first)
    }
}

#[cfg(test)]
mod tests {
    use syscalls::Moment;

    use super::*;
    use crate::output::samples;

    const UNREADABLE: Status = Status::Unreadable { errno: 14 };
    const AT_LEAST: Status = Status::Truncated { length: Some(8) };

    /// Returns the captures of argv, argc and `argv_bytes` after the exit; `?` for what is unreadable, `...` behind
    /// what is cut.
    fn after(entry: &[Capture<'static>], area: Capture<'static>, bounds: Bounds) -> Vec<String> {
        let (handler, mut captures) = (samples::handler(), entry.iter().copied().collect());
        fill(&mut captures, &area, bounds, &handler);
        let mut all: Vec<_> = captures.to_vec();
        all.sort_by_key(|one| one.index);
        let text = |capture: &Capture<'_>| {
            let text = match capture.value {
                Value::Text(text) if capture.status.is_readable() => {
                    String::from_utf8(text.to_vec()).unwrap()
                }
                Value::Number(number) => number.to_string(),
                _ => "?".to_owned(),
            };
            text + if capture.status.is_truncated() { "..." } else { "" }
        };
        all.iter().map(text).collect()
    }

    fn string(text: Option<&'static str>) -> Capture<'static> {
        let status = if text.is_some() { Status::Ok } else { UNREADABLE };
        let value = Value::Text(text.unwrap_or_default().as_bytes());
        Capture { index: 1, part: Part::Whole, moment: Moment::Entry, value, status }
    }

    fn number(name: &str, number: u64, status: Status) -> Capture<'static> {
        let index = if name == "argc" { 2 } else { 3 };
        Capture { index, value: Value::Number(number), status, ..string(None) }
    }

    /// Returns the captures of a vector whose strings could be counted.
    fn counted(strings: &[Option<&'static str>], count: u64, bytes: u64) -> Vec<Capture<'static>> {
        let mut all: Vec<_> = strings.iter().copied().map(string).collect();
        all.extend([number("argc", count, Status::Ok), number("argv_bytes", bytes, AT_LEAST)]);
        all
    }

    fn area(bytes: &'static [u8]) -> Capture<'static> {
        let (part, moment) = (Part::ArgArea, Moment::Reread);
        Capture { part, moment, value: Value::Bytes(bytes), ..string(Some("")) }
    }

    fn bounds(keep: usize, count: usize) -> Bounds {
        Bounds { keep, count }
    }

    #[test]
    fn fill_completes_unreadable_arguments_and_their_length() {
        let entry = counted(&[Some("ls"), None], 2, 2);
        assert_eq!(after(&entry, area(b"ls\0-l\0"), bounds(99, 2)), ["ls", "-l", "2", "4"]);
        // A script: the interpreter, its argument and the script's path precede.
        let script = area(b"/bin/sh\0-e\0/x\0-l\0");
        assert_eq!(after(&entry, script, bounds(99, 4)), ["ls", "-l", "2", "4"]);
        let entry = counted(&[None, None], 2, 0);
        assert_eq!(after(&entry, script, bounds(99, 4)), ["/x", "-l", "2", "0..."]);
    }

    #[test]
    fn fill_keeps_to_options_of_entry() {
        let area = area(b"ls\0-lang\0/tmp\0");
        let entry = counted(&[Some("ls"), None, None], 3, 2);
        assert_eq!(after(&entry, area, bounds(4, 3)), ["ls", "-l...", "3", "11"]);
        assert_eq!(after(&counted(&[], 3, 0), area, bounds(0, 3)), ["3", "11"]);
        let uncounted = [number("argc", 0, AT_LEAST), number("argv_bytes", 0, AT_LEAST)];
        assert_eq!(after(&uncounted, area, bounds(0, 3)), ["3", "11"]);
    }

    #[test]
    fn fill_replaces_uncounted_vector() {
        let mark = Capture { value: Value::Bytes(b""), ..string(None) };
        let counts = [number("argc", 1, AT_LEAST), number("argv_bytes", 2, AT_LEAST)];
        let entry = [vec![string(Some("ls")), mark], counts.to_vec()].concat();
        assert_eq!(after(&entry, area(b"ls\0\0"), bounds(99, 2)), ["ls", "", "2", "2"]);
    }

    #[test]
    fn fill_area_beyond_capture_is_cut_and_measured() {
        let cut = Status::Truncated { length: Some(5007) };
        let cut = Capture { status: cut, ..area(b"ls\0-la") };
        let entry = counted(&[Some("ls"), None, None], 3, 2);
        assert_eq!(after(&entry, cut, bounds(99, 3)), ["ls", "-la...", "?", "3", "5004"]);
    }

    #[test]
    fn fill_more_strings_than_event_has_keeps_first_256() {
        let entry = [number("argc", 0, AT_LEAST), number("argv_bytes", 0, AT_LEAST)];
        let strings = after(&entry, area(&[b'a', 0].repeat(300).leak()[..]), bounds(9999, 300));
        assert_eq!((strings.len(), strings.last().unwrap().as_str()), (258, "300"));
    }
}
