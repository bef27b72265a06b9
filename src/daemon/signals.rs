//! Signals in, flags out, and one descriptor that wakes the loop. Registered before anything else:
//! by default a SIGHUP ends a process, and one that comes during a reload must not be lost.

use std::io::Read as _;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level::pipe};

/// Requests that arrived as signals.
#[derive(Debug)]
pub struct Signals {
    wake: UnixStream,
    reload: Arc<AtomicBool>,
    stop: Arc<AtomicUsize>,
}

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// Fails if the process has no descriptors left.
    pub fn register() -> Result<Self> {
        let what = "failed to listen for signals";
        let (wake, write) = UnixStream::pair().context(what)?;
        wake.set_nonblocking(true).context(what)?;
        let signals = Self { wake, reload: Arc::default(), stop: Arc::default() };
        // The flag first: whoever is woken must find it set.
        flag::register(SIGHUP, Arc::clone(&signals.reload)).context(what)?;
        for signal in [SIGINT, SIGTERM] {
            let number = usize::try_from(signal).context(what)?;
            flag::register_usize(signal, Arc::clone(&signals.stop), number).context(what)?;
        }
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            pipe::register(signal, write.try_clone().context(what)?).context(what)?;
        }
        Ok(signals)
    }

    /// Readable after a signal.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Empties the descriptor; the flags stay.
    pub fn acknowledge(&self) {
        let mut bytes = [0; 64];
        while (&self.wake).read(&mut bytes).is_ok_and(|count| count > 0) {}
    }

    /// Returns and clears the request for a reload. Several signals are one request.
    pub fn take_reload(&self) -> bool {
        self.reload.swap(false, SeqCst)
    }

    /// Returns and clears the signal that asks the daemon to stop, so that a second one is noticed.
    pub fn take_stop(&self) -> Option<&'static str> {
        let number = i32::try_from(self.stop.swap(0, SeqCst)).ok()?;
        Signal::try_from(number).ok().map(Signal::as_str)
    }
}
