//! Events in, one record for each key and interval out, with how many there were, one of them as an
//! example, and what came of their calls. Pure. What has no room in the memory that this may take is
//! counted in one record of the owner and route; nothing goes missing.

mod count;
mod memory;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Instant;

pub use count::Observation;

use crate::output::record::aggregate::{
    Aggregated, Group, GroupInfo, GroupKey, GroupOwner, Summary,
};
use crate::pipeline::room::Room;
use memory::bytes_of;

/// Keys that are counted at a time, with those whose records still wait to be written.
const KEYS_MAX: usize = 8192;
/// Limit of the memory of all groups, examples included.
const BYTES_MAX: usize = 4 << 20;
/// Records of owners whose groups had no room, of all routes together. Beyond it they are counted in one of the route.
const OVERFLOWS_MAX: usize = 256;

/// Groups that are being counted, and aggregates that are ready to be written.
#[derive(Debug)]
pub struct Aggregator {
    groups: BTreeMap<Group, Interval>,
    /// The oldest first, with the time at which their interval ended.
    ready: VecDeque<(Instant, Aggregated)>,
    room: Room<GroupOwner>,
    overflows: usize,
}

#[derive(Debug)]
struct Interval {
    info: GroupInfo,
    ends: Instant,
    summaries: HashMap<GroupKey, Summary>,
    overflows: HashMap<GroupOwner, Summary>,
    rest: Option<Summary>,
}

impl Default for Aggregator {
    fn default() -> Self {
        Self::bounded(KEYS_MAX, BYTES_MAX)
    }
}

impl Aggregator {
    /// Makes an aggregator with room for `keys_max` keys in `bytes_max` bytes.
    pub fn bounded(keys_max: usize, bytes_max: usize) -> Self {
        let (groups, ready) = (BTreeMap::new(), VecDeque::new());
        Self { groups, ready, room: Room::new(keys_max, bytes_max), overflows: 0 }
    }

    /// Counts an event. Calls `info` only for the first event of an interval and `example` only for the first of
    /// a key.
    pub fn add(
        &mut self,
        now: Instant,
        group: Group,
        info: impl FnOnce() -> GroupInfo,
        key: GroupKey,
        observation: &Observation,
        example: impl FnOnce() -> String,
    ) {
        if self.groups.get(&group).is_some_and(|interval| interval.ends <= now) {
            self.close(now, |closed, _| *closed == group);
        }
        let interval = self.groups.entry(group).or_insert_with(|| Interval::begin(now, info()));
        if let Some(summary) = interval.summaries.get_mut(&key) {
            return summary.add(observation);
        }
        let summary = Summary::first(observation, example());
        let owner = key.owner();
        if self.room.take(owner.clone(), bytes_of(&key, &summary)) {
            interval.summaries.insert(key, summary);
            return;
        }
        if let Some(overflow) = interval.overflows.get_mut(&owner) {
            return overflow.add(observation);
        }
        if self.overflows < OVERFLOWS_MAX {
            self.overflows += 1;
            interval.overflows.insert(owner, summary);
            return;
        }
        match &mut interval.rest {
            Some(rest) => rest.add(observation),
            None => interval.rest = Some(summary),
        }
    }

    /// Returns the end of the next interval.
    pub fn next_end(&self) -> Option<Instant> {
        self.groups.values().map(|interval| interval.ends).min()
    }

    /// Makes the records of all intervals that have ended by now.
    pub fn close_due(&mut self, now: Instant) {
        self.close(now, |_, ends| ends <= now);
    }

    /// Ends the intervals of tables older than `generation`, whose rules may differ.
    pub fn close_before(&mut self, generation: u32, now: Instant) {
        self.close(now, |group, _| group.generation < generation);
    }

    /// Ends all intervals now.
    pub fn close_all(&mut self, now: Instant) {
        self.close(now, |_, _| true);
    }

    fn close(&mut self, now: Instant, is_over: impl Fn(&Group, Instant) -> bool) {
        let over = self.groups.iter().filter(|(group, interval)| is_over(group, interval.ends));
        let over: Vec<Group> = over.map(|(group, _)| *group).collect();
        for group in over {
            let Some(interval) = self.groups.remove(&group) else { continue };
            let Interval { info, summaries, overflows, rest, .. } = interval;
            let keyed = summaries.into_iter().map(|(key, summary)| (Some(key), None, summary));
            let owned = overflows.into_iter().map(|(owner, summary)| (None, Some(owner), summary));
            let rest = rest.map(|rest| (None, None, rest));
            for (key, owner, summary) in keyed.chain(owned).chain(rest) {
                let info = info.clone();
                self.ready.push_back((now, Aggregated { group, info, key, owner, summary }));
            }
        }
    }

    /// Returns the oldest aggregate that is ready, with the end of its interval.
    pub fn ready(&self) -> Option<(Instant, &Aggregated)> {
        self.ready.front().map(|(since, aggregated)| (*since, aggregated))
    }

    /// Removes and returns the oldest aggregate that is ready.
    pub fn take(&mut self) -> Option<Aggregated> {
        let (_, aggregated) = self.ready.pop_front()?;
        if let Some(key) = &aggregated.key {
            self.room.give_back(key.owner(), bytes_of(key, &aggregated.summary));
        }
        if aggregated.owner.is_some() {
            self.overflows -= 1;
        }
        Some(aggregated)
    }

    /// Returns whether nothing is counted and nothing waits.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.ready.is_empty()
    }
}

impl Interval {
    fn begin(now: Instant, info: GroupInfo) -> Self {
        let ends = now + info.every;
        let (summaries, overflows) = (HashMap::new(), HashMap::new());
        Self { info, ends, summaries, overflows, rest: None }
    }
}

#[cfg(test)]
mod tests;
