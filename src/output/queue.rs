//! Entries for journald in the order in which they were written. None waits as long as journald accepts them;
//! otherwise one event and the daemon's own records wait.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;

use crate::output::own_file::OwnFile;
use crate::output::record::{Body, Record};
use crate::output::scratch::Scratch;
use crate::output::socket::Socket;
use crate::output::{WriteOutcome, journal};

/// Records of our own that wait at most. Each takes some 500 bytes; a daemon makes a few an hour,
/// and one for each reload.
const OWN_MAX: usize = 1000;
/// Bytes of these records; one about all routes may have 100 KB.
const OWN_BYTES_MAX: usize = 8 << 20;

/// Room beyond these for the records without which a loss would be unknown: `lost` and `stopped`, one of each at a
/// stop.
const RESERVE: usize = 8;

/// A connection to journald and what waits for it.
#[derive(Debug)]
pub struct Queue {
    socket: Socket,
    entry: Vec<u8>,
    waiting: VecDeque<Queued>,
    /// Outlives the daemon, with its own records that wait.
    file: Option<OwnFile>,
    /// Reason why the oldest record waits; `Written` while none does.
    state: WriteOutcome,
}

/// An entry that journald has not taken yet.
#[derive(Debug)]
struct Queued {
    entry: Vec<u8>,
    is_event: bool,
    /// The file has it.
    is_kept: bool,
}

/// Numbers of the daemon's own records that journald has not accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OwnWaiting {
    /// Number of records that the next daemon writes.
    pub kept: usize,
    /// Number of records that end with this daemon.
    pub unkept: usize,
}

impl Queue {
    /// Makes a queue in which nothing waits.
    pub fn new(socket: Socket) -> Self {
        Self {
            socket,
            entry: Vec::new(),
            waiting: VecDeque::new(),
            file: None,
            state: WriteOutcome::Written,
        }
    }

    /// Sends the record; if others wait already, it waits behind them. `bytes` grows by its size. `before` gets the entry
    /// before that.
    pub fn write(
        &mut self,
        record: &Record,
        scratch: &mut Scratch,
        bytes: &mut u64,
        before: impl FnOnce(&[u8]),
    ) -> WriteOutcome {
        let is_event = record.body.is_event();
        if !self.has_room(is_event, has_reserve(&record.body)) {
            return WriteOutcome::Lost(Errno::EAGAIN);
        }
        self.entry.clear();
        journal::encode(record, scratch, &mut self.entry);
        *bytes += self.entry.len() as u64;
        before(&self.entry);
        if self.waiting.is_empty() {
            self.state = self.socket.send(&self.entry);
        }
        if self.state.is_waiting() {
            let entry = std::mem::take(&mut self.entry);
            let is_kept = !is_event && self.keep(&entry);
            self.waiting.push_back(Queued { entry, is_event, is_kept });
        }
        self.state
    }

    /// Sends what waits, the oldest first, until journald takes no more or an event is given up.
    /// `written` grows by the entries that were taken.
    pub fn flush(&mut self, written: &mut u64) -> WriteOutcome {
        while let Some(first) = self.waiting.front() {
            self.state = self.socket.send(&first.entry);
            if self.state.is_waiting() {
                return self.state;
            }
            let (is_event, is_kept) = (first.is_event, first.is_kept);
            self.waiting.pop_front();
            if let Some(file) = self.file.as_mut().filter(|_| is_kept) {
                file.remove_first();
            }
            match self.state {
                WriteOutcome::Written => *written += 1,
                given_up if is_event => return given_up,
                _ => {}
            }
        }
        WriteOutcome::Written
    }

    /// Returns the event that waits.
    pub fn waiting_event(&self) -> Option<&[u8]> {
        self.waiting.iter().find(|waiting| waiting.is_event).map(|waiting| &*waiting.entry)
    }

    /// Removes the event that waits.
    pub fn drop_event(&mut self) {
        self.waiting.retain(|waiting| !waiting.is_event);
    }

