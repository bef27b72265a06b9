//! Numbers that are made of parts in, their text out, as strace prints it: modes, devices, commands
//! and priorities.

use std::fmt::Write;

use super::symbol;
use crate::Set;
use crate::notation::{comment, field, named, register};

/// `S_IFCHR|0666`; without any name it is a mode alone.
pub fn modes(set: &Set, n: u64, out: &mut String) {
    let start = out.len();
    let is_named = set.mask() == 0 || set.symbol(n & set.mask()).is_some();
    let mut rest = if is_named { named(set, n, start, out) } else { n };
    rest = field(set, rest, start, out);
    out.push_str(if out.len() > start { "|" } else { "" });
    if rest > PERMISSIONS && out.len() > start {
        register(rest & !PERMISSIONS, out);
        out.push('|');
        rest &= PERMISSIONS;
    }
    octal(rest, out);
}

const PERMISSIONS: u64 = 0o7777;

/// `0644`
pub fn octal(n: u64, out: &mut String) {
    let _ = write!(out, "0{n:02o}");
}

/// The kernel's own encoding: 12 bits of the major number within 20 of the minor one.
pub fn device(n: u64, out: &mut String) {
    let (major, minor) = (n >> 8 & 0xfff, n & 0xff | n >> 12 & 0xf_ff00);
    out.push_str("makedev(");
    register(major, out);
    out.push_str(", ");
    register(minor, out);
    out.push(')');
}

/// The class stands above 13 bits for the level (`linux/ioprio.h`).
pub fn ioprio(set: &Set, n: u64, out: &mut String) {
    out.push_str("IOPRIO_PRIO_VALUE(");
    symbol(set, n >> 13, out);
    let _ = write!(out, ", {})", n & 0x1fff);
}

/// The command stands above a byte that says whose quota is meant (`linux/quota.h`).
pub fn quotactl(set: &Set, n: u64, out: &mut String) {
    out.push_str("QCMD(");
    half(set.symbol(n & !set.mask()), n >> 8, "Q_???", out);
    out.push_str(", ");
    half(set.symbol(n & set.mask()), n & set.mask(), "???QUOTA", out);
    out.push(')');
}

fn half(symbol: Option<&str>, n: u64, unknown: &str, out: &mut String) {
    match symbol {
        Some(symbol) => out.push_str(symbol),
        None => {
            register(n, out);
            comment(Some(unknown), out);
        }
    }
}

/// `TCGETS`; of one without a name its parts (`asm-generic/ioctl.h`).
pub fn ioctl(set: &Set, n: u64, out: &mut String) {
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
