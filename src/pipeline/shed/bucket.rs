//! Token bucket that fills steadily and holds the tokens of some seconds.

use std::time::Instant;

/// Unit of the content: a billionth of a token, so that each ns adds its share exactly.
const UNIT: i128 = 1_000_000_000;

/// A bucket of records or bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    per_second: u64,
    /// Seconds whose tokens it holds.
    seconds: u32,
    /// Below zero where more was taken than there was.
    level: i128,
    at: Instant,
}

impl Bucket {
    /// Makes a full bucket that holds the tokens of one second.
    pub fn new(per_second: u64, now: Instant) -> Self {
        Self::with_capacity(per_second, 1, now)
    }

    /// Makes a full bucket that holds the tokens of so many seconds.
    pub fn with_capacity(per_second: u64, seconds: u32, now: Instant) -> Self {
        let mut bucket = Self { per_second: per_second.max(1), seconds, level: 0, at: now };
        bucket.level = bucket.capacity();
        bucket
    }

    /// Changes the rate from now on. A bucket that holds more than it then may loses the rest.
    pub fn set_rate(&mut self, per_second: u64, now: Instant) {
        self.fill(now);
        self.per_second = per_second.max(1);
        self.level = self.level.clamp(-self.capacity(), self.capacity());
    }

    /// Returns whether there is a token beyond the reserved tenth.
    pub fn has_room(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.level >= self.reserved() + UNIT
    }

    /// Takes `amount` tokens out. The debt of a bucket is at most what it holds.
    pub fn take(&mut self, amount: u64, now: Instant) {
        self.fill(now);
        self.level = (self.level - i128::from(amount) * UNIT).max(-self.capacity());
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_nanos();
        let passed = i128::try_from(passed).unwrap_or(i128::MAX);
        let brought = passed.saturating_mul(self.per_second.into());
        self.level = self.level.saturating_add(brought).min(self.capacity());
        self.at = self.at.max(now);
    }

    fn capacity(&self) -> i128 {
        i128::from(self.per_second) * i128::from(self.seconds) * UNIT
    }

    /// Returns the reserved part; nothing is reserved of a single token a second.
    fn reserved(&self) -> i128 {
        (self.capacity() / 10).min(self.capacity() - UNIT)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Bucket;

    fn drain(bucket: &mut Bucket, now: Instant) -> u64 {
        let mut taken = 0;
        while bucket.has_room(now) {
            bucket.take(1, now);
            taken += 1;
        }
        taken
    }

    #[test]
    fn take_allows_burst_of_one_second_less_reserved_tenth() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut bucket = Bucket::new(100, start);
        assert_eq!(drain(&mut bucket, start), 90);
        assert_eq!(drain(&mut bucket, start + second / 4), 25);
        assert_eq!(drain(&mut bucket, start + 100 * second), 90);
        // A clock that is read late brings nothing twice.
        assert_eq!(drain(&mut bucket, start), 0);
    }

    #[test]
    fn take_at_one_per_second_reserves_nothing() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut bucket = Bucket::new(1, start);
        assert_eq!(drain(&mut bucket, start), 1);
        assert_eq!(drain(&mut bucket, start + second), 1);
    }

    #[test]
    fn take_beyond_content_leaves_debt_of_one_second() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut bucket = Bucket::new(100, start);
        bucket.take(1_000_000, start);
        assert!(!bucket.has_room(start + second));
        assert!(bucket.has_room(start + 2 * second));
    }
}
