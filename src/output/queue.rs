//! Entries for journald in the order in which they were written. None waits as long as journald accepts them;
//! otherwise one event and the daemon's own records wait.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;

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
    /// Reason why the oldest record waits; `Written` while none does.
    state: WriteOutcome,
}

/// An entry that journald has not taken yet.
#[derive(Debug)]
struct Queued {
    entry: Vec<u8>,
    is_event: bool,
}

impl Queue {
    /// Makes a queue in which nothing waits.
    pub fn new(socket: Socket) -> Self {
        Self { socket, entry: Vec::new(), waiting: VecDeque::new(), state: WriteOutcome::Written }
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
            self.waiting.push_back(Queued { entry: std::mem::take(&mut self.entry), is_event });
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
            let is_event = first.is_event;
            self.waiting.pop_front();
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

    /// Removes and returns the daemon's own entries that wait, the oldest first.
    pub fn take_own(&mut self) -> Vec<Vec<u8>> {
        self.waiting
            .drain(..)
            .filter(|waiting| !waiting.is_event)
            .map(|waiting| waiting.entry)
            .collect()
    }

    /// Adds an event that is encoded already; `flush` sends it. To be called while nothing waits.
    pub fn add_event(&mut self, entry: Vec<u8>) {
        self.waiting.push_back(Queued { entry, is_event: true });
    }

    /// Adds an entry of the daemon's own that is encoded already; `flush` sends it.
    pub fn add_own(&mut self, entry: Vec<u8>) {
        self.waiting.push_back(Queued { entry, is_event: false });
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
        assert_eq!(queue.take_own().len(), OWN_MAX + 2);
    }
}
