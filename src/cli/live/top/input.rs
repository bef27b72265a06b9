//! Waiting for keys, signals and time. One descriptor for all signals, so that none is missed and nothing is polled.

use std::io::{Read as _, stdin};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::{flag, low_level::pipe};

/// Keys and signals of the process.
#[derive(Debug)]
pub struct TerminalInput {
    wake: UnixStream,
    end: Arc<AtomicUsize>,
}

/// Reason why the screen is to be updated.
#[derive(Debug)]
pub enum Wake {
    /// Keys were pressed, or the terminal has another size.
    Keys(Vec<KeyEvent>),
    /// A signal ends the process.
    Signal(usize),
    /// The terminal has gone.
    Closed,
    /// The time is over.
    Time,
}

impl TerminalInput {
    /// Begins to listen.
    ///
    /// # Errors
    /// Fails if the process has no descriptors left.
    pub fn register() -> Result<Self> {
        let what = "failed to listen for signals";
        let (wake, write) = UnixStream::pair().context(what)?;
        wake.set_nonblocking(true).context(what)?;
        let input = Self { wake, end: Arc::default() };
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            let number = usize::try_from(signal).context(what)?;
            flag::register_usize(signal, Arc::clone(&input.end), number).context(what)?;
        }
        for signal in [SIGHUP, SIGINT, SIGTERM, SIGWINCH] {
            pipe::register(signal, write.try_clone().context(what)?).context(what)?;
        }
        Ok(input)
    }

    /// Waits until that time at most.
    ///
    /// # Errors
    /// Fails if the terminal cannot be read.
    pub fn wait(&self, until: Instant) -> Result<Wake> {
        let keys = stdin();
        let mut fds =
            [keys.as_fd(), self.wake.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        let is_over = match poll(&mut fds, timeout(until)) {
            Ok(ready) => ready == 0,
            Err(Errno::EINTR) => false,
            Err(error) => return Err(error).context("failed to wait for keys"),
        };
        let mut bytes = [0; 64];
        while (&self.wake).read(&mut bytes).is_ok_and(|count| count > 0) {}
        let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
        let is_gone = fds[0].revents().is_some_and(|events| events.intersects(gone));
        match self.end.load(SeqCst) {
            0 if is_gone => Ok(Wake::Closed),
            0 if is_over => Ok(Wake::Time),
            0 => Ok(Wake::Keys(read_keys()?)),
            signal => Ok(Wake::Signal(signal)),
        }
    }
}

/// Returns the time left, in whole milliseconds that do not end before.
fn timeout(until: Instant) -> PollTimeout {
    let left = until.saturating_duration_since(Instant::now());
    let milliseconds = left.as_nanos().div_ceil(1_000_000);
    u16::try_from(milliseconds).unwrap_or(u16::MAX).into()
}

fn read_keys() -> Result<Vec<KeyEvent>> {
    let what = "failed to read keys";
    let mut keys = Vec::new();
    while event::poll(Duration::ZERO).context(what)? {
        if let Event::Key(key) = event::read().context(what)? {
            keys.extend((key.kind != KeyEventKind::Release).then_some(key));
        }
    }
    Ok(keys)
}
