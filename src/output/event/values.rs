//! The values of an event within its sentence.

use std::fmt::Write;

use syscalls::printable::{self, NO_LIMIT, TextBuffer};
use syscalls::{Capture, Status, Value};

use super::captures::{self, CapturedField};
use super::files;
use crate::decode::Event;
use crate::decode::render::{self, Context};
use crate::handlers::{FieldKind, Role};
use crate::output::errno;
use crate::output::sentence::plural;

/// Limits of values, in bytes of output.
#[derive(Clone, Copy)]
struct Limits {
    value: usize,
    list: usize,
}

/// In a sentence a long path leaves room for the others.
const SENTENCE: Limits = Limits { value: 400, list: 1000 };

const UNLIMITED: Limits = Limits { value: NO_LIMIT, list: NO_LIMIT };

/// Appends one value as a sentence has it.
pub fn append(kind: FieldKind, capture: &Capture, context: Context, out: &mut String) {
    single(kind, capture, context, SENTENCE, out);
}

/// Writes the value of the field called `name`; returns `false` if the handler has no such field.
pub fn write(name: &str, event: &Event, out: &mut String) -> bool {
    let Some(captured) = captures::named(event, name) else { return false };
    match (captured.field.kind, captured.captures.first()) {
        _ if captured.field.role == Role::Program && resolved(event, out) => {}
        (FieldKind::Texts, _) => list(event, captured, SENTENCE, out),
        (kind, Some(capture)) => {
            single(kind, capture, captures::context(event), SENTENCE, out);
            files::append_to_field(event, kind, out);
        }
        (_, None) => out.push_str("<not captured>"),
    }
    true
}

/// Appends the path of a program that is absolute where the call passes a relative one.
fn resolved(event: &Event, out: &mut String) -> bool {
    let mut path = Vec::new();
    let is_resolved = event.paths().any(|argument| event.append_resolved(argument, &mut path));
    if is_resolved {
        printable::quoted_if_needed(&path, SENTENCE.value, out);
    }
    is_resolved
}

fn single(kind: FieldKind, capture: &Capture, context: Context, limits: Limits, out: &mut String) {
    if let Status::Unreadable { errno } = capture.status {
        out.push_str("<unreadable: ");
        errno::append(errno, "errno ", out);
        return out.push('>');
    }
    let is_cut = matches!(capture.status, Status::Truncated { .. });
    if is_cut && matches!(capture.value, Value::Number(_)) {
        out.push_str("at least ");
    }
    render::short(kind, capture.value, context, limits.value, out);
    if is_cut && !matches!(capture.value, Value::Number(_)) && !out.ends_with("...") {
        out.push_str("...");
    }
}

/// Writes all that is known of a vector, in the notation of the sentence.
pub fn vector(event: &Event, captured: CapturedField<'_>, out: &mut Vec<u8>) {
    list(event, captured, UNLIMITED, out);
}

/// `["ls", "-l"]`, and where something is left out `["ls", ... 37 arguments, 5213 bytes]`.
fn list(event: &Event, captured: CapturedField<'_>, limits: Limits, out: &mut impl TextBuffer) {
    let context = Context { abi: event.slot.abi(), absolute: false };
    let start = out.written().len();
    let mut shown: u64 = 0;
    let mut whole = true;
    out.append("[");
    for capture in captured.captures {
        whole &= !matches!(capture.status, Status::Truncated { .. });
        if out.written().len() - start > limits.list {
            whole = false;
            break;
        }
        out.append(if out.written().len() > start + 1 { ", " } else { "" });
        item(captured.field.kind, capture, context, limits, out);
        shown += u64::from(is_string(capture));
    }
    let count = total(event, Role::ArgvCount).filter(|_| captures::is_argv(captured.field));
    if !whole || count.is_some_and(|count| count.exceeds(shown)) {
        out.append(if out.written().len() > start + 1 { ", ..." } else { "..." });
        let mut text = String::new();
        totals(event, count, &mut text);
        out.append(&text);
    }
    out.append("]");
}

/// Appends a string of a vector, or the mark of one that could not be read.
fn item(
    kind: FieldKind,
    capture: &Capture,
    context: Context,
    limits: Limits,
    out: &mut impl TextBuffer,
) {
    match (capture.value, capture.status) {
        (Value::Text(text), Status::Ok) => printable::quoted(text, limits.value, out),
        _ => {
            let mut text = String::new();
            single(kind, capture, context, limits, &mut text);
            out.append(&text);
        }
    }
}

/// Size of argv, as the handler reports it.
#[derive(Clone, Copy)]
struct ArgvTotal {
    number: u64,
    at_least: bool,
}

impl ArgvTotal {
    /// Returns whether there are more strings than that.
    fn exceeds(self, strings: u64) -> bool {
        self.number > strings || self.at_least
    }
}

/// Returns whether a program has more arguments than were captured. Not if none was to be: argv = "none".
pub fn lacks_strings(event: &Event, captured: CapturedField<'_>) -> bool {
    let strings = captured.captures.iter().filter(|capture| is_string(capture)).count() as u64;
    strings > 0
        && captures::is_argv(captured.field)
        && total(event, Role::ArgvCount).is_some_and(|count| count.exceeds(strings))
}

/// Returns whether a capture is a string of a vector, and not the mark of one that could not be read.
fn is_string(capture: &Capture) -> bool {
    matches!(capture.value, Value::Text(_))
}

fn total(event: &Event, role: Role) -> Option<ArgvTotal> {
    let capture = event.captures.of(event.handler.field_with(role)?).first()?;
    match (capture.value, capture.status) {
        (_, Status::Unreadable { .. }) => None,
        (Value::Number(number), status) => {
            Some(ArgvTotal { number, at_least: status != Status::Ok })
        }
        _ => None,
    }
}

fn totals(event: &Event, count: Option<ArgvTotal>, out: &mut String) {
    let Some(count) = count else { return };
    out.push_str(if count.at_least { " at least " } else { " " });
    let _ = write!(out, "{} {}", count.number, plural(count.number, "argument", "arguments"));
    if let Some(bytes) = total(event, Role::ArgvBytes) {
        out.push_str(if bytes.at_least && !count.at_least { ", at least " } else { ", " });
        let _ = write!(out, "{} {}", bytes.number, plural(bytes.number, "byte", "bytes"));
    }
}
