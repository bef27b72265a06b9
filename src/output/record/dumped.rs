//! A black box was dumped: its calls are the records before this one.

use std::fmt::Write;

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::{Fields, interval};
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::sentence::plural;

/// Dump of the black boxes of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dumped {
    /// Id that the records of the calls have, too.
    pub dump: String,
    /// Unit, as it was asked for.
    pub unit: String,
    /// Unit of the system that journalctl shows the record for; `None` without one.
    pub system_unit: Option<String>,
    /// Reason of the dump.
    pub reason: String,
    /// Entry of the oldest call, ns since 1970 UTC; 0 if there is none.
    pub from_ns: u64,
    /// Entry of the newest call.
    pub to_ns: u64,
    /// Records that were written.
    pub written: u64,
    /// Calls whose result their rule does not want.
    pub filtered: u64,
    /// Records that the output refused, and calls that could not be decoded.
    pub lost: u64,
    /// Calls that newer ones had overwritten since the last dump.
    pub overwritten: u64,
}

impl RecordBody for Dumped {
    const KIND: Kind = Kind { name: "dumped", id: "e1c17665e3254cb4a7f22ace83c421c2" };

    fn priority(&self) -> u8 {
        if self.lost > 0 { 4 } else { 5 }
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        out.text(Key::Blackbox, self.dump.as_bytes());
        if let Some(unit) = &self.system_unit {
            out.text(Key::Unit, unit.as_bytes());
        }
        out.text(Key::Reason, self.reason.as_bytes());
        if self.to_ns > 0 {
            interval(self.from_ns, self.to_ns, scratch, out);
        }
        out.unsigned(Key::Written, self.written);
        out.unsigned(Key::Filtered, self.filtered);
        out.unsigned(Key::Lost, self.lost);
        out.unsigned(Key::Overwritten, self.overwritten);
    }

    fn sentence(&self, out: &mut String) {
        let Self { written, filtered, lost, overwritten, .. } = *self;
        let _ = write!(out, "Dumped {written} {} of ", plural(written, "call", "calls"));
        out.push_str(&self.unit);
        let _ = write!(out, " ({})", self.reason);
        if written > 0 {
            out.push_str(" in ");
            render::span(self.to_ns.saturating_sub(self.from_ns), out);
        }
        let _ = write!(out, ": {overwritten} before them were overwritten");
        for (count, what) in [(filtered, "had another result"), (lost, "were lost")] {
            if count > 0 {
                let _ = write!(out, ", {count} {what}");
            }
        }
    }
}
