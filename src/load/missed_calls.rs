//! Calls that the kernel skipped at functions, because another program used BPF on the same CPU. A file in the runtime
//! directory keeps them until tailcalld is stopped: with `attach = "auto"`, the next start chooses another hook by them.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// Name of the file.
const NAME: &str = "missed-calls";

/// Calls missed, at least, before all calls of the machine pay for a tracepoint. What another program does once, as
/// at its start, is not to decide.
const MISSED_MIN: u64 = 1_000;
/// Percentage of the calls, at least.
const MISSED_PERCENT_MIN: u128 = 1;

/// Routed calls in some time, at functions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedCalls {
    /// Calls that the dispatcher ran for.
    pub seen: u64,
    /// Calls that the kernel skipped it for.
    pub missed: u64,
}

impl MissedCalls {
    /// Reads the file of an earlier daemon; `None` if it has missed few calls, or if another attach point was in use.
    pub fn read(folder: &Path) -> Option<Self> {
        let path = folder.join(NAME);
        let found = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            read => read.and_then(|text| Ok(serde_json::from_slice(&text)?)),
        };
        found.inspect_err(|error| tracing::warn!("failed to read {}: {error}", path.display())).ok()
    }

    /// Writes the file.
    ///
    /// # Errors
    /// Fails with the path.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let path = folder.join(NAME);
        let written = fs::write(&path, serde_json::to_vec(self)?);
        written.with_context(|| format!("failed to write {}", path.display()))
    }

    /// Removes the file, if there is one.
    ///
    /// # Errors
    /// Fails with the path.
    pub fn forget(folder: &Path) -> Result<()> {
        let path = folder.join(NAME);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("failed to remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether a tracepoint is worth its cost to all other calls.
    pub fn are_many(&self) -> bool {
        let missed = u128::from(self.missed);
        let calls = u128::from(self.seen) + missed;
        self.missed >= MISSED_MIN && missed * 100 >= calls * MISSED_PERCENT_MIN
    }
}

impl fmt::Display for MissedCalls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.seen.saturating_add(self.missed);
        write!(
            out,
            "at functions, the kernel skipped {} of {calls} calls beside another program that uses BPF",
            self.missed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_many_from_1_percent_and_1000_calls_on() {
        for (seen, missed, expected) in [
            (0, 999, false),
            (0, 1_000, true),
            (99_000, 1_000, true),
            (99_001, 1_000, false),
            (u64::MAX, u64::MAX, true),
        ] {
            assert_eq!(MissedCalls { seen, missed }.are_many(), expected, "{seen}, {missed}");
        }
    }

    #[test]
    fn read_returns_what_was_saved_and_nothing_of_a_damaged_file() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(MissedCalls::read(folder.path()), None);
        let missed = MissedCalls { seen: 7, missed: 5 };
        missed.save(folder.path()).expect("written");
        assert_eq!(MissedCalls::read(folder.path()), Some(missed));
        fs::write(folder.path().join(NAME), "{\"seen\":7").expect("written");
        assert_eq!(MissedCalls::read(folder.path()), None);
        MissedCalls::forget(folder.path()).expect("removed");
        MissedCalls::forget(folder.path()).expect("nothing to remove");
        assert!(!folder.path().join(NAME).exists());
    }
}
