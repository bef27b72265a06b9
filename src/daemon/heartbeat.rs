//! Last sign of life of the daemon, in a file of the runtime directory: the next start reads from it for how long
//! nothing was recorded. The content of the file says how the run ended, its modification time when it was last known
//! to record. Touched when the daemon is awake anyway: each second while calls come in, and with each watchdog ping.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::output::record::{GapReason, RecordingGap};

/// Name of the file.
const NAME: &str = "heartbeat";
const RUNNING: &str = "running\n";
const STOPPED: &str = "stopped\n";

/// File of a running daemon.
#[derive(Debug)]
pub struct Heartbeat {
    path: PathBuf,
    file: File,
}

impl Heartbeat {
    /// Opens the file once calls are recorded, at `now_ns` since 1970 UTC. Also returns the gap since the previous run,
    /// if there was one since the machine booted.
    ///
    /// # Errors
    /// Fails if the file cannot be read or written.
    pub fn begin(folder: &Path, now_ns: u64) -> Result<(Self, Option<RecordingGap>)> {
        let path = folder.join(NAME);
        let previous =
            previous(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.with_context(|| format!("failed to open {}", path.display()))?;
        let mut heartbeat = Self { path, file };
        heartbeat.write(RUNNING)?;
        let gap = previous.map(|(reason, last_ns)| RecordingGap {
            from_ns: last_ns.min(now_ns),
            to_ns: now_ns,
            reason,
        });
        Ok((heartbeat, gap))
    }

    /// Records that calls are recorded now.
    ///
    /// # Errors
    /// Fails if the kernel refuses the time.
    pub fn beat(&self) -> Result<()> {
        let changed = self.file.set_modified(SystemTime::now());
        changed.with_context(|| format!("failed to touch {}", self.path.display()))
    }

    /// Records that calls are no longer recorded from now on, because the daemon stops.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn stop(&mut self) -> Result<()> {
        self.write(STOPPED)
    }

    /// Overwrites the content. The texts have the same length, so that a crash in between leaves one of them.
    fn write(&mut self, text: &str) -> Result<()> {
        let written = self.file.rewind().and_then(|()| self.file.write_all(text.as_bytes()));
        written.with_context(|| format!("failed to write {}", self.path.display()))?;
        self.beat()
    }
}

/// Returns how the previous run ended and its last sign of life, ns since 1970 UTC; `None` if there was none.
fn previous(path: &Path) -> std::io::Result<Option<(GapReason, u64)>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        result => result?,
    };
    let mut text = Vec::new();
    (&file).take(64).read_to_end(&mut text)?;
    let reason = if text == STOPPED.as_bytes() { GapReason::Stop } else { GapReason::Crash };
    let last = file.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Some((reason, u64::try_from(last.as_nanos()).unwrap_or(u64::MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn begin_returns_how_and_when_previous_run_ended() {
        let folder = tempfile::tempdir().unwrap();
        let begin = || Heartbeat::begin(folder.path(), clock::real_now_ns()).unwrap();
        let (first, gap) = begin();
        assert_eq!(gap, None);
        let before_ns = clock::real_now_ns();
        first.beat().unwrap();
        drop(first);
        let (mut second, gap) = begin();
        let gap = gap.expect("a gap");
        assert_eq!(gap.reason, GapReason::Crash);
        // The kernel stamps files by a clock that lags up to 10 ms; set_modified does not.
        assert!(gap.from_ns >= before_ns && gap.from_ns <= gap.to_ns, "{gap:?} after {before_ns}");
        second.stop().unwrap();
        assert_eq!(begin().1.map(|gap| gap.reason), Some(GapReason::Stop));
    }

    #[test]
    fn begin_with_clock_set_back_has_no_negative_gap() {
        let folder = tempfile::tempdir().unwrap();
        drop(Heartbeat::begin(folder.path(), 1).unwrap());
        let gap = Heartbeat::begin(folder.path(), 7).unwrap().1.expect("a gap");
        assert_eq!((gap.from_ns, gap.to_ns), (7, 7));
    }

    #[test]
    fn begin_with_foreign_content_takes_it_for_crash() {
        let folder = tempfile::tempdir().unwrap();
        for content in [&b""[..], b"stop", &[0xff; 100]] {
            std::fs::write(folder.path().join(NAME), content).unwrap();
            let gap = Heartbeat::begin(folder.path(), clock::real_now_ns()).unwrap().1;
            assert_eq!(gap.map(|gap| gap.reason), Some(GapReason::Crash));
        }
    }
}
