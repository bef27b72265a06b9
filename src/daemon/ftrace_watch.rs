//! Detection of `kernel.ftrace_enabled=0`, which silently disables every program that is attached to kernel
//! functions (6.12; 7.3 refuses the write).

use std::time::{Duration, Instant};

use super::{Daemon, Timer};
use crate::clock;
use crate::load::{self, Attach};
use crate::output::record::{Body, TracingChange, TracingOff, TracingOn};

/// Interval between checks: that of the watchdog.
const FTRACE_INTERVAL: Duration = Duration::from_secs(15);

/// Switch that turns tracing of functions on and off.
const SWITCH: &str = "kernel.ftrace_enabled";

/// State of the switch at the last check.
#[derive(Debug, Default)]
pub struct FtraceWatch {
    /// Time of the last check that found tracing on, ns since 1970 UTC.
    seen_ns: u64,
    is_off: bool,
}

impl FtraceWatch {
    /// Returns whether tracing is off.
    pub fn is_off(&self) -> bool {
        self.is_off
    }

    /// Returns the part of the status line.
    pub fn status(&self) -> String {
        if self.is_off { format!("; TRACING OFF until {SWITCH} is 1") } else { String::new() }
    }
}

impl Daemon<'_> {
    /// Starts the checks, if the dispatcher is attached to functions.
    pub(super) fn start_ftrace_watch(&mut self) {
        self.ftrace.seen_ns = clock::real_now_ns();
        if self.bpf.way_to_attach() == Attach::Function {
            self.timers.set(Timer::Ftrace, Some(Instant::now() + FTRACE_INTERVAL));
        }
    }

    /// Checks the switch and records a change.
    pub(super) fn poll_ftrace(&mut self) {
        self.timers.set(Timer::Ftrace, Some(Instant::now() + FTRACE_INTERVAL));
        let is_off = !load::functions_are_on();
        let to_ns = clock::real_now_ns();
        let attached = self.bpf.way_to_attach().to_string();
        let since = TracingChange { from_ns: self.ftrace.seen_ns, to_ns, attached, sysctl: SWITCH };
        match (std::mem::replace(&mut self.ftrace.is_off, is_off), is_off) {
            (false, true) => self.emit(Body::TracingOff(&TracingOff(since))),
            (true, false) => self.emit(Body::TracingOn(&TracingOn(since))),
            _ => {}
        }
        if !is_off {
            self.ftrace.seen_ns = to_ns;
        }
        self.update_status();
    }
}
