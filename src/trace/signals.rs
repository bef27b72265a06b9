//! Signals that end a trace, as a descriptor to be polled.

use std::io::Read as _;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level::pipe};

/// Signals that end a trace.
pub struct EndSignals {
    wake: UnixStream,
    last: Arc<AtomicUsize>,
}

impl EndSignals {
    /// Begins to catch SIGINT and SIGTERM.
    ///
    /// # Errors
    /// Fails if the kernel refuses the handlers or the socket.
    pub fn register() -> Result<Self> {
        let what = "failed to listen for signals";
        let (wake, write) = UnixStream::pair().context(what)?;
        wake.set_nonblocking(true).context(what)?;
        let last = Arc::default();
        for signal in [SIGINT, SIGTERM] {
            // The flag first: whoever is woken must find it set.
            let number = usize::try_from(signal).context(what)?;
            flag::register_usize(signal, Arc::clone(&last), number).context(what)?;
            pipe::register(signal, write.try_clone().context(what)?).context(what)?;
        }
        Ok(Self { wake, last })
    }

    /// Readable when a signal came.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Returns the last signal that came.
    pub fn take(&self) -> i32 {
        let mut bytes = [0; 64];
        while (&self.wake).read(&mut bytes).is_ok_and(|count| count > 0) {}
        i32::try_from(self.last.swap(0, SeqCst)).unwrap_or_default()
    }
}
