//! Records of the daemon's own about what it writes, and their share of the budget.

use std::time::Duration;

use super::Delivery;
use crate::clock;
use crate::journald::{Allowance, Sent, Suspicion};
use crate::sink::record::{self, Body, JournalRateLimit};

impl Delivery {
    /// Writes a record of the daemon's own.
    pub fn say(&mut self, body: Body<'_>) {
        let bytes = self.outlet.say(body);
        self.count(bytes, body.priority());
    }

    /// A record was written.
    pub(super) fn count(&mut self, bytes: u64, priority: u8) {
        self.budget.wrote(bytes, self.now);
        let Some(sent) = &mut self.sent else { return };
        let Some(since) = sent.count(priority, self.now) else { return };
        let Allowance { interval, burst } = sent.allowance();
        let to_ns = clock::real_now_ns();
        let from_ns = to_ns.saturating_sub(nanos(self.now.saturating_duration_since(since)));
        let interval_ns = nanos(interval);
        self.say(Body::JournalRateLimit(&JournalRateLimit { burst, interval_ns, from_ns, to_ns }));
    }

    /// Since when journald may have dropped entries of which it should have told by now.
    pub fn suspicion(&self) -> Option<Suspicion> {
        self.sent.as_ref()?.suspicion()
    }

    /// The same, once.
    pub fn take_suspicion(&mut self) -> Option<Suspicion> {
        let suspicion = self.suspicion();
        self.sent.iter_mut().for_each(Sent::forget_suspicion);
        suspicion
    }

    /// Tells the steps that the budget made necessary.
    pub fn tell_steps(&mut self) {
        self.budget.calm(self.now);
        for step in self.budget.take_steps() {
            let to_ns = clock::real_now_ns();
            let from_ns =
                to_ns.saturating_sub(nanos(self.now.saturating_duration_since(step.since)));
            let (most, from, to, counts) = (self.budget.most(), step.from, step.to, step.counts);
            self.say(Body::Shed(&record::Shed { most, from, from_ns, to, to_ns, counts }));
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
