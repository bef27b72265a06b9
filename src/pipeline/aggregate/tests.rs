use std::time::{Duration, Instant};

use proptest::prelude::*;
use syscalls::{Abi, Slot};

use super::{Aggregated, Aggregator, Cause, Group, GroupInfo, GroupKey, Observation};
use crate::config::Keep;
use crate::decode::Outcome;

const EVERY: Duration = Duration::from_secs(10);

fn group(nr: u64) -> Group {
    let slot = Slot::new(Abi::Native, nr as _).unwrap();
    Group { generation: 1, slot, rule: 0, cause: Cause::Configured }
}

fn info() -> GroupInfo {
    GroupInfo { every: EVERY, handler: "args".into(), priority: 6, keep: Keep::High }
}

fn key(uid: u32) -> GroupKey {
    GroupKey { uid, comm: b"cat".into(), ..GroupKey::default() }
}

fn at(boottime_ns: u64) -> Observation {
    Observation { boottime_ns, outcome: None, suppressed: 0 }
}

fn returned(result: i64, duration_ns: u64) -> Observation {
    Observation { outcome: Some(Outcome::Returned { result, duration_ns }), ..at(1) }
}

fn add(gather: &mut Aggregator, now: Instant, nr: u64, uid: u32, seen: &Observation) {
    let example = || format!("example at {}", seen.boottime_ns);
    gather.add(now, group(nr), info, key(uid), seen, example);
}

fn all(gather: &mut Aggregator) -> Vec<Aggregated> {
    std::iter::from_fn(|| gather.take()).collect()
}

#[test]
fn a_key_has_one_record_an_interval() {
    let (mut gather, start) = (Aggregator::default(), Instant::now());
    for (nr, uid, time) in [(1, 7, 30), (1, 7, 10), (1, 8, 40), (2, 7, 50), (1, 7, 20)] {
        add(&mut gather, start, nr, uid, &at(time));
    }
    assert_eq!(gather.next_end(), Some(start + EVERY));
    gather.close_due(start + EVERY - Duration::from_nanos(1));
    assert_eq!(gather.ready(), None);
    gather.close_due(start + EVERY);
    let mut records = all(&mut gather);
    records.sort_by_key(|record| (record.group, record.key.as_ref().map(|key| key.uid)));
    let told = records.iter().map(|record| {
        let summary = &record.summary;
        (summary.count, summary.first_ns, summary.last_ns, &*summary.example)
    });
    let expected =
        [(3, 10, 30, "example at 30"), (1, 40, 40, "example at 40"), (1, 50, 50, "example at 50")];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert!(gather.is_empty() && gather.keys == 0 && gather.bytes == 0);
}

#[test]
fn each_route_has_intervals_of_its_own() {
    let (mut gather, start) = (Aggregator::default(), Instant::now());
    let second = Duration::from_secs(1);
    add(&mut gather, start, 1, 7, &at(1));
    add(&mut gather, start + second, 2, 7, &at(2));
    gather.close_due(start + EVERY);
    assert_eq!(all(&mut gather).len(), 1);
    assert_eq!(gather.next_end(), Some(start + EVERY + second));
    // Nobody has looked at the clock: an event that comes later is of another interval.
    add(&mut gather, start + 2 * EVERY, 2, 7, &at(3));
    assert_eq!(all(&mut gather).iter().map(|one| one.summary.last_ns).collect::<Vec<_>>(), [2]);
    assert_eq!(gather.next_end(), Some(start + 3 * EVERY));
}

