//! Memory of one capture: strings, buffers, numbers and structures.

use std::fmt::Write;

use super::bytes::{padded_uint, with_ellipsis};
use super::primitive::register;
use super::quote::{hex, quoted as quoted_bytes};
use super::register::register_value;
use super::structure::{Phase, bpf_attr, count_dirents, structure, structures, wait_status};
use crate::printable::{NO_LIMIT, quoted};
use crate::{Abi, Argument, Capture, Count, Kind, Status, Value};

/// Number of elements of a vector that are printed, as many as strace prints.
const ELEMENTS: usize = 32;

/// Prints the memory of a capture as the kind of its argument; returns whether that is possible.
pub fn captured(
    one: &Argument<'_>,
    kind: Kind,
    capture: &Capture<'_>,
    phase: Phase,
    out: &mut String,
) -> bool {
    let (abi, is_cut) = (one.abi(), capture.status.is_truncated());
    let (Value::Text(bytes) | Value::Bytes(bytes)) = capture.value else { return false };
    let (bytes, is_cut) = match extent(one, capture) {
        Some(size) => (bytes.get(..size).unwrap_or(bytes), bytes.len() < size),
        None => (bytes, is_cut),
    };
    match kind {
        Kind::Path | Kind::String => {
            with_ellipsis(is_cut, out, |out| quoted(bytes, NO_LIMIT, out));
        }
        Kind::Bytes => with_ellipsis(is_cut, out, |out| quoted_bytes(bytes, out)),
        Kind::HexBytes => with_ellipsis(is_cut, out, |out| hex(bytes, out)),
        Kind::Sockaddr => structure(abi, "sockaddr", bytes, phase, out),
        Kind::Sized(name) => sized(one, name, bytes, phase, out),
        Kind::Bits(name) => bits(name, bytes, abi, out),
        Kind::Msgbuf => msgbuf(bytes, is_cut, abi, phase, out),
        Kind::Pointer(kind) => numbers(*kind, bytes, is_cut, abi, out),
        Kind::Struct(name) if is_one(one) => structure(abi, name, bytes, phase, out),
        Kind::Struct(name) => {
            structures(abi, name, bytes, phase, out);
            if is_cut && out.ends_with(']') {
                out.pop();
                out.push_str(", ...]");
            }
        }
        _ => return false,
    }
    true
}

/// Returns the number of valid bytes, if more may have been captured because another argument decides
/// on the kind of memory.
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
    let header = match one.parameter.kind {
        Kind::Msgbuf => Kind::Address.size(one.abi())?,
        _ => 0,
    };
    let count = match one.parameter.memory?.count {
        Count::One => 1,
        Count::Fixed(count) => u64::from(count),
        Count::Argument(at) | Count::Pointed(at) => one.register_at(at),
        Count::Result(_) => u64::try_from(one.result()?).ok()?,
    };
    usize::try_from(count).ok()?.checked_mul(element)?.checked_add(header)
}

fn is_one(one: &Argument<'_>) -> bool {
    one.parameter.memory.is_none_or(|memory| memory.count == Count::One)
}

/// Prints a structure whose size the caller passes. Directory entries are counted, as strace does.
fn sized(one: &Argument<'_>, name: &str, bytes: &[u8], phase: Phase, out: &mut String) {
    if name.contains("dirent") {
        register(one.register, out);
        let count = count_dirents(one.abi(), name, bytes);
        return out.extend([" /* ", itoa::Buffer::new().format(count), " entries */"]);
    }
    match name {
        "bpf_attr" => bpf_attr(one.abi(), one.register_at(0) as u32, bytes, phase, out),
        _ => structure(one.abi(), name, bytes, phase, out),
    }
}

/// Prints a set of bits in whole longs: descriptors by number, others as strace prints them.
fn bits(name: &str, bytes: &[u8], abi: Abi, out: &mut String) {
    if name == "fds" {
        return structure(abi, "fd_set", bytes, Phase::Entry, out);
    }
    let size = Kind::Address.size(abi).unwrap_or(8);
    out.push('[');
    for (at, long) in bytes.chunks_exact(size).enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        let _ = write!(out, "{:#x}", padded_uint(long));
    }
    out.push(']');
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
    out.push_str(if is_cut { ", ...]" } else { "]" });
}
