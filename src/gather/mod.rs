//! Events in, one record for each key and interval out, with how many there were, one of them as an
//! example, and what came of their calls. Pure. What has no room in the memory that this may take is
//! counted in one record of the route; nothing goes missing.

mod latency;
mod summary;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

pub use latency::Latency;
pub use summary::{Results, Summary};

use crate::config::Keep;
use crate::decode::End;
use crate::syscalls::Slot;

/// Keys that are counted at a time, with those whose records still wait to be written.
const KEYS_MAX: usize = 8192;
/// What all of them may take, examples included.
const BYTES_MAX: usize = 4 << 20;

/// Events that are counted together: those of one rule, for one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Of the table that judged the calls.
    pub generation: u32,
    /// Their syscall.
    pub slot: Slot,
    /// The rule's place in its route.
    pub rule: u8,
    /// Why they are counted.
    pub cause: Cause,
}

/// Why events are counted instead of written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The rule asks for it.
    Asked,
    /// The journal takes no more.
    Budget,
}

/// What is the same for all records of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// For how long events are counted.
    pub every: Duration,
    /// Name of the handler.
    pub handler: String,
    /// Syslog level.
    pub priority: u8,
    /// Whether the record goes first when the journal takes no more.
    pub keep: Keep,
}

/// What tells one record of a group from another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Key {
    /// The system's unit.
    pub unit: Option<String>,
    /// The unit of a user's own manager.
    pub user_unit: Option<String>,
    /// The task's name.
    pub comm: Vec<u8>,
    /// Real user.
    pub uid: u32,
    /// Arguments, by name, as text.
    pub by: Vec<(String, String)>,
}

/// What is counted of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// `CLOCK_BOOTTIME` at entry, ns.
    pub boottime_ns: u64,
    /// What came of the call, where that is asked for.
    pub end: Option<End>,
    /// Events of the same rule and owner that its limit refused before this one.
    pub suppressed: u64,
}

/// One record in the making, or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// Which events.
    pub group: Group,
    /// What they have in common beyond that.
    pub about: About,
    /// `None`: all for whose keys there was no room.
    pub key: Option<Key>,
    /// What was counted.
    pub summary: Summary,
}

/// What is being counted, and what is ready to be written.
#[derive(Debug)]
pub struct Gather {
    groups: BTreeMap<Group, Interval>,
    /// The oldest first, with the time at which their interval ended.
    ready: VecDeque<(Instant, Gathered)>,
    keys: usize,
    bytes: usize,
    keys_max: usize,
    bytes_max: usize,
}

#[derive(Debug)]
struct Interval {
    about: About,
    ends: Instant,
    summaries: HashMap<Key, Summary>,
    rest: Option<Summary>,
}

impl Default for Gather {
    fn default() -> Self {
        Self::bounded(KEYS_MAX, BYTES_MAX)
    }
}

impl Gather {
    /// With room for that many keys, in so many bytes.
    pub fn bounded(keys_max: usize, bytes_max: usize) -> Self {
        let (groups, ready) = (BTreeMap::new(), VecDeque::new());
        Self { groups, ready, keys: 0, bytes: 0, keys_max, bytes_max }
    }

    /// Counts an event. What it belongs to and how it reads is asked for only where it is the first.
    pub fn add(
        &mut self,
        now: Instant,
        group: Group,
        about: impl FnOnce() -> About,
        key: Key,
        seen: &Seen,
        example: impl FnOnce() -> String,
    ) {
        if self.groups.get(&group).is_some_and(|interval| interval.ends <= now) {
            self.close(now, |closed, _| *closed == group);
        }
        let interval = self.groups.entry(group).or_insert_with(|| Interval::begin(now, about()));
        if let Some(summary) = interval.summaries.get_mut(&key) {
            return summary.add(seen);
        }
        let summary = Summary::first(seen, example());
        let bytes = bytes_of(&key, &summary);
        if self.keys < self.keys_max && self.bytes + bytes <= self.bytes_max {
            (self.keys, self.bytes) = (self.keys + 1, self.bytes + bytes);
            interval.summaries.insert(key, summary);
            return;
        }
        match &mut interval.rest {
            Some(rest) => rest.add(seen),
            None => interval.rest = Some(summary),
        }
    }

    /// When the next interval ends.
    pub fn next_end(&self) -> Option<Instant> {
        self.groups.values().map(|interval| interval.ends).min()
    }

    /// Makes the records of all intervals that have ended by now.
    pub fn close_due(&mut self, now: Instant) {
        self.close(now, |_, ends| ends <= now);
    }

    /// Ends the intervals of tables before that one: its rules may be others.
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
            let Interval { about, summaries, rest, .. } = interval;
            let keyed = summaries.into_iter().map(|(key, summary)| (Some(key), summary));
            for (key, summary) in keyed.chain(rest.map(|rest| (None, rest))) {
                self.ready.push_back((now, Gathered { group, about: about.clone(), key, summary }));
            }
        }
    }

    /// The oldest record that is ready, and since when it is.
    pub fn ready(&self) -> Option<(Instant, &Gathered)> {
        self.ready.front().map(|(since, gathered)| (*since, gathered))
    }

    /// Takes it out.
    pub fn take(&mut self) -> Option<Gathered> {
        let (_, gathered) = self.ready.pop_front()?;
        if let Some(key) = &gathered.key {
            self.keys -= 1;
            self.bytes -= bytes_of(key, &gathered.summary);
        }
        Some(gathered)
    }

    /// Whether nothing is counted, and nothing waits.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.ready.is_empty()
    }
}

impl Interval {
    fn begin(now: Instant, about: About) -> Self {
        let ends = now + about.every;
        Self { about, ends, summaries: HashMap::new(), rest: None }
    }
}

/// The memory of a key and its summary, which is the same from its first event on.
fn bytes_of(key: &Key, summary: &Summary) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let by: usize = key.by.iter().map(|(_, value)| PER_STRING + value.len()).sum();
    let texts = text(&key.unit) + text(&key.user_unit) + key.comm.len() + summary.example.len();
    PER_KEY + by + texts
}

/// A table of hashes is half empty at times.
const PER_KEY: usize = 2 * (size_of::<Key>() + size_of::<Summary>()) + Summary::RESULTS;
const PER_STRING: usize = 2 * size_of::<(String, String)>();

#[cfg(test)]
mod tests;
