//! One client: its bytes in, whole messages out; one reply in, bytes out as it takes them. While it has
//! not taken its reply, nothing more is read from it: whoever asks without reading waits, not we.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::sys::epoll::EpollFlags;

use super::frames::Frames;

/// How long a client may take nothing of its reply.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    received: Frames,
    /// What it has not taken yet of its reply.
    reply: Vec<u8>,
    taken: usize,
    /// When anything last came from it or went to it.
    active: Instant,
}

/// There is no more to be had from it, or to be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

impl Connection {
    /// A client that was let in.
    pub fn new(stream: UnixStream) -> Self {
        let active = Instant::now();
        Self { stream, received: Frames::default(), reply: Vec::new(), taken: 0, active }
    }

    /// What to wait for.
    pub fn wants(&self) -> EpollFlags {
        match (self.owes(), self.received.has_message()) {
            (true, _) => EpollFlags::EPOLLOUT,
            (false, true) => EpollFlags::empty(),
            (false, false) => EpollFlags::EPOLLIN,
        }
    }

    /// Reads or writes once, whichever is due.
    ///
    /// # Errors
    /// When it is to be closed.
    pub fn serve(&mut self) -> Result<(), Gone> {
        if self.owes() {
            return self.write();
        }
        let mut bytes = vec![0; self.received.room()];
        if bytes.is_empty() {
            return Ok(());
        }
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(Gone),
            Ok(count) => {
                self.active = Instant::now();
                self.received.push(bytes.get(..count).unwrap_or_default());
                if self.received.is_overfull() { Err(Gone) } else { Ok(()) }
            }
            Err(error) => unless_later(&error),
        }
    }

    /// The next message, if it has taken the reply to the last.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        if self.owes() { None } else { self.received.take() }
    }

    /// Whether a message waits to be taken.
    pub fn is_ready(&self) -> bool {
        !self.owes() && self.received.has_message()
    }

    /// Sends a reply, as far as the client takes it now.
    ///
    /// # Errors
    /// As `serve`.
    pub fn reply(&mut self, bytes: Vec<u8>) -> Result<(), Gone> {
        self.active = Instant::now();
        self.reply = bytes;
        self.taken = 0;
        self.write()
    }

    /// When it is given up, if it takes nothing until then.
    pub fn deadline(&self) -> Option<Instant> {
        self.owes().then(|| self.active + PATIENCE)
    }

    /// When anything last came from it or went to it.
    pub fn active(&self) -> Instant {
        self.active
    }

    fn owes(&self) -> bool {
        self.taken < self.reply.len()
    }

    fn write(&mut self) -> Result<(), Gone> {
        match self.stream.write(self.reply.get(self.taken..).unwrap_or_default()) {
            Ok(count) => {
                self.active = Instant::now();
                self.taken += count;
                if !self.owes() {
                    (self.reply, self.taken) = (Vec::new(), 0);
                }
                Ok(())
            }
            Err(error) => unless_later(&error),
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn unless_later(error: &std::io::Error) -> Result<(), Gone> {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(()),
        _ => Err(Gone),
    }
}
