//! The output accepts records again.

use std::fmt::Write;

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::{Fields, interval};
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// End of a time in which the output accepted nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputRestored {
    /// Name of the output: `journald`, `stdout`.
    pub output: &'static str,
    /// Begin of the time in which it accepted nothing, ns since 1970 UTC.
    pub from_ns: u64,
    /// End of that time.
    pub to_ns: u64,
    /// Events that the ring could not hold meanwhile. A record of the kind `lost` details them.
    pub lost: u64,
}

impl RecordBody for OutputRestored {
    const KIND: Kind = Kind { name: "output_restored", id: "58afba8d9b3c45b5903cfa5c0c122343" };

    fn priority(&self) -> u8 {
        4
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        out.word(Key::Output, self.output);
        out.unsigned(Key::Lost, self.lost);
        interval(self.from_ns, self.to_ns, scratch, out);
    }

    fn sentence(&self, out: &mut String) {
        let _ = write!(out, "{} accepts records again after ", self.output);
        render::span(self.to_ns.saturating_sub(self.from_ns), out);
        match self.lost {
            0 => out.push_str("; the ring held all events"),
            1 => out.push_str("; 1 event did not fit into the ring and is lost"),
            lost => drop(write!(out, "; {lost} events did not fit into the ring and are lost")),
        }
    }
}
