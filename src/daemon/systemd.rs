//! Notifications to the service manager (sd_notify(3)): readiness, reloads, the watchdog and the status line.
//! Without a service manager they do nothing.

use std::time::Duration;

use sd_notify::{NotifyState, notify};

use crate::clock;

/// Connection to the service manager.
#[derive(Debug)]
pub struct Systemd {
    watchdog: Option<Duration>,
    status: String,
}

impl Systemd {
    /// Reads the watchdog interval from the environment.
    pub fn new() -> Self {
        // Twice as often as asked, so that one late turn is no alarm (sd_watchdog_enabled(3)).
        let watchdog = sd_notify::watchdog_enabled().map(|every| every / 2);
        Self { watchdog, status: String::new() }
    }

    /// Reports that the table is live.
    pub fn ready(&self) {
        send(&[NotifyState::Ready]);
    }

    /// Reports that a reload begins. systemd compares the time with that of its request (since version 253).
    pub fn reloading(&self) {
        let now = clock::monotonic_us();
        send(&[NotifyState::Reloading, NotifyState::MonotonicUsec(now.into())]);
    }

    /// Reports that the daemon is stopping.
    pub fn stopping(&self) {
        send(&[NotifyState::Stopping]);
    }

    /// Sends the status line of `systemctl status`, if it has changed.
    pub fn status(&mut self, status: String) {
        if status != self.status {
            send(&[NotifyState::Status(&status)]);
            self.status = status;
        }
    }

    /// Sends a sign of life and returns the interval until the next one; `None` without a watchdog.
    pub fn ping(&self) -> Option<Duration> {
        let interval = self.watchdog?;
        send(&[NotifyState::Watchdog]);
        Some(interval)
    }
}

fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = notify(states) {
        tracing::warn!("failed to notify the service manager: {error}");
    }
}
