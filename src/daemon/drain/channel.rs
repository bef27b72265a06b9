//! Messages between a daemon and the executable of an earlier version, one packet each: JSON, and descriptors.
//!
//! Either side may be the older one. So no message and no member changes its meaning or goes, and what one side does not
//! know it passes over.

use std::io::{IoSlice, IoSliceMut, stdin};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::SendTimeout;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg,
    sendmsg, setsockopt, socketpair,
};
use nix::sys::time::{TimeVal, TimeValLike as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bpf;

/// Message to the earlier version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum Order {
    /// Descriptors of the store by name, at most [`FDS`]; they come with the message.
    Descriptors { names: Vec<String> },
    /// All descriptors are there. `output` is `journal`, `json` or `text`, `socket` that of journald.
    Start { output: String, socket: PathBuf },
    /// The dispatcher decides about no call any more, since that time in ns of `CLOCK_BOOTTIME`.
    Silenced { at_ns: u64 },
    /// The ring is to be read to its end.
    Drain,
    /// Events that the output does not accept soon are to be counted as lost.
    Finish,
    /// Message of a later version.
    #[serde(other)]
    Other,
}

/// Message from the earlier version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum Report {
    /// It has read its files. The dispatcher is silent as soon as the half word `offset` in the map `globals` is
    /// `silent`.
    Ready { globals: String, offset: usize, silent: u32 },
    /// Events in the ring; none is added any more.
    Unread { events: u64 },
    /// Sign of life, with the events that are left.
    Left { events: u64 },
    /// Calls that the later version may have recorded as well.
    Calls { calls: Vec<LastCall> },
    /// All is written.
    Done,
    /// It cannot go on, for this reason.
    Failed { reason: String },
    /// Message of a later version.
    #[serde(other)]
    Other,
}

/// Last call of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCall {
    /// Thread.
    pub tid: u32,
    /// The call came through the compatible ABI.
    pub is_compat: bool,
    /// Number of the syscall.
    pub nr: u16,
}

/// Descriptors of one message.
pub const FDS: usize = 32;

/// Calls of one message.
pub const CALLS: usize = 500;

/// Longest message in bytes.
const MESSAGE_MAX: usize = 1 << 16;

/// Time that a message may wait for the other side to read.
const SEND_MAX_S: i64 = 10;

/// One end.
#[derive(Debug)]
pub struct Channel(OwnedFd);

impl Channel {
    /// Makes a channel. Returns its other end, too, as the standard input of a process.
    ///
    /// # Errors
    /// Fails if the process has no descriptors left.
    pub fn pair() -> Result<(Self, OwnedFd)> {
        let kind = SockType::SeqPacket;
        let pair = socketpair(AddressFamily::Unix, kind, None, SockFlag::SOCK_CLOEXEC);
        let (near, far) = pair.context("failed to create a socket")?;
        Ok((Self::new(near)?, far))
    }

    /// Takes the end that is standard input.
    ///
    /// # Errors
    /// Fails if that is no socket.
    pub fn of_stdin() -> Result<Self> {
        Self::new(stdin().as_fd().try_clone_to_owned()?).context("standard input is no channel")
    }

    fn new(end: OwnedFd) -> Result<Self> {
        setsockopt(&end, SendTimeout, &TimeVal::seconds(SEND_MAX_S))?;
        Ok(Self(end))
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Fails if the other side has ended, or does not read.
    pub fn send(&self, message: &impl Serialize, fds: &[BorrowedFd<'_>]) -> Result<()> {
        let bytes = serde_json::to_vec(message)?;
        let raw: Vec<_> = fds.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&raw)];
        let control = if raw.is_empty() { &[][..] } else { &rights };
        let (socket, parts) = (self.0.as_raw_fd(), [IoSlice::new(&bytes)]);
        sendmsg::<()>(socket, &parts, control, MsgFlags::MSG_NOSIGNAL, None)
            .context("the other process takes no message")?;
        Ok(())
    }

    /// Returns the next message and its descriptors; `None` if none comes within `most`.
    ///
    /// # Errors
    /// Fails if the other side has ended, or sends no message of this protocol.
    pub fn receive<T: DeserializeOwned>(
        &self,
        most: Duration,
    ) -> Result<Option<(T, Vec<OwnedFd>)>> {
        let until = Instant::now() + most;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let timeout = PollTimeout::try_from(left.as_nanos().div_ceil(1_000_000))?;
            match poll(&mut [PollFd::new(self.fd(), PollFlags::POLLIN)], timeout) {
                Ok(0) => return Ok(None),
                Err(Errno::EINTR) => {}
                result => {
                    result.context("failed to wait for a message")?;
                    return self.read().map(Some);
                }
            }
        }
    }

    fn read<T: DeserializeOwned>(&self) -> Result<(T, Vec<OwnedFd>)> {
        let (mut bytes, mut space) = (vec![0; MESSAGE_MAX], cmsg_space!([RawFd; FDS]));
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let received = recvmsg::<()>(self.0.as_raw_fd(), &mut parts, Some(&mut space), flags);
        let received = received.context("failed to read a message")?;
        let owned = |message| match message {
            ControlMessageOwned::ScmRights(fds) => fds.into_iter().map(bpf::own).collect(),
            _ => Vec::new(),
        };
        let fds = received.cmsgs()?.flat_map(owned).collect();
        let length = received.bytes;
        ensure!(length > 0, "the other process has ended");
        let message = serde_json::from_slice(bytes.get(..length).unwrap_or_default());
        Ok((message.context("a message of an unknown form")?, fds))
    }

    /// Returns the descriptor that is readable when there is a message.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receive_returns_message_with_its_descriptors() {
        let (near, far) = Channel::pair().unwrap();
        let far = Channel::new(far).unwrap();
        let file = tempfile::tempfile().unwrap();
        let order = Order::Descriptors { names: vec!["1.map.events".to_owned()] };
        near.send(&order, &[file.as_fd()]).unwrap();
        let (received, fds) = far.receive::<Order>(Duration::ZERO).unwrap().unwrap();
        assert_eq!((received, fds.len()), (order, 1));
        assert!(far.receive::<Order>(Duration::ZERO).unwrap().is_none());
        drop(near);
        assert!(far.receive::<Order>(Duration::ZERO).is_err());
    }

    #[test]
    fn message_of_later_version_is_passed_over() {
        let later = r#"{"message":"levitate","height":3}"#;
        assert_eq!(serde_json::from_str::<Order>(later).unwrap(), Order::Other);
        let longer = r#"{"message":"unread","events":7,"bytes":3}"#;
        assert_eq!(serde_json::from_str::<Report>(longer).unwrap(), Report::Unread { events: 7 });
    }
}
