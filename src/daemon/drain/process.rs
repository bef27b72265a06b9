//! Process of the executable of an earlier version, as the daemon sees it.

use std::fs::File;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use syscalls::{Abi, Slot};

use super::channel::{Channel, FDS, LastCall, Order, Report};
use super::kept_set::KeptSet;
use crate::clock;
use crate::load::OtherDispatcher;
use crate::pipeline::LastCalls;

/// Name of the executable in the store.
const EXECUTABLE: &str = "executable";

/// Variables that are not for the process: the service manager listens to this daemon only.
const REMOVED: [&str; 6] = [
    "NOTIFY_SOCKET",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
];

/// Time without a sign of life after which the process counts as stuck.
pub const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Attempts to read a ring to its end.
const ATTEMPTS: u32 = 3;

/// Output of the daemon, which the process writes to as well.
#[derive(Debug, Clone)]
pub struct SameOutput {
    /// `journal`, `json` or `text`.
    pub kind: &'static str,
    /// Socket of journald.
    pub socket: PathBuf,
}

/// Progress of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It reads its files.
    Starting,
    /// The dispatcher can be silenced.
    Ready,
    /// It waits until no call is in the dispatcher any more.
    Settling,
    /// It knows what is in its ring.
    Counted,
    /// It reads its ring.
    Draining,
    /// All is written.
    Done,
}

/// The process.
#[derive(Debug)]
pub struct Drainer {
    /// Set that the process reads.
    pub set: KeptSet,
    /// Dispatcher of the set, until it is silenced.
    pub dispatcher: Option<OtherDispatcher>,
    /// Progress.
    pub stage: Stage,
    /// Events that were left when it was heard of last, ns since 1970 UTC.
    pub left: u64,
    /// Last message.
    pub heard: Instant,
    /// Time of the last message, ns since 1970 UTC.
    pub heard_ns: u64,
    output: SameOutput,
    child: Child,
    channel: Channel,
    calls: Vec<LastCall>,
    attempts: u32,
}

impl Drainer {
    /// Starts the process of a set.
    ///
    /// # Errors
    /// Returns the set with the reason why there is no process.
    pub fn start(set: KeptSet, output: SameOutput) -> Result<Self, (KeptSet, anyhow::Error)> {
        match spawn(&set, &output) {
            Err(error) => Err((set, error)),
            Ok((child, channel)) => Ok(Self {
                heard_ns: set.last_sign_ns(),
                set,
                dispatcher: None,
                stage: Stage::Starting,
                left: 0,
                heard: Instant::now(),
                output,
                child,
                channel,
                calls: Vec::new(),
                attempts: 1,
            }),
        }
    }

    /// Starts another process in place of one that has failed.
    ///
    /// # Errors
    /// Fails if there were enough of them, or this one cannot be started.
    pub fn restart(&mut self) -> Result<()> {
        while self.attempts < ATTEMPTS {
            self.kill();
            self.attempts += 1;
            match spawn(&self.set, &self.output) {
                Ok(started) => {
                    (self.child, self.channel) = started;
                    (self.stage, self.heard) = (Stage::Starting, Instant::now());
                    return Ok(());
                }
                Err(error) => tracing::debug!("{error:#}"),
            }
        }
        bail!("{ATTEMPTS} processes have failed");
    }

    /// Waits until the process has come so far.
    ///
    /// # Errors
    /// Fails if it ends before, or does not get there within `most`.
    pub fn wait_for(&mut self, stage: Stage, most: Duration) -> Result<()> {
        let until = Instant::now() + most;
        while self.stage < stage {
            let left = until.saturating_duration_since(Instant::now());
            if !self.read(left)? {
                bail!("its executable does not answer");
            }
        }
        Ok(())
    }

