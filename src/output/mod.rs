//! Records in; entries of the journal, here or for another machine, JSON lines or text lines out. It never blocks: a record that cannot be
//! written is kept and reported as `Blocked` or `Away`, so that the caller stops consuming and the ring fills
//! (backpressure). It never alters a value: the bytes of a process are written unchanged, in a form that cannot be
//! mistaken for another field.

mod arguments;
mod errno;
mod event;
mod export;
mod fields;
mod journal;
mod json;
pub mod key;
mod number;
pub mod own_file;
mod queue;
pub mod record;
mod scratch;
mod sentence;
mod socket;
mod stream;
mod text;
mod timestamp;
mod users;

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use anyhow::Context;
use nix::errno::Errno;

use arguments::Arguments;
use export::Exporter;
use own_file::OwnFile;
use queue::Queue;
use record::Record;
use socket::Socket;
use stream::Stream;
use text::{LineChoice, Lines};
pub use users::UserNames;

/// Appends a record as an entry in journald's native protocol. `Output` does that by itself.
pub use journal::encode as journal_entry;
/// Appends a record as a JSON line. `Output` does that by itself.
pub use json::encode as json_line;
pub use queue::OwnWaiting;
pub use scratch::Scratch;

/// Returns the sentence of an event.
pub fn sentence(event: &Event<'_>) -> String {
    let mut text = String::new();
    event::write_sentence(event, None, &mut Arguments::default(), &mut text);
    text
}

/// Returns the text of an event's argument called `name`; `None` if it has no such argument.
pub fn argument(event: &Event<'_>, name: &str) -> Option<String> {
    let mut text = String::new();
    event::argument(event, name, &mut text).then_some(text)
}

use crate::decode::Event;
use crate::error::Failure;

/// Socket of journald.
pub const JOURNAL_SOCKET: &str = "/run/systemd/journal/socket";

/// Destination of the records.
#[derive(Debug)]
pub enum Destination {
    /// journald, by its native socket.
    Journal(PathBuf),
    /// A descriptor.
    Stream(OwnedFd, StreamChoice),
}

/// Kind of the records in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamChoice {
    /// JSON lines.
    Json,
    /// Entries in the journal export format.
    Export,
    /// Lines for a person, coloured on a terminal unless `NO_COLOR` is set.
    Text,
    /// Lines of calls, and warnings.
    Trace,
}

/// Outcome of writing a record, or the records that waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum WriteOutcome {
    /// Written; nothing waits.
    Written,
    /// Kept: consume no more until `flush`, called when the descriptor is writable, returns `Written`.
    Blocked,
    /// Kept, because the reader is gone for now: call `flush` again in a while. The descriptor does not signal its
    /// return.
    Away,
    /// Given up for good; to be counted. With `EAGAIN`: an event was written while another waited.
    Lost(Errno),
    /// The reader is gone. Nothing can be written any more.
    Closed(Errno),
}

/// Counts of the records of an output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that were taken: by journald's queue, or into the buffer before a descriptor.
    pub written: u64,
    /// Size of all records as encoded, in bytes.
    pub bytes: u64,
    /// Number of times that the output accepted no more.
    pub blocked: u64,
    /// Number of times that the output was disconnected.
    pub away: u64,
    /// Records given up.
    pub lost: u64,
}

/// An open output. At most one event waits in it, and the daemon's own records.
#[derive(Debug)]
pub struct Output {
    backend: Backend,
    scratch: Scratch,
    counts: Counts,
}

#[derive(Debug)]
enum Backend {
    Journal(Queue),
    Stream(Stream, StreamFormat),
}

/// Format of the records in a stream.
#[derive(Debug)]
enum StreamFormat {
    Json,
    Export(Box<Exporter>),
    Text(Box<Lines>),
}

impl StreamFormat {
    fn text(fd: &OwnedFd, choice: LineChoice) -> Self {
        Self::Text(Box::new(Lines::new(is_coloured(fd.as_fd()), UserNames::read(), choice)))
    }

