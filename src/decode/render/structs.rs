//! `struct itimerspec` and `struct sigevent` from the bytes that lay in the process's memory. The
//! size tells the width: those of the 32-bit ABI are shorter.

use std::fmt::Write;

use super::names::{NOTIFICATIONS, signal};
use crate::syscalls::Abi;

/// Seconds and nanoseconds.
#[derive(Clone, Copy)]
struct Span {
    sec: i64,
    nsec: i64,
}

/// `struct itimerspec`.
pub struct Times {
    interval: Span,
    value: Span,
}

/// The part of `struct sigevent` that the kernel reads.
pub struct Sigevent {
    value: u64,
    signo: i32,
    notify: u32,
    thread: i32,
}

impl Times {
    /// 32 bytes, or 16 in the older form of the 32-bit ABI; `None` for any other size.
    pub fn read(bytes: &[u8], abi: Abi) -> Option<Self> {
        let word = |at: usize| match bytes.len() {
            32 => Some(i64::from_ne_bytes(chunk(bytes, at * 8)?)),
            16 => Some(i32::from_ne_bytes(chunk(bytes, at * 4)?).into()),
            _ => None,
        };
        // In the 64-bit form a 32-bit process leaves garbage above its 32-bit tv_nsec, which the
        // kernel ignores too.
        let nsec = |at: usize| {
            let nsec = word(at)?;
            Some(if abi == Abi::Compat && bytes.len() == 32 { nsec & 0xffff_ffff } else { nsec })
        };
        let interval = Span { sec: word(0)?, nsec: nsec(1)? };
        Some(Self { interval, value: Span { sec: word(2)?, nsec: nsec(3)? } })
    }

    pub fn exact(&self, out: &mut String) {
        let _ = write!(
            out,
            "{{it_interval={{tv_sec={}, tv_nsec={}}}, it_value={{tv_sec={}, tv_nsec={}}}}}",
            self.interval.sec, self.interval.nsec, self.value.sec, self.value.nsec
        );
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
    fn is_zero(self) -> bool {
        self.sec == 0 && self.nsec == 0
    }

    fn is_valid(self) -> bool {
        self.sec >= 0 && (0..1_000_000_000).contains(&self.nsec)
    }

    /// Of a valid one.
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

impl Sigevent {
    /// 20 bytes or more in the 64-bit form, 16 in the 32-bit one, whose value is narrower; `None`
    /// for fewer.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let int = |at| Some(i32::from_ne_bytes(chunk(bytes, at)?));
        let (value, rest) = match bytes.len() {
            16 => (u32::from_ne_bytes(chunk(bytes, 0)?).into(), 4),
            _ => (u64::from_ne_bytes(chunk(bytes, 0)?), 8),
        };
        let notify = u32::from_ne_bytes(chunk(bytes, rest + 4)?);
        Some(Self { value, signo: int(rest)?, notify, thread: int(rest + 8)? })
    }

    pub fn exact(&self, out: &mut String) {
        out.push('{');
        if self.value != 0 {
            let (int, ptr) = (self.value as i32, self.value);
            let _ = write!(out, "sigev_value={{sival_int={int}, sival_ptr={ptr:#x}}}, ");
        }
        out.push_str("sigev_signo=");
        match self.kind() {
            Some("SIGEV_NONE") | None => drop(write!(out, "{}", self.signo)),
            Some(_) => signal(self.signo, out),
        }
        let _ = match self.kind() {
            Some(name) => write!(out, ", sigev_notify={name}"),
            None => write!(out, ", sigev_notify={:#x} /* SIGEV_??? */", self.notify),
        };
        if self.kind() == Some("SIGEV_THREAD_ID") {
            let _ = write!(out, ", sigev_notify_thread_id={}", self.thread);
        }
        out.push('}');
    }

    /// `SIGUSR1`, `SIGUSR1 to thread 7`, `no signal`.
    pub fn short(&self, out: &mut String) {
        match self.kind() {
            Some("SIGEV_NONE") => out.push_str("no signal"),
            Some("SIGEV_THREAD_ID") => {
                signal(self.signo, out);
                let _ = write!(out, " to thread {}", self.thread);
            }
            Some(_) => signal(self.signo, out),
            None => self.exact(out),
        }
    }

    fn kind(&self) -> Option<&'static str> {
        NOTIFICATIONS.iter().find(|(number, _)| *number == self.notify).map(|(_, name)| *name)
    }
}

/// `N` bytes at `at`, or nothing.
fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}
