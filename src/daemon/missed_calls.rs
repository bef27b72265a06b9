//! Calls that the kernel skipped at functions, added up until they are enough for the next start to choose another hook.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::load::MissedCalls;

/// Time after which the sum begins anew: what counts is how it is now.
const WINDOW: Duration = Duration::from_secs(600);

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
