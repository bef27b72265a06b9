//! A bucket of records and one of bytes, as far as either is bounded.

use std::time::Instant;

use super::bucket::Bucket;
use crate::output::record::OutputLimits;

/// Records and bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buckets {
    records: Option<Bucket>,
    bytes: Option<Bucket>,
}

impl Buckets {
    /// Makes full buckets.
    pub fn full(limits: OutputLimits, now: Instant) -> Self {
        let bucket = |limits: u64| Bucket::new(limits, now);
        let records = limits.records.map(|records| bucket(records.into()));
        Self { records, bytes: limits.bytes.map(bucket) }
    }

    /// Changes the rates from now on.
    pub fn set_limits(&mut self, limits: OutputLimits, now: Instant) {
        if let (Some(bucket), Some(records)) = (&mut self.records, limits.records) {
            bucket.set_rate(records.into(), now);
        }
        if let (Some(bucket), Some(bytes)) = (&mut self.bytes, limits.bytes) {
            bucket.set_rate(bytes, now);
        }
    }

    /// Returns whether each bucket has room beyond its reserved part.
    pub fn have_room(&mut self, now: Instant) -> bool {
        let has = |bucket: &mut Option<Bucket>| bucket.as_mut().is_none_or(|it| it.has_room(now));
        has(&mut self.records) && has(&mut self.bytes)
    }

    /// Takes the tokens of a record of `bytes` out.
    pub fn take(&mut self, bytes: u64, now: Instant) {
        if let Some(bucket) = &mut self.records {
            bucket.take(1, now);
        }
        if let Some(bucket) = &mut self.bytes {
            bucket.take(bytes, now);
        }
    }
}
