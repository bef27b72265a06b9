//! Limits of rules that choose by result, which only the daemon can enforce: the same algorithm as in
//! `bpf/limit.h`, with the same maximum of buckets.

use std::collections::HashMap;

use super::BucketKey;
use crate::bpf::BUCKETS;
use crate::table::gcra_params;

/// Number of owners that have a bucket of their own; others share one for each limit.
const OWNERS_MAX: usize = BUCKETS;

/// Rate limits that the daemon enforces itself: the state of each bucket (GCRA).
#[derive(Debug, Default)]
pub struct UserLimiter {
    /// Time up to which the tokens of each bucket are spent, as `CLOCK_BOOTTIME` in ns.
    spent_until: HashMap<BucketKey, i64>,
    swept_ns: i64,
}

impl UserLimiter {
    /// Counts one event at `now_ns` of `CLOCK_BOOTTIME`, if the limit allows it.
    ///
    /// # Errors
    /// The bucket that has refused the event.
    pub fn admit(&mut self, key: BucketKey, now_ns: u64) -> Result<(), BucketKey> {
        let now_ns = i64::try_from(now_ns).unwrap_or(i64::MAX);
        let key = self.with_bucket(key, now_ns);
        let (interval, burst) = pace_of(&key);
        let earliest = now_ns.saturating_sub(burst);
        let spent_until = self.spent_until.entry(key.clone()).or_insert(earliest);
        let next = (*spent_until).max(earliest).saturating_add(interval);
        if next > now_ns {
            return Err(key);
        }
        *spent_until = next;
        Ok(())
    }

    /// Returns the bucket of an event: the one that all share if there is no room for another.
    fn with_bucket(&mut self, key: BucketKey, now_ns: i64) -> BucketKey {
        if self.spent_until.len() >= OWNERS_MAX && !self.spent_until.contains_key(&key) {
            self.sweep(now_ns);
        }
        if self.spent_until.len() < OWNERS_MAX || self.spent_until.contains_key(&key) {
            return key;
        }
        BucketKey { slot: None, owner: None, ..key }
    }

    /// Forgets buckets that are as empty as a new one, not more often than once a second.
    fn sweep(&mut self, now_ns: i64) {
        if now_ns.saturating_sub(self.swept_ns) < 1_000_000_000 {
            return;
        }
        self.swept_ns = now_ns;
        self.spent_until
            .retain(|key, spent_until| *spent_until > now_ns.saturating_sub(pace_of(key).1));
    }
}

fn pace_of(key: &BucketKey) -> (i64, i64) {
    let (interval, burst) = gcra_params(&key.limit.limit);
    let signed = |ns| i64::try_from(ns).unwrap_or(i64::MAX);
    (signed(interval), signed(burst))
}
