//! One captured value in, text out: exactly, in the notation of strace, and short, for a sentence.
//! Structures have the layout of the ABI that passed them. A value of an unexpected shape is shown
//! as it is, in hexadecimal; nothing here panics and nothing is made up.

mod argument;
mod memory;
mod message;
mod names;
mod structs;
mod structure;

use std::fmt::Write;

use crate::decode::{Value, printable};
use crate::handlers::FieldKind;
use crate::syscalls::{self, Abi, Kind, Set};

pub use argument::{argument, argument_number, result};
pub use memory::{memory, text, word_at};
pub use structs::span;
pub use structure::{Side, bpf_attr, dirents, structure, structures, wait_status};

/// What the rendering of one value depends on besides its own field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// Which ABI passed the value.
    pub abi: Abi,
    /// The call's flags say that its times are points in time, not intervals.
    pub absolute: bool,
}

/// A value that JSON can carry as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// Of a field of kind `Unsigned`.
    Unsigned(u64),
    /// Of a field of kind `Signed`.
    Signed(i64),
}

/// The number that a field of kind `Unsigned` or `Signed` holds.
pub fn number(kind: FieldKind, value: Value) -> Option<Number> {
    match (kind, value) {
        (FieldKind::Unsigned, Value::Number(n)) => Some(Number::Unsigned(n)),
        (FieldKind::Signed, Value::Number(n)) => Some(Number::Signed(int(n).into())),
        _ => None,
    }
}

/// Whether these are timer flags with `TIMER_ABSTIME`.
pub fn is_absolute(kind: FieldKind, value: Value) -> bool {
    kind == FieldKind::TimerFlags && matches!(value, Value::Number(n) if n & 1 != 0)
}

/// The value as strace prints it.
pub fn exact(kind: FieldKind, value: Value, context: Context, out: &mut String) {
    match (kind, value) {
        (FieldKind::Text | FieldKind::Texts, Value::Text(text) | Value::Bytes(text)) => {
            printable::quoted(text, printable::NO_LIMIT, out);
        }
        (_, Value::Number(n)) => scalar(kind, n, out),
        (FieldKind::Times, Value::Bytes(bytes)) => match structs::Times::read(bytes, context.abi) {
            Some(times) => times.exact(out),
            None => hex_bytes(bytes, out),
        },
        (FieldKind::Sigevent, Value::Bytes(bytes)) => match structs::Sigevent::read(bytes) {
            Some(sigevent) => sigevent.exact(out),
            None => hex_bytes(bytes, out),
        },
        (_, Value::Text(bytes) | Value::Bytes(bytes)) => hex_bytes(bytes, out),
    }
}

/// The value as a person would say it; `limit` bounds what a process can make of a string.
pub fn short(kind: FieldKind, value: Value, context: Context, limit: usize, out: &mut String) {
    let start = out.len();
    match (kind, value) {
        (FieldKind::Text, Value::Text(text) | Value::Bytes(text)) => {
            return printable::word(text, limit, out);
        }
        (FieldKind::Texts, Value::Text(text) | Value::Bytes(text)) => {
            return printable::quoted(text, limit, out);
        }
        (FieldKind::Clock, Value::Number(n)) => names::clock_short(int(n), out),
        (FieldKind::Times, Value::Bytes(bytes)) => match structs::Times::read(bytes, context.abi) {
            Some(times) => times.short(context.absolute, out),
            None => hex_bytes(bytes, out),
        },
        (FieldKind::Sigevent, Value::Bytes(bytes)) => match structs::Sigevent::read(bytes) {
            Some(sigevent) => sigevent.short(out),
            None => hex_bytes(bytes, out),
        },
        _ => exact(kind, value, context, out),
    }
    printable::cut(out, start, limit);
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

fn scalar(kind: FieldKind, n: u64, out: &mut String) {
    match kind {
        FieldKind::Unsigned => drop(write!(out, "{n}")),
        FieldKind::Signed => drop(write!(out, "{}", int(n))),
        FieldKind::Hex => register(n, out),
        FieldKind::Dirfd => dirfd(n, out),
        FieldKind::AtFlags => flags_of("at", n, out),
        FieldKind::TimerFlags => flags_of("timer", n, out),
        FieldKind::Clock => names::clock(int(n), out),
        FieldKind::Text | FieldKind::Texts | FieldKind::Times | FieldKind::Sigevent => {
            let _ = if n == 0 { write!(out, "NULL") } else { write!(out, "{n:#x}") };
        }
    }
}

/// The kernel takes an `int` from the low half of the register, whatever stands above it.
fn int(n: u64) -> i32 {
    n as i32
}

fn low(n: u64) -> u64 {
    n & 0xffff_ffff
}

fn dirfd(n: u64, out: &mut String) {
    match int(n) {
        nix::libc::AT_FDCWD => out.push_str("AT_FDCWD"),
        descriptor => out.push_str(itoa::Buffer::new().format(descriptor)),
    }
}

/// Flags that are the same in all ABIs.
fn flags_of(set: &str, n: u64, out: &mut String) {
    match syscalls::set(Abi::Native, set) {
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

fn hex_bytes(bytes: &[u8], out: &mut String) {
    let _ = write!(out, "<{} bytes:", bytes.len());
    for byte in bytes {
        let _ = write!(out, " {byte:02x}");
    }
    out.push('>');
}

#[cfg(test)]
mod tests;
