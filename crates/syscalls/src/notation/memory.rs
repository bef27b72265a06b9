//! An argument with its memory in, text out as strace prints it. What is known at entry and was changed
//! by the call is told twice, `before => after`. Of memory that could not be read the address is told.

use super::message;
use super::structure::quote::{hex, quoted as quoted_bytes};
use super::structure::{Side, bpf_attr, dirents, structure, structures, wait_status};
use super::{argument, bits_of, register};
use crate::printable::{NO_LIMIT, quoted};
use crate::{Abi, Count, Kind};
use crate::{Argument, Capture, Moment, Status, Value};

/// Elements of a vector that are told, as strace does.
const ELEMENTS: usize = 32;

/// The argument as strace prints it.
pub fn memory(one: &Argument<'_>, out: &mut String) {
    let Some(memory) = one.parameter.memory else {
        return argument(one.parameter.kind, one.register, one.abi(), out);
    };
    let (mut before, mut after) = (String::new(), String::new());
    // Of what the kernel fills, only vectors of buffers are there before.
    let is_read = memory.direction.is_read() || is_vector(one.parameter.kind);
    let is_before = is_read && side(one, Side::Entry, &mut before);
    let is_after =
        memory.direction.is_written() && is_filled(one) && side(one, Side::Exit, &mut after);
    match (is_before, is_after) {
        (true, true) if before != after && memory.direction.is_read() => {
            changed(one.parameter.kind, &before, &after, out)
        }
        (_, true) => out.push_str(&after),
        (true, false) => out.push_str(&before),
        (false, false) => argument(Kind::Address, one.register, one.abi(), out),
    }
}

/// A wait that found no child writes no status.
fn is_filled(one: &Argument<'_>) -> bool {
    let is_status =
        matches!(one.parameter.kind, Kind::Pointer(kind) if matches!(kind, Kind::Status));
    !is_status || one.result() != Some(0)
}

fn is_vector(kind: Kind) -> bool {
    matches!(kind, Kind::Iovec | Kind::Msghdr | Kind::Mmsghdr)
}

/// The bytes of a string or a path, if they are known.
pub fn text<'e>(one: &Argument<'e>) -> Option<&'e [u8]> {
    let memory =
        one.parameter.memory.filter(|_| matches!(one.parameter.kind, Kind::Path | Kind::String))?;
    let is_due = |capture: &&Capture<'_>| match capture.moment {
        Moment::Return => memory.direction.is_written(),
        _ => memory.direction.is_read(),
    };
    let capture = one.at_entry().chain(one.at_return()).find(is_due)?;
    match capture.value {
        Value::Text(text) | Value::Bytes(text) if is_readable(capture) => {
            text.split(|&byte| byte == 0).next()
        }
        _ => None,
    }
}

/// `[128 => 16]` for numbers; for all else `{...} => {...}`, of which the first half goes without saying if
/// the second begins with it.
pub(super) fn changed(kind: Kind, before: &str, after: &str, out: &mut String) {
    let bare = |text: &str| Some(text.strip_prefix('[')?.strip_suffix(']')?.to_owned());
    match (kind, bare(before), bare(after)) {
        (Kind::Pointer(_), Some(before), Some(after)) => {
            out.extend(["[", &before, " => ", &after, "]"]);
        }
        _ if is_added(before, after) => out.push_str(after),
        _ => out.extend([before, " => ", after]),
    }
}

/// Whether the second is the first and more members.
fn is_added(before: &str, after: &str) -> bool {
    let rest = before.strip_suffix('}').and_then(|before| after.strip_prefix(before));
    rest.is_some_and(|rest| rest.starts_with(", ") || before == "{}")
}

/// What is known of it at that side; `false` if nothing is.
fn side(one: &Argument<'_>, side: Side, out: &mut String) -> bool {
    match side {
        Side::Entry => captures(one, one.at_entry(), side, out),
        Side::Exit => captures(one, one.at_return(), side, out),
    }
}

