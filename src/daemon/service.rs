//! What systemd is told: ready, reloading, stopping, alive, and the line in `systemctl status`.
//! Without systemd each of these does nothing.

use std::time::{Duration, Instant};

use sd_notify::{NotifyState, notify};

use crate::clock;

/// The service manager's side of us.
#[derive(Debug)]
pub struct Service {
    watchdog: Option<Duration>,
    next_ping: Option<Instant>,
    status: String,
}

impl Service {
    /// Asks the environment what the service manager wants.
    pub fn new() -> Self {
        // Twice as often as asked, so that one late turn is no alarm (sd_watchdog_enabled(3)).
        let watchdog = sd_notify::watchdog_enabled().map(|every| every / 2);
        let next_ping = watchdog.map(|_| Instant::now());
        Self { watchdog, next_ping, status: String::new() }
    }

    /// Calls go through the table.
    pub fn ready(&self) {
        tell(&[NotifyState::Ready]);
    }

    /// A reload begins. systemd compares the time with that of its request (since version 253).
    pub fn reloading(&self) {
        let now = clock::monotonic_us();
        tell(&[NotifyState::Reloading, NotifyState::MonotonicUsec(now.into())]);
    }

    /// The daemon ends.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    /// The line in `systemctl status`, told only when it changes.
    pub fn status(&mut self, status: String) {
        if status != self.status {
            tell(&[NotifyState::Status(&status)]);
            self.status = status;
        }
    }

    /// Says that we are alive, if it is time to, and when to come back.
    pub fn ping(&mut self, now: Instant) -> Option<Instant> {
        if self.next_ping.is_some_and(|at| at <= now) {
            tell(&[NotifyState::Watchdog]);
            self.next_ping = self.watchdog.map(|every| now + every);
        }
        self.next_ping
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = notify(states) {
        tracing::warn!("failed to notify the service manager: {error}");
    }
}
