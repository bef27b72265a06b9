//! Notifications to the service manager (sd_notify(3)): readiness, reloads, the watchdog and the status line.
//! Without a service manager they do nothing.

use std::cell::Cell;
use std::time::Duration;

use crate::clock;
use crate::notify_socket::NotifySocket;

/// Connection to the service manager.
#[derive(Debug)]
pub struct Systemd {
    socket: Option<NotifySocket>,
    watchdog: Option<Duration>,
    status: String,
    /// True after a notification that failed: that is logged once.
    has_failed: Cell<bool>,
}

impl Systemd {
    /// Reads the address of the service manager and the watchdog interval from the environment.
    pub fn new() -> Self {
        let socket = NotifySocket::from_env().unwrap_or_else(|error| {
            tracing::warn!("{error:#}");
            None
        });
        // Twice as often as asked, so that one late turn is no alarm (sd_watchdog_enabled(3)).
        let watchdog = sd_notify::watchdog_enabled().map(|every| every / 2);
        let watchdog = watchdog.filter(|every| !every.is_zero());
        Self { socket, watchdog, status: String::new(), has_failed: Cell::new(false) }
    }

    /// Reports that the table is live.
    pub fn ready(&self) {
        self.send(&[("READY", "1")]);
    }

    /// Reports that a reload begins. systemd compares the time with that of its request (since version 253).
    pub fn reloading(&self) {
        let now = clock::monotonic_us().to_string();
        self.send(&[("RELOADING", "1"), ("MONOTONIC_USEC", &now)]);
    }

    /// Reports that the daemon is stopping.
    pub fn stopping(&self) {
        self.send(&[("STOPPING", "1")]);
    }

    /// Sends the status line of `systemctl status`, if it has changed.
    pub fn status(&mut self, status: String) {
        if status != self.status {
            self.send(&[("STATUS", &status)]);
            self.status = status;
        }
    }

    /// Sends a sign of life and returns the interval until the next one; `None` without a watchdog.
    pub fn ping(&self) -> Option<Duration> {
        let interval = self.watchdog?;
        self.send(&[("WATCHDOG", "1")]);
        Some(interval)
    }

    fn send(&self, assignments: &[(&str, &str)]) {
        let Some(socket) = &self.socket else { return };
        let sent = socket.send(assignments, &[]);
        if let (Err(error), false) = (&sent, self.has_failed.get()) {
            tracing::warn!("{error:#}");
        }
        self.has_failed.set(sent.is_err());
    }
}
