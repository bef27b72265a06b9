//! One captured value in, text out: exactly, in the notation of strace, and short, for a sentence.
//! Structures have the layout of the ABI that passed them. A value of an unexpected shape is shown
//! as it is, in hexadecimal; nothing here panics and nothing is made up.

mod members;
mod open_file;
mod stack;
mod structs;

use std::fmt::Write;

use syscalls::notation::{
    Number, clock, clock_short, dirfd, flags_in_set, hex_bytes, int, register,
};
use syscalls::{Abi, Value, printable};

use crate::handlers::FieldKind;

pub use members::{append_files, members};
pub use open_file::{bare, open_file};
pub use stack::frames;
pub use structs::span;

/// Context that the rendering of a value depends on besides its own field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// ABI that passed the value.
    pub abi: Abi,
    /// The call's flags say that its times are points in time, not intervals.
    pub absolute: bool,
}

/// The number that a field of kind `Unsigned` or `Signed` holds.
pub fn number(kind: FieldKind, value: Value) -> Option<Number> {
    match (kind, value) {
        (FieldKind::Unsigned, Value::Number(n)) => Some(Number::Unsigned(n)),
        (FieldKind::Signed, Value::Number(n)) => Some(Number::Signed(int(n).into())),
        (FieldKind::Long, Value::Number(n)) => Some(Number::Signed(n as i64)),
        _ => None,
    }
}

/// Returns whether these are timer flags with `TIMER_ABSTIME`.
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
        (FieldKind::UserStack, Value::Bytes(bytes)) => stack::append(bytes, out),
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
            return printable::quoted_if_needed(text, limit, out);
        }
        (FieldKind::Texts, Value::Text(text) | Value::Bytes(text)) => {
            return printable::quoted(text, limit, out);
        }
        (FieldKind::Clock, Value::Number(n)) => clock_short(int(n), out),
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

fn scalar(kind: FieldKind, n: u64, out: &mut String) {
    match kind {
        FieldKind::Unsigned => drop(write!(out, "{n}")),
        FieldKind::Signed => drop(write!(out, "{}", int(n))),
        FieldKind::Long => drop(write!(out, "{}", n as i64)),
        FieldKind::Hex => register(n, out),
        FieldKind::Dirfd => dirfd(n, out),
        FieldKind::AtFlags => flags_in_set("at_exec", n, out),
        FieldKind::TimerFlags => flags_in_set("timer", n, out),
        FieldKind::Clock => clock(int(n), out),
        FieldKind::Text
        | FieldKind::Texts
        | FieldKind::Times
        | FieldKind::Sigevent
        | FieldKind::Processes
        | FieldKind::UserStack => {
            let _ = if n == 0 { write!(out, "NULL") } else { write!(out, "{n:#x}") };
        }
    }
}

#[cfg(test)]
mod tests;
