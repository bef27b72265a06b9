//! Arguments with their memory. A value that the call changed is printed as `before => after`; for memory
//! that could not be read, the address is printed.

use super::buffer::captured;
use super::iovec::iovec;
use super::message::{message, messages, name_length};
use super::pointers::pointers;
use super::register::register_value;
use super::strings::{environment, strings};
use super::structure::{Phase, with_members};
use crate::{Argument, Capture, Kind, Moment, Part, Value};

/// Prints an argument as strace does.
pub fn argument_with_memory(one: &Argument<'_>, out: &mut String) {
    let Some(memory) = one.parameter.memory else {
        return register_value(one.parameter.kind, one.register, one.abi(), out);
    };
    let start = out.len();
    // Of memory that the kernel fills, only vectors of buffers are valid at entry.
    let is_read = memory.direction.is_read() || is_vector(one.parameter.kind);
    let is_before = is_read && print_phase(one, Phase::Entry, out);
    let middle = out.len();
    // Of messages that are sent the lengths are written, which are printed with them.
    let is_after = memory.direction.is_written()
        && !(is_read && one.parameter.kind == Kind::Mmsghdr)
        && one.is_written()
        && print_phase(one, Phase::Exit, out);
    match (is_before, is_after) {
        // Changes of a message are printed within it.
        (true, true) if one.parameter.kind == Kind::Msghdr => drop(out.drain(start..middle)),
        (true, true) if memory.direction.is_read() => join(one.parameter.kind, start, middle, out),
        (true, true) => drop(out.drain(start..middle)),
        (false, false) => register_value(Kind::Address, one.register, one.abi(), out),
        _ => {}
    }
}

/// Returns the bytes of a path or a string, if they were captured.
pub fn string_bytes<'e>(one: &Argument<'e>) -> Option<&'e [u8]> {
    let memory =
        one.parameter.memory.filter(|_| matches!(one.parameter.kind, Kind::Path | Kind::String))?;
    let is_valid = |capture: &&Capture<'_>| match capture.moment {
        Moment::Return => memory.direction.is_written(),
        _ => memory.direction.is_read(),
    };
    let capture = one.at_entry().chain(one.at_return()).find(is_valid)?;
    match capture.value {
        Value::Text(text) | Value::Bytes(text) if capture.status.is_readable() => {
            text.split(|&byte| byte == 0).next()
        }
        _ => None,
    }
}

fn is_vector(kind: Kind) -> bool {
    matches!(kind, Kind::Iovec | Kind::Msghdr)
}

/// Joins the text before the call, which begins at `start`, and the text after it, which begins at
/// `middle`: `[128 => 16]` for numbers and `{...} => {...}` for other values. The text before is left out
/// if the text after is the same or begins with it.
fn join(kind: Kind, start: usize, middle: usize, out: &mut String) {
    let (before, after) = out.get(start..).unwrap_or_default().split_at(middle - start);
    let is_list = |text: &str| text.len() > 1 && text.starts_with('[') && text.ends_with(']');
    if before == after {
        out.truncate(middle);
    } else if matches!(kind, Kind::Pointer(_)) && is_list(before) && is_list(after) {
        out.replace_range(middle - 1..=middle, " => ");
    } else if is_extended(before, after) {
        out.drain(start..middle);
    } else {
        out.insert_str(middle, " => ");
    }
}

/// Returns whether `after` is `before` with more members.
fn is_extended(before: &str, after: &str) -> bool {
    let rest = before.strip_suffix('}').and_then(|before| after.strip_prefix(before));
    rest.is_some_and(|rest| rest.starts_with(", ") || before == "{}")
}

/// Prints the memory of one phase; returns whether anything was captured, and prints nothing otherwise.
fn print_phase(one: &Argument<'_>, phase: Phase, out: &mut String) -> bool {
    let start = out.len();
    let is_captured = match phase {
        Phase::Entry => captures(one, one.at_entry(), phase, out),
        Phase::Exit => captures(one, one.at_return(), phase, out),
    };
    if !is_captured {
        out.truncate(start);
    }
    is_captured
}

fn captures<'e>(
    one: &Argument<'e>,
    mut captures: impl Iterator<Item = &'e Capture<'e>> + Clone,
    phase: Phase,
    out: &mut String,
) -> bool {
    let abi = one.abi();
    match one.parameter.kind {
        Kind::Iovec => iovec(captures, (abi, None), phase, out),
        Kind::Pointers(name) => pointers(captures, (abi, name), phase, out),
        Kind::Msghdr => {
            message(captures, (abi, one.socket()), name_rooms(one, phase).next(), phase, out)
        }
        Kind::Mmsghdr => {
            let rooms = name_rooms(one, phase);
            let written = match phase {
                Phase::Entry => sent_lengths(one),
                Phase::Exit => None,
            };
            let is_captured = messages(captures, (abi, one.socket()), rooms, written, phase, out);
            if is_captured && one.has_more_messages() {
                out.truncate(out.len().saturating_sub(1));
                out.push_str(", ...]");
            }
            is_captured
        }
        Kind::Strings => strings(captures, out),
        Kind::Environment => environment(one.register, captures, out),
        kind => match captures.find(|capture| capture.status.is_readable()) {
            Some(capture) => {
                with_pointers(one, capture, phase, out) || captured(one, kind, capture, phase, out)
            }
            None => false,
        },
    }
}

/// Returns the room for the name of each message at entry, for messages as they are after the call.
fn name_rooms(one: &Argument<'_>, phase: Phase) -> impl Iterator<Item = u32> {
    let abi = one.abi();
    let headers = one.at_entry().filter(move |capture| {
        phase == Phase::Exit && capture.part == Part::Whole && capture.status.is_readable()
    });
    headers.filter_map(move |capture| name_length(capture, abi))
}

/// Returns the headers of the messages that the call has sent, as they were after it: the kernel has written the lengths.
fn sent_lengths<'e>(one: &Argument<'e>) -> Option<&'e [u8]> {
    let capture = one.at_return().find(|capture| capture.status.is_readable())?;
    match capture.value {
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

/// Prints a structure with the memory that its members point to; returns false, and prints nothing, if it has no
/// such members, or not even the first member was captured.
fn with_pointers<'e>(
    one: &Argument<'e>,
    capture: &Capture<'e>,
    phase: Phase,
    out: &mut String,
) -> bool {
    let (bytes, _) = one.valid_bytes(capture);
    let Some((layout, inner)) = one.inner(bytes) else { return false };
    if layout.members().first().is_none_or(|first| bytes.len() < first.end()) {
        return false;
    }
    let inner: Vec<_> = inner.filter(|one| one.parameter.memory.is_some()).collect();
    with_members(layout, bytes, phase, out, |member, out| {
        let pointer = inner.iter().find(|one| one.parameter.name == member.name);
        pointer.map(|one| argument_with_memory(one, out)).is_some()
    });
    true
}

#[cfg(test)]
mod tests;
