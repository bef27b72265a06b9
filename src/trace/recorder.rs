//! The daemon of a trace: its process, its directory below /run, and the messages by which it says that it records.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Error, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open};

use super::shell_code;
use crate::error::Failure;

/// Name of the directory, in front of the number of the process.
const FOLDER: &str = "/run/tailcalld-trace.";

/// Variables of a service manager, whose messages are not for this daemon.
const REMOVED: [&str; 5] =
    ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// Daemon that records one trace.
#[derive(Debug)]
pub struct Recorder {
    child: Child,
    fd: OwnedFd,
    messages: UnixDatagram,
    /// Removed last.
    folder: TraceFolder,
}

impl Recorder {
    /// Starts the daemon. `kind` is that of its output, `stdout` the place of it.
    ///
    /// # Errors
    /// Fails without privileges.
    pub fn start(configuration: &str, kind: &str, stdout: Stdio) -> Result<Self> {
        let folder = TraceFolder::make()?;
        folder.write(CONFIGURATION, configuration)?;
        Self::start_in(folder, kind, stdout)
    }

    /// Starts the daemon with the configuration that is in the folder.
    ///
    /// # Errors
    /// Fails without privileges.
    pub fn start_in(folder: TraceFolder, kind: &str, stdout: Stdio) -> Result<Self> {
        let (file, socket) = (folder.path(CONFIGURATION), folder.path("notify"));
        let what = || format!("failed to listen at {}", socket.display());
        let messages = UnixDatagram::bind(&socket).with_context(what)?;
        messages.set_nonblocking(true).with_context(what)?;
        let mut command = Command::new("/proc/self/exe");
        REMOVED.iter().for_each(|name| {
            command.env_remove(name);
        });
        command.args(["run", "--end-with-parent", "--output", kind, "--config"]).arg(&file);
        command.env("RUNTIME_DIRECTORY", &folder.0).env("NOTIFY_SOCKET", &socket);
        // A signal from the terminal ends the trace in order, through this process.
        command.stdin(Stdio::null()).stdout(stdout).process_group(0);
        let child = command.spawn().context("failed to start the recording")?;
        let what = "failed to follow the recording";
        let pid = rustix::process::Pid::from_raw(i32::try_from(child.id())?).context(what)?;
        let fd = pidfd_open(pid, PidfdFlags::empty()).context(what)?;
        Ok(Self { child, fd, messages, folder })
    }

    /// Takes the pipe of the output, if it is one.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Returns the path of a file in the folder of the daemon.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    /// Returns the number of the daemon's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Readable once the daemon has ended.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Readable when there are messages.
    pub fn messages(&self) -> BorrowedFd<'_> {
        self.messages.as_fd()
    }

    /// Reads the messages; returns whether one of them says that the daemon is ready.
    ///
    /// # Errors
    /// Fails if they cannot be read.
    pub fn is_ready(&self) -> Result<bool> {
        let (mut bytes, mut is_ready) = ([0; 4096], false);
        loop {
            match self.messages.recv(&mut bytes) {
                Ok(count) => {
                    let text = bytes.get(..count).unwrap_or_default();
                    is_ready |= text.split(|byte| *byte == b'\n').any(|line| line == b"READY=1");
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(is_ready),
                Err(error) => {
                    return Err(error).context("failed to read a message of the recording");
                }
            }
        }
    }

    /// Ends the daemon, which writes what it has recorded, and returns its exit code.
    ///
    /// # Errors
    /// Fails if the process cannot be waited for.
    pub fn stop(&mut self) -> Result<u8> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?);
        // It may have ended by itself.
        let _ = kill(pid, Signal::SIGTERM);
        self.wait()
    }

    /// Waits for the end of the daemon, and returns its exit code.
    ///
    /// # Errors
    /// Fails if the process cannot be waited for.
    pub fn wait(&mut self) -> Result<u8> {
        self.child.wait().map(shell_code).context("failed to wait for the recording")
    }
}

/// Configuration file, in the folder of a trace.
pub const CONFIGURATION: &str = "trace.toml";

/// Directory of a trace, which goes with it.
#[derive(Debug)]
pub struct TraceFolder(PathBuf);

impl TraceFolder {
    /// Makes the directory of this process.
    ///
    /// # Errors
    /// Fails without privileges.
    pub fn make() -> Result<Self> {
        let path = PathBuf::from(format!("{FOLDER}{}", std::process::id()));
        let make = || DirBuilder::new().mode(0o700).create(&path);
        let made = make().or_else(|error| match error.kind() {
            // A trace that was killed has left it; its process had the same number.
            ErrorKind::AlreadyExists => fs::remove_dir_all(&path).and_then(|()| make()),
            _ => Err(error),
        });
        made.map_err(|error| explained(error, &path))?;
        Ok(Self(path))
    }

    /// Returns the path of a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// Fails if the kernel refuses it.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(name);
        fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))
    }
}

fn explained(error: std::io::Error, path: &Path) -> Error {
    let what = format!("failed to make {}", path.display());
    match error.kind() {
        ErrorKind::PermissionDenied => Failure::Permission(format!(
            "{what} ({error}): only root can trace system calls, run it with sudo"
        ))
        .into(),
        _ => Error::new(error).context(what),
    }
}

impl Drop for TraceFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