fn captures<'e>(
    one: &Argument<'_>,
    mut captures: impl Iterator<Item = &'e Capture<'e>> + Clone,
    side: Side,
    out: &mut String,
) -> bool {
    let abi = one.abi();
    match one.parameter.kind {
        Kind::Iovec => message::vector(captures, abi, side, out),
        Kind::Msghdr => message::message(captures, abi, side, out),
        Kind::Mmsghdr => message::messages(captures, abi, side, out),
        Kind::Strings => strings(captures, out),
        Kind::Environment => environment(one.register, captures, out),
        kind => match captures.find(|capture| is_readable(capture)) {
            Some(capture) => whole(one, kind, capture, side, out),
            None => false,
        },
    }
}

fn whole(
    one: &Argument<'_>,
    kind: Kind,
    capture: &Capture<'_>,
    side: Side,
    out: &mut String,
) -> bool {
    let (abi, is_cut) = (one.abi(), matches!(capture.status, Status::Truncated { .. }));
    let (Value::Text(bytes) | Value::Bytes(bytes)) = capture.value else { return false };
    let (bytes, is_cut) = match extent(one, capture) {
        Some(size) => (bytes.get(..size).unwrap_or(bytes), bytes.len() < size),
        None => (bytes, is_cut),
    };
    match kind {
        Kind::Path | Kind::String => cut(is_cut, out, |out| quoted(bytes, NO_LIMIT, out)),
        Kind::Bytes => cut(is_cut, out, |out| quoted_bytes(bytes, out)),
        Kind::HexBytes => cut(is_cut, out, |out| hex(bytes, out)),
        Kind::Sockaddr => structure(abi, "sockaddr", bytes, side, out),
        Kind::Sized(name) => sized(one, name, bytes, side, out),
        Kind::Bits(name) => bits_of(name, bytes, abi, out),
        Kind::Msgbuf => msgbuf(bytes, is_cut, abi, side, out),
        Kind::Pointer(kind) => numbers(*kind, bytes, is_cut, abi, out),
        Kind::Struct(name) if is_one(one) => structure(abi, name, bytes, side, out),
        Kind::Struct(name) => {
            structures(abi, name, bytes, side, out);
            if is_cut && out.ends_with(']') {
                out.pop();
                out.push_str(", ...]");
            }
        }
        _ => return false,
    }
    true
}

/// How many of the bytes are meant, where more may have been read because another argument tells what they
/// are.
fn extent(one: &Argument<'_>, capture: &Capture<'_>) -> Option<usize> {
    let (Value::Bytes(bytes), Status::Truncated { length: None }) = (capture.value, capture.status)
    else {
        return None;
    };
    let element = match one.parameter.kind {
        Kind::Path | Kind::String => {
            let end = bytes.iter().position(|&byte| byte == 0);
            return Some(end.unwrap_or(bytes.len().saturating_add(1)));
        }
        Kind::Struct(name) => crate::structure(one.abi(), name)?.size(),
        Kind::Pointer(kind) => kind.size(one.abi())?,
        _ => 1,
    };
    let head = match one.parameter.kind {
        Kind::Msgbuf => Kind::Address.size(one.abi())?,
        _ => 0,
    };
    let count = match one.parameter.memory?.count {
        Count::One => 1,
        Count::Fixed(count) => u64::from(count),
        Count::Argument(at) | Count::Pointed(at) => one.register_at(at),
        Count::Result(_) => u64::try_from(one.result()?).ok()?,
    };
    usize::try_from(count).ok()?.checked_mul(element)?.checked_add(head)
}

fn is_one(one: &Argument<'_>) -> bool {
    one.parameter.memory.is_none_or(|memory| memory.count == Count::One)
}

pub(super) fn is_readable(capture: &Capture<'_>) -> bool {
    !matches!(capture.status, Status::Unreadable { .. })
}

/// What is cut ends in `...`.
pub(super) fn cut(is_cut: bool, out: &mut String, write: impl FnOnce(&mut String)) {
    write(out);
    if is_cut && !out.ends_with("...") {
        out.push_str("...");
    }
}

