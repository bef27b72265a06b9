//! Socket of the service manager, on which a service reports its state (sd_notify(3)).

use std::env;
use std::ffi::OsStr;
use std::io::{IoSlice, Result as IoResult};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use nix::unistd::pipe2;

/// Environment variable with the address.
const VARIABLE: &str = "NOTIFY_SOCKET";

/// Longest message that service managers read (`NOTIFY_BUFFER_MAX` in systemd); a longer one is ignored as a whole.
const MESSAGE_MAX: usize = 4096;

/// Time that a message may wait for room in the queue of the socket.
const SEND_MAX: Duration = Duration::from_secs(2);

/// Address of the socket.
#[derive(Debug)]
pub struct NotifySocket {
    address: SocketAddr,
}

impl NotifySocket {
    /// Returns the socket that the environment names, `None` without a service manager.
    ///
    /// # Errors
    /// Fails if the address is not of a form that this program can reach.
    pub fn from_env() -> Result<Option<Self>> {
        match env::var_os(VARIABLE) {
            Some(address) if !address.is_empty() => Self::at(&address).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads an address: a path, or `@` and an abstract name. `vsock:` is for the first process of a virtual machine.
    fn at(address: &OsStr) -> Result<Self> {
        let read = match address.as_bytes() {
            [b'/', ..] => SocketAddr::from_pathname(address),
            [b'@', name @ ..] if !name.is_empty() => SocketAddr::from_abstract_name(name),
            _ => bail!(
                "{VARIABLE}={} is not supported, expected a path (/...) or an abstract name (@...): the \
                 service manager gets no notifications",
                Path::new(address).display()
            ),
        };
        let address =
            read.with_context(|| format!("{VARIABLE}={}", Path::new(address).display()))?;
        Ok(Self { address })
    }

    /// Sends assignments, which become one message.
    ///
    /// # Errors
    /// Fails if the service manager has closed the socket, or the address never was one.
    pub fn send(&self, assignments: &[(&str, &str)], fds: &[BorrowedFd<'_>]) -> Result<()> {
        let message = message(assignments);
        self.send_bytes(message.as_bytes(), fds).with_context(|| {
            format!("failed to notify the service manager at {VARIABLE}={}", self.name())
        })
    }

    /// Waits until the service manager has processed all earlier messages, for at most `most` (sd_notify_barrier(3)).
    ///
    /// # Errors
    /// Fails where `send` does, and where no pipe can be had.
    pub fn barrier(&self, most: Duration) -> Result<()> {
        let (read, write) = pipe2(OFlag::O_CLOEXEC).context("failed to create a pipe")?;
        self.send(&[("BARRIER", "1")], &[write.as_fd()])?;
        drop(write);
        // The service manager closes its copy: the end of the pipe. If it does not in time, what follows is slower.
        let until = Instant::now() + most;
        let closed = || {
            let left = until.saturating_duration_since(Instant::now());
            let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            poll(&mut [PollFd::new(read.as_fd(), PollFlags::empty())], left)
        };
        while closed() == Err(Errno::EINTR) {}
        Ok(())
    }

    fn send_bytes(&self, message: &[u8], fds: &[BorrowedFd<'_>]) -> IoResult<()> {
        let socket = UnixDatagram::unbound()?;
        // A service manager that does not read its socket must not stop the recording.
        socket.set_write_timeout(Some(SEND_MAX))?;
        socket.connect_addr(&self.address)?;
        let raw: Vec<_> = fds.iter().map(|fd| fd.as_fd().as_raw_fd()).collect();
        let rights = [ControlMessage::ScmRights(&raw)];
        let control = if raw.is_empty() { &[][..] } else { &rights };
        let parts = [IoSlice::new(message)];
        let send =
            || sendmsg::<()>(socket.as_raw_fd(), &parts, control, MsgFlags::MSG_NOSIGNAL, None);
        // A signal ends the wait of a socket with a timeout, whatever its handler asks for (signal(7)).
        let until = Instant::now() + SEND_MAX;
        loop {
            match send() {
                Err(Errno::EINTR) if Instant::now() < until => {}
                sent => return sent.map(drop).map_err(Into::into),
            }
        }
    }

    fn name(&self) -> String {
        let name = self.address.as_abstract_name().map(|name| {
            let name = String::from_utf8_lossy(name);
            format!("@{name}")
        });
        let path = || self.address.as_pathname().map(|path| path.display().to_string());
        name.or_else(path).unwrap_or_default()
    }
}

/// Returns the message: one assignment a line. A value is one line, and the last one gives way to the limit.
fn message(assignments: &[(&str, &str)]) -> String {
    let mut message = String::new();
    for (key, value) in assignments {
        let value = value.replace('\n', " ");
        let room = MESSAGE_MAX.saturating_sub(message.len() + key.len() + "=\n".len());
        message.extend([key, "=", cut(&value, room), "\n"]);
    }
    message
}

/// Returns the longest beginning of at most `size` bytes.
fn cut(text: &str, size: usize) -> &str {
    let end = (0..=size.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _, Write as _};

    use nix::cmsg_space;
    use nix::sys::socket::{ControlMessageOwned, recvmsg};

    use super::*;

    /// Sends a message to a socket of that address and returns what arrives.
    fn sent(address: &str, socket: &UnixDatagram) -> String {
        let client = NotifySocket::at(OsStr::new(address)).expect("an address");
        client.send(&[("READY", "1"), ("STATUS", "a\nb")], &[]).expect("sent");
        let mut bytes = [0; 64];
        let size = socket.recv(&mut bytes).expect("a datagram");
        String::from_utf8_lossy(&bytes[..size]).into_owned()
    }

    #[test]
    fn send_reaches_path_and_abstract_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        assert_eq!(sent(&path.to_string_lossy(), &socket), "READY=1\nSTATUS=a b\n");
        let name = path.to_string_lossy();
        let address = SocketAddr::from_abstract_name(name.as_bytes()).expect("a name");
        let socket = UnixDatagram::bind_addr(&address).expect("a socket");
        assert_eq!(sent(&format!("@{name}"), &socket), "READY=1\nSTATUS=a b\n");
    }

    #[test]
    fn send_passes_descriptors() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"kept").expect("write");
        let client = NotifySocket::at(path.as_os_str()).expect("an address");
        client.send(&[("FDSTORE", "1"), ("FDNAME", "x")], &[file.as_fd()]).expect("sent");
        let (mut bytes, mut space) = ([0; 64], cmsg_space!([i32; 1]));
        let mut parts = [std::io::IoSliceMut::new(&mut bytes)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let got = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), flags);
        let got = got.expect("a datagram");
        let fds: Vec<i32> = got.cmsgs().expect("control data").filter_map(first_fd).collect();
        assert_eq!(got.bytes, "FDSTORE=1\nFDNAME=x\n".len());
        let [fd] = fds[..] else { panic!("{fds:?}") };
        let mut copy = std::fs::File::open(format!("/proc/self/fd/{fd}")).expect("the same file");
        let mut text = String::new();
        copy.rewind().and_then(|()| copy.read_to_string(&mut text)).expect("read");
        assert_eq!(text, "kept");
    }

