use std::time::{Duration, Instant};

use proptest::prelude::*;
use syscalls::{Abi, Slot};

use super::{Aggregated, Aggregator, Group, GroupInfo, GroupKey, Observation};
use crate::config::Keep;
use crate::decode::Outcome;
use crate::output::record::aggregate::{Cause, GroupOwner};

const EVERY: Duration = Duration::from_secs(10);

fn group(nr: u64) -> Group {
    let slot = Slot::new(Abi::Native, nr as _).unwrap();
    Group { generation: 1, slot, rule: 0, cause: Cause::Configured }
}

fn info() -> GroupInfo {
    GroupInfo { every: EVERY, handler: "args".into(), priority: 6, keep: Keep::High }
}

fn key(uid: u32) -> GroupKey {
    GroupKey { uid, charged_uid: uid, comm: b"cat".into(), ..GroupKey::default() }
}

fn at(boottime_ns: u64) -> Observation {
    Observation { boottime_ns, outcome: None, suppressed: 0 }
}

fn returned(result: i64, duration_ns: u64) -> Observation {
    Observation { outcome: Some(Outcome::Returned { result, duration_ns }), ..at(1) }
}

fn add(aggregator: &mut Aggregator, now: Instant, nr: u64, uid: u32, observation: &Observation) {
    let example = || format!("example at {}", observation.boottime_ns);
    aggregator.add(now, group(nr), info, key(uid), observation, example);
}

fn all(aggregator: &mut Aggregator) -> Vec<Aggregated> {
    std::iter::from_fn(|| aggregator.take()).collect()
}

#[test]
fn add_same_key_makes_one_record_per_interval() {
    let (mut aggregator, start) = (Aggregator::default(), Instant::now());
    for (nr, uid, time) in [(1, 7, 30), (1, 7, 10), (1, 8, 40), (2, 7, 50), (1, 7, 20)] {
        add(&mut aggregator, start, nr, uid, &at(time));
    }
    assert_eq!(aggregator.next_end(), Some(start + EVERY));
    aggregator.close_due(start + EVERY - Duration::from_nanos(1));
    assert_eq!(aggregator.ready(), None);
    aggregator.close_due(start + EVERY);
    let mut records = all(&mut aggregator);
    records.sort_by_key(|record| (record.group, record.key.as_ref().map(|key| key.uid)));
    let summaries = records.iter().map(|record| {
        let summary = &record.summary;
        (summary.count, summary.first_ns, summary.last_ns, &*summary.example)
    });
    let expected =
        [(3, 10, 30, "example at 30"), (1, 40, 40, "example at 40"), (1, 50, 50, "example at 50")];
    assert_eq!(summaries.collect::<Vec<_>>(), expected);
    assert!(aggregator.is_empty() && aggregator.room.taken() == (0, 0));
}

#[test]
fn add_begins_interval_for_each_route() {
    let (mut aggregator, start) = (Aggregator::default(), Instant::now());
    let second = Duration::from_secs(1);
    add(&mut aggregator, start, 1, 7, &at(1));
    add(&mut aggregator, start + second, 2, 7, &at(2));
    aggregator.close_due(start + EVERY);
    assert_eq!(all(&mut aggregator).len(), 1);
    assert_eq!(aggregator.next_end(), Some(start + EVERY + second));
    // Nobody has looked at the clock: an event that comes later is of another interval.
    add(&mut aggregator, start + 2 * EVERY, 2, 7, &at(3));
    assert_eq!(all(&mut aggregator).iter().map(|one| one.summary.last_ns).collect::<Vec<_>>(), [2]);
    assert_eq!(aggregator.next_end(), Some(start + 3 * EVERY));
}

