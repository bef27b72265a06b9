//! Numbers in the bytes of captured memory, and the ellipsis of values that were cut.

/// Returns the `nth` number of an array of numbers of `width` bytes; `None` beyond the end.
pub fn uint_at(bytes: &[u8], nth: usize, width: usize) -> Option<u64> {
    bytes.chunks_exact(width).nth(nth).map(padded_uint)
}

/// Converts up to 8 bytes in native order to a number, with zeros in place of missing bytes.
pub fn padded_uint(bytes: &[u8]) -> u64 {
    let mut wide = [0; 8];
    let end = bytes.len().min(wide.len());
    let low = if cfg!(target_endian = "little") { 0..end } else { 8 - end..8 };
    if let (Some(to), Some(from)) = (wide.get_mut(low), bytes.get(..end)) {
        to.copy_from_slice(from);
    }
    u64::from_ne_bytes(wide)
}

/// Prints a value, followed by `...` if it was cut.
pub fn with_ellipsis(is_cut: bool, out: &mut String, write: impl FnOnce(&mut String)) {
    write(out);
    if is_cut && !out.ends_with("...") {
        out.push_str("...");
    }
}
