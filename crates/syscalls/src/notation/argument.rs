//! One register in, text out, as strace prints it: what it holds, its parameter's kind tells. Names
//! lose nothing, for bits and values without a name are shown in hexadecimal. It reads no memory, so
//! of what a pointer points to it knows the address only.

mod parts;

use super::names::signal;
use super::{Number, comment, dirfd, flags, int, register, unknown};
use crate::{Abi, Kind, Set, Width};

/// The number that the register holds, of a kind that is no more than one.
pub fn argument_number(kind: Kind, n: u64, abi: Abi) -> Option<Number> {
    match kind {
        Kind::Signed(width) => Some(Number::Signed(signed(width, n, abi))),
        Kind::Unsigned(width) => Some(Number::Unsigned(unsigned(width, n, abi))),
        Kind::Id(width) if signed(width, n, abi) == -1 => Some(Number::Signed(-1)),
        Kind::Id(width) => Some(Number::Unsigned(unsigned(width, n, abi))),
        _ => None,
    }
}

/// What a successful call returned, as strace prints it: `3`, `0x7f0012345000`, and in parentheses
/// what names tell about it: `0x8002 (flags O_RDWR|O_LARGEFILE)`, `3 (SCHED_BATCH)`.
pub fn result(kind: Kind, n: u64, abi: Abi, out: &mut String) {
    let (width, set, opened) = match kind {
        Kind::Flags(width, set) => (width, set, " (flags "),
        Kind::Enum(width, set) | Kind::Number(width, set) => (width, set, " ("),
        Kind::Flagged(set) | Kind::Ioprio(set) => (Width::Int, set, " ("),
        _ => return argument(kind, n, abi, out),
    };
    let value = unsigned(width, n, abi);
    match kind {
        Kind::Number(..) => argument(Kind::Signed(width), n, abi, out),
        _ => register(value, out),
    }
    if value != 0 || set.symbol(0).is_some() {
        out.push_str(opened);
        argument(kind, n, abi, out);
        out.push(')');
    }
}

/// The register as strace prints it.
pub fn argument(kind: Kind, n: u64, abi: Abi, out: &mut String) {
    let low = unsigned(Width::Int, n, abi);
    match kind {
        Kind::Signed(_) | Kind::Unsigned(_) | Kind::Id(_) => decimal(kind, n, abi, out),
        Kind::Hex(width) => register(unsigned(width, n, abi), out),
        Kind::Flags(width, set) => drop(flags(set, unsigned(width, n, abi), out)),
        Kind::Flagged(set) => drop(flags(set, low, out)),
        Kind::Enum(width, set) => symbol(set, unsigned(width, n, abi), out),
        Kind::Number(width, set) => match set.symbol(unsigned(width, n, abi)) {
            Some(symbol) => out.push_str(symbol),
            None => number(signed(width, n, abi), set.unknown(), out),
        },
        Kind::Numbered(set) => number(int(n).into(), set.symbol(low).or(set.unknown()), out),
        Kind::Modes(set) => parts::modes(set, low, out),
        Kind::Quotactl(set) => parts::quotactl(set, low, out),
        Kind::Ioprio(set) => parts::ioprio(set, low, out),
        Kind::Ioctl(set) => parts::ioctl(set, low, out),
        Kind::Device => parts::device(low, out),
        Kind::Mode => parts::octal(n & 0xffff, out),
        Kind::Pages => register(unsigned(Width::Long, n, abi) << 12, out),
        Kind::Dirfd => dirfd(n, out),
        Kind::Signal => signal(int(n), out),
        Kind::Status => register(low, out),
        _ => address(unsigned(Width::Long, n, abi), out),
    }
}

fn symbol(set: &Set, n: u64, out: &mut String) {
    match set.symbol(n) {
        Some(symbol) => out.push_str(symbol),
        None => unknown(n, set, out),
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
    out.push_str(match argument_number(kind, n, abi) {
        Some(Number::Signed(number)) => buffer.format(number),
        Some(Number::Unsigned(number)) => buffer.format(number),
        None => "",
    });
}

/// A register of the 32-bit ABI has 32 bits, however it reached us.
fn signed(width: Width, n: u64, abi: Abi) -> i64 {
    match (width, abi) {
        (Width::Short, _) => (n as i16).into(),
        (Width::Int, _) | (Width::Long, Abi::Compat) => int(n).into(),
        (Width::Long, Abi::Native) | (Width::Quad, _) => n as i64,
    }
}

fn unsigned(width: Width, n: u64, abi: Abi) -> u64 {
    match (width, abi) {
        (Width::Short, _) => n & 0xffff,
        (Width::Int, _) | (Width::Long, Abi::Compat) => n & 0xffff_ffff,
        (Width::Long, Abi::Native) | (Width::Quad, _) => n,
    }
}

#[cfg(test)]
mod tests;
