//! Writer: the output as the daemon sees it, with its state and the events that wait in it.

use std::time::Instant;

use syscalls::Slot;

use crate::clock;
use crate::output::record::{Body, Record};
use crate::output::{Output, WriteOutcome};
use crate::pipeline::unsent::{Unsent, UnsentEvents};
use crate::stats::Portion;

/// Number of the first record that waits: that of the previous daemon, if it left one.
pub(super) const FIRST_WAITING: u64 = 1;

/// The output, and the events that wait in it.
#[derive(Debug)]
pub struct Writer {
    output: Output,
    state: WriterState,
    /// Events of the record that waits for journald, and its number among all that have waited.
    waiting: Option<(Portion, u64)>,
    next_number: u64,
    /// Events whose lines have not left.
    unsent: Unsent,
    /// Lines of events have left since that was asked.
    has_sent: bool,
    mark: ReadBackMark,
}

/// Mark on a record that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadBackMark {
    /// No record is looked for.
    None,
    /// The next one that the output accepts at once.
    Next,
    /// Marked record.
    At(MarkedRecord),
}

/// Record that is looked for in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkedRecord {
    /// Time of the record, in ns since 1970 UTC.
    pub time_ns: u64,
    /// Records that were written by then.
    pub written: u64,
}

/// State of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriterState {
    /// The output accepts records.
    Open,
    /// The output is full; its descriptor becomes writable when it accepts records again.
    Blocked {
        /// Time of the first refused record.
        since: Instant,
    },
    /// The output is disconnected; no descriptor signals its return.
    Away {
        /// Time of the first refused record.
        since: Instant,
    },
    /// The reader has closed the output for good.
    Closed,
}

/// Record of events that waits for journald.
#[derive(Debug, Clone, Copy)]
pub struct WaitingEvents<'a> {
    /// The events.
    pub portion: Portion,
    /// Number of the record among all that have waited.
    pub number: u64,
    /// The encoded record.
    pub entry: Option<&'a [u8]>,
}

/// Record that the output of the previous daemon did not accept.
#[derive(Debug)]
pub(super) struct SavedRecord {
    /// Events of the record.
    pub portion: Portion,
    /// The encoded record.
    pub entry: Vec<u8>,
    /// The daemon was killed: the output may have the record.
    pub may_be_written: bool,
}

impl SavedRecord {
    /// Writes the record to an output that nothing waits in; returns whether that has it.
    pub fn write_to(self, output: &mut Output) -> bool {
        output.add_event_entry(self.entry, self.may_be_written);
        output.flush() == WriteOutcome::Written
    }
}

/// Result of writing a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct WriteResult {
    /// Size of the record in bytes; 0 if it was not encoded.
    pub bytes: u64,
    /// The record is lost.
    pub is_lost: bool,
}

impl Writer {
    /// Makes a writer for an open output.
    pub fn new(output: Output) -> Self {
        Self {
            output,
            state: WriterState::Open,
            waiting: None,
            next_number: FIRST_WAITING,
            unsent: Unsent::default(),
            has_sent: false,
            mark: ReadBackMark::None,
        }
    }

    /// Writes a record of events, which count as written from now on unless it is lost. `save` gets the entry for
    /// journald before that.
    pub fn write(
        &mut self,
        record: &Record,
        portion: Portion,
        save: impl FnOnce(&[u8]),
    ) -> WriteResult {
        let before = self.output.counts().bytes;
        let outcome = self.output.write_after(record, save);
        self.mark(outcome, record.time_ns);
        let is_lost = matches!(outcome, WriteOutcome::Lost(_) | WriteOutcome::Closed(_));
        let end = self.output.counts().bytes;
        if self.output.is_journal() {
            self.waiting = outcome.is_waiting().then_some((portion, self.next_number));
            self.next_number += u64::from(self.waiting.is_some());
        } else if !is_lost {
            self.unsent.push(end, portion);
            self.leave();
        }
        self.update_state(outcome);
        WriteResult { bytes: end - before, is_lost }
    }

    /// Writes a record of the daemon's own with the present time; returns its size in bytes. Behind records that
    /// wait it waits too and leaves the state alone: the loop has to learn from its own attempt that the output is back.
    pub fn write_own(&mut self, body: Body<'_>) -> u64 {
        let before = self.output.counts().bytes;
        let time_ns = clock::real_now_ns();
        let outcome = self.output.write(&Record { time_ns, body });
        self.mark(outcome, time_ns);
        if self.state == WriterState::Open {
            self.update_state(outcome);
            // Nothing else waits, or it would not be open.
            let _ = self.flush();
        }
        self.output.counts().bytes - before
    }

