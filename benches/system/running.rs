//! A process that we started and that ends with us, whatever happens to us.

use std::ffi::OsStr;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Time limit for a process to do what was requested.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// Ended when dropped: asked first, then killed.
pub struct Running(pub Child);

impl Running {
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let program = format!("{:?}", command.get_args().last().unwrap_or_default());
        Ok(Self(command.spawn().with_context(|| format!("failed to start {program}"))?))
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.0.id()).expect("the kernel's ids are positive");
        // It may have ended by itself.
        let _ = kill(Pid::from_raw(pid), signal);
    }

    /// Asks it to end and waits.
    pub fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        self.signal(Signal::SIGCONT);
        let ended = wait_until(|| !matches!(self.0.try_wait(), Ok(None)), Duration::from_secs(5));
        if !ended {
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }

    /// An error if it ended before its time.
    pub fn check(&mut self) -> Result<()> {
        if let Some(status) = self.0.try_wait()? {
            bail!("it ended: {status}");
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A command on some CPUs, as taskset(1) takes them, that the kernel ends when our main thread does: `taskset` and `setpriv`
/// become the program, so the child's id is the program's.
pub fn pinned(cpus: &str, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "taskset", "-c", cpus]).arg(program);
    command
}

/// Polls every millisecond. Returns false after `timeout`.
pub fn wait_until(mut is_so: impl FnMut() -> bool, timeout: Duration) -> bool {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > timeout {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}
