use std::hash::Hash;
use std::time::Duration;

use super::table::IDLE;
use super::*;
use crate::output::samples;

fn owner<'a>(comm: &'a [u8], uid: u32) -> ActivityOwner<'a> {
    let payer = UserOwner::User(uid);
    ActivityOwner { unit: Some("a.service"), user_unit: None, comm, uid, payer }
}

fn events(events: u64) -> ActivityCounts {
    ActivityCounts { events, ..ActivityCounts::default() }
}

fn slot() -> Slot {
    samples::event(&samples::handler(), vec![]).slot
}

fn sum<K: Eq + Hash>(table: &ActivityTable<K>) -> u64 {
    let rows: u64 = table.rows().map(|(_, counts)| counts.events).sum();
    rows + table.others.events + table.forgotten.events
}

#[test]
fn add_counts_by_each_name() {
    let (mut counter, now) = (ActivityCounter::new(0), Instant::now());
    for (comm, uid, count) in [(b"a", 1, 2), (b"b", 1, 3), (b"a", 2, 4)] {
        counter.add(slot(), Some(&owner(comm, uid)), &events(count), now);
    }
    counter.add(slot(), None, &events(5), now);
    let commands: BTreeMap<_, _> = counter.commands.rows().collect();
    assert_eq!(
        commands,
        BTreeMap::from([(&b"a".to_vec(), &events(6)), (&b"b".to_vec(), &events(3))])
    );
    let users: BTreeMap<_, _> = counter.users.rows().collect();
    assert_eq!(users, BTreeMap::from([(&1, &events(5)), (&2, &events(4))]));
    let units: Vec<_> = counter.units.rows().collect();
    assert_eq!(units, [(&"a.service".to_owned(), &events(9))]);
    assert_eq!(counter.units.others, events(5));
    assert_eq!(counter.routes, BTreeMap::from([(slot(), events(14))]));
}

#[test]
fn add_of_user_unit_is_not_that_of_the_system() {
    let (mut counter, now) = (ActivityCounter::new(0), Instant::now());
    let own = ActivityOwner {
        unit: Some("user@7.service"),
        user_unit: Some("a.service"),
        ..owner(b"a", 7)
    };
    counter.add(slot(), Some(&own), &events(1), now);
    counter.add(slot(), Some(&owner(b"a", 0)), &events(2), now);
    let units: BTreeMap<_, _> =
        counter.units.rows().map(|(name, one)| (&**name, one.events)).collect();
    assert_eq!(units, BTreeMap::from([("user@7.service/a.service", 1), ("a.service", 2)]));
}

#[test]
fn add_of_many_names_is_bounded_and_leaves_room_for_others() {
    let (mut counter, now) = (ActivityCounter::new(0), Instant::now());
    for name in 0..10_000_u32 {
        counter.add(slot(), Some(&owner(&name.to_le_bytes(), 1000)), &events(1), now);
    }
    counter.add(slot(), Some(&owner(b"init", 0)), &events(1), now);
    let commands = &counter.commands;
    assert_eq!(commands.rows().count(), NAMES_MAX / 4 + 1);
    assert!(commands.rows().any(|(name, _)| name == b"init"));
    assert_eq!(commands.others.events as usize, 10_000 - NAMES_MAX / 4);
    assert_eq!(sum(commands), 10_001);
}

#[test]
fn forget_idle_gives_room_to_new_names_and_keeps_the_sum() {
    let (mut counter, then) = (ActivityCounter::new(0), Instant::now());
    let now = then + IDLE + Duration::from_secs(1);
    for name in 0..1_000_u32 {
        counter.add(slot(), Some(&owner(&name.to_le_bytes(), 1)), &events(1), then);
    }
    counter.add(slot(), Some(&owner(&[0; 4], 1)), &events(1), now);
    counter.forget_idle(now);
    assert_eq!(counter.commands.rows().count(), 1);
    assert_eq!(counter.commands.forgotten.events as usize, NAMES_MAX / 4 - 1);
    counter.add(slot(), Some(&owner(b"new", 1)), &events(1), now);
    assert!(counter.commands.rows().any(|(name, _)| name == b"new"));
    assert_eq!(sum(&counter.commands), 1_002);
}

#[test]
fn event_with_failure_is_error() {
    let returned = |result| Some(Outcome::Returned { result, duration_ns: 1 });
    let errors = |outcome| ActivityCounts::event(outcome).errors;
    let all =
        [returned(-2), returned(-4095), returned(-4096), returned(3), Some(Outcome::Died), None];
    assert_eq!(all.map(errors), [1, 1, 0, 0, 0, 0]);
    assert_eq!(ActivityCounts::end(returned(-2)), ActivityCounts { errors: 1, ..events(0) });
}
