//! The command of a trace. Its process waits before it becomes the command, so that the trace begins with the first call.

use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use anyhow::{Context as _, Result};
use nix::sys::prctl::set_name;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{PidfdFlags, pidfd_open};

use super::shell_code;
use crate::bpf;
use crate::cli::HoldOptions;

/// Command that waits to be released, or runs.
#[derive(Debug)]
pub struct HeldCommand {
    child: Child,
    /// Process, readable once it has ended.
    process: OwnedFd,
    channel: UnixStream,
}

impl HeldCommand {
    /// Starts the process of the command, which waits; `None` without a command.
    ///
    /// # Errors
    /// Fails if there can be no process.
    pub fn start(words: &[OsString]) -> Result<Option<Self>> {
        if words.is_empty() {
            return Ok(None);
        }
        let what = "failed to start a process for the command";
        let (channel, far) = UnixStream::pair().context(what)?;
        fcntl_setfd(&far, FdFlags::empty()).context(what)?;
        let number = far.as_raw_fd().to_string();
        let mut command = Command::new("/proc/self/exe");
        let child = command.args(["hold", &number, "--"]).args(words).spawn().context(what)?;
        // Closed here, so that each side of the channel ends with its process.
        drop(far);
        let id = rustix::process::Pid::from_raw(i32::try_from(child.id())?).context(what)?;
        let process = pidfd_open(id, PidfdFlags::empty()).context(what)?;
        (&channel).read_exact(&mut [0]).context(what)?;
        Ok(Some(Self { child, process, channel }))
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Readable once the command has ended.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.process.as_fd()
    }

    /// Lets the command run.
    ///
    /// # Errors
    /// Fails if the process is gone.
    pub fn release(&self) -> Result<()> {
        (&self.channel).write_all(b"!").context("failed to run the command")
    }

    /// Returns the exit code if the command has ended; it goes on otherwise.
    ///
    /// # Errors
    /// Fails if the process cannot be waited for.
    pub fn take_code(&mut self) -> Result<Option<u8>> {
        let status = self.child.try_wait().context("failed to wait for the command")?;
        Ok(status.map(shell_code))
    }
}

/// Waits until the trace records, and becomes the command.
///
/// # Errors
/// Fails if the command cannot be run, or the trace has ended.
pub fn hold(options: &HoldOptions) -> Result<Infallible> {
    let (program, arguments) = options.command.split_first().context("no command")?;
    let what = "failed to wait for the trace";
    let mut channel = UnixStream::from(bpf::own(options.channel));
    fcntl_setfd(&channel, FdFlags::CLOEXEC).context(what)?;
    // Looked up before the trace begins, or it would begin with the attempts.
    let found = found(program);
    let mut command = Command::new(&found);
    command.arg0(program).args(arguments);
    if let Ok(name) = CString::new(found.file_name().unwrap_or_default().as_bytes()) {
        let _ = set_name(&name);
    }
    channel.write_all(b"!").context(what)?;
    channel.read_exact(&mut [0]).context(what)?;
    Err(command.exec()).with_context(|| format!("failed to run {}", Path::new(program).display()))
}

/// Returns the file of a program, as execvp(3) finds it.
fn found(program: &OsStr) -> PathBuf {
    let is_program = |path: &PathBuf| {
        path.metadata()
            .is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
    };
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let is_name = !program.as_bytes().contains(&b'/');
    let mut all = std::env::split_paths(&folders).map(|folder| folder.join(program));
    let found = all.find(is_program).filter(|_| is_name);
    found.unwrap_or_else(|| Path::new(program).to_owned())
}
