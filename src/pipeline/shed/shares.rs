//! Shares of the output limits by owner: above the limits, a flood of one owner leaves the records of others whole.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::bucket::Bucket;
use super::buckets::Buckets;
use crate::config::Keep;
use crate::output::record::OutputLimits;
use crate::pipeline::owner::UserOwner;

/// Number of owners with a share of their own; all others have one together.
const OWNERS_MAX: usize = 1024;
/// Number of owners among whom the limits are divided at least: a single one has no more than a quarter for sure,
/// so that others find room as soon as they come.
const OWNERS_MIN: u32 = 4;
/// Time without a record after which an owner no longer counts among those that divide the limits.
const IDLE: Duration = Duration::from_secs(30);
/// Seconds of the whole limit that an owner's events of `always` routes may take at once.
const KEPT_SECONDS: u32 = 8;

/// Shares of all owners.
#[derive(Debug)]
pub struct Shares {
    limits: OutputLimits,
    owners: HashMap<Option<UserOwner>, OwnerShare>,
    swept: Instant,
}

#[derive(Debug)]
struct OwnerShare {
    /// Part of the limits that nobody else can take.
    fair: Buckets,
    /// Bytes of events of `always` routes, which are bounded by nothing else.
    kept: Option<Bucket>,
    used: Instant,
}

impl Shares {
    /// Makes full shares.
    pub fn new(limits: OutputLimits, now: Instant) -> Self {
        Self { limits, owners: HashMap::new(), swept: now }
    }

    /// Returns whether the owner's share has room for an event.
    pub fn have_room(&mut self, owner: UserOwner, keep: Keep, now: Instant) -> bool {
        let Some(share) = self.share(owner, now) else { return false };
        match keep {
            Keep::Always => share.kept.as_mut().is_none_or(|kept| kept.has_room(now)),
            Keep::High | Keep::Low | Keep::Blackbox => share.fair.have_room(now),
        }
    }

    /// Charges the owner's share with a record.
    pub fn take(&mut self, owner: UserOwner, keep: Keep, bytes: u64, now: Instant) {
        let Some(share) = self.share(owner, now) else { return };
        match (keep, &mut share.kept) {
            (Keep::Always, Some(kept)) => kept.take(bytes, now),
            (Keep::Always, None) => {}
            (Keep::High | Keep::Low | Keep::Blackbox, _) => share.fair.take(bytes, now),
        }
    }

    /// Returns the owner's share; `None` without limits, where nobody needs one.
    fn share(&mut self, owner: UserOwner, now: Instant) -> Option<&mut OwnerShare> {
        if self.limits == OutputLimits::default() {
            return None;
        }
        self.sweep(now);
        let has_own = self.owners.len() < OWNERS_MAX || self.owners.contains_key(&Some(owner));
        let key = has_own.then_some(owner);
        let limits = self.limits;
        let share = self.owners.entry(key).or_insert_with(|| OwnerShare::full(limits, now));
        share.used = now;
        Some(share)
    }

    /// Once a second, forgets idle owners and divides the limits among the others.
    fn sweep(&mut self, now: Instant) {
        if now.saturating_duration_since(self.swept) < Duration::from_secs(1) {
            return;
        }
        self.swept = now;
        self.owners.retain(|_, share| now.saturating_duration_since(share.used) < IDLE);
        let count = u32::try_from(self.owners.len()).unwrap_or(u32::MAX);
        let part = self.limits.part(count.max(OWNERS_MIN));
        self.owners.values_mut().for_each(|share| share.fair.set_limits(part, now));
    }
}

impl OwnerShare {
    fn full(limits: OutputLimits, now: Instant) -> Self {
        let kept = |bytes| Bucket::with_capacity(bytes, KEPT_SECONDS, now);
        Self {
            fair: Buckets::full(limits.part(OWNERS_MIN), now),
            kept: limits.bytes.map(kept),
            used: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: OutputLimits = OutputLimits { records: None, bytes: Some(1_000_000) };

    /// Takes records of 100 bytes until there is no room; returns the bytes.
    fn drain(shares: &mut Shares, owner: UserOwner, keep: Keep, now: Instant) -> u64 {
        let mut taken = 0;
        while shares.have_room(owner, keep, now) && taken < 100_000_000 {
            shares.take(owner, keep, 100, now);
            taken += 100;
        }
        taken
    }

    #[test]
    fn have_room_for_each_owner_by_itself() {
        let now = Instant::now();
        let mut shares = Shares::new(LIMITS, now);
        for owner in [UserOwner::User(1), UserOwner::User(2), UserOwner::Cgroup(1)] {
            assert_eq!(drain(&mut shares, owner, Keep::High, now), 225_000);
            assert_eq!(drain(&mut shares, owner, Keep::Low, now), 0);
        }
    }

    #[test]
    fn have_room_for_always_up_to_seconds_of_whole_limit() {
        let now = Instant::now();
        let mut shares = Shares::new(LIMITS, now);
        assert_eq!(drain(&mut shares, UserOwner::User(1), Keep::High, now), 225_000);
        assert_eq!(drain(&mut shares, UserOwner::User(1), Keep::Always, now), 7_200_000);
        let later = now + Duration::from_secs(1);
        assert_eq!(drain(&mut shares, UserOwner::User(1), Keep::Always, later), 1_000_000);
    }

    #[test]
    fn have_room_for_many_owners_within_limits_of_all() {
        let now = Instant::now();
        let mut shares = Shares::new(LIMITS, now);
        let owners: Vec<_> = (1..=100).map(UserOwner::User).collect();
        owners.iter().for_each(|&owner| shares.take(owner, Keep::High, 1_000_000, now));
        // The debt of one second of a quarter, and from then on a hundredth each.
        shares.sweep(now + Duration::from_secs(1));
        let [before, later] = [29, 30].map(|seconds| now + Duration::from_secs(seconds));
        let mut sum = |now| -> u64 {
            owners.iter().map(|&owner| drain(&mut shares, owner, Keep::High, now)).sum()
        };
        sum(before);
        // Less the reserved tenth of each.
        assert_eq!(sum(later), 900_000);
    }

    #[test]
    fn have_room_for_owners_beyond_maximum_in_one_share() {
        let now = Instant::now();
        let mut shares = Shares::new(LIMITS, now);
        for uid in 0..OWNERS_MAX as u32 {
            shares.take(UserOwner::User(uid), Keep::High, 100, now);
        }
        assert_eq!(drain(&mut shares, UserOwner::User(100_000), Keep::High, now), 225_000);
        assert_eq!(drain(&mut shares, UserOwner::User(100_001), Keep::High, now), 0);
        assert!(drain(&mut shares, UserOwner::User(1), Keep::High, now) > 200_000);
    }
}
