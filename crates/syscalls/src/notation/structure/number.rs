//! One number of a member in, text out: what is no name of a constant.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use nix::errno::Errno;

use super::{quote, sets, times};
use crate::Plain;
use crate::notation::{dirfd, names, register};

/// `raw` are the bytes of `n`.
pub fn plain(kind: Plain, n: u64, raw: &[u8], out: &mut String) {
    let _ = match kind {
        Plain::Signed => write!(out, "{}", signed(n, raw.len())),
        Plain::Unsigned => write!(out, "{n}"),
        Plain::Id => id(n, raw.len(), out),
        Plain::Hex => return register(n, out),
        // C's "%#08x" counts the 0x, which it leaves out of a 0.
        Plain::PaddedHex if n == 0 => write!(out, "00000000"),
        Plain::PaddedHex => write!(out, "{n:#08x}"),
        Plain::Version => {
            let (major, minor, patch) = (n >> 16, n >> 8 & 0xff, n & 0xff);
            write!(out, "KERNEL_VERSION({major}, {minor}, {patch})")
        }
        Plain::Octal | Plain::Mode => write!(out, "0{n:02o}"),
        Plain::Filemode => return filemode(n, out),
        Plain::Dirfd => return dirfd(n, out),
        Plain::Signal => return signal(n, raw.len(), out),
        Plain::Errno => return errno(n, out),
        Plain::Result => return result(signed(n, raw.len()), out),
        Plain::Address => return address(n, out),
        Plain::Handler => return handler(n, out),
        Plain::Device => return device(n, out),
        Plain::Sigset => return sets::signals(raw, out),
        Plain::Date => return times::date(signed(n, raw.len()), out),
        Plain::Ticks => return ticks(signed(n, raw.len()) as u64, out),
        Plain::Port => write!(out, "htons({})", u16::from_be(n as u16)),
        Plain::LePort => write!(out, "htobs({})", u16::from_le(n as u16)),
        Plain::Order => write!(out, "htonl({})", u32::from_be(n as u32)),
        Plain::OrderHex => return order_hex(n, out),
        Plain::Inet => write!(out, "inet_addr(\"{}\")", Ipv4Addr::from(u32::from_be(n as u32))),
        Plain::Callsign => return quote::callsign(raw, out),
        Plain::Text | Plain::String | Plain::Bytes | Plain::Mac => write!(out, "{n}"),
    };
}

/// `width` is in bytes.
pub fn signed(n: u64, width: usize) -> i64 {
    match width {
        1 => (n as i8).into(),
        2 => (n as i16).into(),
        4 => (n as i32).into(),
        _ => n as i64,
    }
}

fn id(n: u64, width: usize, out: &mut String) -> std::fmt::Result {
    match signed(n, width) {
        -1 => write!(out, "-1"),
        _ => write!(out, "{n}"),
    }
}

/// What is no signal is a number, of which there may be more than an int has.
fn signal(n: u64, width: usize, out: &mut String) {
    match i32::try_from(signed(n, width)) {
        Ok(number) => names::signal(number, out),
        Err(_) => drop(write!(out, "{n}")),
    }
}

fn errno(n: u64, out: &mut String) {
    let _ = match Errno::from_raw(n as i32) {
        Errno::UnknownErrno => write!(out, "{}", n as i32),
        errno => write!(out, "{errno:?}"),
    };
}

/// The kernel returns the negative number of an error for a failure.
fn result(n: i64, out: &mut String) {
    match n {
        -4095..=-1 => {
            out.push('-');
            errno(n.unsigned_abs(), out);
        }
        _ => drop(write!(out, "{n}")),
    }
}

fn address(n: u64, out: &mut String) {
    match n {
        0 => out.push_str("NULL"),
        _ => register(n, out),
    }
}

/// In hundredths of a second.
fn ticks(n: u64, out: &mut String) {
    let _ = match n {
        0 => write!(out, "0"),
        _ => write!(out, "{n} /* {}.{:02} s */", n / 100, n % 100),
    };
}

fn handler(n: u64, out: &mut String) {
    match n {
        0 => out.push_str("SIG_DFL"),
        1 => out.push_str("SIG_IGN"),
        u64::MAX => out.push_str("SIG_ERR"),
        _ => register(n, out),
    }
}

/// Twelve bits of the major number and 20 of the minor, above them the rest of both.
fn device(n: u64, out: &mut String) {
    let major = n >> 8 & 0xfff | n >> 32 & 0xffff_f000;
    let minor = n & 0xff | n >> 12 & 0xffff_ff00;
    out.push_str("makedev(");
    register(major, out);
    out.push_str(", ");
    register(minor, out);
    out.push(')');
}

const TYPE: u64 = 0o170_000;

const TYPES: [(u64, &str); 7] = [
    (0o140_000, "S_IFSOCK"),
    (0o120_000, "S_IFLNK"),
    (0o100_000, "S_IFREG"),
    (0o060_000, "S_IFBLK"),
    (0o040_000, "S_IFDIR"),
    (0o020_000, "S_IFCHR"),
    (0o010_000, "S_IFIFO"),
];

const SPECIAL: [(u64, &str); 3] = [(0o4000, "S_ISUID"), (0o2000, "S_ISGID"), (0o1000, "S_ISVTX")];

/// `S_IFREG|S_ISUID|0755`; with a type that has no name, the number.
fn filemode(n: u64, out: &mut String) {
    let kind = n & TYPE;
    let mut rest = n;
    match TYPES.iter().find(|(value, _)| *value == kind) {
        Some((_, name)) => {
            let _ = write!(out, "{name}|");
            rest &= !kind;
        }
        None if kind != 0 => {
            let _ = write!(out, "0{n:02o}");
            return;
        }
        None => {}
    }
    for (bit, name) in SPECIAL.iter().filter(|(bit, _)| n & bit != 0) {
        let _ = write!(out, "{name}|");
        rest &= !bit;
    }
    let _ = write!(out, "0{rest:02o}");
}

fn order_hex(n: u64, out: &mut String) {
    out.push_str("htonl(");
    register(u32::from_be(n as u32).into(), out);
    out.push(')');
}

/// It stands without a name, for it is no number; `member` is what strace would have it converted into.
pub fn inet6(raw: &[u8], member: &str, out: &mut String) {
    let octets: [u8; 16] = raw.try_into().unwrap_or_default();
    let _ = write!(out, "inet_pton(AF_INET6, \"");
    let _ = match octets {
        // The standard library tells these as numbers, the C library as an IPv4 address.
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
            if (a, b) != (0, 0) || !matches!((c, d), (0, 0 | 1)) =>
        {
            write!(out, "::{a}.{b}.{c}.{d}")
        }
        _ => write!(out, "{}", Ipv6Addr::from(octets)),
    };
    let _ = write!(out, "\", &{member})");
}
