//! Status of a child process, decoded as the macros of the C library do.

use std::fmt::Write;

use super::symbols::named;
use crate::Abi;
use crate::notation::names::signal;

/// Status of a child that was continued.
const CONTINUED: u32 = 0xffff;
/// Low seven bits of the status of a child that stopped.
const STOPPED: u32 = 0x7f;

/// Prints `[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]`.
pub fn wait_status(status: i32, out: &mut String) {
    let status = status as u32;
    out.push('[');
    match (status, status & 0xff) {
        (CONTINUED, _) => out.push_str("{WIFCONTINUED(s)}"),
        (_, STOPPED) => stopped(status, out),
        (_, 0x80 | 0) => exited(status, out),
        (_, 0xff) => drop(write!(out, "{status:#x}")),
        _ => signaled(status, out),
    }
    out.push(']');
}

fn exited(status: u32, out: &mut String) {
    let _ = write!(out, "{{WIFEXITED(s) && WEXITSTATUS(s) == {}}}", status >> 8 & 0xff);
    event(status, out);
    rest(status & 0x80, out);
}

fn signaled(status: u32, out: &mut String) {
    out.push_str("{WIFSIGNALED(s) && WTERMSIG(s) == ");
    signal((status & 0x7f) as i32, out);
    out.push_str(if status & 0x80 == 0 { "}" } else { " && WCOREDUMP(s)}" });
    event(status, out);
    rest(status & 0xff00, out);
}

/// Prints the signal that stopped a child. With PTRACE_O_TRACESYSGOOD, a stop at a syscall is SIGTRAP with
/// one more bit.
fn stopped(status: u32, out: &mut String) {
    let number = status >> 8 & 0xff;
    out.push_str("{WIFSTOPPED(s) && WSTOPSIG(s) == ");
    match number {
        0x85 => out.push_str("SIGTRAP | 0x80"),
        _ => signal(number as i32, out),
    }
    out.push('}');
    event(status, out);
}

/// Prints the ptrace event in the upper half of the status.
fn event(status: u32, out: &mut String) {
    if let (1.., Some(set)) = (status >> 16, crate::constant_set(Abi::Native, "ptrace_event")) {
        out.push('|');
        named(set, (status >> 16).into(), out);
        out.push_str("<<16");
    }
}

fn rest(bits: u32, out: &mut String) {
    if bits != 0 {
        let _ = write!(out, "|{bits:#x}");
    }
}