#[test]
fn close_before_ends_intervals_of_older_tables() {
    let (mut aggregator, now) = (Aggregator::default(), Instant::now());
    for generation in 1..=3 {
        let group = Group { generation, ..group(1) };
        aggregator.add(now, group, info, key(7), &at(1), String::new);
    }
    aggregator.close_before(3, now);
    let generations = all(&mut aggregator).into_iter().map(|record| record.group.generation);
    assert_eq!(generations.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(aggregator.next_end(), Some(now + EVERY));
}

#[test]
fn add_without_room_counts_in_one_record_of_owner() {
    let (mut aggregator, now) = (Aggregator::bounded(2, usize::MAX), Instant::now());
    for uid in [1, 2, 3, 4, 1, 3] {
        add(&mut aggregator, now, 1, uid, &at(u64::from(uid)));
    }
    aggregator.close_all(now);
    let records = all(&mut aggregator);
    let owner = |uid| Some(GroupOwner { uid, unit: None });
    for (wanted, owner, count) in
        [(Some(key(1)), None, 2), (Some(key(2)), None, 1), (None, owner(3), 2), (None, owner(4), 1)]
    {
        let is_it = |one: &&Aggregated| one.key == wanted && one.owner == owner;
        assert_eq!(records.iter().find(is_it).unwrap().summary.count, count, "{owner:?}");
    }
    assert_eq!(records.len(), 4);
    // There is room again.
    add(&mut aggregator, now, 1, 9, &at(1));
    aggregator.close_all(now);
    assert_eq!(all(&mut aggregator)[0].key, Some(key(9)));
}

/// One user renames tasks, so that each event is a group of its own.
#[test]
fn add_of_user_with_many_task_names_keeps_groups_of_others() {
    let (mut aggregator, now) = (Aggregator::default(), Instant::now());
    let root = |unit: &str| GroupKey { unit: Some(unit.into()), comm: b"x".into(), ..key(0) };
    let mut count = |key: GroupKey| {
        aggregator.add(now, group(1), info, key, &at(1), || "x".repeat(1_000));
    };
    for number in 0..9_000 {
        count(GroupKey { comm: format!("evil{number}").into(), ..key(65_534) });
    }
    for number in 0..3_000 {
        count(GroupKey { comm: format!("job{number}").into(), ..root("jobs.service") });
    }
    count(key(65_533));
    count(root("sshd.service"));
    aggregator.close_all(now);
    let records = all(&mut aggregator);
    let is_there = |key| records.iter().any(|one| one.key == key);
    assert!(is_there(Some(key(65_533))) && is_there(Some(root("sshd.service"))));
    let overflows = records.iter().filter(|one| one.key.is_none());
    let mut owners: Vec<_> = overflows.filter_map(|one| one.owner.clone()).collect();
    owners.sort_by_key(|owner| owner.uid);
    let jobs = GroupOwner { uid: 0, unit: Some("jobs.service".into()) };
    assert_eq!(owners, [jobs, GroupOwner { uid: 65_534, unit: None }]);
}

#[test]
fn add_of_too_many_owners_without_room_counts_in_one_record_of_route() {
    let (mut aggregator, now) = (Aggregator::bounded(0, 0), Instant::now());
    for uid in 0..1_000 {
        add(&mut aggregator, now, 1, uid, &at(1));
    }
    aggregator.close_all(now);
    let records = all(&mut aggregator);
    let rest = records.iter().find(|one| one.owner.is_none()).unwrap();
    assert_eq!((records.len(), rest.summary.count), (257, 1_000 - 256));
}

#[test]
fn add_beyond_byte_limit_overflows() {
    let (mut aggregator, now) = (Aggregator::bounded(usize::MAX, 10_000), Instant::now());
    for uid in 0..100 {
        aggregator.add(now, group(1), info, key(uid), &at(1), || "x".repeat(2_000));
    }
    let (keys, bytes) = aggregator.room.taken();
    assert!(bytes <= 10_000 && keys > 0, "{keys} in {bytes}");
    aggregator.close_all(now);
    let records = all(&mut aggregator);
    let rest = records.iter().filter(|one| one.key.is_none());
    assert_eq!(rest.map(|one| one.summary.count).sum::<u64>(), 100 - keys as u64);
}

#[test]
fn results_are_told() {
    let (mut aggregator, now) = (Aggregator::default(), Instant::now());
    let died = Observation { outcome: Some(Outcome::Died), ..at(1) };
    for observation in
        [returned(3, 100), returned(-2, 200), returned(-13, 300), returned(-2, 50), died]
    {
        add(&mut aggregator, now, 1, 7, &observation);
    }
    aggregator.close_all(now);
    let record = aggregator.take().unwrap();
    let results = record.summary.results.unwrap();
    assert_eq!((record.summary.count, results.failed, results.unknown), (5, 3, 1));
    assert_eq!((results.top(5), results.top(1)), (vec![(2, 2), (13, 1)], vec![(2, 2)]));
    assert_eq!((results.latency.count(), results.latency.max_ns()), (4, 300));
}

#[test]
fn errors_beyond_some_kinds_are_only_counted() {
    let (mut aggregator, now) = (Aggregator::default(), Instant::now());
    for errno in 1..=20 {
        add(&mut aggregator, now, 1, 7, &returned(-errno, 1));
    }
    aggregator.close_all(now);
    let results = aggregator.take().unwrap().summary.results.unwrap();
    assert_eq!((results.failed, results.errnos.len()), (20, 16));
}

proptest! {
    /// No event is lost or counted twice, whatever the bounds and the times are.
    #[test]
    fn summaries_add_up(
        keys_max in 0_usize..6, bytes_max in 0_usize..20_000,
        events in prop::collection::vec((0_u64..3, 0_u32..8, 0_u64..15, 0_u64..3), 0..200),
    ) {
        let mut aggregator = Aggregator::bounded(keys_max, bytes_max);
        let (mut now, mut records) = (Instant::now(), Vec::new());
        for &(nr, uid, seconds, suppressed) in &events {
            now += Duration::from_secs(seconds);
            aggregator.close_due(now);
            records.extend(aggregator.take());
            add(&mut aggregator, now, nr, uid, &Observation { suppressed, ..at(1) });
            let (keys, bytes) = aggregator.room.taken();
            prop_assert!(keys <= keys_max && bytes <= bytes_max);
        }
        aggregator.close_all(now);
        records.extend(all(&mut aggregator));
        for nr in 0..3 {
            let of = records.iter().filter(|record| record.group == group(nr));
            let sum = of.clone().map(|record| record.summary.count).sum::<u64>();
            prop_assert_eq!(sum, events.iter().filter(|event| event.0 == nr).count() as u64);
            let suppressed = of.map(|record| record.summary.suppressed).sum::<u64>();
            let expected = events.iter().filter(|event| event.0 == nr).map(|event| event.3);
            prop_assert_eq!(suppressed, expected.sum::<u64>());
        }
        prop_assert!(aggregator.is_empty() && aggregator.room.taken() == (0, 0));
        prop_assert_eq!(aggregator.overflows, 0);
    }
}
