//! Counts of the events by owner, for clients that watch them.

use super::Delivery;
use crate::decode::Event;
use crate::output::record::aggregate::Aggregated;
use crate::pipeline::activity::{ActivityCounter, ActivityCounts, ActivityOwner};
use crate::units::CgroupInfo;

impl Delivery {
    /// Returns the counts by owner, which begin at that time unless they have begun: `CLOCK_BOOTTIME` in ns. Names without
    /// events for a while are forgotten.
    pub fn activity(&mut self, now_ns: u64) -> &ActivityCounter {
        let activity = self.activity.get_or_insert_with(|| Box::new(ActivityCounter::new(now_ns)));
        activity.forget_idle(self.now);
        activity
    }

    /// Ends the counting by owner.
    pub fn end_activity(&mut self) {
        self.activity = None;
    }

    /// Counts an event by its owner, if a client asks for that.
    pub(super) fn count_activity(
        &mut self,
        event: &Event<'_>,
        place: Option<&CgroupInfo>,
        counts: impl FnOnce() -> ActivityCounts,
    ) {
        if let Some(activity) = &mut self.activity {
            let owner = ActivityOwner::of(event, place);
            activity.add(event.slot, Some(&owner), &counts(), self.now);
        }
    }

    /// Counts the record of an aggregate, whose events were counted when they were added to it.
    pub(super) fn count_aggregate_activity(
        &mut self,
        aggregated: &Aggregated,
        bytes: u64,
        is_lost: bool,
    ) {
        let Some(activity) = &mut self.activity else { return };
        let lost = if is_lost { aggregated.summary.count } else { 0 };
        let owner = aggregated.key.as_ref().map(ActivityOwner::of_key);
        let counts = ActivityCounts { bytes, lost, ..ActivityCounts::default() };
        activity.add(aggregated.group.slot, owner.as_ref(), &counts, self.now);
    }
}
