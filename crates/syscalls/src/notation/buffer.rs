//! Memory of one capture: strings, buffers, numbers and structures.

use std::fmt::Write;

use super::bytes::{padded_uint, with_ellipsis};
use super::netlink;
use super::primitive::register;
use super::quote::{hex, quoted as quoted_bytes};
use super::register::register_value;
use super::structure::{Phase, bpf_attr, count_dirents, structure, structures, wait_status};
use crate::printable::{NO_LIMIT, quoted};
use crate::{
    Abi, Argument, Capture, Count, Format, Kind, MemberKind, Socket, Structure, Value, Visibility,
};

/// Number of elements of a vector that are printed, as many as strace prints.
const ELEMENTS: usize = 32;

/// Prints the memory of a capture as the kind of its argument; returns whether that is possible.
pub fn captured<'e>(
    one: &Argument<'e>,
    kind: Kind,
    capture: &Capture<'e>,
    phase: Phase,
    out: &mut String,
) -> bool {
    let abi = one.abi();
    let (Value::Text(_) | Value::Bytes(_)) = capture.value else { return false };
    let (bytes, is_cut) = one.valid_bytes(capture);
    // Without a byte of it the address is more than braces around nothing.
    let is_structure = matches!(kind, Kind::Sockaddr | Kind::Struct(_) | Kind::Sized(_));
    if is_structure && is_one_or_sized(one) && bytes.is_empty() && !is_dirent(kind) {
        return false;
    }
    // The length may be one that the kernel refuses, before it reads a byte.
    let is_buffer = matches!(kind, Kind::Bytes | Kind::HexBytes | Kind::Packet);
    if is_buffer && bytes.is_empty() && !is_cut && one.count().is_some_and(|count| count > 0) {
        return false;
    }
    match kind {
        Kind::Path | Kind::String => {
            with_ellipsis(is_cut, out, |out| quoted(bytes, NO_LIMIT, out));
        }
        Kind::Bytes => with_ellipsis(is_cut, out, |out| quoted_bytes(bytes, out)),
        Kind::Packet => packet(one.socket(), bytes, is_cut, abi, out),
        Kind::HexBytes => with_ellipsis(is_cut, out, |out| hex(bytes, out)),
        Kind::Sockaddr => structure(abi, "sockaddr", bytes, phase, out),
        Kind::Sized(name) => sized(one, name, bytes, phase, out),
        Kind::Bits(name) => bits(one, name, (bytes, is_cut), phase, out),
        Kind::Msgbuf => msgbuf(bytes, is_cut, abi, phase, out),
        Kind::Pointer(kind) => numbers(*kind, bytes, is_cut, abi, out),
        Kind::Struct(name) if is_one(one) => structure(abi, name, bytes, phase, out),
        Kind::Struct(name) => {
            structures(abi, name, bytes, phase, out);
            ellipsis(is_cut, ", ...]", out);
        }
        _ => return false,
    }
    true
}

/// Prints what a socket sends or receives: messages of netlink, or text.
pub fn packet(socket: Option<Socket>, bytes: &[u8], is_cut: bool, abi: Abi, out: &mut String) {
    match socket {
        Some(Socket::Netlink(protocol)) => netlink::messages(protocol, bytes, is_cut, abi, out),
        _ => with_ellipsis(is_cut, out, |out| quoted_bytes(bytes, out)),
    }
}

fn is_one_or_sized(one: &Argument<'_>) -> bool {
    is_one(one) || one.parameter.kind.is_counted_in_bytes()
}

fn is_dirent(kind: Kind) -> bool {
    matches!(kind, Kind::Sized(name) if name.contains("dirent"))
}

fn is_one(one: &Argument<'_>) -> bool {
    one.parameter.memory.is_none_or(|memory| memory.count == Count::One)
}

