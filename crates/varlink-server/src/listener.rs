//! Listening socket to which only root and the user of the server may connect.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, getsockopt, listen, socket,
    sockopt::PeerCredentials,
};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::geteuid;
use thiserror::Error;

/// Another server already listens on the socket.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("another server already listens on {}", .0.display())]
pub struct AddressInUse(pub PathBuf);

/// Listening socket. Its file is removed when it is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    /// Device and inode of the file, which another server may have replaced since.
    file: Option<(u64, u64)>,
}

impl Listener {
    /// Listens on `path`. The socket of a server that was killed is replaced.
    ///
    /// # Errors
    /// [`AddressInUse`] if another server already listens on `path`. Other errors if something other than a
    /// socket is at `path`, or the socket cannot be created.
    pub fn open(path: &Path) -> Result<Self> {
        let what = || format!("failed to listen at {}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(what)?;
        }
        remove_stale(path)?;
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None).with_context(what)?;
        // The file gets the mode of the socket (unix_bind_bsd in net/unix/af_unix.c), so there is no
        // moment at which others could open it.
        fchmod(&fd, Mode::S_IRUSR | Mode::S_IWUSR).with_context(what)?;
        let address = UnixAddr::new(path).with_context(what)?;
        bind(fd.as_raw_fd(), &address).with_context(what)?;
        let file = identity(path).ok();
        let listener = Self { socket: UnixListener::from(fd), path: path.to_owned(), file };
        listen(&listener.socket, Backlog::new(BACKLOG)?).with_context(what)?;
        Ok(listener)
    }

    /// Accepts the next client; `None` if there is none, and if it is not allowed to connect.
    pub fn accept(&self) -> Option<UnixStream> {
        let (stream, _) = self.socket.accept().ok()?;
        (is_allowed(&stream) && stream.set_nonblocking(true).is_ok()).then_some(stream)
    }
}

/// Length of the queue of clients that wait to be accepted.
const BACKLOG: i32 = 16;

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if self.file.is_some() && identity(&self.path).ok() == self.file {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Returns whether the client is root or the user of the server. The mode of the file restricts access,
/// too, but can be changed.
fn is_allowed(stream: &UnixStream) -> bool {
    getsockopt(stream, PeerCredentials)
        .is_ok_and(|peer| peer.uid() == 0 || peer.uid() == geteuid().as_raw())
}

/// Returns device and inode of a file.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

/// Removes a socket that refuses connections, because its server has ended.
fn remove_stale(path: &Path) -> Result<()> {
    match UnixStream::connect(path) {
        Ok(_) => Err(AddressInUse(path.to_owned()).into()),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused && is_socket(path) => {
            fs::remove_file(path)
                .with_context(|| format!("failed to remove the old socket {}", path.display()))
        }
        Err(_) => Ok(()),
    }
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn open_creates_private_file_and_drop_removes_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("run/socket");
        let listener = Listener::open(&path).expect("a listener");
        let mode = fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let refused = Listener::open(&path).expect_err("a second one");
        assert!(refused.downcast_ref::<AddressInUse>().is_some(), "{refused:#}");
        let _client = UnixStream::connect(&path).expect("the first is still there");
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn open_replaces_stale_socket_only() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("socket");
        drop(UnixListener::bind(&path).expect("a socket"));
        assert!(path.exists());
        let first = Listener::open(&path).expect("the old one is replaced");
        // The file of the second listener survives the first.
        fs::remove_file(&path).expect("the file");
        let second = Listener::open(&path).expect("a listener");
        drop(first);
        assert!(path.exists());
        drop(second);
        fs::write(&path, "precious").expect("a file");
        assert!(Listener::open(&path).is_err());
        assert_eq!(fs::read_to_string(&path).expect("the file"), "precious");
    }
}
