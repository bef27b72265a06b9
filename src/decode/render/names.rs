//! Constants of the kernel by name: data, and how a number without a name is shown.

use std::fmt::Write;

use nix::sys::signal::Signal;

/// Flags by bit, and what strace calls those that have no name.
pub struct Bits {
    pub names: &'static [(u32, &'static str)],
    pub unknown: &'static str,
}

pub const AT_FLAGS: Bits = Bits {
    names: &[
        (0x100, "AT_SYMLINK_NOFOLLOW"),
        (0x200, "AT_REMOVEDIR"), // also AT_EACCESS and AT_HANDLE_FID, as the call may be
        (0x400, "AT_SYMLINK_FOLLOW"),
        (0x800, "AT_NO_AUTOMOUNT"),
        (0x1000, "AT_EMPTY_PATH"),
        (0x8000, "AT_RECURSIVE"),
        (0x10000, "AT_EXECVE_CHECK"), // Linux 6.14
    ],
    unknown: "AT_???",
};

pub const TIMER_FLAGS: Bits = Bits { names: &[(1, "TIMER_ABSTIME")], unknown: "TIMER_???" };

/// By number.
const CLOCKS: [&str; 12] = [
    "CLOCK_REALTIME",
    "CLOCK_MONOTONIC",
    "CLOCK_PROCESS_CPUTIME_ID",
    "CLOCK_THREAD_CPUTIME_ID",
    "CLOCK_MONOTONIC_RAW",
    "CLOCK_REALTIME_COARSE",
    "CLOCK_MONOTONIC_COARSE",
    "CLOCK_BOOTTIME",
    "CLOCK_REALTIME_ALARM",
    "CLOCK_BOOTTIME_ALARM",
    "CLOCK_SGI_CYCLE",
    "CLOCK_TAI",
];

/// By number: how a timer notifies.
pub const NOTIFICATIONS: [(u32, &str); 4] =
    [(0, "SIGEV_SIGNAL"), (1, "SIGEV_NONE"), (2, "SIGEV_THREAD"), (4, "SIGEV_THREAD_ID")];

/// The first real-time signal, as the kernel counts; the C library keeps two of them to itself.
const SIGRTMIN: i32 = 32;
const SIGNAL_MAX: i32 = 64;

pub fn clock(id: i32, out: &mut String) {
    match usize::try_from(id).ok().and_then(|id| CLOCKS.get(id)) {
        Some(name) => out.push_str(name),
        None => drop(write!(out, "{id:#x} /* CLOCK_??? */")),
    }
}

/// Negative ids name the CPU clock of a task or the clock behind a descriptor: the task or the
/// descriptor, inverted, above three bits for the kind (`linux/posix-timers.h`).
pub fn clock_short(id: i32, out: &mut String) {
    let whose = !(id >> 3);
    let _ = match (id, id & 7) {
        (0.., _) => return clock(id, out),
        (_, 3) => write!(out, "the clock of descriptor {whose}"),
        (_, 0..=2) if whose == 0 => write!(out, "the process's CPU clock"),
        (_, 0..=2) => write!(out, "the CPU clock of process {whose}"),
        (_, 4..=6) if whose == 0 => write!(out, "the thread's CPU clock"),
        (_, 4..=6) => write!(out, "the CPU clock of thread {whose}"),
        _ => return clock(id, out),
    };
}

pub fn signal(number: i32, out: &mut String) {
    let _ = match (Signal::try_from(number), number) {
        (Ok(signal), _) => write!(out, "{signal}"),
        (_, SIGRTMIN) => write!(out, "SIGRTMIN"),
        (_, SIGRTMIN..=SIGNAL_MAX) => write!(out, "SIGRT_{}", number - SIGRTMIN),
        _ => write!(out, "{number}"),
    };
}
