//! Token buckets of the rate limits that the kernel holds, as the daemon reads and empties them.

use std::sync::atomic::Ordering::Relaxed;

use super::Bpf;
use crate::bpf::types::tag_layout;
use crate::bpf::{BUCKETS, BucketWords, OWNER_MASK};

/// A bucket that has refused events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// Number of the limit.
    pub limit: u8,
    /// Syscall, if the limit holds for each by itself; 0 otherwise, and for all owners that share a bucket.
    pub slot: u16,
    /// Owner of the events: a user, a cgroup, a process and its age, or a hash of a name; 0 of a route. `None`:
    /// all owners that found no bucket of their own.
    pub owner: Option<u64>,
    /// The task name at the time when the bucket was taken.
    pub comm: [u8; 16],
    /// Events that were refused since the bucket was taken.
    pub refused: u64,
}

/// Bits of the tag that are the number of the limit.
const NUMBER_MASK: u64 = !((1 << tag_layout::TAG_NUMBER_SHIFT.0) - 1);

impl Bpf<'_> {
    /// The buckets that have refused events.
    pub fn full_buckets(&self) -> Vec<Full> {
        let own = (0..BUCKETS).filter_map(|index| full(self.shared.bucket(index)?, None));
        let shared = (0..=u8::MAX)
            .filter_map(|number| full(self.shared.shared_bucket(number)?, Some(number)));
        own.chain(shared).collect()
    }

    /// Empties all buckets of a limit.
    pub fn forget_buckets(&self, number: u8) {
        for bucket in (0..BUCKETS).filter_map(|index| self.shared.bucket(index)) {
            if limit_of(bucket) == number {
                empty(bucket);
            }
        }
        if let Some(bucket) = self.shared.shared_bucket(number) {
            empty(bucket);
        }
    }

    /// Returns how many buckets of the table are taken.
    pub fn buckets_taken(&self) -> usize {
        let buckets = (0..BUCKETS).filter_map(|index| self.shared.bucket(index));
        buckets.filter(|[tag, ..]| tag.load(Relaxed) != 0).count()
    }

    /// Frees the buckets that have been full of tokens again since before a time of CLOCK_BOOTTIME, as a new
    /// bucket would be, and whose refusals, if any, are reported.
    pub fn forget_idle_buckets(&self, before_ns: u64, is_reported: impl Fn(&Full) -> bool) {
        for bucket in (0..BUCKETS).filter_map(|index| self.shared.bucket(index)) {
            let [_, spent_until, ..] = bucket;
            if spent_until.load(Relaxed) < before_ns
                && full(bucket, None).is_none_or(|counted| is_reported(&counted))
            {
                empty(bucket);
            }
        }
    }

    /// Returns whether the next event of any owner would be refused at a time of CLOCK_BOOTTIME. `interval_ns`
    /// returns the cost of an event by the number of its limit.
    pub fn is_any_exhausted(&self, now_ns: u64, interval_ns: impl Fn(u8) -> Option<u64>) -> bool {
        let mut buckets = (0..BUCKETS).filter_map(|index| self.shared.bucket(index));
        buckets.any(|bucket| {
            let [tag, spent_until, ..] = bucket;
            let next = |interval| spent_until.load(Relaxed).saturating_add(interval);
            tag.load(Relaxed) != 0
                && interval_ns(limit_of(bucket)).is_some_and(|interval| next(interval) > now_ns)
        })
    }
}

fn limit_of([tag, ..]: &BucketWords) -> u8 {
    (tag.load(Relaxed) >> tag_layout::TAG_NUMBER_SHIFT.0) as u8
}

fn empty(bucket: &BucketWords) {
    bucket.iter().for_each(|word| word.store(0, Relaxed));
}

fn full(bucket: &BucketWords, shared_of: Option<u8>) -> Option<Full> {
    let [tag, _, refused, first, second, ..] = bucket;
    let refused = refused.load(Relaxed);
    let mut comm = [0; 16];
    let halves = [first, second].map(|half| half.load(Relaxed).to_ne_bytes());
    comm.iter_mut().zip(halves.as_flattened()).for_each(|(to, from)| *to = *from);
    let tag = tag.load(Relaxed);
    (refused > 0).then(|| Full {
        limit: shared_of.unwrap_or_else(|| limit_of(bucket)),
        slot: ((tag & !NUMBER_MASK) >> tag_layout::TAG_SLOT_SHIFT.0) as u16,
        owner: shared_of.is_none().then_some(tag & OWNER_MASK),
        comm,
        refused,
    })
}
