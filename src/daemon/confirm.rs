//! `reload --confirm`: another configuration is live for some time, then the daemon goes back to its own. Nothing of it
//! outlives the daemon, so one that is restarted meanwhile has its own configuration.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::reload::{ReloadCause, ReloadOutcome};
use super::trial::LiveTrial;
use super::{Daemon, Timer};
use crate::clock;
use crate::output::utc;

impl Daemon<'_> {
    /// Makes another configuration live for some time. A fault in it changes nothing.
    ///
    /// # Errors
    /// Fails if the table cannot be changed.
    pub(super) fn begin_trial(&mut self, config: &Path, time: Duration) -> Result<ReloadOutcome> {
        let tried = self.dry_run(config);
        if let ReloadOutcome::Refused(_) = tried {
            return Ok(tried);
        }
        let end_ns = clock::real_now_ns().saturating_add(time.as_nanos() as u64);
        let before =
            self.trial.replace(LiveTrial { config: config.to_owned(), until: utc(end_ns) });
        let outcome = self.reload_live_config(ReloadCause::Client)?;
        match outcome {
            ReloadOutcome::Done(_) => self.timers.set(Timer::Trial, Some(Instant::now() + time)),
            // The kernel refused it: the table and its time are those of before.
            ReloadOutcome::Refused(_) => self.trial = before,
        }
        Ok(outcome)
    }

    /// Goes back to the daemon's own configuration.
    ///
    /// # Errors
    /// Fails if the table cannot be changed.
    pub(super) fn expire_trial(&mut self) -> Result<()> {
        self.reload(ReloadCause::Files).map(drop)
    }

    /// Forgets the trial, which is returned: the daemon's own configuration is read next.
    pub(super) fn end_trial(&mut self) -> Option<LiveTrial> {
        self.timers.set(Timer::Trial, None);
        self.trial.take()
    }

    /// Returns the path of the configuration that is live.
    pub(super) fn live_config(&self) -> &Path {
        self.trial.as_ref().map_or(&self.options.config, |trial| &trial.config)
    }
}
