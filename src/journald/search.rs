//! What journald says that it dropped. It tells the sender nothing, but writes an entry of its own before
//! the first one of the unit that it takes after the interval (`SD_MESSAGE_JOURNAL_DROPPED` in
//! `sd-messages.h`, systemd 252 to 257). `journalctl` finds it, in a thread: a long journal takes a while.

use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result, anyhow, ensure};
use nix::sys::eventfd::{EfdFlags, EventFd};
use serde_json::Value;

/// What such an entry is known by.
pub const DROPPED: &str = "MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e";
/// Only journald itself has this transport.
const DRIVER: &str = "_TRANSPORT=driver";

/// journald has dropped entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// So many.
    pub count: u64,
    /// Since when it may have, ns since 1970 UTC.
    pub from_ns: u64,
    /// When it said so, ns since 1970 UTC.
    pub to_ns: u64,
}

/// Looks for such entries about one unit, each of which it finds once.
#[derive(Debug)]
pub struct Search {
    unit: String,
    /// Where the last one was found, or from when on they are looked for.
    place: String,
    /// Since when journald is suspected, ns since 1970 UTC.
    from_ns: u64,
    done: Arc<EventFd>,
    thread: Option<JoinHandle<Result<Output>>>,
}

impl Search {
    /// Finds what is said from that time on, ns since 1970 UTC.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub fn new(unit: String, since_ns: u64) -> Result<Self> {
        let done = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .context("failed to make an event descriptor for journalctl")?;
        let place = format!("--since=@{}", since_ns / 1_000_000_000);
        Ok(Self { unit, place, from_ns: since_ns, done: Arc::new(done), thread: None })
    }

    /// The unit.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Begins to look for what was dropped since that time, ns since 1970 UTC, unless it does already.
    ///
    /// # Errors
    /// When there is no room for a thread.
    pub fn begin(&mut self, from_ns: u64) -> Result<()> {
        if self.thread.is_some() {
            return Ok(());
        }
        self.from_ns = from_ns;
        let (mut command, done) = (self.command(), Arc::clone(&self.done));
        let look = move || {
            let output = command.output().context("failed to run journalctl");
            // Only a full counter refuses, and that wakes, too.
            let _ = done.write(1);
            output
        };
        self.thread = Some(thread::Builder::new().spawn(look).context("failed to start a thread")?);
        Ok(())
    }

    /// What was found, once the descriptor is readable.
    ///
    /// # Errors
    /// When `journalctl` is not there, or complains.
    pub fn end(&mut self) -> Result<Vec<Dropped>> {
        let _ = self.done.read();
        let Some(thread) = self.thread.take() else { return Ok(Vec::new()) };
        let output = thread.join().map_err(|_| anyhow!("the thread of journalctl failed"))??;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "journalctl failed: {}", complaint.trim());
        let lines = output.stdout.split(|byte| *byte == b'\n');
        Ok(lines.filter_map(|line| self.take(line)).collect())
    }

    /// In whichever namespace of journald the unit is.
    fn command(&self) -> Command {
        let mut command = Command::new("journalctl");
        command.args(["--quiet", "--namespace=*", "--output=json", "--output-fields=N_DROPPED"]);
        command
            .arg(&self.place)
            .args([DROPPED, DRIVER])
            .arg(format!("OBJECT_SYSTEMD_UNIT={}", self.unit));
        command.stdin(Stdio::null());
        command
    }

    /// An entry, from its line. What is not one is left out: of newer versions, or cut short.
    fn take(&mut self, line: &[u8]) -> Option<Dropped> {
        let entry: Value = serde_json::from_slice(line).ok()?;
        let number = |name: &str| entry.get(name)?.as_str()?.parse::<u64>().ok();
        let count = number("N_DROPPED")?;
        let to_ns = number("__REALTIME_TIMESTAMP")?.checked_mul(1_000)?;
        self.place = format!("--after-cursor={}", entry.get("__CURSOR")?.as_str()?);
        Some(Dropped { count, from_ns: self.from_ns, to_ns })
    }
}

impl AsFd for Search {
    /// Readable once a search has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.done.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_once() {
        let mut search = Search::new("a.service".to_owned(), 5_900_000_000).expect("a descriptor");
        assert_eq!(search.place, "--since=@5");
        let entry = br#"{"N_DROPPED":"30","__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"7000"}"#;
        assert_eq!(
            search.take(entry),
            Some(Dropped { count: 30, from_ns: 5_900_000_000, to_ns: 7_000_000 })
        );
        assert_eq!(search.place, "--after-cursor=s=1;i=2");
    }

    #[test]
    fn what_is_no_such_entry_is_left_out() {
        let mut search = Search::new("a.service".to_owned(), 0).expect("a descriptor");
        for line in [
            &b""[..],
            b"[]",
            b"{",
            br#"{"N_DROPPED":"x","__CURSOR":"s","__REALTIME_TIMESTAMP":"7"}"#,
            br#"{"N_DROPPED":["1","2"],"__CURSOR":"s","__REALTIME_TIMESTAMP":"7"}"#,
            br#"{"N_DROPPED":"1","__CURSOR":"s","__REALTIME_TIMESTAMP":"99999999999999999999"}"#,
            br#"{"N_DROPPED":"1","__REALTIME_TIMESTAMP":"7"}"#,
        ] {
            assert_eq!(search.take(line), None);
        }
        assert_eq!(search.place, "--since=@0");
    }
}
