//! One register in, text out, as strace prints it: what it holds, its parameter's kind tells. Names
//! lose nothing, for bits and values without a name are shown in hexadecimal. It reads no memory, so
//! of what a pointer points to it knows the address only.

use std::fmt::Write;

use super::names::signal;
use super::{Number, comment, dirfd, flags, int, named, register, unknown};
use crate::syscalls::{Abi, Kind, Set, Width};

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
/// what names tell about it: `0x8002 (flags O_RDWR|O_LARGEFILE)`.
pub fn result(kind: Kind, n: u64, abi: Abi, out: &mut String) {
    let (width, set, opened) = match kind {
        Kind::Flags(width, set) => (width, set, " (flags "),
        Kind::Enum(width, set) => (width, set, " ("),
        Kind::Flagged(set) | Kind::Ioprio(set) => (Width::Int, set, " ("),
        _ => return argument(kind, n, abi, out),
    };
    let value = unsigned(width, n, abi);
    register(value, out);
    if value != 0 || set.symbol(0).is_some() {
        out.push_str(opened);
        argument(kind, n, abi, out);
        out.push(')');
    }
}

/// The register as strace prints it.
pub fn argument(kind: Kind, n: u64, abi: Abi, out: &mut String) {
    match kind {
        Kind::Signed(_) | Kind::Unsigned(_) | Kind::Id(_) => decimal(kind, n, abi, out),
        Kind::Hex(width) => register(unsigned(width, n, abi), out),
        Kind::Flags(width, set) => drop(flags(set, unsigned(width, n, abi), out)),
        Kind::Enum(width, set) => {
            let value = unsigned(width, n, abi);
            match set.symbol(value) {
                Some(symbol) => out.push_str(symbol),
                None => unknown(value, set, out),
            }
        }
        Kind::Number(width, set) => match set.symbol(unsigned(width, n, abi)) {
            Some(symbol) => out.push_str(symbol),
            None => {
                out.push_str(itoa::Buffer::new().format(signed(width, n, abi)));
                comment(set.unknown(), out);
            }
        },
        Kind::Numbered(set) => {
            out.push_str(itoa::Buffer::new().format(int(n)));
            comment(set.symbol(unsigned(Width::Int, n, abi)).or(set.unknown()), out);
        }
        Kind::Quotactl(set) => quotactl(set, unsigned(Width::Int, n, abi), out),
        Kind::Flagged(set) => drop(flags(set, unsigned(Width::Int, n, abi), out)),
        Kind::Modes(set) => modes(set, unsigned(Width::Int, n, abi), out),
        Kind::Pages => register(unsigned(Width::Long, n, abi) << 12, out),
        Kind::Ioprio(set) => ioprio(set, unsigned(Width::Int, n, abi), out),
        Kind::Device => device(unsigned(Width::Int, n, abi), out),
        Kind::Ioctl(set) => command(set, unsigned(Width::Int, n, abi), out),
        Kind::Dirfd => dirfd(n, out),
        Kind::Mode => octal(n & 0xffff, out),
        Kind::Signal => signal(int(n), out),
        Kind::Status => register(unsigned(Width::Int, n, abi), out),
        _ => match unsigned(Width::Long, n, abi) {
            0 => out.push_str("NULL"),
            address => register(address, out),
        },
    }
}

/// `S_IFCHR|0666`; without any name it is a mode alone.
fn modes(set: &Set, n: u64, out: &mut String) {
    let start = out.len();
    let is_named = set.mask() == 0 || set.symbol(n & set.mask()).is_some();
    let rest = if is_named { named(set, n, start, out) } else { n };
    out.push_str(if out.len() > start { "|" } else { "" });
    if rest > 0o7777 && out.len() > start {
        register(rest & !0o7777, out);
        out.push('|');
        return octal(rest & 0o7777, out);
    }
    octal(rest, out);
}

fn octal(n: u64, out: &mut String) {
    let _ = write!(out, "0{n:02o}");
}

/// The kernel's own encoding: 12 bits of the major number within 20 of the minor one.
fn device(n: u64, out: &mut String) {
    let (major, minor) = (n >> 8 & 0xfff, n & 0xff | n >> 12 & 0xf_ff00);
    out.push_str("makedev(");
    register(major, out);
    out.push_str(", ");
    register(minor, out);
    out.push(')');
}

/// The class stands above 13 bits for the level (`linux/ioprio.h`).
fn ioprio(set: &Set, n: u64, out: &mut String) {
    out.push_str("IOPRIO_PRIO_VALUE(");
    match set.symbol(n >> 13) {
        Some(symbol) => out.push_str(symbol),
        None => unknown(n >> 13, set, out),
    }
    let _ = write!(out, ", {})", n & 0x1fff);
}

/// The command stands above a byte that says whose quota is meant (`linux/quota.h`).
fn quotactl(set: &Set, n: u64, out: &mut String) {
    out.push_str("QCMD(");
    match set.symbol(n & !set.mask()) {
        Some(symbol) => out.push_str(symbol),
        None => {
            register(n >> 8, out);
            comment(Some("Q_???"), out);
        }
    }
    out.push_str(", ");
    match set.symbol(n & set.mask()) {
        Some(symbol) => out.push_str(symbol),
        None => {
            register(n & set.mask(), out);
            comment(Some("???QUOTA"), out);
        }
    }
    out.push(')');
}

/// `TCGETS`; of one without a name its parts (`asm-generic/ioctl.h`).
fn command(set: &Set, n: u64, out: &mut String) {
    if let Some(symbol) = set.symbol(n) {
        return out.push_str(symbol);
    }
    out.push_str(match n >> 30 {
        0 => "_IOC(_IOC_NONE",
        1 => "_IOC(_IOC_WRITE",
        2 => "_IOC(_IOC_READ",
        _ => "_IOC(_IOC_READ|_IOC_WRITE",
    });
    for part in [n >> 8 & 0xff, n & 0xff, n >> 16 & 0x3fff] {
        out.push_str(", ");
        register(part, out);
    }
    out.push(')');
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
