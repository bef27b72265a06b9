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

/// From here on a record makes an attempt to write; it also bounds what a crash loses.
const FULL: usize = 64 * 1024;

/// A descriptor and what it has not taken yet.
#[derive(Debug)]
pub struct Stream {
    file: File,
    /// Largest write that does not block, in bytes.
    piece: usize,
    buffer: Vec<u8>,
    /// Number of the file, the same for every descriptor of it.
    inode: u64,
    /// The last byte that was sent does not end a line.
    is_cut: bool,
    state: WriteOutcome,
}

impl Stream {
    /// Writes to `fd`.
    pub fn new(fd: OwnedFd) -> Self {
        let (file, piece) = match without_waiting(&fd) {
            Some(file) => (file, FULL),
            None => (fd.into(), PIECE),
        };
        let inode = nix::sys::stat::fstat(&file).map_or(0, |status| status.st_ino);
        let state = WriteOutcome::Written;
        Self { file, piece, buffer: Vec::new(), inode, is_cut: false, state }
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
        if let Some(last) = sent.checked_sub(1).and_then(|at| self.buffer.get(at)) {
            self.is_cut = *last != b'\n';
        }
        self.buffer.drain(..sent);
        self.state
    }

    /// Returns the number of the file in which a line has its beginning only.
    pub fn cut_in(&self) -> Option<u64> {
        Some(self.inode).filter(|_| self.is_cut)
    }

    /// Ends the line that a writer before this one has begun in the file of that number; returns how many bytes that takes.
    pub fn end_line(&mut self, inode: u64) -> u64 {
        if self.inode != inode {
            return 0;
        }
        self.is_cut = true;
        self.buffer.push(b'\n');
        1
    }

    /// Returns the number of bytes that have not left.
    pub fn buffered(&self) -> u64 {
        self.buffer.len() as u64
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
