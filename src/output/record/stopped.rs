//! The daemon stops.

use syscalls::printable::{self, NO_LIMIT};

use super::stats::{Total, miss_rows, total_row, totals};
use super::{Kind, RecordBody};
use crate::output::fields::Fields;
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::stats::Misses;

/// Stop of the daemon, with its counters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Reason of the stop: `SIGTERM`, `another version`.
    pub reason: String,
    /// Generation of the last table.
    pub generation: u32,
    /// Counters by route.
    pub totals: Vec<Total>,
    /// Calls of any syscall for which the kernel did not run the dispatcher.
    pub missed: u64,
    /// Runs of the programs that the kernel skipped.
    pub misses: Misses,
}

impl RecordBody for Stopped {
    const KIND: Kind = Kind { name: "stopped", id: "4731d5e09b8b41e4bfeae0a025b3413a" };

    fn priority(&self) -> u8 {
        6
    }

    fn fields(&self, _: &mut Scratch, out: &mut impl Fields) {
        out.unsigned(Key::Generation, self.generation.into());
        out.text(Key::Reason, self.reason.as_bytes());
        out.unsigned(Key::Missed, self.missed);
        out.rows(Key::Misses, miss_rows(&self.misses));
        out.rows(Key::Totals, self.totals.iter().map(total_row));
    }

    fn sentence(&self, out: &mut String) {
        out.push_str("Stopped by ");
        printable::plain(&self.reason, NO_LIMIT, out);
        out.push_str(": ");
        totals(&self.totals, self.missed, out);
    }
}
