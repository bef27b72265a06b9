//! What journald was sent, counted as it counts.

use std::time::Instant;

use super::Allowance;

/// Levels are counted in pools: those below 3 together, 5 and 6 together.
const POOLS: usize = 5;
const fn pool(priority: u8) -> usize {
    match priority {
        0..=2 => 0,
        3 => 1,
        4 => 2,
        5 | 6 => 3,
        _ => 4,
    }
}

/// What we have sent.
#[derive(Debug)]
pub struct Sent {
    allowance: Allowance,
    pools: [Option<Pool>; POOLS],
    suspicion: Option<Suspicion>,
}

/// journald may have dropped entries, and has said so by now if it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspicion {
    /// Begin of the first interval in which too many were sent.
    pub since: Instant,
    /// When the first entry after it was sent.
    pub at: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Pool {
    since: Instant,
    count: u64,
}

impl Sent {
    /// Nothing yet.
    pub fn new(allowance: Allowance) -> Self {
        Self { allowance, pools: [None; POOLS], suspicion: None }
    }

    /// An entry of that level was sent. Whether it is the first beyond what journald takes for certain; and
    /// then since when.
    pub fn count(&mut self, priority: u8, now: Instant) -> Option<Instant> {
        let allowance = self.allowance;
        let pool = self.pools.get_mut(pool(priority))?;
        let is_over = |pool: &Pool| now.saturating_duration_since(pool.since) > allowance.interval;
        if pool.as_ref().is_none_or(is_over) {
            let before = pool.replace(Pool { since: now, count: 0 });
            if let Some(before) = before.filter(|before| before.count > allowance.burst) {
                let earlier = self.suspicion.map(|suspicion| suspicion.since);
                let since = earlier.map_or(before.since, |since| since.min(before.since));
                self.suspicion = Some(Suspicion { since, at: now });
            }
        }
        let pool = pool.as_mut()?;
        pool.count += 1;
        (pool.count == allowance.burst + 1).then_some(pool.since)
    }

    /// Since when journald may have dropped entries of which it should have told.
    pub fn suspicion(&self) -> Option<Suspicion> {
        self.suspicion
    }

    /// It has been asked.
    pub fn forget_suspicion(&mut self) {
        self.suspicion = None;
    }

    /// What journald takes.
    pub fn allowance(&self) -> Allowance {
        self.allowance
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_entry_too_many_is_told_once_an_interval() {
        let start = Instant::now();
        let mut sent = Sent::new(Allowance { interval: Duration::from_secs(30), burst: 3 });
        let mut told =
            |priority, seconds| sent.count(priority, start + Duration::from_secs(seconds));
        assert_eq!([0, 1, 2].map(|second| told(6, second)), [None; 3]);
        assert_eq!(
            [told(4, 3), told(7, 3), told(5, 4), told(6, 5)],
            [None, None, Some(start), None]
        );
        assert_eq!([31, 32, 33].map(|second| told(6, second)), [None; 3]);
        assert_eq!(told(6, 34), Some(start + Duration::from_secs(31)));
    }

    #[test]
    fn journald_is_suspected_when_it_should_have_told() {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let mut sent = Sent::new(Allowance { interval: Duration::from_secs(30), burst: 1 });
        for (priority, second) in [(6, 0), (6, 1), (4, 2), (7, 3), (7, 4), (4, 33)] {
            sent.count(priority, at(second));
            assert_eq!(sent.suspicion(), None, "{second}");
        }
        sent.count(7, at(34));
        assert_eq!(sent.suspicion(), Some(Suspicion { since: at(3), at: at(34) }));
        sent.count(6, at(35));
        assert_eq!(sent.suspicion(), Some(Suspicion { since: at(0), at: at(35) }));
        sent.forget_suspicion();
        sent.count(6, at(36));
        assert_eq!(sent.suspicion(), None);
    }
}
