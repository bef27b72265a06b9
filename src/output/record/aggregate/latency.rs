//! Durations in, a histogram out whose buckets double: how many calls took from 2^n to below 2^(n+1)
//! ns.

/// The last bucket holds all that took 2^43 ns, which is 2.4 hours, or longer.
const BUCKETS: usize = 44;

/// A histogram of durations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latency {
    counts: [u64; BUCKETS],
    max_ns: u64,
}

impl Default for Latency {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], max_ns: 0 }
    }
}

impl Latency {
    /// Counts a duration.
    pub fn add(&mut self, duration_ns: u64) {
        let bucket = duration_ns.checked_ilog2().map_or(0, |log| log as usize).min(BUCKETS - 1);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.max_ns = self.max_ns.max(duration_ns);
    }

    /// Returns the number of durations.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The longest, in ns, to the nanosecond.
    pub fn max_ns(&self) -> u64 {
        self.max_ns
    }

    /// The buckets that hold anything: the longest duration that belongs to each, in ns, and how many
    /// it holds.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let ends = (0..BUCKETS).map(|bucket| self.end(bucket));
        ends.zip(self.counts).filter(|(_, count)| *count > 0)
    }

    /// Returns a percentile of the durations in ns. It is an upper bound: the end of the bucket that
    /// holds the one in question, which took more than half of that.
    pub fn percentile_ns(&self, percent: u64) -> u64 {
        let rank = (self.count() * percent).div_ceil(100).max(1);
        let mut sum = 0;
        let mut reached = self.buckets().skip_while(|(_, count)| {
            sum += count;
            sum < rank
        });
        reached.next().map_or(self.max_ns, |(end, _)| end)
    }

    /// No bucket reaches further than the longest duration.
    fn end(&self, bucket: usize) -> u64 {
        let end = if bucket + 1 < BUCKETS { (1 << (bucket + 1)) - 1 } else { u64::MAX };
        end.min(self.max_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::Latency;
    use proptest::prelude::*;

    fn of(durations: &[u64]) -> Latency {
        let mut latency = Latency::default();
        durations.iter().for_each(|duration| latency.add(*duration));
        latency
    }

    #[test]
    fn buckets_double() {
        let latency = of(&[0, 1, 2, 3, 4, 1023, 1024, 1500]);
        let expected = [(1, 2), (3, 2), (7, 1), (1023, 1), (1500, 2)];
        assert_eq!(latency.buckets().collect::<Vec<_>>(), expected);
        assert_eq!((latency.count(), latency.max_ns()), (8, 1500));
    }

    #[test]
    fn percentiles_are_the_ends_of_buckets() {
        let mut durations = [100; 100];
        durations[90..].fill(5_000);
        durations[99] = 1_000_000;
        let latency = of(&durations);
        let percentiles = [50, 90, 91, 99, 100].map(|percent| latency.percentile_ns(percent));
        assert_eq!(percentiles, [127, 127, 8191, 8191, 1_000_000]);
        assert_eq!(of(&[7]).percentile_ns(50), 7);
        assert_eq!(of(&[]).percentile_ns(50), 0);
        assert_eq!(of(&[u64::MAX]).percentile_ns(99), u64::MAX);
    }

    proptest! {
        #[test]
        fn percentile_ns_is_at_least_exact_and_at_most_twice(
            mut durations in prop::collection::vec(0_u64..1 << 45, 1..200), percent in 1_u64..=100,
        ) {
            let latency = of(&durations);
            durations.sort_unstable();
            let rank = (durations.len() * percent as usize).div_ceil(100).max(1);
            let (exact, estimate) = (durations[rank - 1], latency.percentile_ns(percent));
            prop_assert!(estimate >= exact);
            prop_assert!(exact >= 1 << 43 || estimate <= exact.saturating_mul(2).max(1));
            prop_assert_eq!(latency.count(), durations.len() as u64);
        }
    }
}
