//! Tracing was switched off or on: two kinds with the same data.

use std::fmt::Write;

use syscalls::printable::{self, NO_LIMIT};

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::{Fields, interval};
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Change of the switch that lets the kernel run the dispatcher.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TracingChange {
    /// Last time at which the switch was known to be as before, ns since 1970 UTC.
    pub from_ns: u64,
    /// Time at which the daemon noticed the change.
    pub to_ns: u64,
    /// Attach point of the dispatcher.
    pub attached: String,
    /// Name of the switch.
    pub sysctl: &'static str,
}

/// The kernel does not run the dispatcher any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TracingOff(pub TracingChange);

/// The kernel runs the dispatcher again.
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
        let TracingChange { sysctl, attached, .. } = &self.0;
        let _ = write!(
            out,
            "Tracing is off: {sysctl} is 0, so the kernel does not run the dispatcher at "
        );
        printable::plain(attached, NO_LIMIT, out);
        let _ = write!(out, "; no calls are recorded until {sysctl} is 1");
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
        out.word(Key::Sysctl, self.sysctl);
        interval(self.from_ns, self.to_ns, scratch, out);
    }
}