    /// Handles the next message; returns whether there was one within `most`.
    ///
    /// # Errors
    /// Fails if the process has ended, or cannot go on.
    pub fn read(&mut self, most: Duration) -> Result<bool> {
        let Some((report, _)) = self.channel.receive(most)? else { return Ok(false) };
        (self.heard, self.heard_ns) = (Instant::now(), clock::real_now_ns());
        match report {
            Report::Ready { globals, offset, silent } => {
                if self.set.silenced_ns.is_none() {
                    let globals = self.set.fd(&globals)?;
                    self.dispatcher = Some(OtherDispatcher::open(globals, offset, silent)?);
                }
                self.stage = Stage::Ready;
                self.settle()?;
            }
            Report::Unread { events } => (self.left, self.stage) = (events, Stage::Counted),
            Report::Left { events } => self.left = events,
            Report::Calls { calls } => self.calls.extend(calls),
            Report::Done => self.stage = Stage::Done,
            Report::Failed { reason } => bail!("{reason}"),
            Report::Other => {}
        }
        Ok(true)
    }

    /// Notes that the dispatcher was silenced.
    pub fn silence(&mut self, at_ns: u64) {
        if self.set.silenced_ns.is_none() {
            self.set.silence(at_ns);
        }
    }

    /// Lets a process that is ready count what is left in its ring, once the dispatcher is silent.
    ///
    /// # Errors
    /// Fails if the process has ended.
    pub fn settle(&mut self) -> Result<()> {
        if let (Stage::Ready, Some(at_ns)) = (self.stage, self.set.silenced_ns) {
            self.channel.send(&Order::Silenced { at_ns }, &[])?;
            self.stage = Stage::Settling;
        }
        Ok(())
    }

    /// Lets a process that has counted what is left read it.
    ///
    /// # Errors
    /// Fails if the process has ended.
    pub fn drain(&mut self) -> Result<()> {
        if self.stage == Stage::Counted {
            self.channel.send(&Order::Drain, &[])?;
            self.stage = Stage::Draining;
        }
        Ok(())
    }

    /// Lets the process count as lost what the output does not accept soon.
    ///
    /// # Errors
    /// Fails if the process has ended.
    pub fn finish(&self) -> Result<()> {
        self.channel.send(&Order::Finish, &[])
    }

    /// Ends the process. Its set is whole, whatever it was doing.
    pub fn kill(&mut self) {
        end(&mut self.child);
    }

    /// Ends the process and returns its set.
    pub fn into_set(mut self) -> KeptSet {
        self.kill();
        self.set
    }

    /// Returns the descriptor that is readable when there is a message.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.channel.fd()
    }

    /// Returns the executable, open.
    pub fn executable(&self) -> Option<File> {
        self.set.fd(EXECUTABLE).ok()?.try_clone_to_owned().ok().map(File::from)
    }

    /// Returns the last calls of its ring; `None` if a process that has failed may have known more of them.
    pub fn last_calls(&self) -> Option<LastCalls> {
        let slot = |call: &LastCall| {
            let abi = if call.is_compat { Abi::Compat } else { Abi::Native };
            Some((call.tid, Slot::new(abi, call.nr)?))
        };
        (self.attempts == 1).then(|| self.calls.iter().filter_map(slot).collect())
    }
}

/// Starts a process and passes it the set.
fn spawn(set: &KeptSet, output: &SameOutput) -> Result<(Child, Channel)> {
    let executable = set.fd(EXECUTABLE)?;
    let (channel, far) = Channel::pair()?;
    let mut command = Command::new(format!("/proc/self/fd/{}", executable.as_raw_fd()));
    REMOVED.iter().for_each(|name| {
        command.env_remove(name);
    });
    command.arg("drain").env("RUNTIME_DIRECTORY", &set.folder).stdin(Stdio::from(far));
    let mut child = command.spawn().context("its executable cannot be started")?;
    // The other end is closed here, so that the end of the process is the end of the channel.
    drop(command);
    if let Err(error) = pass(set, output, &channel) {
        end(&mut child);
        return Err(error);
    }
    Ok((child, channel))
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Passes the set to its process, and begins.
fn pass(set: &KeptSet, output: &SameOutput, channel: &Channel) -> Result<()> {
    let fds: Vec<(&String, &OwnedFd)> = set.fds().iter().collect();
    for some in fds.chunks(FDS) {
        let names = some.iter().map(|(name, _)| (*name).clone()).collect();
        let raw: Vec<_> = some.iter().map(|(_, fd)| fd.as_fd()).collect();
        channel.send(&Order::Descriptors { names }, &raw)?;
    }
    let (output, socket) = (output.kind.to_owned(), output.socket.clone());
    channel.send(&Order::Start { output, socket }, &[])
}