    fn encode(&mut self, record: &Record, scratch: &mut Scratch, buffer: &mut Vec<u8>) {
        match self {
            Self::Json => json::encode(record, scratch, buffer),
            Self::Export(exporter) => exporter.encode(record, scratch, buffer),
            Self::Text(lines) => lines.encode(record, buffer),
        }
    }
}

impl Output {
    /// Opens the output. Fails if nobody listens at journald's socket.
    pub fn open(destination: Destination) -> anyhow::Result<Self> {
        let backend = match destination {
            Destination::Journal(path) => Backend::Journal(Queue::new(connect(&path)?)),
            Destination::Stream(fd, choice) => {
                let format = match choice {
                    StreamChoice::Json => StreamFormat::Json,
                    StreamChoice::Export => StreamFormat::Export(Box::new(Exporter::new()?)),
                    StreamChoice::Text => StreamFormat::text(&fd, LineChoice::All),
                    StreamChoice::Trace => StreamFormat::text(&fd, LineChoice::Calls),
                };
                Backend::Stream(Stream::new(fd), format)
            }
        };
        Ok(Self { backend, scratch: Scratch::new(), counts: Counts::default() })
    }

    /// Writes or keeps the record, unless it returns `Lost` or `Closed`. Lines are written by `flush`.
    pub fn write(&mut self, record: &Record) -> WriteOutcome {
        self.write_after(record, |_| {})
    }

    /// Does the same, for journald after `before` has got the encoded entry.
    pub fn write_after(&mut self, record: &Record, before: impl FnOnce(&[u8])) -> WriteOutcome {
        let (scratch, is_event) = (&mut self.scratch, record.body.is_event());
        let outcome = match &mut self.backend {
            Backend::Journal(queue) => queue.write(record, scratch, &mut self.counts.bytes, before),
            Backend::Stream(stream, format) => stream.write(
                is_event,
                counted(&mut self.counts.bytes, |buffer| format.encode(record, scratch, buffer)),
            ),
        };
        let is_buffered = !matches!(self.backend, Backend::Journal(_)) && outcome.is_waiting();
        self.counts.written += u64::from(outcome == WriteOutcome::Written || is_buffered);
        self.count(outcome)
    }

    /// Writes the records that wait: to be called after a batch, and after `Blocked` or `Away`. After `Lost` an
    /// event was given up and the records behind it still wait.
    pub fn flush(&mut self) -> WriteOutcome {
        let outcome = match &mut self.backend {
            Backend::Journal(queue) => queue.flush(&mut self.counts.written),
            Backend::Stream(stream, _) => stream.flush(),
        };
        self.count(outcome)
    }

    /// Removes the event that waits for journald. A stream cannot take bytes back.
    pub fn drop_event(&mut self) {
        if let Backend::Journal(queue) = &mut self.backend {
            queue.drop_event();
        }
    }

    /// Keeps the daemon's own records that journald does not accept in the file, and adds the entries that it has, for
    /// the next `flush`.
    pub fn keep_own(&mut self, file: OwnFile, entries: Vec<Vec<u8>>) {
        if let Backend::Journal(queue) = &mut self.backend {
            queue.keep_own(file, entries);
        }
    }

    /// Returns how many of the daemon's own records journald has not accepted.
    pub fn own_waiting(&self) -> OwnWaiting {
        match &self.backend {
            Backend::Journal(queue) => queue.own_waiting(),
            Backend::Stream(..) => OwnWaiting::default(),
        }
    }

    /// Returns the event that waits for journald, encoded.
    pub fn waiting_event(&self) -> Option<&[u8]> {
        match &self.backend {
            Backend::Journal(queue) => queue.waiting_event(),
            Backend::Stream(..) => None,
        }
    }

    /// Adds the encoded entry of an event, for the next `flush`; marks it if the journal may have it already. Only
    /// journald takes entries.
    pub fn add_event_entry(&mut self, entry: Vec<u8>, may_be_written: bool) {
        if let Backend::Journal(queue) = &mut self.backend {
            queue.add_event(if may_be_written { journal::mark_duplicate(entry) } else { entry });
        }
    }

