//! Whether the kernel shows us calls. At functions it can be told not to: `kernel.ftrace_enabled=0`
//! silences everybody there without a word (6.12; 7.3 does not let it be written any more).

use std::time::{Duration, Instant};

use super::Daemon;
use crate::clock;
use crate::load::{self, Attach};
use crate::output::record::{Body, TracingChange};

/// How often it is asked. As often as the watchdog wants to hear from us.
const LOOK: Duration = Duration::from_secs(15);

/// What turns functions off and on.
const SWITCH: &str = "kernel.ftrace_enabled";

/// When we could see last.
#[derive(Debug, Default)]
pub struct Sight {
    /// When it is asked next; never where the dispatcher hangs at a tracepoint.
    pub next: Option<Instant>,
    seen_ns: u64,
    blind: bool,
}

impl Sight {
    /// Whether the kernel shows no calls.
    pub fn is_blind(&self) -> bool {
        self.blind
    }

    /// For the status line.
    pub fn status(&self) -> String {
        if self.blind { format!("; TRACING OFF until {SWITCH} is 1") } else { String::new() }
    }
}

impl Daemon<'_> {
    /// Begins to look, where that is needed.
    pub(super) fn begin_to_look(&mut self) {
        self.sight.seen_ns = clock::real_now_ns();
        if self.bpf.way_to_attach() == Attach::Function {
            self.sight.next = Some(Instant::now() + LOOK);
        }
    }

    /// Looks if it is time to, and tells what has changed.
    pub(super) fn look_if_due(&mut self) {
        let now = Instant::now();
        if self.sight.next.is_none_or(|at| at > now) {
            return;
        }
        self.sight.next = Some(now + LOOK);
        let blind = !load::functions_are_on();
        let to_ns = clock::real_now_ns();
        let attached = self.bpf.way_to_attach().to_string();
        let since = TracingChange { from_ns: self.sight.seen_ns, to_ns, attached, sysctl: SWITCH };
        match (std::mem::replace(&mut self.sight.blind, blind), blind) {
            (false, true) => self.say(Body::TracingOff(&since)),
            (true, false) => self.say(Body::TracingOn(&since)),
            _ => {}
        }
        if !blind {
            self.sight.seen_ns = to_ns;
        }
        self.tell_status();
    }
}
