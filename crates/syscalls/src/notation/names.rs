//! Constants of the kernel by name, and how a number without a name is shown.

use std::fmt::Write;

use nix::sys::signal::Signal;

use crate::Abi;

/// The first real-time signal, as the kernel counts; the C library keeps two of them to itself.
const SIGRTMIN: i32 = 32;
const SIGNAL_MAX: i32 = 64;

/// Prints the name of a clock id.
pub fn clock(id: i32, out: &mut String) {
    let clocks = crate::set(Abi::Native, "clock");
    match u64::try_from(id).ok().and_then(|id| clocks?.symbol(id)) {
        Some(name) => out.push_str(name),
        None => drop(write!(out, "{id:#x} /* CLOCK_??? */")),
    }
}

/// Describes a clock id for a person. Negative ids name the CPU clock of a task or the clock behind a descriptor: the task or the
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

/// Prints the name of a signal; the number if it has none.
pub fn signal(number: i32, out: &mut String) {
    let _ = match (Signal::try_from(number), number) {
        (Ok(signal), _) => write!(out, "{signal}"),
        (_, SIGRTMIN) => write!(out, "SIGRTMIN"),
        (_, SIGRTMIN..=SIGNAL_MAX) => write!(out, "SIGRT_{}", number - SIGRTMIN),
        _ => write!(out, "{number}"),
    };
}
