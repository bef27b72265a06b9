//! Members that are not named constants: numbers, addresses, modes and times.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use nix::errno::Errno;

use super::filemode::filemode;
use super::{sets, times};
use crate::Format;
use crate::notation::primitive::{dirfd, register};
use crate::notation::{names, quote};

/// Prints a value; `raw` are the bytes of `n`.
pub fn member_value(format: Format, n: u64, raw: &[u8], out: &mut String) {
    let _ = match format {
        Format::Signed | Format::Fd => write!(out, "{}", signed(n, raw.len())),
        Format::Unsigned => write!(out, "{n}"),
        Format::Id => id(n, raw.len(), out),
        Format::Hex => return register(n, out),
        // C's "%#08x" counts the 0x, which it leaves out of a 0.
        Format::PaddedHex if n == 0 => write!(out, "00000000"),
        Format::PaddedHex => write!(out, "{n:#08x}"),
        Format::Version => {
            let (major, minor, patch) = (n >> 16, n >> 8 & 0xff, n & 0xff);
            write!(out, "KERNEL_VERSION({major}, {minor}, {patch})")
        }
        Format::Octal | Format::Mode => write!(out, "0{n:02o}"),
        Format::Filemode => return filemode(n, out),
        Format::Dirfd => return dirfd(n, out),
        Format::Signal => return signal(n, raw.len(), out),
        Format::Errno => return errno(n, out),
        Format::Result => return result(signed(n, raw.len()), out),
        Format::Address => return address(n, out),
        Format::Handler => return handler(n, out),
        Format::Device => return device(n, out),
        Format::Sigset => return sets::signals(raw, out),
        Format::Date => return times::date(signed(n, raw.len()), out),
        Format::Ticks => return ticks(signed(n, raw.len()) as u64, out),
        Format::Port => write!(out, "htons({})", u16::from_be(n as u16)),
        Format::LePort => write!(out, "htobs({})", u16::from_le(n as u16)),
        Format::Order => write!(out, "htonl({})", u32::from_be(n as u32)),
        Format::OrderHex => return order_hex(n, out),
        Format::Inet => return inet(raw, out),
        Format::Ports => return ports(n as u32, out),
        Format::Callsign => return quote::callsign(raw, out),
        Format::Text | Format::String | Format::Bytes | Format::Mac => write!(out, "{n}"),
    };
}

/// Returns a number with the sign of `width` bytes.
pub fn signed(n: u64, width: usize) -> i64 {
    match width {
        1 => (n as i8).into(),
        2 => (n as i16).into(),
        4 => (n as i32).into(),
        _ => n as i64,
    }
}

/// Prints a user or a group id, or -1.
fn id(n: u64, width: usize, out: &mut String) -> std::fmt::Result {
    match signed(n, width) {
        -1 => write!(out, "-1"),
        _ => write!(out, "{n}"),
    }
}

/// Prints the name of a signal; the number if it is larger than an int.
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

/// Prints the result of a call: a negative one is the number of an error.
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

/// Prints a time in hundredths of a second.
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

/// Prints a device number in the encoding of the C library: 12 bits of the major number and 20 of the
/// minor, the rest of both above them.
fn device(n: u64, out: &mut String) {
    let major = n >> 8 & 0xfff | n >> 32 & 0xffff_f000;
    let minor = n & 0xff | n >> 12 & 0xffff_ff00;
    out.push_str("makedev(");
    register(major, out);
    out.push_str(", ");
    register(minor, out);
    out.push(')');
}

fn order_hex(n: u64, out: &mut String) {
    out.push_str("htonl(");
    register(u32::from_be(n as u32).into(), out);
    out.push(')');
}

/// Prints a range of ports, the lowest in the low half, `0x87654321 /* 17185..34661 */`; 0 is no bound.
fn ports(n: u32, out: &mut String) {
    register(n.into(), out);
    let bound = |port: u32| if port == 0 { String::new() } else { port.to_string() };
    if n != 0 {
        let _ = write!(out, " /* {}..{} */", bound(n & 0xffff), bound(n >> 16));
    }
}

/// Prints the call that converts an IPv4 address.
pub fn inet(raw: &[u8], out: &mut String) {
    let octets: [u8; 4] = raw.try_into().unwrap_or_default();
    let _ = write!(out, "inet_addr(\"{}\")", Ipv4Addr::from(octets));
}

/// Prints the call that converts an IPv6 address to `member`.
pub fn inet6_to(raw: &[u8], member: &str, out: &mut String) {
    inet6(raw, out);
    let _ = write!(out, ", &{member})");
}

/// Prints such a call without its end.
pub fn inet6(raw: &[u8], out: &mut String) {
    let octets: [u8; 16] = raw.try_into().unwrap_or_default();
    let _ = write!(out, "inet_pton(AF_INET6, \"");
    let _ = match octets {
        // The standard library prints these as numbers, the C library as an IPv4 address.
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
            if (a, b) != (0, 0) || !matches!((c, d), (0, 0 | 1)) =>
        {
            write!(out, "::{a}.{b}.{c}.{d}")
        }
        _ => write!(out, "{}", Ipv6Addr::from(octets)),
    };
    out.push('"');
}
