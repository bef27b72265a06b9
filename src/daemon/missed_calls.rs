//! Missed calls: their number over all daemons that go on with a recording, and a sum by which the next start may choose
//! another hook.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::load::MissedCalls;

/// Time after which the sum begins anew: what counts is how it is now.
const WINDOW: Duration = Duration::from_secs(600);

/// Number of missed calls since a recording began. The kernel counts them by program and by link, and not all of these
/// are there for the next daemon.
#[derive(Debug, Clone, Copy, Default)]
pub struct MissedTotal {
    /// Total at the last reading.
    total: u64,
    /// Part of the kernel's numbers at the last reading that the next daemon can read.
    kept: u64,
    /// Difference between the total and what the kernel has for this daemon.
    before: u64,
}

impl MissedTotal {
    /// Goes on from the last reading of the previous daemon. An earlier version has not saved what is kept.
    pub fn restored(total: u64, kept: Option<u64>) -> Self {
        let kept = kept.unwrap_or(total);
        Self { total, kept, before: total.wrapping_sub(kept) }
    }

    /// Goes on with other programs: those of the previous daemon have missed `previous` calls, its own `own`, which the
    /// previous ones saw.
    pub fn take_over(&mut self, previous: u64, own: u64) {
        let since = previous.saturating_sub(self.kept);
        self.before = self.total.wrapping_add(since).wrapping_sub(own);
    }

    /// Takes a reading: the kernel's number for this daemon, and the part of it that is kept. Returns the calls missed
    /// since the last reading.
    pub fn read(&mut self, missed: u64, kept: u64) -> u64 {
        let total = self.before.wrapping_add(missed);
        self.kept = kept;
        total.saturating_sub(std::mem::replace(&mut self.total, total))
    }

    /// Returns the total at the last reading.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Returns the part of the kernel's numbers that the next daemon can read.
    pub fn kept(&self) -> u64 {
        self.kept
    }
}

/// Calls since the begin of a window.
#[derive(Debug, Default)]
pub struct MissedSum {
    calls: MissedCalls,
    begin: Option<Instant>,
    is_saved: bool,
    folder: PathBuf,
}

impl MissedSum {
    /// Makes a sum that is saved in a directory.
    pub fn saved_in(folder: PathBuf) -> Self {
        Self { folder, ..Self::default() }
    }

    /// Adds calls between two readings of the counters, and saves the sum once it is large. Returns whether it was saved.
    pub fn add(&mut self, calls: MissedCalls, now: Instant) -> bool {
        if self.begin.is_none_or(|begin| now.saturating_duration_since(begin) > WINDOW) {
            (self.begin, self.calls) = (Some(now), MissedCalls::default());
        }
        self.calls.seen += calls.seen;
        self.calls.missed += calls.missed;
        if !self.is_saved && self.calls.are_many() {
            let saved = self.calls.save(&self.folder);
            self.is_saved = saved.inspect_err(|error| tracing::warn!("{error:#}")).is_ok();
        }
        self.is_saved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_goes_on_over_links_that_are_gone_and_other_programs() {
        let mut total = MissedTotal::default();
        assert_eq!((total.read(5, 5), total.read(9, 7), total.total()), (5, 4, 9));
        // Two of the nine were those of a link that is gone; one more was missed meanwhile.
        let mut adopted = MissedTotal::restored(total.total(), Some(total.kept()));
        assert_eq!((adopted.read(8, 8), adopted.total()), (1, 10));
        // Programs of another daemon missed three calls that the earlier ones saw, which missed two more.
        let mut other = MissedTotal::restored(adopted.total(), Some(adopted.kept()));
        other.take_over(10, 3);
        assert_eq!((other.read(4, 4), other.total()), (3, 13));
        let mut next = MissedTotal::restored(other.total(), Some(other.kept()));
        assert_eq!((next.read(4, 4), next.total()), (0, 13));
        let mut of_earlier_version = MissedTotal::restored(6, None);
        assert_eq!((of_earlier_version.read(7, 7), of_earlier_version.total()), (1, 7));
    }

    #[test]
    fn add_saves_sum_of_one_window_once_it_is_large() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut sum = MissedSum::saved_in(folder.path().to_owned());
        let begin = Instant::now();
        let mut add = |missed, seconds| {
            let calls = MissedCalls { seen: 10, missed };
            sum.add(calls, begin + Duration::from_secs(seconds))
        };
        assert!(!add(999, 0));
        assert!(!add(999, 601), "the first sum is over");
        assert_eq!(MissedCalls::read(folder.path()), None);
        assert!(add(1, 602));
        assert!(add(5, 603), "it stays so");
        let saved = MissedCalls { seen: 20, missed: 1_000 };
        assert_eq!(MissedCalls::read(folder.path()), Some(saved));
    }
}
