//! Activity: events by route, unit, command and user, counted while a client asks. Pure. Memory is bounded: owners for
//! whom there is no room are counted together.

mod table;

use std::collections::BTreeMap;
use std::time::Instant;

use syscalls::Slot;

pub use self::table::ActivityTable;
use crate::config::FAILURES;
use crate::decode::{Event, Outcome};
use crate::output::record::aggregate::GroupKey;
use crate::pipeline::owner::UserOwner;
use crate::units::CgroupInfo;

/// Names of each kind that are counted at a time, and the limit of their bytes: a reply with all stays below 1 MiB.
const NAMES_MAX: usize = 1024;
const BYTES_MAX: usize = 64 << 10;

/// Counts of events. All of them only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActivityCounts {
    /// Events that were written, alone or in an aggregate, and those that were lost on the way.
    pub events: u64,
    /// Events whose call returned an error, where the rule asks for results.
    pub errors: u64,
    /// Bytes of the records.
    pub bytes: u64,
    /// Events that load shedding dropped or the output refused.
    pub lost: u64,
}

impl ActivityCounts {
    /// Counts an event with that outcome.
    pub fn event(outcome: Option<Outcome>) -> Self {
        Self { events: 1, ..Self::end(outcome) }
    }

    /// Counts the end of a call whose event was counted before.
    pub fn end(outcome: Option<Outcome>) -> Self {
        let result = outcome.and_then(Outcome::result);
        let errors = result.is_some_and(|result| FAILURES.contains(&result)).into();
        Self { errors, ..Self::default() }
    }

    fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.errors += other.errors;
        self.bytes += other.bytes;
        self.lost += other.lost;
    }
}

/// Owner of events, by whose names they are counted.
#[derive(Debug, Clone, Copy)]
pub struct ActivityOwner<'a> {
    unit: Option<&'a str>,
    user_unit: Option<&'a str>,
    comm: &'a [u8],
    uid: u32,
    /// Owner who pays for the room of new names.
    payer: UserOwner,
}

impl<'a> ActivityOwner<'a> {
    /// Returns the owner of an event in that cgroup.
    pub fn of(event: &Event<'a>, place: Option<&'a CgroupInfo>) -> Self {
        Self {
            unit: place.and_then(|place| place.unit.as_deref()),
            user_unit: place.and_then(|place| place.user_unit.as_deref()),
            comm: event.comm,
            uid: event.uid,
            payer: UserOwner::of(event),
        }
    }

    /// Returns the owner of an aggregate.
    pub fn of_key(key: &'a GroupKey) -> Self {
        Self {
            unit: key.unit.as_deref(),
            user_unit: key.user_unit.as_deref(),
            comm: &key.comm,
            uid: key.uid,
            payer: UserOwner::User(key.charged_uid),
        }
    }
}

/// All counts since a client asked first.
#[derive(Debug)]
pub struct ActivityCounter {
    /// Time at which it began, `CLOCK_BOOTTIME` in ns.
    pub since_ns: u64,
    /// Counts by route.
    pub routes: BTreeMap<Slot, ActivityCounts>,
    /// Counts by unit; empty: those of processes in no unit.
    pub units: ActivityTable<String>,
    /// Counts by the name of the task.
    pub commands: ActivityTable<Vec<u8>>,
    /// Counts by real user.
    pub users: ActivityTable<u32>,
    /// Room for the name of a unit.
    unit: String,
}

impl ActivityCounter {
    /// Begins at that time.
    pub fn new(since_ns: u64) -> Self {
        Self {
            since_ns,
            routes: BTreeMap::new(),
            units: ActivityTable::bounded(NAMES_MAX, BYTES_MAX),
            commands: ActivityTable::bounded(NAMES_MAX, BYTES_MAX),
            users: ActivityTable::bounded(NAMES_MAX, BYTES_MAX),
            unit: String::new(),
        }
    }

    /// Adds counts of an owner; `None` if they are of many.
    pub fn add(
        &mut self,
        slot: Slot,
        owner: Option<&ActivityOwner<'_>>,
        counts: &ActivityCounts,
        now: Instant,
    ) {
        self.routes.entry(slot).or_default().add(counts);
        let Some(owner) = owner else {
            self.units.others.add(counts);
            self.commands.others.add(counts);
            self.users.others.add(counts);
            return;
        };
        write_unit(owner, &mut self.unit);
        self.units.add(self.unit.as_str(), self.unit.len(), owner.payer, counts, now);
        self.commands.add(owner.comm, owner.comm.len(), owner.payer, counts, now);
        self.users.add(&owner.uid, 0, owner.payer, counts, now);
    }

    /// Forgets names that had no events for a while.
    pub fn forget_idle(&mut self, now: Instant) {
        self.units.forget_idle(now);
        self.commands.forget_idle(now);
        self.users.forget_idle(now);
    }
}

/// Writes the name of a unit. That of a user's own manager has the manager before it: a user chooses it, and it may be
/// the name of a unit of the system.
fn write_unit(owner: &ActivityOwner<'_>, name: &mut String) {
    name.clear();
    name.push_str(owner.unit.unwrap_or_default());
    if let Some(user_unit) = owner.user_unit {
        name.push('/');
        name.push_str(user_unit);
    }
}

#[cfg(test)]
mod tests;