/// A structure whose size the caller tells. Entries of a directory are counted, as strace does.
fn sized(one: &Argument<'_>, name: &str, bytes: &[u8], side: Side, out: &mut String) {
    if name.contains("dirent") {
        register(one.register, out);
        let count = dirents(one.abi(), name, bytes);
        return out.extend([" /* ", itoa::Buffer::new().format(count), " entries */"]);
    }
    match name {
        "bpf_attr" => bpf_attr(one.abi(), one.register_at(0) as u32, bytes, side, out),
        _ => structure(one.abi(), name, bytes, side, out),
    }
}

/// `{mtype=1, mtext="text"}`.
fn msgbuf(bytes: &[u8], is_cut: bool, abi: Abi, side: Side, out: &mut String) {
    structure(abi, "msgbuf", bytes, side, out);
    if is_cut && out.ends_with('}') {
        out.pop();
        out.push_str("...}");
    }
}

/// `[3, 4]`.
fn numbers(kind: Kind, bytes: &[u8], is_cut: bool, abi: Abi, out: &mut String) {
    if let (Kind::Status, Ok(status)) = (kind, bytes.try_into()) {
        return wait_status(i32::from_ne_bytes(status), out);
    }
    let size = kind.size(abi).unwrap_or(1).max(1);
    out.push('[');
    for (at, bytes) in bytes.chunks_exact(size).take(ELEMENTS).enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        argument(kind, number(bytes), abi, out);
    }
    out.push_str(if is_cut { ", ...]" } else { "]" });
}

/// The number in that place, each of `width` bytes; `None` where there is none.
pub fn word_at(bytes: &[u8], nth: usize, width: usize) -> Option<u64> {
    bytes.chunks_exact(width).nth(nth).map(number)
}

/// At most 8 bytes as a number.
pub(super) fn number(bytes: &[u8]) -> u64 {
    let mut wide = [0; 8];
    let end = bytes.len().min(wide.len());
    let low = if cfg!(target_endian = "little") { 0..end } else { 8 - end..8 };
    if let (Some(to), Some(from)) = (wide.get_mut(low), bytes.get(..end)) {
        to.copy_from_slice(from);
    }
    u64::from_ne_bytes(wide)
}

/// `["ls", "-l"]`, and where not all are kept `["ls", ... /* 300 in all */]`.
fn strings<'e>(captures: impl Iterator<Item = &'e Capture<'e>> + Clone, out: &mut String) -> bool {
    let mut shown = 0;
    for capture in captures.clone().filter(|capture| !matches!(capture.value, Value::Number(_))) {
        out.push_str(if shown > 0 { ", " } else { "[" });
        shown += 1;
        match capture.value {
            Value::Text(text) if is_readable(capture) => {
                let is_cut = matches!(capture.status, Status::Truncated { .. });
                cut(is_cut, out, |out| quoted(text, NO_LIMIT, out));
            }
            _ => out.push_str("<unreadable>"),
        }
    }
    let more = captures.into_iter().find_map(|capture| match capture.value {
        Value::Number(count) if count > shown => Some(count),
        _ => None,
    });
    if let Some(count) = more {
        out.push_str(if shown > 0 { ", " } else { "[" });
        out.extend(["... /* ", itoa::Buffer::new().format(count), " in all */"]);
    }
    let is_known = shown > 0 || more.is_some();
    out.push_str(if is_known { "]" } else { "" });
    is_known
}

/// `0x7ffd12345678 /* 23 vars */`.
fn environment<'e>(
    address: u64,
    mut captures: impl Iterator<Item = &'e Capture<'e>>,
    out: &mut String,
) -> bool {
    let Some(Value::Number(count)) = captures.next().map(|capture| capture.value) else {
        return false;
    };
    register(address, out);
    let unit = if count == 1 { " var */" } else { " vars */" };
    out.extend([" /* ", itoa::Buffer::new().format(count), unit]);
    true
}

#[cfg(test)]
mod tests;
