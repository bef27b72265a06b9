//! The rate limit of the daemon's unit lets journald drop records.

use std::fmt::Write;

use syscalls::printable::{self, NO_LIMIT};

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::Fields;
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Rate limit of journald for the daemon's unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalRateLimit {
    /// Unit of the daemon: the limit is for all its processes together.
    pub unit: String,
    /// Entries of a level that journald accepts in an interval.
    pub burst: u64,
    /// Length of the interval, ns.
    pub interval_ns: u64,
}

impl RecordBody for JournalRateLimit {
    const KIND: Kind = Kind { name: "journal_rate_limit", id: "e92f97d494cb40c3a1b241432bfe8350" };

    fn priority(&self) -> u8 {
        4
    }

    fn fields(&self, _: &mut Scratch, out: &mut impl Fields) {
        out.text(Key::Unit, self.unit.as_bytes());
        out.unsigned(Key::Burst, self.burst);
        out.unsigned(Key::IntervalNs, self.interval_ns);
    }

    fn sentence(&self, out: &mut String) {
        let burst = self.burst;
        let _ = write!(out, "journald may drop records: its rate limit is {burst} entries in ");
        render::span(self.interval_ns, out);
        out.push_str(" for ");
        printable::quoted_if_needed(self.unit.as_bytes(), NO_LIMIT, out);
        out.push_str("; set LogRateLimitIntervalSec=1us in the unit");
    }
}
