//! The warning about a process that may react to the daemon's records.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::Daemon;
use crate::clock;
use crate::output::record::{Body, Feedback};
use crate::pipeline::feedback::{Process, Suspect};

/// Processes that are remembered, so that each is reported once.
const REPORTED_MAX: usize = 64;

/// Descriptors of a process that are looked at.
const DESCRIPTORS_MAX: usize = 4_096;

/// Folders of the journal's files.
const JOURNALS: [&[u8]; 2] = [b"/var/log/journal/", b"/run/log/journal/"];

/// Length of a clock tick in `/proc/PID/stat` (`USER_HZ`).
const TICK_NS: u64 = 10_000_000;

impl Daemon<'_> {
    /// Reports a process that made most of the events and has the journal open, once.
    pub(super) fn report_feedback(&mut self) {
        let Some(suspect) = self.pipeline.borrow_mut().take_suspect() else { return };
        let is_reported = self.reported.contains(&suspect.process);
        // What cannot be read is not known, and nobody is accused without knowledge.
        if is_reported || !has_journal_open(suspect.process).unwrap_or(false) {
            return;
        }
        self.reported.truncate(REPORTED_MAX - 1);
        self.reported.insert(0, suspect.process);
        self.say_feedback(suspect);
    }

    fn say_feedback(&self, suspect: Suspect) {
        let Suspect { process: (pid, start_ns), comm, cgroup, count, events, lasted_ns } = suspect;
        let place = self.pipeline.borrow_mut().delivery.units.place(cgroup);
        let (unit, user_unit) =
            place.map_or((None, None), |place| (place.unit.clone(), place.user_unit.clone()));
        let to_ns = clock::real_now_ns();
        let from_ns = to_ns.saturating_sub(lasted_ns);
        self.say(Body::Feedback(&Feedback {
            pid,
            start_ns,
            comm,
            unit,
            user_unit,
            count,
            events,
            from_ns,
            to_ns,
        }));
    }
}

/// Returns whether the process has a file of the journal open. Its start is compared last: what was read
/// before is then its own.
fn has_journal_open((pid, start_ns): Process) -> io::Result<bool> {
    let folder = Path::new("/proc").join(pid.to_string());
    let mut is_open = false;
    for descriptor in fs::read_dir(folder.join("fd"))?.take(DESCRIPTORS_MAX) {
        // One that was closed meanwhile is of no interest.
        let Ok(target) = fs::read_link(descriptor?.path()) else { continue };
        let target = target.as_os_str().as_bytes();
        if JOURNALS.iter().any(|journal| target.starts_with(journal)) {
            is_open = true;
            break;
        }
    }
    let stat = fs::read_to_string(folder.join("stat"))?;
    Ok(is_open && start_ticks(&stat) == Some(start_ns / TICK_NS))
}

/// Returns the start of a process, the 22nd field; the name before it may contain anything.
fn start_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_ticks_skips_the_name_of_the_process() {
        let numbers: Vec<_> = (4..=30).map(|number: u32| number.to_string()).collect();
        let stat = format!("7 (a) b (c) S {}", numbers.join(" "));
        assert_eq!(start_ticks(&stat), Some(22));
        assert_eq!(start_ticks("7 (a"), None);
    }

    #[test]
    fn has_journal_open_missing_process_is_error() {
        assert!(has_journal_open((u32::MAX, 0)).is_err());
    }
}
