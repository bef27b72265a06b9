//! Calls were not recorded for a time, or are again: two kinds with the same data.

use std::fmt::Write;

use syscalls::printable::{self, NO_LIMIT};

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::{Fields, interval, lines};
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Cause for which calls are not recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TracingCause {
    /// The sysctl of this name keeps the kernel from running programs at its functions.
    Sysctl(&'static str),
    /// The kernel does not run the dispatcher for another reason.
    #[default]
    Dispatcher,
    /// The ring does not give out the records in it.
    Ring,
    /// Somebody has changed the table: the routes whose programs were missing, for people.
    Table(Vec<String>),
}

impl TracingCause {
    /// Returns the cause as records have it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sysctl(_) => "sysctl",
            Self::Dispatcher => "dispatcher",
            Self::Ring => "ring",
            Self::Table(_) => "table",
        }
    }
}

/// Change of whether calls are recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TracingChange {
    /// Last time at which calls were known to be recorded, ns since 1970 UTC.
    pub from_ns: u64,
    /// Time at which the daemon noticed the change.
    pub to_ns: u64,
    /// Attach point of the dispatcher.
    pub attached: String,
    /// Cause for which calls are, or were, not recorded.
    pub cause: TracingCause,
}

/// Calls are not recorded any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TracingOff(pub TracingChange);

/// Calls are recorded again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TracingOn(pub TracingChange);

impl RecordBody for TracingOff {
    const KIND: Kind = Kind { name: "tracing_off", id: "7d7b5b5ee645419e9ef8e2320ab7e82f" };

    fn priority(&self) -> u8 {
        3
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        self.0.fields(scratch, out);
    }

    fn sentence(&self, out: &mut String) {
        out.push_str("Tracing is off: ");
        match &self.0.cause {
            TracingCause::Sysctl(sysctl) => {
                let _ = write!(out, "{sysctl} is 0, so the kernel does not run the dispatcher at ");
                printable::plain(&self.0.attached, NO_LIMIT, out);
                let _ = write!(out, "; no calls are recorded until {sysctl} is 1");
            }
            TracingCause::Dispatcher => {
                out.push_str("the kernel does not run the dispatcher at ");
                printable::plain(&self.0.attached, NO_LIMIT, out);
                out.push_str("; no calls are recorded until it is attached again");
            }
            TracingCause::Ring => out.push_str(
                "the ring does not give out the records in it; no calls are recorded until it does",
            ),
            TracingCause::Table(routes) => {
                out.push_str("somebody has changed the table; calls of these routes are not recorded until it is restored: ");
                printable::plain(&routes.join(", "), NO_LIMIT, out);
            }
        }
    }
}

impl RecordBody for TracingOn {
    const KIND: Kind = Kind { name: "tracing_on", id: "568a62c36e1c438e856e5c60edd4c1fe" };

    fn priority(&self) -> u8 {
        4
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        self.0.fields(scratch, out);
    }

    fn sentence(&self, out: &mut String) {
        out.push_str("Tracing is on again at ");
        printable::plain(&self.0.attached, NO_LIMIT, out);
        out.push_str("; calls of the ");
        render::span(self.0.to_ns.saturating_sub(self.0.from_ns), out);
        out.push_str(" before may be missing");
    }
}

impl TracingChange {
    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        out.text(Key::Attached, self.attached.as_bytes());
        out.word(Key::Cause, self.cause.name());
        match &self.cause {
            TracingCause::Sysctl(sysctl) => out.word(Key::Sysctl, sysctl),
            TracingCause::Table(routes) => out.list(Key::ChangedRoutes, lines(routes)),
            TracingCause::Dispatcher | TracingCause::Ring => {}
        }
        interval(self.from_ns, self.to_ns, scratch, out);
    }
}
