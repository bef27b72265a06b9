//! What journald dropped is looked for when it should have said so, and told.

use std::time::{Duration, Instant};

use super::Daemon;
use super::outlet::Gate;
use crate::clock;
use crate::journald::{DROPPED, Dropped};
use crate::sink::record::{Body, JournalDropped};

/// How long journald may take to get to what it was sent. What it says later is found the next time.
const LAG: Duration = Duration::from_secs(1);

impl Daemon<'_> {
    /// When it is time to look.
    pub(super) fn search_due(&self) -> Option<Instant> {
        let suspicion = self.pipeline.borrow().delivery.suspicion();
        suspicion.filter(|_| self.gate() == Gate::Open).map(|suspicion| suspicion.at + LAG)
    }

    /// Begins to look if it is time to.
    pub(super) fn search_if_due(&mut self) {
        let now = Instant::now();
        if self.search_due().is_none_or(|at| at > now) {
            return;
        }
        let suspicion = self.pipeline.borrow_mut().delivery.take_suspicion();
        let Some((suspicion, search)) = suspicion.zip(self.search.as_mut()) else { return };
        let ago = now.saturating_duration_since(suspicion.since);
        let ago_ns = u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX);
        if let Err(error) = search.begin(clock::real_now_ns().saturating_sub(ago_ns)) {
            complain(&error);
        }
    }

    /// `journalctl` has ended.
    pub(super) fn tell_dropped(&mut self) {
        let Some(search) = &mut self.search else { return };
        let unit = search.unit().to_owned();
        let found = search.end().unwrap_or_else(|error| {
            complain(&error);
            Vec::new()
        });
        for Dropped { count, from_ns, to_ns } in found {
            let unit = unit.clone();
            self.say(Body::JournalDropped(&JournalDropped { unit, count, from_ns, to_ns }));
        }
    }
}

fn complain(error: &anyhow::Error) {
    tracing::warn!(
        "could not find out what journald dropped of our records: {error:#}; its own entries tell: \
         journalctl {DROPPED}"
    );
}
