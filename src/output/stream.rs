//! Bytes to a file descriptor without ever waiting for its reader: a terminal stopped with Ctrl-S, a
//! pipe into a pager, a full disk. What cannot go out yet stays here, in order.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::stat::{Mode, SFlag};

use crate::output::{WriteOutcome, errno};

/// Bytes that a pipe which polls writable takes without blocking (`PIPE_BUF`).
const PIECE: usize = 4096;

/// From here on a record makes an attempt to write; it also bounds what a crash could lose.
const FULL: usize = 64 * 1024;

/// A descriptor and what it has not taken yet.
#[derive(Debug)]
pub struct Stream {
    file: File,
    /// Largest write that does not block, in bytes.
    piece: usize,
    buffer: Vec<u8>,
    state: WriteOutcome,
}

impl Stream {
    /// Writes to `fd`.
    pub fn new(fd: OwnedFd) -> Self {
        let state = WriteOutcome::Written;
        match without_waiting(&fd) {
            Some(file) => Self { file, piece: FULL, buffer: Vec::new(), state },
            None => Self { file: fd.into(), piece: PIECE, buffer: Vec::new(), state },
        }
    }

    /// Appends a record. It goes out with many others, at the latest at the next `flush`.
    pub fn write(&mut self, is_event: bool, encode: impl FnOnce(&mut Vec<u8>)) -> WriteOutcome {
        if is_event && self.state.is_waiting() && self.buffer.len() >= FULL {
            return WriteOutcome::Lost(Errno::EAGAIN);
        }
        encode(&mut self.buffer);
        if self.buffer.len() >= FULL { self.flush() } else { WriteOutcome::Written }
    }

    /// Writes what the descriptor takes at once.
    pub fn flush(&mut self) -> WriteOutcome {
        let mut sent = 0;
        self.state = self.drain(&mut sent);
        self.buffer.drain(..sent);
        self.state
    }

    fn drain(&mut self, sent: &mut usize) -> WriteOutcome {
        while let Some(rest) = self.buffer.get(*sent..).filter(|rest| !rest.is_empty()) {
            if self.piece == PIECE && !is_writable(self.file.as_fd()) {
                return WriteOutcome::Blocked;
            }
            let piece = rest.get(..self.piece).unwrap_or(rest);
            match errno((&self.file).write(piece)) {
                Ok(count) => *sent += count,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return WriteOutcome::Blocked,
                Err(Errno::ENOSPC | Errno::EDQUOT) => return WriteOutcome::Away,
                Err(errno) => return WriteOutcome::Closed(errno),
            }
        }
        WriteOutcome::Written
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// A description of our own that does not wait. The one we were given is shared with the shell and
/// whatever else it started, which `O_NONBLOCK` would break. A regular file never waits, and
/// must keep its offset; a socket cannot be opened again.
fn without_waiting(fd: &OwnedFd) -> Option<File> {
    let kind = SFlag::from_bits_truncate(nix::sys::stat::fstat(fd).ok()?.st_mode) & SFlag::S_IFMT;
    if kind == SFlag::S_IFREG {
        return fd.try_clone().ok().map(File::from);
    }
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    nix::fcntl::open(path.as_str(), flags, Mode::empty()).ok().map(File::from)
}

/// Returns whether a write would not block. A write that would fail at once counts too, because it reports why.
fn is_writable(fd: BorrowedFd) -> bool {
    let mut fds = [PollFd::new(fd, PollFlags::POLLOUT)];
    match nix::poll::poll(&mut fds, PollTimeout::ZERO) {
        Ok(0) => false,
        Ok(_) => true,
        Err(errno) => errno != Errno::EINTR && errno != Errno::ENOMEM,
    }
}
