//! Registers by the kind of their parameter. Bits and values without a name are printed in hexadecimal, so
//! that no information is lost. Of a pointer, this module prints the address.

mod parts;

use super::flags::{flags, symbol};
use super::names::signal;
use super::primitive::{Number, comment, dirfd, int, register};
use super::structure::date;
use crate::{Abi, Kind, Width};

/// Returns the number in a register of a numeric kind; `None` for other kinds.
pub fn register_number(kind: Kind, n: u64, abi: Abi) -> Option<Number> {
    match kind {
        Kind::Signed(width) => Some(Number::Signed(signed(width, n, abi))),
        Kind::Fd => Some(Number::Signed(signed(Width::Int, n, abi))),
        Kind::Unsigned(width) => Some(Number::Unsigned(unsigned(width, n, abi))),
        Kind::Id(width) if signed(width, n, abi) == -1 => Some(Number::Signed(-1)),
        Kind::Id(width) => Some(Number::Unsigned(unsigned(width, n, abi))),
        _ => None,
    }
}

/// Prints the result of a successful call as strace does: `3`, `0x7f0012345000`, with names in
/// parentheses: `0x8002 (flags O_RDWR|O_LARGEFILE)`, `3 (SCHED_BATCH)`.
pub fn result(kind: Kind, n: u64, abi: Abi, out: &mut String) {
    let (width, set, opening) = match kind {
        Kind::Flags(width, set) => (width, set, " (flags "),
        Kind::Enum(width, set) | Kind::Number(width, set) => (width, set, " ("),
        Kind::Flagged(set) | Kind::Ioprio(set) => (Width::Int, set, " ("),
        Kind::Signal(_) if n != 0 => {
            out.push_str(itoa::Buffer::new().format(int(n)));
            out.push_str(" (");
            register_value(kind, n, abi, out);
            return out.push(')');
        }
        Kind::Date(width) => {
            let start = out.len();
            date(signed(width, n, abi), out);
            return parenthesize(start, out);
        }
        // `n` is the number that the caller gets, also of a 32-bit call.
        Kind::Signed(Width::Long) => {
            return out.push_str(itoa::Buffer::new().format(n as i64));
        }
        _ => return register_value(kind, n, abi, out),
    };
    let value = unsigned(width, n, abi);
    match kind {
        Kind::Number(..) => register_value(Kind::Signed(width), n, abi, out),
        _ => register(value, out),
    }
    if value != 0 || set.symbol(0).is_some() {
        out.push_str(opening);
        register_value(kind, n, abi, out);
        out.push(')');
    }
}

/// Replaces the marks of the comment in the text from `start` on by parentheses, as results have them.
fn parenthesize(start: usize, out: &mut String) {
    let text = out.split_off(start);
    out.push_str(&text.replace("/* ", "(").replace(" */", ")"));
}

/// Prints a register as strace does.
pub fn register_value(kind: Kind, n: u64, abi: Abi, out: &mut String) {
    let low = unsigned(Width::Int, n, abi);
    match kind {
        Kind::Signed(_) | Kind::Fd | Kind::Unsigned(_) | Kind::Id(_) => decimal(kind, n, abi, out),
        Kind::Hex(width) => register(unsigned(width, n, abi), out),
        Kind::Flags(width, set) => drop(flags(set, unsigned(width, n, abi), out)),
        Kind::Flagged(set) => drop(flags(set, low, out)),
        Kind::Enum(width, set) => symbol(set, unsigned(width, n, abi), out),
        Kind::Number(width, set) => match set.symbol(unsigned(width, n, abi)) {
            Some(symbol) => out.push_str(symbol),
            None => number(signed(width, n, abi), set.unknown(), out),
        },
        Kind::Numbered(set) => number(int(n).into(), set.symbol(low).or(set.unknown()), out),
        Kind::Remarked(width, set) => parts::remarked(set, unsigned(width, n, abi), out),
        Kind::RemarkedFlags(width, set) => {
            parts::remarked_flags(set, unsigned(width, n, abi), out);
        }
        Kind::Date(width) => date(signed(width, n, abi), out),
        Kind::Error => parts::error(int(n), out),
        Kind::Modes(width, set) => parts::modes(set, unsigned(width, n, abi), out),
        Kind::Quotactl(set) => parts::quotactl(set, low, out),
        Kind::Ioprio(set) => parts::ioprio(set, low, out),
        Kind::Ioctl(set) => parts::ioctl(set, low, out),
        Kind::Device => parts::device(low, out),
        Kind::Mode => parts::octal(n & 0xffff, out),
        Kind::Pages => register(unsigned(Width::Long, n, abi) << 12, out),
        Kind::Dirfd => dirfd(n, out),
        Kind::Signal(width) => match i32::try_from(signed(width, n, abi)) {
            Ok(number) => signal(number, out),
            Err(_) => register(unsigned(width, n, abi), out),
        },
        Kind::Status => register(low, out),
        _ => address(unsigned(Width::Long, n, abi), out),
    }
}

fn number(n: i64, remark: Option<&str>, out: &mut String) {
    out.push_str(itoa::Buffer::new().format(n));
    comment(remark, out);
}

fn address(n: u64, out: &mut String) {
    match n {
        0 => out.push_str("NULL"),
        address => register(address, out),
    }
}

fn decimal(kind: Kind, n: u64, abi: Abi, out: &mut String) {
    let mut buffer = itoa::Buffer::new();
    out.push_str(match register_number(kind, n, abi) {
        Some(Number::Signed(number)) => buffer.format(number),
        Some(Number::Unsigned(number)) => buffer.format(number),
        None => "",
    });
}

/// Returns the signed value of a register, of which the 32-bit ABI uses the low half.
fn signed(width: Width, n: u64, abi: Abi) -> i64 {
    match (width, abi) {
        (Width::Byte, _) => (n as i8).into(),
        (Width::Short, _) => (n as i16).into(),
        (Width::Int, _) | (Width::Long, Abi::Compat) => int(n).into(),
        (Width::Long | Width::Quad, _) => n as i64,
    }
}

/// Returns the unsigned value of a register, of which the 32-bit ABI uses the low half.
fn unsigned(width: Width, n: u64, abi: Abi) -> u64 {
    match (width, abi) {
        (Width::Byte, _) => n & 0xff,
        (Width::Short, _) => n & 0xffff,
        (Width::Int, _) | (Width::Long, Abi::Compat) => n & 0xffff_ffff,
        (Width::Long | Width::Quad, _) => n,
    }
}

#[cfg(test)]
mod tests;
