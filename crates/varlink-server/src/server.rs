//! Server of all clients: accepts them, transfers their messages and returns one call at a time. The loop waits
//! for one descriptor, whatever the number of clients.

use std::collections::VecDeque;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use serde_json::json;

use super::connection::{Closed, Connection};
use super::error::CallError;
use super::frames::frame;
use super::listener::Listener;
use super::message::{Call, Reply, Response};
use super::service::Service;

/// Largest number of clients. One more replaces the client that was idle for longest, so that idle connections
/// cannot keep others out.
pub const CLIENTS_MAX: usize = 16;

/// Largest size of a reply in bytes, including its NUL.
pub const REPLY_MAX: usize = 8 << 20;

/// Identity of a client. It is not reused: a reply to a client that has gone reaches nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientId(u64);

/// Varlink server with one listening socket.
#[derive(Debug)]
pub struct Server {
    service: Service,
    listener: Listener,
    epoll: Epoll,
    /// Clients in the order in which their calls are served.
    clients: VecDeque<(ClientId, Connection)>,
    /// Number of the last client.
    last: u64,
}

/// Data of the listener's epoll events; clients are numbered from 1.
const LISTENER: u64 = 0;

impl Server {
    /// Listens on `path`, which only root and the user of the server can open.
    ///
    /// # Errors
    /// [`AddressInUse`](crate::AddressInUse) if another server listens on `path`. Other errors if something
    /// other than a socket is at `path`, or the socket cannot be created.
    pub fn open(path: &Path, service: Service) -> Result<Self> {
        let listener = Listener::open(path)?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).context(FAILED)?;
        let connections = EpollEvent::new(EpollFlags::EPOLLIN, LISTENER);
        epoll.add(&listener, connections).context(FAILED)?;
        Ok(Self { service, listener, epoll, clients: VecDeque::new(), last: LISTENER })
    }

    /// Returns a descriptor that is readable when `process` is to be called.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }

    /// Returns the time at which `process` is to be called even if the descriptor is not readable: `now` if
    /// a call has been read already, otherwise the time at which a client is disconnected.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        if self.clients.iter().any(|(_, connection)| connection.is_ready()) {
            return Some(now);
        }
        self.clients.iter().filter_map(|(_, connection)| connection.deadline()).min()
    }

    /// Accepts clients, reads and writes without blocking, and returns the next call, which expects a
    /// [`reply`](Self::reply).
    pub fn process(&mut self) -> Option<(ClientId, Call)> {
        self.transfer();
        let now = Instant::now();
        self.clients.retain(|(_, connection)| connection.deadline().is_none_or(|at| at > now));
        self.next()
    }

    /// Replies to a call. The reply is dropped if the client has gone.
    pub fn reply(&mut self, client: ClientId, call: &Call, reply: Reply) {
        if !call.is_oneway() {
            let bytes = encode(self.service.interface, reply);
            self.with_client(client, |connection| connection.reply(bytes));
        } else {
            self.with_client(client, |_| Ok(()));
        }
    }

    /// Handles the events of all descriptors.
    fn transfer(&mut self) {
        let mut events = [EpollEvent::empty(); CLIENTS_MAX + 1];
        let count = self.epoll.wait(&mut events, EpollTimeout::ZERO).unwrap_or_default();
        for event in events.iter().take(count) {
            match event.data() {
                LISTENER => self.accept(),
                client => self.with_client(ClientId(client), Connection::transfer),
            }
        }
    }

    /// Accepts a client.
    fn accept(&mut self) {
        let Some(stream) = self.listener.accept() else { return };
        if self.clients.len() >= CLIENTS_MAX {
            let idlest = (0..self.clients.len()).min_by_key(|&at| {
                self.clients.get(at).map(|(_, connection)| connection.last_active())
            });
            idlest.and_then(|at| self.clients.remove(at));
        }
        let connection = Connection::new(stream);
        self.last += 1;
        if self.epoll.add(&connection, EpollEvent::new(connection.interest(), self.last)).is_ok() {
            self.clients.push_back((ClientId(self.last), connection));
        }
    }

    /// Returns the next call of the service's interface. A client whose message is not a call is
    /// disconnected.
    fn next(&mut self) -> Option<(ClientId, Call)> {
        let at = self.clients.iter().position(|(_, connection)| connection.is_ready())?;
        let (client, mut connection) = self.clients.remove(at)?;
        let call = Call::parse(&connection.take()?)?;
        self.clients.push_back((client, connection));
        match self.service.reply(&call) {
            Some(reply) => self.reply(client, &call, reply),
            None => return Some((client, call)),
        }
        None
    }

    /// Calls `act` for a connected client, and updates the events to wait for.
    fn with_client(
        &mut self,
        client: ClientId,
        act: impl FnOnce(&mut Connection) -> Result<(), Closed>,
    ) {
        let Some(at) = self.clients.iter().position(|(found, _)| *found == client) else { return };
        let Some((_, connection)) = self.clients.get_mut(at) else { return };
        let done = act(connection);
        let mut interest = EpollEvent::new(connection.interest(), client.0);
        let is_registered = self.epoll.modify(&*connection, &mut interest).is_ok();
        if done.is_err() || !is_registered {
            self.clients.remove(at);
        }
    }
}

const FAILED: &str = "failed to wait for clients (epoll)";

/// Encodes a reply; an error in place of one that is too large.
fn encode(interface: &str, reply: Reply) -> Vec<u8> {
    let message = frame(&Response::new(interface, reply)).unwrap_or_default();
    if message.len() <= REPLY_MAX {
        return message;
    }
    let error = CallError::Custom("ReplyTooLarge", json!({ "bytes": message.len() }));
    frame(&Response::new(interface, Err(error))).unwrap_or_default()
}

#[cfg(test)]
mod tests;
