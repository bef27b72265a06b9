//! Datagrams to journald without ever waiting for it. The socket is connected, so that it can be
//! polled for room, and stays the same over a restart of journald. journald's answer is the
//! kernel's: a datagram that was taken is in its queue. Each entry is a call of its own, although sendmmsg(2) with 8
//! entries takes a quarter to a third of the CPU time away: a daemon that is killed during the call does not know
//! which of them journald has, so that up to 8 events instead of one would be lost or marked as possible duplicates
//! (figures in docs/benchmarks.md).
//!
//! The send buffer stays as it is by default (208 KiB): entries that wait for journald are charged to
//! it, it is full after some 90 of them, and the socket is writable again when three quarters are free.
//! With a buffer of 1 MiB the kernel allocates memory anew for every batch, which takes a third more
//! CPU time; with 96 KiB journald waits for us, and gets a tenth less done.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag};
use nix::sys::memfd::MFdFlags;
use nix::sys::socket::{ControlMessage, MsgFlags, send};

use crate::output::{WriteOutcome, errno};

/// A connection to journald.
#[derive(Debug)]
pub struct Socket {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Socket {
    /// Connects to the socket at `path`; fails where nobody listens there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.connect(path)?;
        Ok(Self { socket, path: path.to_owned() })
    }

    /// Sends one entry, whole or not at all. A restarted journald is looked for once per call.
    pub fn send(&self, entry: &[u8]) -> WriteOutcome {
        match self.attempt(entry) {
            Err(errno) if is_gone(errno) => match self.socket.connect(&self.path) {
                Ok(()) => outcome(self.attempt(entry)),
                Err(_) => WriteOutcome::Away,
            },
            result => outcome(result),
        }
    }

    fn attempt(&self, entry: &[u8]) -> Result<(), Errno> {
        loop {
            return match send(self.socket.as_raw_fd(), entry, MsgFlags::MSG_NOSIGNAL) {
                Ok(_) => Ok(()),
                Err(Errno::EINTR) => continue,
                Err(Errno::EMSGSIZE) => self.send_file(entry),
                Err(errno) => Err(errno),
            };
        }
    }

    /// An entry beyond the send buffer, which is 208 KiB by default: a table of all syscalls comes to
    /// a third of that, but the buffer may have been made smaller. journald accepts a sealed file.
    fn send_file(&self, entry: &[u8]) -> Result<(), Errno> {
        let flags = MFdFlags::MFD_ALLOW_SEALING | MFdFlags::MFD_CLOEXEC;
        let mut file = File::from(nix::sys::memfd::memfd_create("tailcalld-entry", flags)?);
        errno(file.write_all(entry))?;
        let seals = SealFlag::F_SEAL_SHRINK
            | SealFlag::F_SEAL_GROW
            | SealFlag::F_SEAL_WRITE
            | SealFlag::F_SEAL_SEAL;
        nix::fcntl::fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
        let fds = [file.as_raw_fd()];
        nix::sys::socket::sendmsg::<()>(
            self.socket.as_raw_fd(),
            &[IoSlice::new(&[])],
            &[ControlMessage::ScmRights(&fds)],
            MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL,
            None,
        )?;
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The socket at the other end was closed, or is not there yet.
fn is_gone(errno: Errno) -> bool {
    matches!(errno, Errno::ECONNREFUSED | Errno::ENOTCONN | Errno::ECONNRESET | Errno::ENOENT)
}

fn outcome(result: Result<(), Errno>) -> WriteOutcome {
    match result {
        Ok(()) => WriteOutcome::Written,
        Err(Errno::EAGAIN) => WriteOutcome::Blocked,
        // Nothing tells when memory or descriptors are free again: to be tried in a while.
        Err(Errno::ENOBUFS | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE) => WriteOutcome::Away,
        Err(errno) if is_gone(errno) => WriteOutcome::Away,
        Err(errno) => WriteOutcome::Lost(errno),
    }
}