    fn first_fd(message: ControlMessageOwned) -> Option<i32> {
        match message {
            ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
            _ => None,
        }
    }

    #[test]
    fn at_other_address_is_error_that_names_it() {
        for address in ["vsock:2:1234", "vsock-stream:2:1234", "notify", "@", "unix:/run/x"] {
            let error = NotifySocket::at(OsStr::new(address)).expect_err(address);
            let expected = format!("NOTIFY_SOCKET={address} is not supported, expected a path");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
        let long = format!("/{}", "x".repeat(200));
        let error = NotifySocket::at(OsStr::new(&long)).expect_err("too long");
        assert!(error.to_string().contains(&long), "{error:#}");
    }

    #[test]
    fn message_is_no_longer_than_service_managers_read() {
        let status = format!("x{}", "ä".repeat(4000));
        let whole = message(&[("READY", "1"), ("STATUS", &status)]);
        assert!((MESSAGE_MAX - 1..=MESSAGE_MAX).contains(&whole.len()), "{}", whole.len());
        assert!(whole.starts_with("READY=1\nSTATUS=xä") && whole.ends_with("ä\n"));
    }

    #[test]
    fn send_to_missing_socket_is_error_that_names_it() {
        let client = NotifySocket::at(OsStr::new("/nonexistent/notify")).expect("an address");
        let error = format!("{:#}", client.send(&[("READY", "1")], &[]).expect_err("nobody"));
        assert!(error.contains("NOTIFY_SOCKET=/nonexistent/notify: No such file"), "{error}");
    }
}
