//! Vectors of pointers to structures.

use super::bytes::padded_uint;
use super::register::register_value;
use super::structure::{Phase, structure};
use crate::{Abi, Capture, Kind, Part, Value};

/// Prints `[{aio_data=0, ...}, NULL]`, the address of a structure that was not captured; returns whether the vector
/// was captured.
pub fn pointers<'e>(
    captures: impl Iterator<Item = &'e Capture<'e>> + Clone,
    (abi, name): (Abi, &str),
    phase: Phase,
    out: &mut String,
) -> bool {
    let is_vector = |one: &&Capture<'_>| one.part == Part::Whole && one.status.is_readable();
    let Some(vector) = captures.clone().find(is_vector) else { return false };
    let Value::Bytes(bytes) = vector.value else { return false };
    let mut structures = captures.filter(|one| one.part == Part::Buffer);
    let width = Kind::Address.size(abi).unwrap_or(8);
    out.push('[');
    for (at, pointer) in bytes.chunks_exact(width).enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        match structures.next().filter(|one| one.status.is_readable()).map(|one| one.value) {
            Some(Value::Bytes(bytes)) => structure(abi, name, bytes, phase, out),
            _ => register_value(Kind::Address, padded_uint(pointer), abi, out),
        }
    }
    out.push_str(match vector.status.is_truncated() {
        true if bytes.is_empty() => "...]",
        true => ", ...]",
        false => "]",
    });
    true
}
