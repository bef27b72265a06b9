//! Filters do not know some cgroups and processes: the kernel had no room for them, or skipped the program that adds
//! them.

use std::fmt::Write;

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::{Fields, interval};
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::sentence::plural;

/// Cgroups and processes that were not tracked in an interval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Untracked {
    /// Begin of the time in which it happened, ns since 1970 UTC.
    pub from_ns: u64,
    /// End of that time.
    pub to_ns: u64,
    /// Cgroups whose unit, slice or container filters do not know.
    pub cgroups: u64,
    /// Processes whose process tree filters do not know.
    pub processes: u64,
}

impl RecordBody for Untracked {
    const KIND: Kind = Kind { name: "untracked", id: "90fe38e7248244b190696562dd00d2e8" };

    fn priority(&self) -> u8 {
        4
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        out.unsigned(Key::UntrackedCgroups, self.cgroups);
        out.unsigned(Key::UntrackedProcesses, self.processes);
        interval(self.from_ns, self.to_ns, scratch, out);
    }

    fn sentence(&self, out: &mut String) {
        let Self { cgroups, processes, .. } = *self;
        let _ = write!(
            out,
            "Did not track {cgroups} {} and {processes} {} in ",
            plural(cgroups, "cgroup", "cgroups"),
            plural(processes, "process", "processes")
        );
        render::span(self.to_ns.saturating_sub(self.from_ns), out);
        out.push_str(
            ": calls whose unit, container or process tree is therefore unknown go to the rule that records most",
        );
    }
}
