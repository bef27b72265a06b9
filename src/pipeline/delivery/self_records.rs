//! The daemon's own records, and their share of the output limits.

use std::time::Duration;

use super::Delivery;
use crate::clock;
use crate::output::record::{self, Body};

impl Delivery {
    /// Writes a record of the daemon's own.
    pub fn emit(&mut self, body: Body<'_>) {
        let bytes = self.writer.write_own(body);
        self.shedder.wrote(bytes, self.now);
    }

    /// Tells the steps that the shedder made necessary.
    pub fn report_shed_changes(&mut self) {
        self.shedder.relax(self.now);
        for step in self.shedder.take_steps() {
            let to_ns = clock::real_now_ns();
            let from_ns =
                to_ns.saturating_sub(nanos(self.now.saturating_duration_since(step.since)));
            let (limits, from, to, counts) =
                (self.shedder.limits(), step.from, step.to, step.counts);
            self.emit(Body::Shed(&record::Shed { limits, from, from_ns, to, to_ns, counts }));
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
