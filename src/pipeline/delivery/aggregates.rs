//! Events on their way into aggregates, and aggregates on their way to the writer.

use std::time::Instant;

use super::{Delivery, ROOM_WAIT_MAX};
use crate::config::{self, Keep};
use crate::decode::Event;
use crate::output;
use crate::output::record::{Aggregate, Body, Record};
use crate::pipeline::aggregate::{Aggregated, Cause, Group, GroupInfo, GroupKey, Observation};
use crate::pipeline::writer::WriterState;
use crate::stats::Portion;
use crate::units::CgroupInfo;

impl Delivery {
    /// Counts an event together with others.
    pub(crate) fn aggregate(
        &mut self,
        event: &Event<'_>,
        keep: Keep,
        how: &config::Aggregate,
        cause: Cause,
        suppressed: u64,
    ) {
        let Event { generation, slot, rule, priority, boottime_ns, outcome, .. } = *event;
        let group = Group { generation, slot, rule, cause };
        let handler = || event.handler.name.clone();
        let info = || GroupInfo { every: how.every, handler: handler(), priority, keep };
        let place = self.units.place(event.cgroup);
        let key = key(event, place.as_deref(), &how.by);
        let seen = Observation { boottime_ns, outcome, suppressed };
        self.tally.slot(slot).aggregated += 1;
        self.aggregator.add(self.now, group, info, key, &seen, || output::sentence(event));
    }

    /// Writes records of many events that are ready, as far as output and shedder take them; `all`:
    /// whatever the shedder is.
    pub fn release(&mut self, all: bool) {
        self.aggregator.close_due(self.now);
        while self.writer.writer_state() == WriterState::Open {
            let Some((since, aggregated)) = self.aggregator.ready() else { return };
            let has_room = all || self.shedder.has_room(aggregated.info.keep, self.now);
            if !has_room && self.now.saturating_duration_since(since) < ROOM_WAIT_MAX {
                return;
            }
            let Some(aggregated) = self.aggregator.take() else { return };
            let portion = Portion::Many(aggregated.group.slot, aggregated.summary.count);
            if has_room {
                self.write_many(&aggregated, portion);
            } else {
                self.shedder.count_dropped(aggregated.summary.count, self.now);
                self.tally.drop(portion);
            }
        }
    }

    fn write_many(&mut self, aggregated: &Aggregated, portion: Portion) {
        let [from_ns, to_ns] = [aggregated.summary.first_ns, aggregated.summary.last_ns]
            .map(|boottime_ns| self.clock.real_ns(boottime_ns));
        let body = Body::Aggregate(Aggregate { aggregated, from_ns, to_ns });
        self.put(&Record { time_ns: to_ns, body }, portion);
    }

    /// Returns whether aggregates are ready that found no room yet.
    pub fn waits_for_room(&self) -> bool {
        self.aggregator.ready().is_some()
    }

    /// Returns the time at which an interval ends or the shedding level is relaxed.
    pub fn next_due(&self) -> Option<Instant> {
        self.aggregator.next_end().into_iter().chain(self.shedder.next_relax()).min()
    }

    /// Ends the intervals of tables before that one: the rules that asked for them are not there any more.
    pub fn close_before(&mut self, generation: u32) {
        self.aggregator.close_before(generation, self.now);
    }

    /// Ends all intervals.
    pub fn close(&mut self) {
        self.aggregator.close_all(self.now);
    }
}

fn key(event: &Event<'_>, place: Option<&CgroupInfo>, by: &[String]) -> GroupKey {
    GroupKey {
        unit: place.and_then(|place| place.unit.clone()),
        user_unit: place.and_then(|place| place.user_unit.clone()),
        comm: event.comm.to_vec(),
        uid: event.uid,
        by: by.iter().filter_map(|name| argument(event, name)).collect(),
    }
}

/// Other syscalls of the same route may not have it.
fn argument(event: &Event<'_>, name: &str) -> Option<(String, String)> {
    Some((name.to_owned(), output::argument(event, name)?))
}