#[test]
fn what_an_older_table_judged_does_not_wait_for_its_time() {
    let (mut gather, now) = (Aggregator::default(), Instant::now());
    for generation in 1..=3 {
        let group = Group { generation, ..group(1) };
        gather.add(now, group, info, key(7), &at(1), String::new);
    }
    gather.close_before(3, now);
    let generations = all(&mut gather).into_iter().map(|record| record.group.generation);
    assert_eq!(generations.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(gather.next_end(), Some(now + EVERY));
}

#[test]
fn what_has_no_room_is_counted_together() {
    let (mut gather, now) = (Aggregator::bounded(2, usize::MAX), Instant::now());
    for uid in [1, 2, 3, 4, 1, 3] {
        add(&mut gather, now, 1, uid, &at(u64::from(uid)));
    }
    gather.close_all(now);
    let records = all(&mut gather);
    let count = |uid| records.iter().find(|one| one.key == uid).unwrap().summary.count;
    assert_eq!([count(Some(key(1))), count(Some(key(2))), count(None)], [2, 1, 3]);
    assert_eq!(records.len(), 3);
    // There is room again.
    add(&mut gather, now, 1, 9, &at(1));
    gather.close_all(now);
    assert_eq!(all(&mut gather)[0].key, Some(key(9)));
}

#[test]
fn bytes_are_bounded_too() {
    let (mut gather, now) = (Aggregator::bounded(usize::MAX, 10_000), Instant::now());
    for uid in 0..100 {
        gather.add(now, group(1), info, key(uid), &at(1), || "x".repeat(2_000));
    }
    assert!(gather.bytes <= 10_000 && gather.keys > 0, "{} in {}", gather.keys, gather.bytes);
    let keys = gather.keys as u64;
    gather.close_all(now);
    let records = all(&mut gather);
    let rest = records.iter().find(|one| one.key.is_none()).unwrap();
    assert_eq!(rest.summary.count, 100 - keys);
}

#[test]
fn results_are_told() {
    let (mut gather, now) = (Aggregator::default(), Instant::now());
    let died = Observation { outcome: Some(Outcome::Died), ..at(1) };
    for seen in [returned(3, 100), returned(-2, 200), returned(-13, 300), returned(-2, 50), died] {
        add(&mut gather, now, 1, 7, &seen);
    }
    gather.close_all(now);
    let record = gather.take().unwrap();
    let results = record.summary.results.unwrap();
    assert_eq!((record.summary.count, results.failed, results.unknown), (5, 3, 1));
    assert_eq!((results.top(5), results.top(1)), (vec![(2, 2), (13, 1)], vec![(2, 2)]));
    assert_eq!((results.latency.count(), results.latency.max_ns()), (4, 300));
}

#[test]
fn errors_beyond_some_kinds_are_only_counted() {
    let (mut gather, now) = (Aggregator::default(), Instant::now());
    for errno in 1..=20 {
        add(&mut gather, now, 1, 7, &returned(-errno, 1));
    }
    gather.close_all(now);
    let results = gather.take().unwrap().summary.results.unwrap();
    assert_eq!((results.failed, results.errnos.len()), (20, 16));
}

proptest! {
    /// No event is lost or counted twice, whatever the bounds and the times are.
    #[test]
    fn the_counts_add_up(
        keys_max in 0_usize..6, bytes_max in 0_usize..20_000,
        events in prop::collection::vec((0_u64..3, 0_u32..8, 0_u64..15, 0_u64..3), 0..200),
    ) {
        let mut gather = Aggregator::bounded(keys_max, bytes_max);
        let (mut now, mut records) = (Instant::now(), Vec::new());
        for &(nr, uid, seconds, suppressed) in &events {
            now += Duration::from_secs(seconds);
            gather.close_due(now);
            records.extend(gather.take());
            add(&mut gather, now, nr, uid, &Observation { suppressed, ..at(1) });
            prop_assert!(gather.keys <= keys_max && gather.bytes <= bytes_max);
        }
        gather.close_all(now);
        records.extend(all(&mut gather));
        for nr in 0..3 {
            let of = records.iter().filter(|record| record.group == group(nr));
            let sum = of.clone().map(|record| record.summary.count).sum::<u64>();
            prop_assert_eq!(sum, events.iter().filter(|event| event.0 == nr).count() as u64);
            let told = of.map(|record| record.summary.suppressed).sum::<u64>();
            let owed = events.iter().filter(|event| event.0 == nr).map(|event| event.3);
            prop_assert_eq!(told, owed.sum::<u64>());
        }
        prop_assert!(gather.is_empty() && gather.bytes == 0 && gather.keys == 0);
    }
}
