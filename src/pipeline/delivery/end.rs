//! Ends of calls that were recorded as still running. They are no events: only their results can be lost.

use super::{Delivery, redaction};
use crate::config::Keep;
use crate::decode::Event;
use crate::output::record::{Body, Ended, Record};
use crate::pipeline::activity::ActivityCounts;
use crate::pipeline::owner::UserOwner;
use crate::pipeline::receipts::Source;
use crate::pipeline::redact::secrets;
use crate::pipeline::rule_lookup::MatchedRule;
use crate::pipeline::shed::Decision;
use crate::stats::Portion;

impl Delivery {
    /// Writes the end of the call of an event that is recorded already, unless load shedding has no room for it.
    pub fn deliver_end(
        &mut self,
        event: &Event<'_>,
        boottime_ns: u64,
        matched: Option<MatchedRule<'_>>,
    ) {
        let keep = matched.map_or(Keep::default(), |matched| matched.rule.keep);
        let owner = UserOwner::of(event);
        if self.shedder.decide_uncounted(keep, owner, self.now) == Decision::Aggregate {
            self.tally.slot(event.slot).results_lost += 1;
            return;
        }
        let secrets = secrets(event, redaction(matched));
        let redacted = (!secrets.is_empty()).then(|| secrets.redacted(event));
        let event = redacted.as_ref().unwrap_or(event);
        let place = self.units.place(event.cgroup);
        let body = Body::Ended(Ended { event, place: place.as_deref() });
        let record = Record { time_ns: self.clock.real_ns(boottime_ns), body };
        let written = self.write_record(&record, Portion::End(event.slot), Source::Memory);
        self.shedder.charge_event(keep, owner, written.bytes, self.now);
        self.count_activity(event, place.as_deref(), || ActivityCounts {
            bytes: written.bytes,
            ..ActivityCounts::end(event.outcome)
        });
    }
}
