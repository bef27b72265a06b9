use std::fs::File;
use std::io::Read as _;
use std::rc::Rc;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::config::{Limit, Per, Rate, Results};
use crate::decode::Event;
use crate::output::{Destination, StreamChoice, samples};
use crate::plan::Rule;
use crate::table::LimitKey;

/// A delivery into a file, and the file.
fn delivery(limits: Option<u32>) -> (Delivery, File) {
    let file = tempfile::tempfile().unwrap();
    let output =
        Output::open(Destination::Stream(file.try_clone().unwrap().into(), StreamChoice::Json))
            .unwrap();
    let mut delivery = Delivery::new(Units::new(), output);
    delivery.set_limits(OutputLimits { records: limits, bytes: None });
    (delivery, file)
}

/// Everything that was written, in order.
fn records(mut file: File) -> Vec<Value> {
    use std::io::Seek as _;
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn matched(rule: &Rule) -> Option<MatchedRule<'_>> {
    Some(MatchedRule { rule, limit: None, per_uid: None })
}

fn of_kind<'r>(records: &'r [Value], kind: &str) -> Vec<&'r Value> {
    records.iter().filter(|record| record["record"] == kind).collect()
}

fn counts(delivery: &Delivery) -> [u64; 4] {
    let outcomes = delivery.tally.of(samples::event(&samples::handler(), vec![]).slot);
    [outcomes.written, outcomes.aggregated, outcomes.lost_output, outcomes.lost_shed]
}

fn end(mut delivery: Delivery) -> [u64; 4] {
    delivery.close_intervals();
    while delivery.release_aggregate(true).is_some() {}
    delivery.report_shed_changes();
    assert_eq!(delivery.flush(), WriterState::Open);
    counts(&delivery)
}

#[test]
fn release_aggregate_without_room_in_time_drops_and_counts() {
    let (mut delivery, file) = delivery(Some(100));
    let (handler, rule) = (samples::handler(), Rule { keep: Keep::Low, ..Rule::nothing() });
    for uid in 0..1_000 {
        let event = Event { uid, ..samples::event(&handler, vec![]) };
        delivery.deliver(&event, matched(&rule), Source::Ring);
    }
    assert_eq!(counts(&delivery), [90, 910, 0, 0]);
    delivery.close_intervals();
    while delivery.release_aggregate(false).is_some() {}
    assert!(delivery.waits_for_room());
    delivery.now += ROOM_WAIT_MAX;
    while delivery.release_aggregate(false).is_some() {}
    // The room reserved for aggregates is filled at once, and a second's worth of the oldest written later.
    assert_eq!(counts(&delivery), [90, 100, 0, 810]);
    assert!(!delivery.waits_for_room());
    assert_eq!(end(delivery), [90, 100, 0, 810]);

    let records = records(file);
    assert_eq!(of_kind(&records, "syscall").len(), 90);
    assert_eq!(of_kind(&records, "aggregate").len(), 100);
    let levels: Vec<_> =
        of_kind(&records, "shed").iter().map(|step| step["level"].clone()).collect();
    assert_eq!(levels, ["low", "drop"]);
}

#[test]
fn activity_counts_dropped_aggregates_as_lost() {
    let (mut delivery, _file) = delivery(Some(100));
    let (handler, rule) = (samples::handler(), Rule { keep: Keep::Low, ..Rule::nothing() });
    delivery.activity(1);
    for uid in 0..1_000 {
        let event = Event { uid, ..samples::event(&handler, vec![]) };
        delivery.deliver(&event, matched(&rule), Source::Ring);
    }
    delivery.close_intervals();
    while delivery.release_aggregate(false).is_some() {}
    delivery.now += ROOM_WAIT_MAX;
    while delivery.release_aggregate(false).is_some() {}
    let slot = samples::event(&handler, vec![]).slot;
    let counter = delivery.activity(2);
    assert_eq!(counter.since_ns, 1);
    let route = counter.routes[&slot];
    assert_eq!((route.events, route.lost, route.errors), (1_000, 810, 0));
    let others = &counter.users.others;
    let rows = || counter.users.rows().map(|(_, counts)| counts);
    let sum = |of: fn(&ActivityCounts) -> u64| rows().map(of).sum::<u64>() + of(others);
    assert_eq!(sum(|counts| counts.events), 1_000);
    assert_eq!(sum(|counts| counts.lost), 810);
    assert_eq!(sum(|counts| counts.bytes), route.bytes);
    delivery.end_activity();
    assert_eq!(delivery.activity(3).routes.len(), 0);
}

#[test]
fn deliver_reports_suppressed_events_in_next_of_same_owner() {
    let (mut delivery, file) = delivery(None);
    let rate = Rate { count: 1, period_ns: 1_000_000_000 };
    let limit = Rc::new(LimitKey::of_users(Limit { rate, burst: 2, per: Per::Uid }));
    let rule = Rule { results: Results::failed(), ..Rule::nothing() };
    let matched = || Some(MatchedRule { rule: &rule, limit: Some(&limit), per_uid: None });
    let handler = samples::handler();
    let second = 1_000_000_000;
    for (uid, boottime_ns) in [(1, 9), (1, 9), (1, 9), (1, 9), (2, 9), (2, 13), (1, 13), (1, 13)] {
        let event = samples::ended(&handler, samples::returned(-2));
        let boottime_ns = boottime_ns * second;
        let event = Event { uid, charged_uid: uid, boottime_ns, ..event };
        delivery.deliver(&event, matched(), Source::Ring);
    }
    assert_eq!(delivery.tally.of(samples::event(&handler, vec![]).slot).limited_by_result, 2);
    assert_eq!(end(delivery), [6, 0, 0, 0]);
    let suppressed =
        records(file).iter().map(|record| record["suppressed"].as_u64()).collect::<Vec<_>>();
    assert_eq!(suppressed, [None, None, None, None, Some(2), None]);
}

proptest! {
    /// Each event is written, part of a record, or dropped; and the records say how many.
    #[test]
    fn deliver_counts_each_event_once(
        limits in prop::option::of(5_u32..50),
        events in prop::collection::vec((0_u64..4_000, 0_usize..3, any::<bool>(), 0_u32..50), 1..150),
    ) {
        let (mut delivery, file) = delivery(limits);
        let handler = samples::handler();
        for &(millis, keep, is_asked, uid) in &events {
            delivery.now += Duration::from_millis(millis);
            let aggregate = is_asked.then(|| SHED_AGGREGATION.clone());
            let rule = Rule { keep: Keep::ALL[keep], aggregate, ..Rule::nothing() };
            for _ in 0..=uid % 5 {
                let event = Event { uid, rule: keep as u8, ..samples::event(&handler, vec![]) };
                delivery.deliver(&event, matched(&rule), Source::Ring);
            }
            while delivery.release_aggregate(false).is_some() {}
            delivery.report_shed_changes();
        }
        let made: u64 = events.iter().map(|event| u64::from(event.3 % 5) + 1).sum();
        let [written, aggregated, refused, dropped] = end(delivery);
        prop_assert_eq!(written + aggregated + dropped, made);
        prop_assert!(refused == 0 && (limits.is_some() || dropped == 0));
        let records = records(file);
        prop_assert_eq!(of_kind(&records, "syscall").len() as u64, written);
        let aggregates = of_kind(&records, "aggregate").into_iter();
        prop_assert_eq!(aggregates.map(|record| record["count"].as_u64().unwrap()).sum::<u64>(), aggregated);
    }
}
