//! Values in the notation of strace: registers, flags, structures and captured memory as text. Values of an
//! unexpected shape are shown as they are, in hexadecimal; nothing here panics and nothing is made up.

mod argument;
mod memory;
mod message;
mod names;
mod structure;

use std::fmt::Write;

use crate::{Abi, Kind, Set};

pub use argument::{argument, argument_number, result};
pub use memory::{memory, text, word_at};
pub use names::{clock, clock_short, signal};
pub use structure::{Side, bpf_attr, dirents, structure, structures, wait_status};

/// A value that JSON can carry as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// A number without a sign.
    Unsigned(u64),
    /// A number with a sign.
    Signed(i64),
}

/// A register as strace prints one of unknown type. An event has twelve of them: with the formatting
/// machinery of the standard library they alone take 0.4 us.
pub fn register(n: u64, out: &mut String) {
    out.push_str(if n == 0 { "0" } else { "0x" });
    let digits = (u64::BITS - n.leading_zeros()).div_ceil(4);
    for digit in (0..digits).rev() {
        out.extend(char::from_digit((n >> (4 * digit)) as u32 & 0xf, 16));
    }
}

/// The kernel takes an `int` from the low half of the register, whatever stands above it.
pub fn int(n: u64) -> i32 {
    n as i32
}

fn low(n: u64) -> u64 {
    n & 0xffff_ffff
}

/// Prints a directory descriptor, or `AT_FDCWD`.
pub fn dirfd(n: u64, out: &mut String) {
    match int(n) {
        nix::libc::AT_FDCWD => out.push_str("AT_FDCWD"),
        descriptor => out.push_str(itoa::Buffer::new().format(descriptor)),
    }
}

/// Flags that are the same in all ABIs.
pub fn flags_of(set: &str, n: u64, out: &mut String) {
    match crate::set(Abi::Native, set) {
        Some(set) => drop(flags(set, low(n), out)),
        None => register(low(n), out),
    }
}

/// `O_RDONLY|0x10000000`; returns the bits without a name.
fn flags(set: &Set, n: u64, out: &mut String) -> u64 {
    let start = out.len();
    let choice = set.unknown_choice(n);
    if let Some(choice) = choice {
        unknown(choice, set, out);
    }
    let unnamed = named(set, n, start, out) & !choice.unwrap_or_default();
    let rest = unnamed & !set.field_mask();
    if rest != 0 && out.len() == start {
        unknown(rest, set, out);
    } else if rest != 0 {
        out.push('|');
        register(rest, out);
    }
    field(set, unnamed, start, out);
    if out.len() == start {
        out.push('0');
    }
    rest
}

/// A set of bits that lies in whole longs: descriptors by number, others as strace prints them.
fn bits_of(name: &str, bytes: &[u8], abi: Abi, out: &mut String) {
    if name == "fds" {
        return structure::structure(abi, "fd_set", bytes, structure::Side::Entry, out);
    }
    let size = Kind::Address.size(abi).unwrap_or(8);
    out.push('[');
    for (at, long) in bytes.chunks_exact(size).enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        let _ = write!(out, "{:#x}", memory::number(long));
    }
    out.push(']');
}

/// `|21<<MAP_HUGE_SHIFT`, after what stands behind `start`; returns the other bits.
fn field(set: &Set, n: u64, start: usize, out: &mut String) -> u64 {
    if let Some((number, symbol)) = set.field(n) {
        out.push_str(if out.len() > start { "|" } else { "" });
        let _ = write!(out, "{number}<<{symbol}");
    }
    n & !set.field_mask()
}

/// Names of `n`, after what stands behind `start`; returns the bits without one.
fn named(set: &Set, n: u64, start: usize, out: &mut String) -> u64 {
    set.symbols(n, |symbol| {
        out.push_str(if out.len() > start { "|" } else { "" });
        out.push_str(symbol);
    })
}

/// `0x8 /* MS_??? */`
fn unknown(n: u64, set: &Set, out: &mut String) {
    register(n, out);
    comment(set.unknown(), out);
}

fn comment(text: Option<&str>, out: &mut String) {
    if let Some(text) = text {
        let _ = write!(out, " /* {text} */");
    }
}

/// Prints bytes of an unknown structure: `<3 bytes: 01 02 03>`.
pub fn hex_bytes(bytes: &[u8], out: &mut String) {
    let _ = write!(out, "<{} bytes:", bytes.len());
    for byte in bytes {
        let _ = write!(out, " {byte:02x}");
    }
    out.push('>');
}
