//! Aggregates: events added to them, and those that are ready written or dropped.

use std::time::Instant;

use syscalls::Slot;

use super::{Delivery, ROOM_WAIT_MAX};
use crate::config::{self, Keep};
use crate::decode::Event;
use crate::output;
use crate::output::record::aggregate::{Aggregated, Cause, Group, GroupInfo, GroupKey};
use crate::output::record::{Aggregate, Body, Record};
use crate::pipeline::activity::ActivityCounts;
use crate::pipeline::aggregate::Observation;
use crate::pipeline::receipts::Source;
use crate::pipeline::writer::WriterState;
use crate::stats::Portion;
use crate::units::CgroupInfo;

impl Delivery {
    /// Adds an event to the aggregate of its key.
    pub(super) fn aggregate(
        &mut self,
        event: &Event<'_>,
        keep: Keep,
        option: &config::Aggregate,
        cause: Cause,
        suppressed: u64,
    ) {
        let Event { generation, slot, rule, priority, boottime_ns, outcome, .. } = *event;
        let group = Group { generation, slot, rule, cause };
        let handler = || event.handler.name.clone();
        let info = || GroupInfo { every: option.every, handler: handler(), priority, keep };
        let place = self.units.place(event.cgroup);
        let key = key(event, place.as_deref(), &option.by);
        let observation = Observation { boottime_ns, outcome, suppressed };
        self.tally.slot(slot).aggregated += 1;
        *self.aggregating.entry(slot).or_default() += 1;
        self.count_activity(event, place.as_deref(), || ActivityCounts::event(outcome));
        self.aggregator.add(self.now, group, info, key, &observation, || output::sentence(event));
    }

    /// Writes an aggregate that is ready, if the output and the shedder allow it, or drops it; `all` ignores the
    /// shedder. Returns its slot.
    pub fn release_aggregate(&mut self, all: bool) -> Option<Slot> {
        self.aggregator.close_due(self.now);
        if self.writer.state() != WriterState::Open {
            return None;
        }
        let (since, aggregated) = self.aggregator.ready()?;
        let has_room = all || self.shedder.has_room(aggregated.info.keep, self.now);
        if !has_room && self.now.saturating_duration_since(since) < ROOM_WAIT_MAX {
            return None;
        }
        let aggregated = self.aggregator.take()?;
        let (slot, count) = (aggregated.group.slot, aggregated.summary.count);
        let portion = Portion::Many(slot, count);
        if has_room {
            self.write_aggregate(&aggregated, portion);
        } else {
            self.shedder.count_dropped(count, self.now);
            self.tally.drop(portion);
            self.count_aggregate_activity(&aggregated, 0, true);
        }
        self.end_aggregate(slot, count);
        Some(slot)
    }

    /// Counts the events of an aggregate that is written or given up as no longer in memory.
    pub(super) fn end_aggregate(&mut self, slot: Slot, count: u64) {
        let aggregating = self.aggregating.entry(slot).or_default();
        *aggregating = aggregating.saturating_sub(count);
    }

    fn write_aggregate(&mut self, aggregated: &Aggregated, portion: Portion) {
        let [from_ns, to_ns] = [aggregated.summary.first_ns, aggregated.summary.last_ns]
            .map(|boottime_ns| self.clock.real_ns(boottime_ns));
        let body = Body::Aggregate(Aggregate { aggregated, from_ns, to_ns });
        let written = self.write_record(&Record { time_ns: to_ns, body }, portion, Source::Memory);
        self.shedder.charge_aggregate(written.bytes, self.now);
        self.count_aggregate_activity(aggregated, written.bytes, written.is_lost);
    }

    /// Returns whether aggregates wait for room below the output limits.
    pub fn waits_for_room(&self) -> bool {
        self.aggregator.ready().is_some()
    }

    /// Returns the time at which an interval ends or the shedding level is relaxed.
    pub fn next_due(&self) -> Option<Instant> {
        self.aggregator.next_end().into_iter().chain(self.shedder.next_relax()).min()
    }

    /// Ends the intervals of tables older than `generation`: the rules that asked for them are gone.
    pub fn close_intervals_before(&mut self, generation: u32) {
        self.aggregator.close_before(generation, self.now);
    }

    /// Ends all intervals.
    pub fn close_intervals(&mut self) {
        self.aggregator.close_all(self.now);
    }
}

fn key(event: &Event<'_>, place: Option<&CgroupInfo>, by: &[String]) -> GroupKey {
    GroupKey {
        unit: place.and_then(|place| place.unit.clone()),
        user_unit: place.and_then(|place| place.user_unit.clone()),
        comm: event.comm.to_vec(),
        uid: event.uid,
        charged_uid: event.charged_uid,
        by: by.iter().filter_map(|name| argument(event, name)).collect(),
    }
}

/// Returns the argument called `name`; other syscalls of the same route may not have it.
fn argument(event: &Event<'_>, name: &str) -> Option<(String, String)> {
    Some((name.to_owned(), output::argument(event, name)?))
}
