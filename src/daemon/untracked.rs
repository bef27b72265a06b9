//! Cgroups and processes for which the kernel's maps had no room, so that filters do not know them.

use std::time::{Duration, Instant};

use crate::load::Bpf;
use crate::output::record::Untracked;

/// Part of the time that the tagging of cgroups may take: a user can create them all the time.
const SHARE: u32 = 20;
const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// Counts of the last reading, and the next time at which cgroups may be tagged again.
#[derive(Debug, Default)]
pub struct UntrackedReader {
    cgroups: u64,
    processes: u64,
    is_retag_due: bool,
    next_retag: Option<Instant>,
}

impl UntrackedReader {
    /// Returns the record of what was not tracked since the last reading, if there is anything.
    pub fn read(&mut self, bpf: &Bpf<'_>, from_ns: u64, to_ns: u64) -> Option<Untracked> {
        let (cgroups, processes) = (bpf.cgroup_tags_lost(), bpf.process_trees_lost());
        let record = Untracked {
            from_ns,
            to_ns,
            cgroups: cgroups.saturating_sub(self.cgroups),
            processes: processes.saturating_sub(self.processes),
        };
        (self.cgroups, self.processes) = (cgroups, processes);
        self.is_retag_due |= record.cgroups > 0;
        (record.cgroups + record.processes > 0).then_some(record)
    }

    /// Tags all cgroups again if some were not tracked, so that units have room before the cgroups below them.
    pub fn retag(&mut self, bpf: &Bpf<'_>) {
        let start = Instant::now();
        if !self.is_retag_due || self.next_retag.is_some_and(|next| start < next) {
            return;
        }
        self.is_retag_due = false;
        if let Err(error) = bpf.retag_cgroups() {
            tracing::warn!("failed to tag the cgroups again: {error:#}");
        }
        self.next_retag = Some(start + (start.elapsed() * SHARE).max(INTERVAL_MIN));
    }
}
