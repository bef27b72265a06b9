//! Refusals of rate limits: reported in the next record of the same bucket, and in the periodic record. Each is
//! reported once in both ways.

use std::collections::{BTreeMap, HashMap};

use super::BucketKey;

/// Number of owners that are remembered. The refusals of others are missing in the next record, and the
/// periodic record sums them by limit.
const OWNERS_MAX: usize = 4096;

/// Counts of refused events, and the part of them that was reported.
#[derive(Debug, Default)]
pub struct Refusals {
    /// The kernel's counts as they were read last.
    read: HashMap<BucketKey, u64>,
    /// Refusals that the next record of the same bucket will report.
    owed: HashMap<BucketKey, u64>,
    /// Since the last record of all.
    refused: BTreeMap<BucketKey, Refused>,
}

/// Refusals of one bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// Events.
    pub count: u64,
    /// The task's name, of one of them.
    pub comm: Vec<u8>,
}

impl Refusals {
    /// The kernel has refused so many in all. Less than before: it has begun anew.
    pub fn read(&mut self, who: BucketKey, comm: &[u8], total: u64) {
        let before = self.read.insert(who.clone(), total).unwrap_or_default();
        let count = if total < before { total } else { total - before };
        if count > 0 {
            self.add(who, comm, count);
        }
    }

    /// Returns whether `total` is the count that was read last.
    pub fn is_read(&self, who: &BucketKey, total: u64) -> bool {
        self.read.get(who) == Some(&total)
    }

    /// Forgets buckets: the next reading counts them from zero.
    pub fn forget(&mut self, is_forgotten: impl Fn(&BucketKey) -> bool) {
        self.read.retain(|who, _| !is_forgotten(who));
    }

    /// Adds refused events.
    pub fn add(&mut self, who: BucketKey, comm: &[u8], count: u64) {
        if who.owner.is_some() && has_room(self.owed.len(), self.owed.contains_key(&who)) {
            *self.owed.entry(who.clone()).or_default() += count;
        }
        let room = has_room(self.refused.len(), self.refused.contains_key(&who));
        let who = if room { who } else { BucketKey { owner: None, ..who } };
        let refused = self.refused.entry(who).or_default();
        refused.count += count;
        if refused.comm.is_empty() {
            refused.comm = comm.to_vec();
        }
    }

    /// Returns and clears the refusals that the next record of the bucket reports.
    pub fn settle(&mut self, who: impl FnOnce() -> BucketKey) -> u64 {
        if self.owed.is_empty() { 0 } else { self.owed.remove(&who()).unwrap_or_default() }
    }

    /// Returns whether the periodic record has nothing to report.
    pub fn is_empty(&self) -> bool {
        self.refused.is_empty()
    }

    /// All since this was last asked, those with most first.
    pub fn take(&mut self) -> Vec<(BucketKey, Refused)> {
        let mut all: Vec<_> = std::mem::take(&mut self.refused).into_iter().collect();
        all.sort_by_key(|(_, refused)| std::cmp::Reverse(refused.count));
        all
    }
}

fn has_room(taken: usize, is_there: bool) -> bool {
    taken < OWNERS_MAX || is_there
}
