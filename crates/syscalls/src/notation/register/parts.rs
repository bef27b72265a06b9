//! Numbers that are composed of several parts: modes, devices, commands and priorities.

use std::fmt::Write;

use nix::errno::Errno;

use crate::ConstantSet;
use crate::notation::flags::{field, named, symbol};
use crate::notation::primitive::{comment, register};

/// Prints `S_IFCHR|0666`; the mode alone if no flag has a name.
pub fn modes(set: &ConstantSet, n: u64, out: &mut String) {
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

/// Prints `0644`.
pub fn octal(n: u64, out: &mut String) {
    let _ = write!(out, "0{n:02o}");
}

/// Prints a device number in the kernel's encoding: 12 bits of the major number amid 20 of the minor.
pub fn device(n: u64, out: &mut String) {
    let (major, minor) = (n >> 8 & 0xfff, n & 0xff | n >> 12 & 0xf_ff00);
    out.push_str("makedev(");
    register(major, out);
    out.push_str(", ");
    register(minor, out);
    out.push(')');
}

/// Prints an I/O priority: the class is above 13 bits of the level (`linux/ioprio.h`).
pub fn ioprio(set: &ConstantSet, n: u64, out: &mut String) {
    out.push_str("IOPRIO_PRIO_VALUE(");
    symbol(set, n >> 13, out);
    let _ = write!(out, ", {})", n & 0x1fff);
}

/// Prints a quota command: the command is above a byte for the type of the quota (`linux/quota.h`).
pub fn quotactl(set: &ConstantSet, n: u64, out: &mut String) {
    out.push_str("QCMD(");
    let command = Some(n & !set.mask()).filter(|command| *command != 0);
    half(command.and_then(|command| set.symbol(command)), n >> 8, "Q_???", out);
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

/// Prints `0x3 /* XFEATURE_BNDREGS */`.
pub fn remarked(set: &ConstantSet, n: u64, out: &mut String) {
    register(n, out);
    comment(set.symbol(n).or(set.unknown()), out);
}

/// Prints `0x6 /* XFEATURE_MASK_SSE|XFEATURE_MASK_YMM */`; no comment on 0.
pub fn remarked_flags(set: &ConstantSet, n: u64, out: &mut String) {
    register(n, out);
    if n == 0 {
        return;
    }
    let mut names = String::new();
    let unnamed = named(set, n, 0, &mut names);
    if unnamed != 0 && !names.is_empty() {
        names.push('|');
        register(unnamed, &mut names);
    }
    let names = Some(names.as_str()).filter(|names| !names.is_empty());
    comment(names.or(set.unknown()), out);
}

/// Prints `-ENOENT`, or a number that is no error.
pub fn error(n: i32, out: &mut String) {
    let errno = Errno::from_raw(n.saturating_neg());
    if n < 0 && errno != Errno::UnknownErrno {
        let _ = write!(out, "-{errno:?}");
    } else {
        out.push_str(itoa::Buffer::new().format(n));
    }
}

/// Prints `TCGETS`, or the parts of a command without a name (`asm-generic/ioctl.h`).
pub fn ioctl(set: &ConstantSet, n: u64, out: &mut String) {
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
