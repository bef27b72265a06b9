//! The epoll instance that the loop sleeps on.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use varlink_server::Server;

use super::signals::Signals;
use crate::config_watch::ConfigWatch;
use crate::load::Bpf;
use crate::output::Output;
use crate::pipeline::writer::WriterState;
use crate::ring::Consumer;

/// Cause of a wakeup of the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wakeup {
    /// The ring has records.
    Ring,
    /// A signal came.
    Signals,
    /// Something happened in a folder of the configuration.
    Configuration,
    /// The output takes records again.
    Output,
    /// A client of the control socket wants something.
    Control,
    /// The process that reads the ring of an earlier version has something to report.
    Drain,
    /// All programs are loaded.
    Programs,
    /// The thread that reads executables has an answer.
    Digests,
}

const WAKEUPS: [Wakeup; 8] = [
    Wakeup::Ring,
    Wakeup::Signals,
    Wakeup::Configuration,
    Wakeup::Output,
    Wakeup::Control,
    Wakeup::Drain,
    Wakeup::Programs,
    Wakeup::Digests,
];

/// An epoll instance with all sources but the output, which is there only while it is waited for.
#[derive(Debug)]
pub struct Poll {
    epoll: Epoll,
    output: bool,
    ring: bool,
}

impl Poll {
    /// Sleeps on everything.
    ///
    /// # Errors
    /// Fails if the process has no descriptors left.
    pub fn new(
        consumer: &Consumer<'_>,
        signals: &Signals,
        watch: &ConfigWatch,
        control: Option<&Server>,
    ) -> Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).context(FAILED)?;
        epoll.add(consumer.fd(), event(Wakeup::Ring, EpollFlags::EPOLLIN)).context(FAILED)?;
        epoll.add(signals.fd(), event(Wakeup::Signals, EpollFlags::EPOLLIN)).context(FAILED)?;
        epoll.add(watch.fd(), event(Wakeup::Configuration, EpollFlags::EPOLLIN)).context(FAILED)?;
        if let Some(control) = control {
            epoll.add(control.fd(), event(Wakeup::Control, EpollFlags::EPOLLIN)).context(FAILED)?;
        }
        Ok(Self { epoll, output: false, ring: true })
    }

    /// Sleeps until a source wakes it, or for that long; `None`: for ever.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<Vec<Wakeup>> {
        let timeout = timeout.map_or(EpollTimeout::NONE, round_up);
        let mut events = [EpollEvent::empty(); WAKEUPS.len()];
        match self.epoll.wait(&mut events, timeout) {
            Ok(count) => Ok(events.iter().take(count).filter_map(wakeup).collect()),
            // The signal has also written into its descriptor.
            Err(Errno::EINTR) => Ok(Vec::new()),
            Err(error) => Err(error).context(FAILED),
        }
    }

    /// Ignores the ring, which stays readable, and waits for the output if its descriptor signals.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn pause(
        &mut self,
        consumer: &Consumer<'_>,
        output: &Output,
        gate: WriterState,
    ) -> Result<()> {
        if std::mem::take(&mut self.ring) {
            self.epoll.delete(consumer.fd()).context(FAILED)?;
        }
        // One that is away is readable with an error all the time: it would keep the loop awake.
        self.wait_for_output(output, matches!(gate, WriterState::Blocked { .. }))
    }

    /// The other way round.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn resume(&mut self, consumer: &Consumer<'_>, output: &Output) -> Result<()> {
        self.wait_for_output(output, false)?;
        if !std::mem::replace(&mut self.ring, true) {
            let readable = event(Wakeup::Ring, EpollFlags::EPOLLIN);
            self.epoll.add(consumer.fd(), readable).context(FAILED)?;
        }
        Ok(())
    }

    /// Wakes once when the programs are loaded that the start did not wait for.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn add_completion(&self, bpf: &Bpf<'_>) -> Result<()> {
        let once = EpollFlags::EPOLLIN | EpollFlags::EPOLLONESHOT;
        self.epoll.add(bpf.completion(), event(Wakeup::Programs, once)).context(FAILED)
    }

    /// Wakes for the answers of the thread that reads executables.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn add_digests(&self, answers: BorrowedFd<'_>) -> Result<()> {
        self.epoll.add(answers, event(Wakeup::Digests, EpollFlags::EPOLLIN)).context(FAILED)
    }

    /// Wakes for the messages of a process.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn add_drain(&self, channel: BorrowedFd<'_>) -> Result<()> {
        self.epoll.add(channel, event(Wakeup::Drain, EpollFlags::EPOLLIN)).context(FAILED)
    }

    /// Ignores the messages of a process.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn forget_drain(&self, channel: BorrowedFd<'_>) -> Result<()> {
        self.epoll.delete(channel).context(FAILED)
    }

    fn wait_for_output(&mut self, output: &Output, wanted: bool) -> Result<()> {
        let done = match (std::mem::replace(&mut self.output, wanted), wanted) {
            (false, true) => {
                self.epoll.add(output.as_fd(), event(Wakeup::Output, EpollFlags::EPOLLOUT))
            }
            (true, false) => self.epoll.delete(output.as_fd()),
            _ => Ok(()),
        };
        done.context(FAILED)
    }
}

const FAILED: &str = "failed to wait for events (epoll)";

fn event(wakeup: Wakeup, flags: EpollFlags) -> EpollEvent {
    EpollEvent::new(flags, wakeup as u64)
}

fn wakeup(event: &EpollEvent) -> Option<Wakeup> {
    WAKEUPS.get(usize::try_from(event.data()).ok()?).copied()
}

/// epoll counts whole milliseconds; rounding down would spin through the last one.
fn round_up(timeout: Duration) -> EpollTimeout {
    let ms = timeout.as_nanos().div_ceil(1_000_000);
    EpollTimeout::try_from(ms).unwrap_or(EpollTimeout::NONE)
}
