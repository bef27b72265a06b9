//! The daemon goes on with what the previous one left in the kernel.

use super::gap::GapReason;
use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::{Fields, interval};
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Start of a daemon that adopted table, ring and counters of the previous one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Last time at which the previous daemon is known to have run, ns since 1970 UTC.
    pub from_ns: u64,
    /// Time from which this one reads the ring.
    pub to_ns: u64,
    /// End of the previous daemon.
    pub reason: GapReason,
    /// Version of the previous daemon.
    pub version: String,
    /// Events that waited in the ring.
    pub unread: u64,
    /// Reason why table and ring are new ones; `None` if they are those of the previous daemon.
    pub replaced: Option<String>,
}

impl RecordBody for Adopted {
    const KIND: Kind = Kind { name: "adopted", id: "64017b16142446ab8f722de47bc1af50" };

    fn priority(&self) -> u8 {
        match self.reason {
            GapReason::Stop => 6,
            GapReason::Crash => 4,
        }
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        out.word(Key::Reason, self.reason.name());
        interval(self.from_ns, self.to_ns, scratch, out);
        out.text(Key::Version, self.version.as_bytes());
        out.unsigned(Key::Unread, self.unread);
        if let Some(reason) = &self.replaced {
            out.text(Key::Replaced, reason.as_bytes());
        }
    }

    fn sentence(&self, out: &mut String) {
        out.push_str("Went on ");
        render::span(self.to_ns.saturating_sub(self.from_ns), out);
        out.push_str(match self.reason {
            GapReason::Stop => " after the previous daemon stopped",
            GapReason::Crash => {
                " after the last sign of life of the previous daemon, which ended without a stop"
            }
        });
        out.push_str(": the kernel recorded meanwhile, ");
        out.push_str(&self.unread.to_string());
        out.push_str(if self.unread == 1 { " event waited" } else { " events waited" });
        if self.replaced.is_some() {
            out.push_str("; table and ring are new ones");
        }
    }
}
