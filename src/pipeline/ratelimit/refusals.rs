//! Refusals of rate limits: reported in the next record of the same bucket, and in the periodic record. Each is
//! reported once in both ways.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::BucketKey;
use crate::config::Per;
use crate::pipeline::room::Room;

/// Number of owners that are remembered. The periodic record sums the refusals of others by limit. For the next record
/// of an owner the latest ones are remembered: most of the others have ended.
const OWNERS_MAX: usize = 4096;
/// Owners of a sharer from which on those are forgotten first.
const MANY: usize = OWNERS_MAX / 8;

/// Counts of refused events, and the part of them that was reported.
#[derive(Debug)]
pub struct Refusals {
    /// The kernel's counts as they were read last.
    read: HashMap<BucketKey, u64>,
    /// Refusals that the next record of the same bucket will report.
    unreported: HashMap<BucketKey, Unreported>,
    /// Number of the next addition to `unreported`.
    next: u64,
    /// Refusals since the last periodic record.
    refused: BTreeMap<BucketKey, Refused>,
    /// Room for owners in `refused`, by sharer.
    room: Room<BucketKey>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            read: HashMap::new(),
            unreported: HashMap::new(),
            next: 0,
            refused: BTreeMap::new(),
            room: room(),
        }
    }
}

fn room() -> Room<BucketKey> {
    Room::new(OWNERS_MAX, usize::MAX)
}

/// Returns whose share of the room an owner takes: each user's own, and one for all owners of another limit, because a
/// user makes any number of names, processes and cgroups.
fn sharer(key: &BucketKey) -> BucketKey {
    let owner = key.owner.filter(|_| key.limit.limit.per == Per::Uid);
    BucketKey { limit: Rc::clone(&key.limit), slot: None, owner }
}

#[derive(Debug, Default)]
struct Unreported {
    count: u64,
    /// Number of the last addition.
    last: u64,
}

/// Refusals of one bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// Events.
    pub count: u64,
    /// Name of the task of one of the events.
    pub comm: Vec<u8>,
}

impl Refusals {
    /// Adds the events that the kernel has refused since the last reading. A `total` below the last one is a
    /// counter that has begun anew.
    pub fn read(&mut self, key: BucketKey, comm: &[u8], total: u64) {
        let before = self.read.insert(key.clone(), total).unwrap_or_default();
        let count = if total < before { total } else { total - before };
        if count > 0 {
            self.add(key, comm, count);
        }
    }

    /// Returns whether `total` is the count that was read last.
    pub fn is_read(&self, key: &BucketKey, total: u64) -> bool {
        self.read.get(key) == Some(&total)
    }

    /// Forgets buckets: the next reading counts them from zero.
    pub fn forget(&mut self, is_forgotten: impl Fn(&BucketKey) -> bool) {
        self.read.retain(|key, _| !is_forgotten(key));
    }

    /// Adds refused events.
    pub fn add(&mut self, key: BucketKey, comm: &[u8], count: u64) {
        if key.owner.is_some() {
            self.add_unreported(key.clone(), count);
        }
        let has_room = self.refused.contains_key(&key) || self.room.take(sharer(&key), 0);
        let key = if has_room { key } else { BucketKey { slot: None, owner: None, ..key } };
        let refused = self.refused.entry(key).or_default();
        refused.count += count;
        if refused.comm.is_empty() {
            refused.comm = comm.to_vec();
        }
    }

    fn add_unreported(&mut self, key: BucketKey, count: u64) {
        if self.unreported.len() >= OWNERS_MAX && !self.unreported.contains_key(&key) {
            self.make_room();
        }
        let owner = self.unreported.entry(key).or_default();
        owner.count += count;
        owner.last = self.next;
        self.next += 1;
    }

    /// Forgets the earlier half of the owners of the sharer that has most, or of all if nobody has many.
    fn make_room(&mut self) {
        let mut last: HashMap<BucketKey, Vec<u64>> = HashMap::new();
        for (key, owner) in &self.unreported {
            last.entry(sharer(key)).or_default().push(owner.last);
        }
        let (largest, mut last) = match last.iter().max_by_key(|(_, last)| last.len()) {
            Some((sharer, own)) if own.len() >= MANY => (Some(sharer.clone()), own.clone()),
            _ => (None, last.into_values().flatten().collect()),
        };
        let middle = last.len() / 2;
        let (_, limit, _) = last.select_nth_unstable(middle);
        let limit = *limit;
        self.unreported.retain(|key, owner| {
            owner.last >= limit || largest.as_ref().is_some_and(|largest| *largest != sharer(key))
        });
    }

    /// Returns and clears the refusals that the next record of the bucket reports.
    pub fn take_unreported(&mut self, key: impl FnOnce() -> BucketKey) -> u64 {
        if self.unreported.is_empty() {
            0
        } else {
            self.unreported.remove(&key()).unwrap_or_default().count
        }
    }

    /// Returns whether the periodic record has nothing to report.
    pub fn is_empty(&self) -> bool {
        self.refused.is_empty()
    }

    /// Returns and clears the refusals for the periodic record, the highest count first.
    pub fn take(&mut self) -> Vec<(BucketKey, Refused)> {
        self.room = room();
        let mut all: Vec<_> = std::mem::take(&mut self.refused).into_iter().collect();
        all.sort_by_key(|(_, refused)| std::cmp::Reverse(refused.count));
        all
    }
}
