//! Connection of one client. While the client has not taken a reply, nothing more is read from it
//! (backpressure): a client that calls without reading blocks itself, not the server.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::sys::epoll::EpollFlags;

use super::frames::Frames;

/// Time without progress after which a client that does not read its reply is disconnected.
pub const REPLY_TIMEOUT: Duration = Duration::from_secs(5);

/// Connection of a client.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    received: Frames,
    /// Reply that the client has not taken completely.
    reply: Vec<u8>,
    /// Number of bytes of the reply that the client has taken.
    sent: usize,
    /// Time of the last transfer in either direction.
    last_active: Instant,
}

/// Error of a connection that is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

impl Connection {
    /// Creates the connection of an accepted client.
    pub fn new(stream: UnixStream) -> Self {
        let last_active = Instant::now();
        Self { stream, received: Frames::default(), reply: Vec::new(), sent: 0, last_active }
    }

    /// Returns the events to wait for.
    pub fn interest(&self) -> EpollFlags {
        match (self.has_reply(), self.received.has_message()) {
            (true, _) => EpollFlags::EPOLLOUT,
            (false, true) => EpollFlags::empty(),
            (false, false) => EpollFlags::EPOLLIN,
        }
    }

    /// Continues the reply, or reads if there is none.
    ///
    /// # Errors
    /// The connection is to be closed.
    pub fn transfer(&mut self) -> Result<(), Closed> {
        if self.has_reply() {
            return self.write();
        }
        let mut bytes = vec![0; self.received.room()];
        if bytes.is_empty() {
            return Ok(());
        }
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(Closed),
            Ok(count) => {
                self.last_active = Instant::now();
                self.received.push(bytes.get(..count).unwrap_or_default());
                if self.received.is_overfull() { Err(Closed) } else { Ok(()) }
            }
            Err(error) => ignore_would_block(&error),
        }
    }

    /// Takes the next message, if the client has taken the reply to the last.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        if self.has_reply() { None } else { self.received.take() }
    }

    /// Returns whether a message can be taken.
    pub fn is_ready(&self) -> bool {
        !self.has_reply() && self.received.has_message()
    }

    /// Begins to send a reply.
    ///
    /// # Errors
    /// The connection is to be closed.
    pub fn reply(&mut self, bytes: Vec<u8>) -> Result<(), Closed> {
        self.last_active = Instant::now();
        self.reply = bytes;
        self.sent = 0;
        self.write()
    }

    /// Returns the time at which the client is disconnected unless it reads; `None` without a reply.
    pub fn deadline(&self) -> Option<Instant> {
        self.has_reply().then(|| self.last_active + REPLY_TIMEOUT)
    }

    /// Returns the time of the last transfer in either direction.
    pub fn last_active(&self) -> Instant {
        self.last_active
    }

    fn has_reply(&self) -> bool {
        self.sent < self.reply.len()
    }

    fn write(&mut self) -> Result<(), Closed> {
        match self.stream.write(self.reply.get(self.sent..).unwrap_or_default()) {
            Ok(count) => {
                self.last_active = Instant::now();
                self.sent += count;
                if !self.has_reply() {
                    (self.reply, self.sent) = (Vec::new(), 0);
                }
                Ok(())
            }
            Err(error) => ignore_would_block(&error),
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Returns an error unless the transfer can be tried again later.
fn ignore_would_block(error: &std::io::Error) -> Result<(), Closed> {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(()),
        _ => Err(Closed),
    }
}
