//! Proof that journald stores what it accepts: once in an interval a record that is written anyway is looked for in
//! the files of the journal. No record is written for that, because journald limits the rate of each level by
//! itself, so a record of another level would prove nothing; and nothing is read while nothing is written.
//!
//! If the record is missing, that is recorded, and the record about it is the next one that is looked for. Until it is
//! found it is written again, so that it cannot be lost itself.

use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use super::{Daemon, Timer};
use crate::bpf::unread_bytes;
use crate::clock;
use crate::journald::{Ends, JournalFiles};
use crate::output::record::{Body, Unstored};
use crate::output::time_field;
use crate::pipeline::writer::MarkedRecord;

/// Time in which journald stores an entry that it has taken out of its socket.
const SETTLE: Duration = Duration::from_secs(1);

/// State of the proof.
#[derive(Debug, Default)]
pub struct ReadBack {
    /// `None` if there are none that can be read.
    files: Option<JournalFiles>,
    /// Ends of the files before the record that is looked for.
    ends: Ends,
    /// Files have been there in this run: if there are none, journald stores nothing, as on a full disk.
    had_files: bool,
    /// The record is looked for a second time, because journald may not have stored it yet.
    is_second_look: bool,
    /// Time of the last record that was found, ns since 1970 UTC.
    found_ns: u64,
    /// Records that were written by then.
    found_written: u64,
    /// Records are missing, and no record about it was found yet.
    is_missing: bool,
    /// journald has not taken a record out of its socket for an interval or more.
    is_unread: bool,
}

impl ReadBack {
    /// Returns the part of the status line.
    pub fn status(&self) -> &'static str {
        match (self.is_missing, self.is_unread) {
            (true, _) => "; JOURNAL INCOMPLETE: journald does not store all records",
            (false, true) => "; journald does not read its socket",
            (false, false) => "",
        }
    }
}

impl Daemon<'_> {
    /// Starts the proof, if the output is the journal.
    pub(super) fn begin_read_back(&mut self) {
        if self.pipeline.borrow().delivery.output().is_journal() {
            self.read_back.files = JournalFiles::of_socket(&self.plan.socket);
        }
        self.read_back.found_ns = clock::real_now_ns();
        self.mark_next();
    }

    /// Arms the timer, once there is a record to look for.
    pub(super) fn arm_read_back(&mut self) {
        if let (Some(interval), Some(_)) =
            (self.plan.read_back, self.pipeline.borrow().delivery.marked())
        {
            self.timers.arm(Timer::ReadBack, Instant::now() + interval);
        }
    }

    /// Looks for the record.
    pub(super) fn read_back(&mut self) {
        let Some(marked) = self.pipeline.borrow().delivery.marked() else { return };
        let is_unread = unread_bytes(self.pipeline.borrow().delivery.output().as_fd()) > 0;
        if std::mem::replace(&mut self.read_back.is_unread, is_unread) != is_unread {
            self.update_status();
        }
        if is_unread {
            return;
        }
        let state = &mut self.read_back;
        let Some(files) = &state.files else { return };
        let is_gone = state.had_files && state.ends.is_empty() && files.ends().is_empty();
        let found = files.contains(&state.ends, &time_field(marked.time_ns));
        match found.map(|found| found.or(is_gone.then_some(false))) {
            Ok(Some(false)) if !state.is_second_look => {
                state.is_second_look = true;
                return self.timers.set(Timer::ReadBack, Some(Instant::now() + SETTLE));
            }
            Ok(Some(true)) => self.confirm(marked),
            // The record about missing records is written until it is found.
            Ok(found) if found.is_some() || state.is_missing => {
                return self.report_unstored(marked.time_ns);
            }
            Ok(_) => {}
            Err(error) => tracing::debug!("the journal cannot be read: {error}"),
        }
        self.mark_next();
    }

    fn confirm(&mut self, marked: MarkedRecord) {
        self.read_back.found_ns = marked.time_ns;
        self.read_back.found_written = marked.written;
        if std::mem::take(&mut self.read_back.is_missing) {
            self.update_status();
        }
    }

    fn report_unstored(&mut self, marked_ns: u64) {
        let written = self.pipeline.borrow().delivery.output().counts().written;
        let ReadBack { found_ns: from_ns, found_written, .. } = self.read_back;
        let written = written.saturating_sub(found_written);
        let record = Unstored { from_ns, to_ns: marked_ns.max(from_ns), written };
        if !std::mem::replace(&mut self.read_back.is_missing, true) {
            self.update_status();
        }
        self.mark_next();
        self.emit(Body::Unstored(&record));
    }

    /// Marks the next record that journald accepts, to be looked for.
    pub(super) fn mark_next(&mut self) {
        self.read_back.is_second_look = false;
        self.read_back.ends =
            self.read_back.files.as_ref().map(JournalFiles::ends).unwrap_or_default();
        self.read_back.had_files |= !self.read_back.ends.is_empty();
        // Without a file, too: it may be a moment before the next one is made.
        let is_possible = self.plan.read_back.is_some() && self.read_back.files.is_some();
        self.pipeline.borrow_mut().delivery.mark_next(is_possible);
    }
}
