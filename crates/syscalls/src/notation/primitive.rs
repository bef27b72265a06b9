//! Raw numbers and bytes, and comments on them.

use std::fmt::Write;

use crate::printable::NO_LIMIT;
use crate::stage::{Stage, digits};

/// A value that JSON can carry as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// A number without a sign.
    Unsigned(u64),
    /// A number with a sign.
    Signed(i64),
}

/// Prints a register of unknown type in hexadecimal. An event has twelve of them: with the formatting
/// machinery of the standard library they alone take 0.4 us.
pub fn register(n: u64, out: &mut String) {
    out.push_str(if n == 0 { "0" } else { "0x" });
    let digits = (u64::BITS - n.leading_zeros()).div_ceil(4);
    for digit in (0..digits).rev() {
        out.extend(char::from_digit((n >> (4 * digit)) as u32 & 0xf, 16));
    }
}

/// Returns the `int` in a register: the kernel ignores the upper half.
pub fn int(n: u64) -> i32 {
    n as i32
}

/// Prints a directory descriptor, or `AT_FDCWD`.
pub fn dirfd(n: u64, out: &mut String) {
    match int(n) {
        nix::libc::AT_FDCWD => out.push_str("AT_FDCWD"),
        descriptor => out.push_str(itoa::Buffer::new().format(descriptor)),
    }
}

/// Prints ` /* text */`; nothing without a text.
pub fn comment(text: Option<&str>, out: &mut String) {
    if let Some(text) = text {
        let _ = write!(out, " /* {text} */");
    }
}

/// Prints bytes of an unknown structure: `<3 bytes: 01 02 03>`.
pub fn hex_bytes(bytes: &[u8], out: &mut String) {
    let _ = write!(out, "<{} bytes:", bytes.len());
    Stage::new(out, NO_LIMIT).fill_each(bytes, |pen, byte, _| {
        let [high, low] = digits(byte);
        pen.put([b' ', high, low], 3);
    });
    out.push('>');
}
