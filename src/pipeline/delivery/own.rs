//! Records of the daemon's own about what it writes, and their share of the budget.

use std::time::Duration;

use super::Delivery;
use crate::clock;
use crate::output::record::{self, Body};

impl Delivery {
    /// Writes a record of the daemon's own.
    pub fn say(&mut self, body: Body<'_>) {
        let bytes = self.outlet.say(body);
        self.budget.wrote(bytes, self.now);
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
