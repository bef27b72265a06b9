//! Sets of bits of any size: signals, descriptors and processors.

use std::fmt::Write;

use crate::native_uint;
use crate::notation::names::signal;

/// Prints `[INT TERM]`, or `~[KILL STOP]` if most signals are in the set.
pub fn signals(bytes: &[u8], out: &mut String) {
    let bits = bytes.len().saturating_mul(8);
    let count: usize = bytes.iter().map(|byte| byte.count_ones() as usize).sum();
    let is_reversed = bits > 0 && count >= bits.saturating_mul(2) / 3;
    out.push_str(if is_reversed { "~[" } else { "[" });
    let mut separator = "";
    for bit in members(bytes, !is_reversed) {
        out.push_str(separator);
        separator = " ";
        let start = out.len();
        signal(i32::try_from(bit).unwrap_or(i32::MAX).saturating_add(1), out);
        if out.get(start..).is_some_and(|name| name.starts_with("SIG")) {
            out.replace_range(start..start.saturating_add(3), "");
        }
    }
    out.push(']');
}

/// Prints `[0 3 5]`.
pub fn numbers(bytes: &[u8], out: &mut String) {
    out.push('[');
    for (at, number) in members(bytes, true).enumerate() {
        let _ = write!(out, "{}{number}", if at == 0 { "" } else { " " });
    }
    out.push(']');
}

/// Returns the positions of the bits that are set, or of those that are not. Words of 32 bits, each in
/// native byte order, are the same set as words of 64 bits in all ABIs here.
fn members(bytes: &[u8], is_set: bool) -> impl Iterator<Item = usize> {
    bytes.chunks(4).enumerate().flat_map(move |(at, chunk)| {
        let mut padded = [0; 4];
        padded.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        let n = native_uint(&padded).unwrap_or_default();
        let bits = 0..chunk.len().saturating_mul(8);
        bits.filter(move |bit| (n >> bit & 1 != 0) == is_set)
            .map(move |bit| at.saturating_mul(32).saturating_add(bit))
    })
}
