//! Cgroups and processes that the kernel's maps lack, so that filters do not know them: there was no room, or the
//! kernel skipped the program that adds them. They are counted, and looked for.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::clock;
use crate::load::Bpf;
use crate::output::record::Untracked;

/// Part of the time that repairs may take: a user can cause them all the time.
const SHARE: u32 = 20;
const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// Interval after a repair that has failed.
const INTERVAL_FAILED: Duration = Duration::from_secs(60);

/// Longest time from the start of a process to the run of the program that adds it, ns.
const FORK_NS: u64 = 1_000_000_000;

/// Counts of the last reading, and the repairs.
#[derive(Debug, Default)]
pub struct UntrackedReader {
    cgroups: u64,
    processes: u64,
    tags: Repair,
    trees: Repair,
    /// Time of a reading before which no process is missing in the trees, in ns of CLOCK_BOOTTIME.
    complete_ns: u64,
    /// Time of the last reading.
    read_ns: u64,
}

/// A repair that is due or not, and the next time at which it may run.
#[derive(Debug, Default)]
struct Repair {
    is_due: bool,
    next: Option<Instant>,
}

impl UntrackedReader {
    /// Starts with process trees that lack no process.
    pub fn begin(&mut self) {
        self.complete_ns = clock::boot_now_ns();
    }

    /// Returns the record of what was not tracked since the last reading, if there is anything.
    ///
    /// # Errors
    /// Fails if the kernel does not report how often it skipped a program.
    pub fn read(
        &mut self,
        bpf: &Bpf<'_>,
        cgroups_skipped: u64,
        from_ns: u64,
        to_ns: u64,
    ) -> Result<Option<Untracked>> {
        self.read_ns = clock::boot_now_ns();
        let cgroups = bpf.cgroup_tags_lost() + cgroups_skipped;
        let processes = bpf.process_trees_lost()?;
        let record = Untracked {
            from_ns,
            to_ns,
            cgroups: cgroups.saturating_sub(self.cgroups),
            processes: processes.saturating_sub(self.processes),
        };
        (self.cgroups, self.processes) = (cgroups, processes);
        self.tags.is_due |= record.cgroups > 0;
        self.trees.is_due |= record.processes > 0;
        Ok((record.cgroups + record.processes > 0).then_some(record))
    }

    /// Looks for what is missing, if anything is. All cgroups are tagged again, so that units have room before the
    /// cgroups below them; all processes are looked at for members of process trees.
    pub fn repair(&mut self, bpf: &Bpf<'_>) {
        self.tags.run("tag the cgroups again", || bpf.retag_cgroups().map(|_| true));
        let since_ns = self.complete_ns.saturating_sub(FORK_NS);
        self.trees.run("find processes of trees", || {
            bpf.repair_process_trees(since_ns).map(|unplaced| unplaced == 0)
        });
        if !self.trees.is_due {
            self.complete_ns = self.read_ns;
        }
    }
}

impl Repair {
    /// Runs a repair if it is due, and not too soon after the last. It stays due unless `repair` returns that nothing
    /// is missing any more.
    fn run(&mut self, what: &str, repair: impl FnOnce() -> Result<bool>) {
        let start = Instant::now();
        if !self.is_due || self.next.is_some_and(|next| start < next) {
            return;
        }
        let mut least = INTERVAL_MIN;
        match repair() {
            Ok(is_complete) => self.is_due = !is_complete,
            Err(error) => {
                tracing::warn!("failed to {what}: {error:#}");
                least = INTERVAL_FAILED;
            }
        }
        self.next = Some(start + (start.elapsed() * SHARE).max(least));
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    fn runs(repair: &mut Repair, result: impl FnOnce() -> Result<bool>) -> bool {
        let mut has_run = false;
        repair.run("repair", || {
            has_run = true;
            result()
        });
        has_run
    }

    #[test]
    fn repair_runs_once_if_it_completes() {
        let mut repair = Repair::default();
        assert!(!runs(&mut repair, || Ok(true)));
        repair.is_due = true;
        assert!(runs(&mut repair, || Ok(true)));
        repair.next = None;
        assert!(!runs(&mut repair, || Ok(true)));
    }

    #[test]
    fn repair_that_is_incomplete_or_fails_runs_again_later() {
        for result in [|| Ok(false), || bail!("no memory")] {
            let mut repair = Repair { is_due: true, next: None };
            assert!(runs(&mut repair, result));
            assert!(!runs(&mut repair, || Ok(true)));
            repair.next = None;
            assert!(runs(&mut repair, || Ok(true)));
        }
    }
}
