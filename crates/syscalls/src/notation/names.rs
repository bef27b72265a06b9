//! Names of signals and clocks.

use std::fmt::Write;

use nix::sys::signal::Signal;

use crate::Abi;

/// First real-time signal of the kernel; the C library reserves the first two.
const SIGRTMIN: i32 = 32;
const SIGNAL_MAX: i32 = 64;

/// Prints the name of a clock id.
pub fn clock(id: i32, out: &mut String) {
    let clocks = crate::constant_set(Abi::Native, "clock");
    match u64::try_from(id).ok().and_then(|id| clocks?.symbol(id)) {
        Some(name) => out.push_str(name),
        None => drop(write!(out, "{id:#x} /* CLOCK_??? */")),
    }
}

/// Describes a clock id in plain words. A negative id is the CPU clock of a task or the clock behind a
/// descriptor: the inverted task id or descriptor, above three bits for the kind
/// (`linux/posix-timers.h`).
pub fn clock_short(id: i32, out: &mut String) {
    let owner = !(id >> 3);
    let _ = match (id, id & 7) {
        (0.., _) => return clock(id, out),
        (_, 3) => write!(out, "the clock of descriptor {owner}"),
        (_, 0..=2) if owner == 0 => write!(out, "the process's CPU clock"),
        (_, 0..=2) => write!(out, "the CPU clock of process {owner}"),
        (_, 4..=6) if owner == 0 => write!(out, "the thread's CPU clock"),
        (_, 4..=6) => write!(out, "the CPU clock of thread {owner}"),
        _ => return clock(id, out),
    };
}

/// Prints the name of a signal; the number if it has none.
pub fn signal(number: i32, out: &mut String) {
    let _ = match (Signal::try_from(number), number) {
        (Ok(signal), _) => write!(out, "{signal}"),
        (_, SIGRTMIN) => write!(out, "SIGRTMIN"),
        (_, SIGRTMIN..=SIGNAL_MAX) => write!(out, "SIGRT_{}", number - SIGRTMIN),
        _ => write!(out, "{number}"),
    };
}
