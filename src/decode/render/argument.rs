//! One register in, text out, as strace prints it: what it holds, its parameter's kind tells. Names
//! lose nothing, for bits and values without a name are shown in hexadecimal. It reads no memory, so
//! of what a pointer points to it knows the address only.

use std::fmt::Write;

use super::names::signal;
use super::{Number, dirfd, flags, int, register};
use crate::syscalls::{Abi, Kind, Width};

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
                None => register(value, out),
            }
        }
        Kind::Dirfd => dirfd(n, out),
        Kind::Mode | Kind::Newmode => drop(write!(out, "0{:02o}", n as u16)),
        Kind::Signal => signal(int(n), out),
        Kind::Status => register(unsigned(Width::Int, n, abi), out),
        _ => match unsigned(Width::Long, n, abi) {
            0 => out.push_str("NULL"),
            address => register(address, out),
        },
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
