//! The daemon's own records, and their share of the output limits.

use std::time::Duration;

use super::Delivery;
use crate::clock;
use crate::output::record::{self, Body};

impl Delivery {
    /// Writes a record of the daemon's own.
    pub fn emit(&mut self, body: Body<'_>) {
        let bytes = self.writer.write_own(body);
        self.shedder.charge(bytes, self.now);
    }

    /// Writes a record for each change of the shedding level.
    pub fn report_shed_changes(&mut self) {
        self.shedder.relax(self.now);
        for change in self.shedder.take_changes() {
            let to_ns = clock::real_now_ns();
            let from_ns =
                to_ns.saturating_sub(nanos(self.now.saturating_duration_since(change.since)));
            let (limits, from, to, counts) =
                (self.shedder.limits(), change.from, change.to, change.counts);
            self.emit(Body::Shed(&record::Shed { limits, from, from_ns, to, to_ns, counts }));
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