    /// Removes the lines that have left from those that have not.
    fn leave(&mut self) {
        self.has_sent |= self.unsent.leave(self.output.sent_bytes());
    }

    /// Returns the events of a slot whose lines have not left.
    pub fn unsent(&self, slot: Slot) -> UnsentEvents {
        self.unsent.of(slot)
    }

    /// Returns whether lines of events have not left.
    pub fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Returns whether lines of events have left since the last call.
    pub fn take_sent(&mut self) -> bool {
        std::mem::take(&mut self.has_sent)
    }

    /// Ends the line that the previous daemon has begun in the file of that number.
    pub fn end_line(&mut self, inode: u64) {
        self.output.end_line(inode);
    }

    fn mark(&mut self, outcome: WriteOutcome, time_ns: u64) {
        if self.mark == ReadBackMark::Next && outcome == WriteOutcome::Written {
            let written = self.output.counts().written;
            self.mark = ReadBackMark::At(MarkedRecord { time_ns, written });
        }
    }

    /// Marks the next record that is accepted, or, with `false`, none.
    pub fn mark_next(&mut self, is_wanted: bool) {
        self.mark = if is_wanted { ReadBackMark::Next } else { ReadBackMark::None };
    }

    /// Returns the record that is marked.
    pub fn marked(&self) -> Option<MarkedRecord> {
        match self.mark {
            ReadBackMark::At(record) => Some(record),
            ReadBackMark::None | ReadBackMark::Next => None,
        }
    }

    /// Writes the records that wait in the output; returns the events of a record that was given up.
    pub fn flush(&mut self) -> Option<Portion> {
        let outcome = self.output.flush();
        self.leave();
        let given_up = match outcome {
            WriteOutcome::Written => {
                self.waiting = None;
                None
            }
            WriteOutcome::Lost(_) => self.waiting.take().map(|(portion, _)| portion),
            WriteOutcome::Blocked | WriteOutcome::Away | WriteOutcome::Closed(_) => None,
        };
        self.update_state(outcome);
        given_up
    }

    /// Returns the record of events that waits for journald.
    pub fn waiting(&self) -> Option<WaitingEvents<'_>> {
        let (portion, number) = self.waiting?;
        Some(WaitingEvents { portion, number, entry: self.output.waiting_event() })
    }

    /// Gives up the event that waits for journald; returns its events. A stream cannot take lines back: whoever reads the
    /// last record has read them.
    pub fn give_up(&mut self) -> Option<Portion> {
        self.output.drop_event();
        self.waiting.take().map(|(portion, _)| portion)
    }

    /// Writes the record of events that waited in the output of the previous daemon; they count as written.
    pub(super) fn write_waiting(&mut self, record: SavedRecord) -> Option<Portion> {
        self.output.add_event_entry(record.entry, record.may_be_written);
        self.waiting = Some((record.portion, self.next_number));
        self.next_number += 1;
        self.flush()
    }

    /// Writes encoded records of the daemon's own.
    pub fn write_own_entries(&mut self, entries: Vec<Vec<u8>>) {
        self.output.add_own_entries(entries);
        let outcome = self.output.flush();
        self.update_state(outcome);
    }

    /// Returns the state of the output.
    pub fn state(&self) -> WriterState {
        self.state
    }

    /// Returns the output.
    pub fn output(&self) -> &Output {
        &self.output
    }

    fn update_state(&mut self, outcome: WriteOutcome) {
        let since = || match self.state {
            WriterState::Blocked { since } | WriterState::Away { since } => since,
            WriterState::Open | WriterState::Closed => Instant::now(),
        };
        self.state = match outcome {
            _ if self.state == WriterState::Closed => WriterState::Closed,
            WriteOutcome::Written => WriterState::Open,
            WriteOutcome::Blocked => WriterState::Blocked { since: since() },
            WriteOutcome::Away => WriterState::Away { since: since() },
            WriteOutcome::Closed(_) => WriterState::Closed,
            // One record is gone and counted; what waits behind it still does.
            WriteOutcome::Lost(_) => self.state,
        };
    }
}
