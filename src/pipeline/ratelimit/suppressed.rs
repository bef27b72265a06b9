//! What limits refused: owed to the next record of the same limit and owner, and to a record of its
//! own every now and then. Counts in, each of them out once on both ways.

use std::collections::{BTreeMap, HashMap};

use super::BucketKey;

/// Owners that are remembered. Of more the next record says nothing, and those that share a limit are
/// one in the record of all.
const OWNERS_MAX: usize = 4096;

/// What was refused, and what of it was told.
#[derive(Debug, Default)]
pub struct Suppressed {
    /// The kernel's counts as they were read last.
    read: HashMap<BucketKey, u64>,
    /// What the next record of each is to say.
    owed: HashMap<BucketKey, u64>,
    /// Since the last record of all.
    refused: BTreeMap<BucketKey, Refused>,
}

/// How much one was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// Events.
    pub count: u64,
    /// The task's name, of one of them.
    pub comm: Vec<u8>,
}

impl Suppressed {
    /// The kernel has refused so many in all. Less than before: it has begun anew.
    pub fn read(&mut self, who: BucketKey, comm: &[u8], total: u64) {
        let before = self.read.insert(who.clone(), total).unwrap_or_default();
        let count = if total < before { total } else { total - before };
        if count > 0 {
            self.add(who, comm, count);
        }
    }

    /// Whether that is what was read last.
    pub fn is_read(&self, who: &BucketKey, total: u64) -> bool {
        self.read.get(who) == Some(&total)
    }

    /// Those limits begin anew with empty counts, the next time that they are heard of.
    pub fn forget(&mut self, is_forgotten: impl Fn(&BucketKey) -> bool) {
        self.read.retain(|who, _| !is_forgotten(who));
    }

    /// So many were refused.
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

    /// What the record at hand is to say; it will not be asked for again.
    pub fn settle(&mut self, who: impl FnOnce() -> BucketKey) -> u64 {
        if self.owed.is_empty() { 0 } else { self.owed.remove(&who()).unwrap_or_default() }
    }

    /// Whether there is anything for the record of all.
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