    /// Keeps the daemon's own entries that are to wait in a file, and adds those that it has, `entries`. To be called while
    /// nothing waits, and followed by `flush`, which sends them.
    pub fn keep_own(&mut self, file: OwnFile, entries: Vec<Vec<u8>>) {
        self.file = Some(file);
        let kept = |entry| Queued { entry, is_event: false, is_kept: true };
        self.waiting.extend(entries.into_iter().map(kept));
    }

    /// Returns how many of the daemon's own entries wait in the file, and how many in memory only.
    pub fn own_waiting(&self) -> OwnWaiting {
        let own = |is_kept| {
            let own = self.waiting.iter().filter(|waiting| !waiting.is_event);
            own.filter(|waiting| waiting.is_kept == is_kept).count()
        };
        OwnWaiting { kept: own(true), unkept: own(false) }
    }

    fn keep(&mut self, entry: &[u8]) -> bool {
        self.file.as_mut().is_some_and(|file| file.add(entry))
    }

    /// Adds an event that is encoded already; `flush` sends it. To be called while nothing waits.
    pub fn add_event(&mut self, entry: Vec<u8>) {
        self.waiting.push_back(Queued { entry, is_event: true, is_kept: false });
    }

    /// Adds an entry of the daemon's own that is encoded already; `flush` sends it.
    pub fn add_own(&mut self, entry: Vec<u8>) {
        let is_kept = self.keep(&entry);
        self.waiting.push_back(Queued { entry, is_event: false, is_kept });
    }

    fn has_room(&self, is_event: bool, has_reserve: bool) -> bool {
        let mut waiting = self.waiting.iter();
        if is_event {
            !waiting.any(|waiting| waiting.is_event)
        } else {
            let bytes: usize = waiting.map(|waiting| waiting.entry.len()).sum();
            let reserve = if has_reserve { RESERVE } else { 0 };
            // One about all routes may have 100 KB.
            self.waiting.len() < OWN_MAX + reserve && bytes < OWN_BYTES_MAX + (reserve << 17)
        }
    }
}

/// Returns whether the reserve is there for a record.
fn has_reserve(body: &Body<'_>) -> bool {
    matches!(body, Body::Lost(_) | Body::Stopped(_))
}

impl AsFd for Queue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;
    use crate::output::samples;

    #[test]
    fn own_records_that_wait_are_bounded_in_bytes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("socket");
        let _journald = UnixDatagram::bind(&path).expect("a socket");
        let mut queue = Queue::new(Socket::open(&path).expect("a connection"));
        let stats = samples::stats();
        let write = |queue: &mut Queue| {
            let record = samples::own(Body::Stats(&stats));
            queue.write(&record, &mut Scratch::default(), &mut 0, |_| {})
        };
        queue.add_own(vec![b'x'; OWN_BYTES_MAX - 1]);
        assert_ne!(write(&mut queue), WriteOutcome::Lost(Errno::EAGAIN));
        queue.add_own(vec![b'x'; 1]);
        assert_eq!(write(&mut queue), WriteOutcome::Lost(Errno::EAGAIN));
    }

    #[test]
    fn lost_and_stopped_have_room_where_others_have_none() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("socket");
        let journald = UnixDatagram::bind(&path).expect("a socket");
        let mut queue = Queue::new(Socket::open(&path).expect("a connection"));
        drop(journald);
        let (stats, lost, stopped) = (samples::stats(), samples::lost(), samples::stopped());
        let mut write =
            |body| queue.write(&samples::own(body), &mut Scratch::default(), &mut 0, |_| {});
        for _ in 0..OWN_MAX {
            assert_eq!(write(Body::Stats(&stats)), WriteOutcome::Away);
        }
        assert_eq!(write(Body::Stats(&stats)), WriteOutcome::Lost(Errno::EAGAIN));
        assert_eq!(write(Body::Lost(&lost)), WriteOutcome::Away);
        assert_eq!(write(Body::Stopped(&stopped)), WriteOutcome::Away);
        assert_eq!(queue.own_waiting(), OwnWaiting { kept: 0, unkept: OWN_MAX + 2 });
    }
}
