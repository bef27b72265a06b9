//! Load shedding: what happens above the output limits. First the events of `low` routes are aggregated, then
//! those of `high` routes, and aggregates that still do not fit are dropped. The events of an owner within its share
//! of the limits are written whatever others do, and those of `always` routes as long as the owner's own do not
//! exceed the whole limit. Pure: the time is a parameter.

mod bucket;
mod buckets;
mod level;
mod shares;

use std::time::{Duration, Instant};

use buckets::Buckets;
pub use level::{Decision, LevelChange};
use shares::Shares;

use crate::config::Keep;
use crate::output::record::{OutputLimits, ShedCounts, ShedLevel};
use crate::pipeline::owner::UserOwner;

/// Time for which the lower level must have sufficed before the level is relaxed (hysteresis).
pub const CALM: Duration = Duration::from_secs(10);
/// Time that a level is given to take effect before the next one.
const GRACE: Duration = Duration::from_secs(1);

/// Part of the limits that is reserved for aggregates.
const AGGREGATES_PART: u32 = 8;

/// Output limits and what was written below them.
#[derive(Debug)]
pub struct Shedder {
    limits: OutputLimits,
    real: Buckets,
    /// Buckets as they would be at the next lower level.
    lower: Buckets,
    shares: Shares,
    /// Room for aggregates that events do not take.
    aggregates: Buckets,
    level: ShedLevel,
    since: Instant,
    /// Last time at which the next lower level would not have sufficed.
    short: Instant,
    counts: ShedCounts,
    changes: Vec<LevelChange>,
    /// Mean size of the written records; the size of others is not known.
    mean_bytes: u64,
}

impl Shedder {
    /// Makes a shedder with full buckets.
    pub fn new(limits: OutputLimits, now: Instant) -> Self {
        Self {
            limits,
            real: Buckets::full(limits, now),
            lower: Buckets::full(limits, now),
            shares: Shares::new(limits, now),
            aggregates: Buckets::full(limits.part(AGGREGATES_PART), now),
            level: ShedLevel::None,
            since: now,
            short: now,
            counts: ShedCounts::default(),
            changes: Vec::new(),
            mean_bytes: 0,
        }
    }

    /// Sets the output limits. Other limits than before begin with full buckets, at the level `None`.
    pub fn set_limits(&mut self, limits: OutputLimits, now: Instant) {
        if limits == self.limits {
            return;
        }
        self.enter(ShedLevel::None, now);
        let changes = std::mem::take(&mut self.changes);
        *self = Self { changes, ..Self::new(limits, now) };
    }

    /// Returns the output limits.
    pub fn limits(&self) -> OutputLimits {
        self.limits
    }

    /// Returns the shedding level.
    pub fn level(&self) -> ShedLevel {
        self.level
    }

    /// Decides about an event of an owner and counts the decision.
    pub fn decide(&mut self, keep: Keep, owner: UserOwner, now: Instant) -> Decision {
        let decision = self.decide_uncounted(keep, owner, now);
        match decision {
            Decision::Write => self.counts.written += 1,
            Decision::Aggregate => self.counts.aggregated += 1,
        }
        decision
    }

    /// Decides about the record of the end of a call, which is no event and therefore not counted.
    pub fn decide_uncounted(&mut self, keep: Keep, owner: UserOwner, now: Instant) -> Decision {
        self.relax(now);
        self.probe_lower_level(keep, now);
        if self.has_room_for_all(keep, now) || self.has_share(keep, owner, now) {
            Decision::Write
        } else {
            Decision::Aggregate
        }
    }

    /// Returns whether the level permits such events and the limits have room. Without room the next level is entered.
    fn has_room_for_all(&mut self, keep: Keep, now: Instant) -> bool {
        let is_shed = match keep {
            Keep::Always => return false,
            Keep::High | Keep::Blackbox => self.level >= ShedLevel::High,
            Keep::Low => self.level >= ShedLevel::Low,
        };
        if is_shed {
            return false;
        }
        if self.real.have_room(now) {
            return true;
        }
        match self.level {
            ShedLevel::None => self.enter(ShedLevel::Low, now),
            _ if now.saturating_duration_since(self.since) >= GRACE => {
                self.enter(ShedLevel::High, now);
            }
            _ => {}
        }
        false
    }

    fn has_share(&mut self, keep: Keep, owner: UserOwner, now: Instant) -> bool {
        let is_unlimited = self.limits == OutputLimits::default();
        is_unlimited || self.shares.have_room(owner, keep, now)
    }

    /// Returns whether an aggregate may be written now.
    pub fn has_room(&mut self, keep: Keep, now: Instant) -> bool {
        keep == Keep::Always || self.real.have_room(now) || self.aggregates.have_room(now)
    }

    /// Charges the buckets with the written record of an event.
    pub fn charge_event(&mut self, keep: Keep, owner: UserOwner, bytes: u64, now: Instant) {
        self.shares.take(owner, keep, bytes, now);
        self.charge(bytes, now);
    }

    /// Charges the buckets with a written aggregate.
    pub fn charge_aggregate(&mut self, bytes: u64, now: Instant) {
        self.aggregates.take(bytes, now);
        self.charge(bytes, now);
    }

    /// Charges the buckets with a written record, also of the daemon itself.
    pub fn charge(&mut self, bytes: u64, now: Instant) {
        self.mean_bytes =
            if self.mean_bytes == 0 { bytes } else { (7 * self.mean_bytes + bytes) / 8 };
        self.real.take(bytes, now);
    }

    /// Counts the events of an aggregate that was dropped for want of room.
    pub fn count_dropped(&mut self, events: u64, now: Instant) {
        if self.level != ShedLevel::Drop {
            self.enter(ShedLevel::Drop, now);
        }
        self.short = now;
        self.counts.dropped += events;
    }

    /// Enters the next lower level if that is due.
    pub fn relax(&mut self, now: Instant) {
        if self.next_relax().is_some_and(|at| at <= now) {
            self.enter(self.level.lower(), now);
        }
    }

    /// Returns the time at which the level is relaxed if nothing happens until then.
    pub fn next_relax(&self) -> Option<Instant> {
        (self.level > ShedLevel::None).then(|| self.short.max(self.since) + CALM)
    }

    /// Returns and clears the changes of the level.
    pub fn take_changes(&mut self) -> Vec<LevelChange> {
        std::mem::take(&mut self.changes)
    }

    /// Charges the buckets of the next lower level with what would be written there.
    fn probe_lower_level(&mut self, keep: Keep, now: Instant) {
        let would_be_written = match (self.level, keep) {
            (_, Keep::Always) => true,
            (ShedLevel::None | ShedLevel::Drop, _) => return,
            (ShedLevel::Low, _) => true,
            (ShedLevel::High, keep) => keep == Keep::High,
        };
        if would_be_written && keep != Keep::Always && !self.lower.have_room(now) {
            self.short = now;
        } else if would_be_written {
            self.lower.take(self.mean_bytes, now);
        }
    }

    fn enter(&mut self, to: ShedLevel, now: Instant) {
        if to == self.level {
            return;
        }
        let counts = std::mem::take(&mut self.counts);
        self.changes.push(LevelChange { from: self.level, since: self.since, to, counts });
        (self.level, self.since) = (to, now);
        self.lower = Buckets::full(self.limits, now);
    }
}

#[cfg(test)]
mod tests;
