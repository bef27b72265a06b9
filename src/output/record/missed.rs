//! The kernel did not run the dispatcher for some calls.

use std::fmt::Write;

use syscalls::printable::{self, NO_LIMIT};

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::{Fields, interval};
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::sentence::plural;

/// Calls of any task, routed or not, for which the kernel did not run the dispatcher.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missed {
    /// Begin of the time in which it happened, ns since 1970 UTC.
    pub from_ns: u64,
    /// End of that time.
    pub to_ns: u64,
    /// Number of calls.
    pub count: u64,
    /// Attach point of the dispatcher.
    pub attached: String,
    /// After a restart, the dispatcher is attached where the kernel skips no call.
    pub is_avoided_next: bool,
}

impl RecordBody for Missed {
    const KIND: Kind = Kind { name: "missed", id: "1a26c9ce61254f7b8f6731bf5c265a90" };

    fn priority(&self) -> u8 {
        4
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        out.unsigned(Key::Missed, self.count);
        out.text(Key::Attached, self.attached.as_bytes());
        interval(self.from_ns, self.to_ns, scratch, out);
    }

    fn sentence(&self, out: &mut String) {
        let _ = write!(out, "Missed {} {} in ", self.count, plural(self.count, "call", "calls"));
        render::span(self.to_ns.saturating_sub(self.from_ns), out);
        out.push_str(": the kernel did not run the dispatcher at ");
        printable::plain(&self.attached, NO_LIMIT, out);
        out.push_str("; routed calls among them are not recorded");
        if self.is_avoided_next {
            out.push_str("; once tailcalld is restarted, it attaches where none is missed");
        }
    }
}