    /// Adds encoded entries of the daemon's own, for the next `flush`. Only journald takes entries.
    pub fn add_own_entries(&mut self, entries: Vec<Vec<u8>>) {
        if let Backend::Journal(queue) = &mut self.backend {
            entries.into_iter().for_each(|entry| queue.add_own(entry));
        }
    }

    /// Returns the counts so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Returns how many bytes of lines have left, of all that `counts` has. Entries for journald leave one by one.
    pub fn sent_bytes(&self) -> u64 {
        match &self.backend {
            Backend::Journal(_) => self.counts.bytes,
            Backend::Stream(stream, _) => self.counts.bytes.saturating_sub(stream.buffered()),
        }
    }

    /// Returns the number of the file in which a line has its beginning only: what follows has not left.
    pub fn cut_in(&self) -> Option<u64> {
        match &self.backend {
            Backend::Journal(_) => None,
            // A field with its length cannot be ended by whoever comes next.
            Backend::Stream(_, StreamFormat::Export(_)) => None,
            Backend::Stream(stream, _) => stream.cut_in(),
        }
    }

    /// Ends the line that the previous daemon has begun, if this output is the file of that number.
    pub fn end_line(&mut self, inode: u64) {
        if let Backend::Stream(stream, _) = &mut self.backend {
            self.counts.bytes += stream.end_line(inode);
        }
    }

    /// Returns whether the output is journald.
    pub fn is_journal(&self) -> bool {
        matches!(self.backend, Backend::Journal(_))
    }

    /// Returns the name of the output in records.
    pub fn name(&self) -> &'static str {
        match self.backend {
            Backend::Journal(_) => "journald",
            Backend::Stream(..) => "stdout",
        }
    }

    fn count(&mut self, outcome: WriteOutcome) -> WriteOutcome {
        match outcome {
            WriteOutcome::Written => {}
            WriteOutcome::Blocked => self.counts.blocked += 1,
            WriteOutcome::Away => self.counts.away += 1,
            WriteOutcome::Lost(_) | WriteOutcome::Closed(_) => self.counts.lost += 1,
        }
        outcome
    }
}

impl AsFd for Output {
    /// To be polled for writability after `Blocked`, and only then. The same for the life of the output.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.backend {
            Backend::Journal(queue) => queue.as_fd(),
            Backend::Stream(stream, _) => stream.as_fd(),
        }
    }
}

impl WriteOutcome {
    /// The record is kept and will be tried again.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Blocked | Self::Away)
    }
}

/// Wraps an encoder with a count of the bytes that it appends.
fn counted<'f>(
    bytes: &'f mut u64,
    encode: impl FnOnce(&mut Vec<u8>) + 'f,
) -> impl FnOnce(&mut Vec<u8>) + 'f {
    |buffer| {
        let before = buffer.len();
        encode(buffer);
        *bytes += (buffer.len() - before) as u64;
    }
}

fn connect(path: &Path) -> anyhow::Result<Socket> {
    Socket::open(path).with_context(|| {
        Failure::Unavailable(format!(
            "failed to connect to journald at {} (is systemd-journald running? \
             --output text and --output json do without it)",
            path.display()
        ))
    })
}

fn is_coloured(fd: BorrowedFd) -> bool {
    let unset =
        |name| std::env::var_os(name).is_none_or(|value: std::ffi::OsString| value.is_empty());
    fd.is_terminal() && unset("NO_COLOR")
}

/// Returns the field of the journal with the time of a record.
pub fn time_field(time_ns: u64) -> Vec<u8> {
    format!("{}={}", key::Key::Time.journal(), utc(time_ns)).into_bytes()
}

/// Returns a time as records have it: RFC 3339 with nanoseconds, UTC.
pub fn utc(time_ns: u64) -> String {
    let mut text = String::new();
    timestamp::Stamp::utc().rfc3339(time_ns, &mut text);
    text
}

/// Returns the name of a positive errno.
pub fn errno_name(errno: i32) -> String {
    let mut name = String::new();
    errno::append(errno, "", &mut name);
    name
}

/// Converts an I/O error to its errno.
fn errno<T>(result: io::Result<T>) -> Result<T, Errno> {
    result.map_err(|error| Errno::try_from(error).unwrap_or(Errno::EIO))
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
