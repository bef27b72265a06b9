//! Calls of dumps of black boxes. They are no events of the ring, so that only the dump counts them.

use super::{Delivery, redaction};
use crate::decode::Event;
use crate::output::record::{Body, Record, Syscall};
use crate::pipeline::redact::secrets;
use crate::pipeline::rule_lookup::MatchedRule;
use crate::stats::Portion;

impl Delivery {
    /// Writes a call of a dump, whatever the limits of the output are. Returns whether the output has refused it.
    pub fn deliver_boxed(&mut self, event: &Event<'_>, matched: Option<MatchedRule<'_>>) -> bool {
        let secrets = secrets(event, redaction(matched));
        let redacted = (!secrets.is_empty()).then(|| secrets.redacted(event));
        let event = redacted.as_ref().unwrap_or(event);
        let place = self.units.place(event.cgroup);
        let (place, suppressed) = (place.as_deref(), 0);
        let body = Body::Syscall(Syscall {
            event,
            place,
            suppressed,
            may_be_duplicate: false,
            novel: None,
        });
        let record = Record { time_ns: self.real_ns(event.boottime_ns), body };
        let written = self.writer.write(&record, Portion::Many(event.slot, 0), |_| {});
        self.shedder.charge(written.bytes, self.now);
        written.is_lost
    }

    /// Returns the wall-clock time of a boot time, in ns since 1970 UTC.
    pub fn real_ns(&self, boottime_ns: u64) -> u64 {
        self.clock.real_ns(boottime_ns)
    }
}
