//! journald accepted records and did not store them.

use std::fmt::Write;

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::{Fields, interval};
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Records that are missing in the journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unstored {
    /// Time of the last record that was found in the journal, ns since 1970 UTC.
    pub from_ns: u64,
    /// Time of the record that was looked for in vain.
    pub to_ns: u64,
    /// Records that journald accepted meanwhile.
    pub written: u64,
}

impl RecordBody for Unstored {
    const KIND: Kind = Kind { name: "unstored", id: "80ed6f05309f40aba5354f05580728f4" };

    fn priority(&self) -> u8 {
        3
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        out.unsigned(Key::Written, self.written);
        interval(self.from_ns, self.to_ns, scratch, out);
    }

    fn sentence(&self, out: &mut String) {
        let plural = if self.written == 1 { "" } else { "s" };
        let _ = write!(out, "Up to {} record{plural} of ", self.written);
        render::span(self.to_ns.saturating_sub(self.from_ns), out);
        out.push_str(
            " are missing in the journal: journald accepted them and did not store at least one",
        );
    }
}
