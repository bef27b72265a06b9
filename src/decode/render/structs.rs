//! `struct itimerspec` and `struct sigevent` from the bytes that lay in the process's memory, as a
//! person would say them. The size tells the width: those of the 32-bit ABI are shorter.

use std::fmt::Write;

use syscalls::notation::{Phase, signal, structure};
use syscalls::{Abi, Structure};

/// Seconds and nanoseconds.
#[derive(Clone, Copy)]
struct Span {
    sec: i64,
    nsec: i64,
}

/// `struct itimerspec`.
pub struct Times<'a> {
    abi: Abi,
    name: &'static str,
    bytes: &'a [u8],
    interval: Span,
    value: Span,
}

/// The part of `struct sigevent` that the kernel reads.
pub struct Sigevent<'a> {
    abi: Abi,
    name: &'static str,
    bytes: &'a [u8],
    signo: i32,
    notify: u64,
}

impl<'a> Times<'a> {
    /// 32 bytes, or 16 in the older form of the 32-bit ABI; `None` for any other size.
    pub fn read(bytes: &'a [u8], abi: Abi) -> Option<Self> {
        let name = match bytes.len() {
            32 => "itimerspec",
            16 => "itimerspec32",
            _ => return None,
        };
        let layout = syscalls::structure(abi, name)?;
        let (interval, value) =
            (Span::read(layout, bytes, "it_interval")?, Span::read(layout, bytes, "it_value")?);
        Some(Self { abi, name, bytes, interval, value })
    }

    pub fn exact(&self, out: &mut String) {
        structure(self.abi, self.name, self.bytes, Phase::Entry, out);
    }

    /// `first in 1.5 s, then every 2 s`, `once in 1.5 s`, `disarmed`; as strace prints it where the
    /// kernel will refuse it.
    pub fn short(&self, absolute: bool, out: &mut String) {
        if !self.interval.is_valid() || !self.value.is_valid() {
            return self.exact(out);
        }
        let repeats = !self.interval.is_zero();
        if self.value.is_zero() {
            return out.push_str("disarmed");
        }
        out.push_str(if repeats { "first " } else { "once " });
        out.push_str(if absolute { "at " } else { "in " });
        self.value.short(out);
        if repeats {
            out.push_str(", then every ");
            self.interval.short(out);
        }
    }
}

impl Span {
    fn read(layout: &Structure, bytes: &[u8], name: &str) -> Option<Self> {
        let (layout, bytes) = layout.nested(bytes, name)?;
        Some(Self { sec: layout.signed(bytes, "tv_sec")?, nsec: layout.signed(bytes, "tv_nsec")? })
    }

    fn is_zero(self) -> bool {
        self.sec == 0 && self.nsec == 0
    }

    fn is_valid(self) -> bool {
        self.sec >= 0 && (0..1_000_000_000).contains(&self.nsec)
    }

    /// Prints a valid time span for a person.
    fn short(self, out: &mut String) {
        let (whole, fraction, digits, unit) = match (self.sec, self.nsec) {
            (0, 0) => (0, 0, 9, "s"),
            (0, nsec @ ..1_000) => (nsec, 0, 0, "ns"),
            (0, nsec @ ..1_000_000) => (nsec / 1_000, nsec % 1_000, 3, "us"),
            (0, nsec) => (nsec / 1_000_000, nsec % 1_000_000, 6, "ms"),
            (sec, nsec) => (sec, nsec, 9, "s"),
        };
        let _ = write!(out, "{whole}");
        if fraction != 0 {
            let _ = write!(out, ".{fraction:0digits$}");
            out.truncate(out.trim_end_matches('0').len());
        }
        let _ = write!(out, " {unit}");
    }
}

/// A span of `ns` nanoseconds as a person would say it, `1.5 s`.
pub fn span(ns: u64, out: &mut String) {
    let part = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Span { sec: part(ns / 1_000_000_000), nsec: part(ns % 1_000_000_000) }.short(out);
}

impl<'a> Sigevent<'a> {
    /// 20 bytes or more in the 64-bit form, 16 in the 32-bit one, whose value is narrower; `None`
    /// for fewer.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (abi, name) = match bytes.len() {
            16 => (Abi::Compat, "compat_sigevent"),
            _ => (Abi::Native, "sigevent"),
        };
        let layout = syscalls::structure(abi, name)?;
        layout.number(bytes, "sigev_notify_thread_id")?;
        let signo = i32::try_from(layout.signed(bytes, "sigev_signo")?).ok()?;
        let notify = layout.number(bytes, "sigev_notify")?;
        Some(Self { abi, name, bytes, signo, notify })
    }

    pub fn exact(&self, out: &mut String) {
        structure(self.abi, self.name, self.bytes, Phase::Entry, out);
    }

    /// `SIGUSR1`, `SIGUSR1 to thread 7`, `no signal`.
    pub fn short(&self, out: &mut String) {
        let kinds = syscalls::constant_set(self.abi, "sigev");
        match kinds.and_then(|kinds| kinds.symbol(self.notify)) {
            Some("SIGEV_NONE") => out.push_str("no signal"),
            Some("SIGEV_THREAD_ID") => {
                signal(self.signo, out);
                let _ = write!(out, " to thread {}", self.thread());
            }
            Some(_) => signal(self.signo, out),
            None => self.exact(out),
        }
    }

    fn thread(&self) -> i64 {
        let layout = syscalls::structure(self.abi, self.name);
        let thread = layout.and_then(|one| one.signed(self.bytes, "sigev_notify_thread_id"));
        thread.unwrap_or_default()
    }
}
