//! Detection of `kernel.ftrace_enabled=0`, which silently disables every program that is attached to kernel
//! functions (6.12; 7.3 refuses the write).

use std::time::Duration;

use crate::clock;
use crate::load;
use crate::output::record::{TracingChange, TracingOff, TracingOn};

/// Interval between checks: that of the watchdog.
pub const FTRACE_INTERVAL: Duration = Duration::from_secs(15);

/// Switch that turns tracing of functions on and off.
const SWITCH: &str = "kernel.ftrace_enabled";

/// State of the switch at the last check.
#[derive(Debug, Default)]
pub struct FtraceWatch {
    /// Time of the last check that found tracing on, ns since 1970 UTC.
    seen_ns: u64,
    is_off: bool,
}

/// Change of the switch, to be recorded.
#[derive(Debug)]
pub enum FtraceChange {
    /// No program attached to a function runs from now on.
    Off(TracingOff),
    /// Programs attached to functions run again.
    On(TracingOn),
}

impl FtraceWatch {
    /// Starts with tracing on.
    pub fn begin(&mut self, now_ns: u64) {
        self.seen_ns = now_ns;
    }

    /// Reads the switch; `attached` names the attach point for the record of a change.
    pub fn check(&mut self, attached: String) -> Option<FtraceChange> {
        let is_off = !load::functions_are_on();
        let to_ns = clock::real_now_ns();
        let since = TracingChange { from_ns: self.seen_ns, to_ns, attached, sysctl: SWITCH };
        if !is_off {
            self.seen_ns = to_ns;
        }
        match (std::mem::replace(&mut self.is_off, is_off), is_off) {
            (false, true) => Some(FtraceChange::Off(TracingOff(since))),
            (true, false) => Some(FtraceChange::On(TracingOn(since))),
            _ => None,
        }
    }

    /// Returns whether tracing is off.
    pub fn is_off(&self) -> bool {
        self.is_off
    }

    /// Returns the part of the status line.
    pub fn status(&self) -> String {
        if self.is_off { format!("; TRACING OFF until {SWITCH} is 1") } else { String::new() }
    }
}
