//! All clients: who knocks is let in, who speaks is heard, one call a turn. The loop sleeps on one
//! descriptor, whatever the number of clients.

use std::collections::VecDeque;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use serde_json::json;

use super::connection::{Connection, Gone};
use super::frame;
use super::listener::Listener;
use super::message::{Call, Refusal, Reply, Response};
use super::service::Service;

/// Clients at once. One more, and the one that was silent for longest has to go: whoever holds
/// connections that it does not use cannot keep others out.
const CLIENTS: usize = 16;

/// Bytes of a reply at most.
const REPLY_MAX: usize = 8 << 20;

/// Who made a call. A client that has gone is not mistaken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client(u64);

/// The listening end of the control socket.
#[derive(Debug)]
pub struct Server {
    service: Service,
    listener: Listener,
    epoll: Epoll,
    /// The one who waits for longest to be heard stands first.
    clients: VecDeque<(Client, Connection)>,
    last: u64,
}

/// Stands for the listener among the clients, which are numbered from 1.
const LISTENER: u64 = 0;

impl Server {
    /// Listens there.
    ///
    /// # Errors
    /// As `Listener::open`.
    pub fn open(path: &Path, service: Service) -> Result<Self> {
        let listener = Listener::open(path)?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).context(FAILED)?;
        let knocks = EpollEvent::new(EpollFlags::EPOLLIN, LISTENER);
        epoll.add(&listener, knocks).context(FAILED)?;
        Ok(Self { service, listener, epoll, clients: VecDeque::new(), last: LISTENER })
    }

    /// Readable when there is something to do.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }

    /// When there is something to do though nothing comes: now, if a call was read that waits for its
    /// turn; or when a client is given up.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        if self.clients.iter().any(|(_, connection)| connection.is_ready()) {
            return Some(now);
        }
        self.clients.iter().filter_map(|(_, connection)| connection.deadline()).min()
    }

    /// One turn: reads and writes what can be without waiting. Gives one call, to be answered with
    /// `answer`.
    pub fn turn(&mut self) -> Option<(Client, Call)> {
        self.serve();
        let now = Instant::now();
        self.clients.retain(|(_, connection)| connection.deadline().is_none_or(|at| at > now));
        self.next()
    }

    /// Answers a call.
    pub fn answer(&mut self, client: Client, call: &Call, reply: Reply) {
        if !call.is_oneway() {
            let bytes = encode(self.service.interface, reply);
            self.with(client, |connection| connection.reply(bytes));
        } else {
            self.with(client, |_| Ok(()));
        }
    }

    fn serve(&mut self) {
        let mut events = [EpollEvent::empty(); CLIENTS + 1];
        let count = self.epoll.wait(&mut events, EpollTimeout::ZERO).unwrap_or_default();
        for event in events.iter().take(count) {
            match event.data() {
                LISTENER => self.accept(),
                client => self.with(Client(client), Connection::serve),
            }
        }
    }

    fn accept(&mut self) {
        let Some(stream) = self.listener.accept() else { return };
        if self.clients.len() >= CLIENTS {
            let silent = (0..self.clients.len())
                .min_by_key(|&at| self.clients.get(at).map(|(_, connection)| connection.active()));
            silent.and_then(|at| self.clients.remove(at));
        }
        let connection = Connection::new(stream);
        self.last += 1;
        if self.epoll.add(&connection, EpollEvent::new(connection.wants(), self.last)).is_ok() {
            self.clients.push_back((Client(self.last), connection));
        }
    }

    /// The next call that is not the protocol's own. Who says what is no call has to go.
    fn next(&mut self) -> Option<(Client, Call)> {
        let at = self.clients.iter().position(|(_, connection)| connection.is_ready())?;
        let (client, mut connection) = self.clients.remove(at)?;
        let call = Call::read(&connection.take()?)?;
        self.clients.push_back((client, connection));
        match self.service.reply(&call) {
            Some(reply) => self.answer(client, &call, reply),
            None => return Some((client, call)),
        }
        None
    }

    /// Does something with a client that is still there, and waits for what it wants then.
    fn with(&mut self, client: Client, act: impl FnOnce(&mut Connection) -> Result<(), Gone>) {
        let Some(at) = self.clients.iter().position(|(found, _)| *found == client) else { return };
        let Some((_, connection)) = self.clients.get_mut(at) else { return };
        let done = act(connection);
        let mut wants = EpollEvent::new(connection.wants(), client.0);
        let waits = self.epoll.modify(&*connection, &mut wants).is_ok();
        if done.is_err() || !waits {
            self.clients.remove(at);
        }
    }
}

const FAILED: &str = "failed to wait for clients (epoll)";

fn encode(interface: &str, reply: Reply) -> Vec<u8> {
    let whole = frame(&Response::new(interface, reply)).unwrap_or_default();
    if whole.len() <= REPLY_MAX {
        return whole;
    }
    let refusal = Refusal::Own("ReplyTooLarge", json!({ "bytes": whole.len() }));
    frame(&Response::new(interface, Err(refusal))).unwrap_or_default()
}

#[cfg(test)]
mod tests;
