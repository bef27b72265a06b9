//! Flags by name, with the bits that have none in hexadecimal.

use std::fmt::Write;

use super::primitive::{comment, register};
use crate::{Abi, ConstantSet};

/// Prints flags of a set that is the same in all ABIs.
pub fn flags_in_set(set: &str, n: u64, out: &mut String) {
    let n = n & 0xffff_ffff;
    match crate::constant_set(Abi::Native, set) {
        Some(set) => drop(flags(set, n, out)),
        None => register(n, out),
    }
}

/// Prints `O_RDONLY|0x10000000`; returns the bits without a name.
pub fn flags(set: &ConstantSet, n: u64, out: &mut String) -> u64 {
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

/// Prints the number in the set's field of bits, `21<<MAP_HUGE_SHIFT`, or `21` at the lowest bit; returns the other bits. A bar
/// separates it from text behind `start`.
pub fn field(set: &ConstantSet, n: u64, start: usize, out: &mut String) -> u64 {
    if let Some((number, symbol)) = set.field(n) {
        out.push_str(if out.len() > start { "|" } else { "" });
        let _ = write!(out, "{number}");
        if set.field_mask() & 1 == 0 {
            let _ = write!(out, "<<{symbol}");
        }
    }
    n & !set.field_mask()
}

/// Prints the names of `n`; returns the bits without one. A bar separates them from text behind `start`.
pub fn named(set: &ConstantSet, n: u64, start: usize, out: &mut String) -> u64 {
    set.symbols(n, |symbol| {
        out.push_str(if out.len() > start { "|" } else { "" });
        out.push_str(symbol);
    })
}

/// Prints a value without a name: `0x8 /* MS_??? */`.
pub fn unknown(n: u64, set: &ConstantSet, out: &mut String) {
    register(n, out);
    comment(set.unknown(), out);
}

/// Prints the name of a value.
pub fn symbol(set: &ConstantSet, n: u64, out: &mut String) {
    match set.symbol(n) {
        Some(symbol) => out.push_str(symbol),
        None => unknown(n, set, out),
    }
}