/// Prints a structure whose size the caller passes. Directory entries are counted, as strace does.
fn sized(one: &Argument<'_>, name: &str, bytes: &[u8], phase: Phase, out: &mut String) {
    if name.contains("dirent") {
        register(one.register, out);
        let counted = one.entries().and_then(|count| usize::try_from(count).ok());
        let count = count_dirents(one.abi(), name, bytes).max(counted.unwrap_or_default());
        let at_least = if one.is_truncated() { "at least " } else { "" };
        return out.extend([" /* ", at_least, itoa::Buffer::new().format(count), " entries */"]);
    }
    let first = crate::structure(one.abi(), name).and_then(first_printed);
    match name {
        // The caller has no room for any member.
        _ if first.is_some_and(|end| bytes.len() < end) => hex(bytes, out),
        "bpf_attr" => bpf_attr(one.abi(), one.register_at(0) as u32, bytes, phase, out),
        _ => structure(one.abi(), name, bytes, phase, out),
    }
}

/// Returns the end of the first member that is printed, unless it is a set or another array, of which a part is
/// worth printing.
fn first_printed(layout: &Structure) -> Option<usize> {
    let mut members = layout.members().iter();
    let first = members.find(|member| member.visibility != Visibility::Never)?;
    let is_set = matches!(first.kind, MemberKind::Plain(Format::Sigset));
    (first.count.is_none() && !is_set).then(|| first.end())
}

/// Prints a set of bits in whole longs: descriptors by number, others as strace prints them. Of a set that the
/// kernel reads, bits behind the last one are none.
fn bits(
    one: &Argument<'_>,
    name: &str,
    (bytes, is_cut): (&[u8], bool),
    phase: Phase,
    out: &mut String,
) {
    let mut bytes = bytes.to_vec();
    if phase == Phase::Entry || name == "fds" {
        clear_from(&mut bytes, one.count().and_then(|bits| usize::try_from(bits).ok()));
    }
    if name == "fds" {
        structure(one.abi(), "fd_set", &bytes, Phase::Entry, out);
        return ellipsis(is_cut, " ...]", out);
    }
    let size = Kind::Address.size(one.abi()).unwrap_or(8);
    out.push('[');
    for (at, long) in bytes.chunks_exact(size).enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        let _ = write!(out, "{:#x}", padded_uint(long));
    }
    out.push(']');
    ellipsis(is_cut, ", ...]", out);
}

/// Replaces the closing bracket of a list that was cut.
fn ellipsis(is_cut: bool, end: &str, out: &mut String) {
    if is_cut && out.ends_with(']') {
        out.pop();
        let is_empty = out.ends_with('[');
        out.push_str(if is_empty { "...]" } else { end });
    }
}

/// Clears the bits from that position on, in words of 32 bits in native byte order.
fn clear_from(bytes: &mut [u8], end: Option<usize>) {
    let Some(end) = end else { return };
    for (at, word) in bytes.chunks_exact_mut(4).enumerate() {
        let kept = end.saturating_sub(at.saturating_mul(32)).min(32);
        let mask = u32::MAX.checked_shr(32 - kept as u32).unwrap_or(0);
        let masked = padded_uint(word) as u32 & mask;
        word.copy_from_slice(&masked.to_ne_bytes());
    }
}

/// Prints `{mtype=1, mtext="text"}`.
fn msgbuf(bytes: &[u8], is_cut: bool, abi: Abi, phase: Phase, out: &mut String) {
    structure(abi, "msgbuf", bytes, phase, out);
    if is_cut && out.ends_with('}') {
        out.pop();
        out.push_str("...}");
    }
}

/// Prints `[3, 4]`.
fn numbers(kind: Kind, bytes: &[u8], is_cut: bool, abi: Abi, out: &mut String) {
    if let (Kind::Status, Ok(status)) = (kind, bytes.try_into()) {
        return wait_status(i32::from_ne_bytes(status), out);
    }
    let size = kind.size(abi).unwrap_or(1).max(1);
    out.push('[');
    for (at, bytes) in bytes.chunks_exact(size).take(ELEMENTS).enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        register_value(kind, padded_uint(bytes), abi, out);
    }
    out.push(']');
    ellipsis(is_cut, ", ...]", out);
}
