//! Vectors of buffers (`struct iovec`), with the contents of the buffers.

use super::buffer::packet;
use super::bytes::padded_uint;
use super::register::register_value;
use super::structure::Phase;
use crate::{Abi, Capture, Kind, Part, Socket, Value};

/// Prints `[{iov_base="abc", iov_len=3}]`, what the buffers contain as that of a socket; returns whether the vector was captured.
pub fn iovec<'e>(
    captures: impl Iterator<Item = &'e Capture<'e>> + Clone,
    (abi, socket): (Abi, Option<Socket>),
    phase: Phase,
    out: &mut String,
) -> bool {
    let mut vectors = captures.clone();
    let is_vector = |capture: &&Capture<'_>| matches!(capture.part, Part::Whole | Part::Vector);
    let Some(vector) = vectors.find(|one| is_vector(one) && one.status.is_readable()) else {
        return false;
    };
    let Value::Bytes(bytes) = vector.value else { return false };
    let is_whole = !captures.clone().any(|capture| capture.part == Part::Rest);
    let mut buffers = captures.filter(|capture| capture.part == Part::Buffer);
    let width = Kind::Address.size(abi).unwrap_or(8);
    out.push('[');
    for (at, element) in bytes.chunks_exact(2 * width).enumerate() {
        out.push_str(if at > 0 { ", {iov_base=" } else { "{iov_base=" });
        let (base, length) = element.split_at(width);
        match buffers.next() {
            _ if padded_uint(base) == 0 => out.push_str("NULL"),
            Some(buffer) if buffer.status.is_readable() => contents(buffer, abi, socket, out),
            // The result of the call fitted into the buffers before this one.
            None if phase == Phase::Exit && is_whole => out.push_str("\"\""),
            _ => register_value(Kind::Address, padded_uint(base), abi, out),
        }
        out.push_str(", iov_len=");
        out.push_str(itoa::Buffer::new().format(padded_uint(length)));
        out.push('}');
    }
    out.push_str(match vector.status.is_truncated() {
        true if bytes.is_empty() => "...]",
        true => ", ...]",
        false => "]",
    });
    true
}

fn contents(buffer: &Capture<'_>, abi: Abi, socket: Option<Socket>, out: &mut String) {
    if let Value::Bytes(bytes) = buffer.value {
        packet(socket, bytes, buffer.status.is_truncated(), abi, out);
    }
}
