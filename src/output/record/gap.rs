//! Nothing was recorded between two runs of the daemon.

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::{Fields, interval};
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Time between two runs of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingGap {
    /// Last time at which the previous run is known to have recorded, ns since 1970 UTC.
    pub from_ns: u64,
    /// Time from which calls are recorded again.
    pub to_ns: u64,
    /// End of the previous run.
    pub reason: GapReason,
}

/// End of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapReason {
    /// The daemon was stopped.
    Stop,
    /// The daemon ended without a stop: killed, or by a fault. Events that it had not written are lost.
    Crash,
}

impl GapReason {
    /// Returns the reason as records have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Crash => "crash",
        }
    }
}

impl RecordBody for RecordingGap {
    const KIND: Kind = Kind { name: "gap", id: "37f02fc137de4654b8182022e579b1ca" };

    fn priority(&self) -> u8 {
        match self.reason {
            GapReason::Stop => 5,
            GapReason::Crash => 4,
        }
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        out.word(Key::Reason, self.reason.name());
        interval(self.from_ns, self.to_ns, scratch, out);
    }

    fn sentence(&self, out: &mut String) {
        out.push_str("Recorded nothing for ");
        render::span(self.to_ns.saturating_sub(self.from_ns), out);
        out.push_str(match self.reason {
            GapReason::Stop => ": the daemon was stopped",
            GapReason::Crash => {
                " at most: the daemon ended without a stop, and what it had not written is lost"
            }
        });
    }
}
