//! Messages of sockets (`struct msghdr`, `struct mmsghdr`), with the memory that they point to.

use super::bytes::padded_uint;
use super::control::control;
use super::iovec::iovec;
use super::primitive::register;
use super::register::register_value;
use super::structure::{Phase, structure};
use crate::{Abi, Capture, Kind, Part, Socket, Value, Width};

/// Returns the length of the name in the captured header of a message: the room for it before the call.
pub fn name_length(header: &Capture<'_>, abi: Abi) -> Option<u32> {
    let Value::Bytes(bytes) = header.value else { return None };
    let at = Kind::Address.size(abi)?;
    bytes.get(at..at + 4).map(|bytes| padded_uint(bytes) as u32)
}

/// Prints `{msg_name=NULL, msg_namelen=0, msg_iov=[...], ...}`; returns whether the message was
/// captured. `room` is that for the name before the call.
pub fn message<'e>(
    captures: impl Iterator<Item = &'e Capture<'e>> + Clone,
    (abi, socket): (Abi, Option<Socket>),
    room: Option<u32>,
    phase: Phase,
    out: &mut String,
) -> bool {
    let part = |part| {
        captures.clone().find(|capture| capture.part == part && capture.status.is_readable())
    };
    let Some(header) = part(Part::Whole) else { return false };
    let Value::Bytes(bytes) = header.value else { return false };
    let width = Kind::Address.size(abi).unwrap_or(8);
    let long = |at: usize| padded_uint(bytes.get(at * width..(at + 1) * width).unwrap_or(&[]));
    let has_vector = captures.clone().any(|capture| capture.part == Part::Vector);
    if !has_vector && phase == Phase::Entry && long(3) != 0 {
        out.extend(["{msg_namelen=", itoa::Buffer::new().format(long(1) as u32), "}"]);
        return true;
    }
    out.push_str("{msg_name=");
    pointed(part(Part::Name), long(0), abi, out, |bytes, out| {
        structure(abi, "sockaddr", bytes, phase, out);
    });
    out.push_str(", msg_namelen=");
    let length = long(1) as u32;
    if let Some(room) = room.filter(|room| *room != length) {
        out.extend([itoa::Buffer::new().format(room), " => "]);
    }
    out.extend([itoa::Buffer::new().format(length), ", msg_iov="]);
    let parts = captures.clone().filter(|capture| capture.part != Part::Whole);
    if long(2) == 0 || !iovec(parts, (abi, socket), phase, out) {
        register_value(Kind::Address, long(2), abi, out);
    }
    out.extend([", msg_iovlen=", itoa::Buffer::new().format(long(3))]);
    if long(5) != 0 {
        out.push_str(", msg_control=");
        let part = part(Part::Control);
        let is_cut = part.is_some_and(|part| part.status.is_truncated());
        pointed(part, long(4), abi, out, |bytes, out| control(bytes, is_cut, abi, out));
    }
    out.extend([", msg_controllen=", itoa::Buffer::new().format(long(5)), ", msg_flags="]);
    flags(long(6) & 0xffff_ffff, abi, out);
    out.push('}');
    true
}

/// Prints `[{msg_hdr={...}, msg_len=5}]`; returns whether the messages were captured. The kernel writes the lengths.
/// `rooms` are those for the names before the call; `sent` are the headers of those that were sent, as they are after it.
pub fn messages<'e>(
    captures: impl Iterator<Item = &'e Capture<'e>> + Clone,
    (abi, socket): (Abi, Option<Socket>),
    mut rooms: impl Iterator<Item = u32>,
    sent: Option<&[u8]>,
    phase: Phase,
    out: &mut String,
) -> bool {
    let start = out.len();
    let headers = captures.clone().enumerate().filter(|(_, capture)| capture.part == Part::Whole);
    let size = 8 * Kind::Address.size(abi).unwrap_or(8);
    let mut sent = sent.unwrap_or_default().chunks_exact(size);
    for (at, header) in headers {
        let rest = captures.clone().skip(at);
        // The captures of a message end at the header of the next one.
        let own = rest
            .enumerate()
            .take_while(|(at, capture)| *at == 0 || capture.part != Part::Whole)
            .map(|(_, capture)| capture);
        out.push_str(if out.len() > start { ", {msg_hdr=" } else { "[{msg_hdr=" });
        if !message(own, (abi, socket), rooms.next(), phase, out) {
            out.truncate(start);
            return false;
        }
        let after = match (phase, header.value) {
            (Phase::Exit, Value::Bytes(bytes)) => Some(bytes),
            _ => sent.next(),
        };
        if let Some(length) = after.and_then(|header| moved_length(header, abi)) {
            out.extend([", msg_len=", itoa::Buffer::new().format(length)]);
        }
        out.push('}');
    }
    out.push_str(if out.len() > start { "]" } else { "" });
    out.len() > start
}

/// Returns the number of bytes that the kernel moved, behind the header of a message.
fn moved_length(header: &[u8], abi: Abi) -> Option<u32> {
    let at = 7 * Kind::Address.size(abi)?;
    header.get(at..at + 4).map(|bytes| padded_uint(bytes) as u32)
}

/// Prints captured bytes by `write`; the address if there are none.
fn pointed(
    capture: Option<&Capture<'_>>,
    address: u64,
    abi: Abi,
    out: &mut String,
    write: impl FnOnce(&[u8], &mut String),
) {
    match capture.map(|capture| capture.value) {
        Some(Value::Bytes(bytes)) => write(bytes, out),
        _ => register_value(Kind::Address, address, abi, out),
    }
}

fn flags(n: u64, abi: Abi, out: &mut String) {
    match crate::constant_set(abi, "msg") {
        Some(set) => register_value(Kind::Flags(Width::Int, set), n, abi, out),
        None => register(n, out),
    }
}
