use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{CALM, Decision, OutputLimits, ShedCounts, ShedLevel, Shedder};
use crate::config::Keep;
use crate::pipeline::owner::UserOwner;

const SECOND: Duration = Duration::from_secs(1);

fn records(records: u32) -> OutputLimits {
    OutputLimits { records: Some(records), bytes: None }
}

const FLOODER: UserOwner = UserOwner::User(1000);

/// Decides about `count` events of 100 bytes of one user at once; returns the number of those that were written.
fn flood(shedder: &mut Shedder, keep: Keep, count: u64, now: Instant) -> u64 {
    flood_of(FLOODER, shedder, keep, count, now)
}

fn flood_of(owner: UserOwner, shedder: &mut Shedder, keep: Keep, count: u64, now: Instant) -> u64 {
    let mut written = 0;
    for _ in 0..count {
        if shedder.decide(keep, owner, now) == Decision::Write {
            shedder.charge_event(keep, owner, 100, now);
            written += 1;
        }
    }
    written
}

fn changes(shedder: &mut Shedder) -> Vec<(ShedLevel, ShedLevel, ShedCounts)> {
    shedder.take_changes().iter().map(|change| (change.from, change.to, change.counts)).collect()
}

#[test]
fn decide_without_limits_writes_all() {
    let now = Instant::now();
    let mut shedder = Shedder::new(OutputLimits::default(), now);
    assert_eq!(flood(&mut shedder, Keep::Low, 100_000, now), 100_000);
    assert_eq!((shedder.level(), changes(&mut shedder)), (ShedLevel::None, vec![]));
}

#[test]
fn decide_above_limit_aggregates_low_first_and_always_never() {
    let now = Instant::now();
    let mut shedder = Shedder::new(records(100), now);
    assert_eq!(flood(&mut shedder, Keep::Low, 1000, now), 90);
    let counts = ShedCounts { written: 90, aggregated: 0, dropped: 0 };
    assert_eq!(changes(&mut shedder), [(ShedLevel::None, ShedLevel::Low, counts)]);
    // The buckets fill up again, for events of a higher class only.
    let later = now + SECOND / 2;
    assert_eq!(flood(&mut shedder, Keep::Low, 10, later), 0);
    assert_eq!(flood(&mut shedder, Keep::High, 1000, later), 50);
    assert_eq!((shedder.level(), changes(&mut shedder)), (ShedLevel::Low, vec![]));
    assert_eq!(flood(&mut shedder, Keep::Always, 1000, later), 1000);
}

#[test]
fn decide_above_limit_at_low_aggregates_high() {
    let now = Instant::now();
    let mut shedder = Shedder::new(records(100), now);
    assert_eq!(flood(&mut shedder, Keep::High, 1000, now), 90);
    assert_eq!(shedder.level(), ShedLevel::Low);
    let later = now + SECOND;
    assert_eq!(flood(&mut shedder, Keep::High, 1000, later), 90);
    assert_eq!(shedder.level(), ShedLevel::High);
    assert_eq!(flood(&mut shedder, Keep::High, 1000, later + SECOND), 0);
    shedder.count_dropped(7, later + SECOND);
    assert_eq!(shedder.level(), ShedLevel::Drop);
    let (first, second, third) = (
        ShedCounts { written: 90, aggregated: 0, dropped: 0 },
        ShedCounts { written: 90, aggregated: 910, dropped: 0 },
        ShedCounts { written: 0, aggregated: 1910, dropped: 0 },
    );
    let expected = [
        (ShedLevel::None, ShedLevel::Low, first),
        (ShedLevel::Low, ShedLevel::High, second),
        (ShedLevel::High, ShedLevel::Drop, third),
    ];
    assert_eq!(changes(&mut shedder), expected);
}

#[test]
fn relax_after_calm_lowers_one_level() {
    let now = Instant::now();
    let mut shedder = Shedder::new(records(100), now);
    flood(&mut shedder, Keep::High, 1000, now);
    flood(&mut shedder, Keep::High, 1000, now + SECOND);
    assert_eq!(shedder.next_relax(), Some(now + SECOND + CALM));
    shedder.relax(now + SECOND + CALM - Duration::from_nanos(1));
    assert_eq!(shedder.level(), ShedLevel::High);
    shedder.relax(now + SECOND + CALM);
    assert_eq!(shedder.level(), ShedLevel::Low);
    shedder.relax(now + SECOND + 2 * CALM);
    assert_eq!((shedder.level(), shedder.next_relax()), (ShedLevel::None, None));
}

/// Twice as many events as the limit for a minute: the level is not relaxed every ten seconds.
#[test]
fn decide_under_constant_flood_keeps_level() {
    let start = Instant::now();
    let mut shedder = Shedder::new(records(100), start);
    let mut change_count = 0;
    for tenth in 0..600_u32 {
        flood(&mut shedder, Keep::Low, 20, start + tenth * SECOND / 10);
        change_count += shedder.take_changes().len();
    }
    assert_eq!((change_count, shedder.level()), (1, ShedLevel::Low));
}

/// The level is relaxed once the shed events would fit again, even if some still come.
#[test]
fn decide_when_shed_events_fit_relaxes_level() {
    let start = Instant::now();
    let mut shedder = Shedder::new(records(100), start);
    flood(&mut shedder, Keep::Low, 1000, start);
    for tenth in 1..=110_u32 {
        flood(&mut shedder, Keep::Low, 5, start + tenth * SECOND / 10);
    }
    assert_eq!(shedder.level(), ShedLevel::None);
}

#[test]
fn decide_above_byte_limit_aggregates() {
    let now = Instant::now();
    let mut shedder = Shedder::new(OutputLimits { records: None, bytes: Some(10_000) }, now);
    assert_eq!(flood(&mut shedder, Keep::Low, 1000, now), 90);
    // An eighth is reserved for aggregates.
    assert!(shedder.has_room(Keep::High, now));
    shedder.charge_aggregate(1_250, now);
    assert!(!shedder.has_room(Keep::High, now));
    assert!(shedder.has_room(Keep::Always, now));
    assert!(shedder.has_room(Keep::High, now + SECOND / 2));
}

/// One user floods for ten seconds with events of every class.
#[test]
fn decide_for_owner_within_share_writes_during_flood_of_others() {
    let start = Instant::now();
    let mut shedder = Shedder::new(OutputLimits { records: None, bytes: Some(100_000) }, start);
    for second in 0..10 {
        let now = start + second * SECOND;
        for keep in Keep::ALL {
            flood(&mut shedder, keep, 5_000, now);
        }
        let mut writes = |owner, keep| flood_of(owner, &mut shedder, keep, 100, now);
        assert_eq!(writes(UserOwner::User(1001), Keep::High), 100);
        assert_eq!(writes(UserOwner::User(1002), Keep::Low), 100);
        assert_eq!(writes(UserOwner::Cgroup(7), Keep::Always), 100);
    }
    assert_eq!(shedder.level(), ShedLevel::High);
}

/// A flood of events that are to be kept displaces no more of the journal than the limit says.
#[test]
fn decide_above_byte_limit_bounds_always_by_owner() {
    let start = Instant::now();
    let mut shedder = Shedder::new(OutputLimits { records: None, bytes: Some(100_000) }, start);
    let mut written = 0;
    for second in 0..=60 {
        written += flood(&mut shedder, Keep::Always, 100_000, start + second * SECOND);
    }
    assert_eq!(written, 60 * 1000 + 8 * 900);
}

#[test]
fn set_limits_begins_anew_if_they_differ() {
    let now = Instant::now();
    let mut shedder = Shedder::new(records(10), now);
    flood(&mut shedder, Keep::Low, 100, now);
    shedder.set_limits(records(10), now);
    assert_eq!(shedder.level(), ShedLevel::Low);
    shedder.set_limits(records(1000), now);
    assert_eq!((shedder.level(), shedder.limits()), (ShedLevel::None, records(1000)));
    assert_eq!(shedder.take_changes().len(), 2);
    assert_eq!(flood(&mut shedder, Keep::Low, 100, now), 100);
}

proptest! {
    /// No window has more written events than the limit and one burst allow, except those of `always`; and each
    /// event is counted once.
    #[test]
    fn decide_never_exceeds_limit_in_any_window(
        limits in 2_u32..200,
        events in prop::collection::vec((0_u64..50, 0_usize..3, 1_u64..20), 1..300),
    ) {
        let start = Instant::now();
        let mut shedder = Shedder::new(records(limits), start);
        let (mut now, mut written, mut sums) = (start, Vec::new(), [0_u64; 2]);
        for &(millis, keep, count) in &events {
            now += Duration::from_millis(millis);
            let keep = Keep::ALL[keep];
            let out = flood(&mut shedder, keep, count, now);
            prop_assert!(keep != Keep::Always || out == count);
            sums = [sums[0] + out, sums[1] + count - out];
            written.extend((keep != Keep::Always).then_some((now, out)));
        }
        for (at, (from, _)) in written.iter().enumerate() {
            let mut sum = 0;
            for (to, count) in &written[at..] {
                sum += count;
                let brought = (*to - *from).as_secs_f64() * f64::from(limits);
                prop_assert!(sum as f64 <= brought + f64::from(limits) + 1e-6);
            }
        }
        let mut counts: Vec<ShedCounts> = shedder.changes.iter().map(|change| change.counts).collect();
        counts.push(shedder.counts);
        let sum = |of: fn(&ShedCounts) -> u64| counts.iter().map(of).sum::<u64>();
        let counted = [sum(|counts| counts.written), sum(|counts| counts.aggregated)];
        prop_assert_eq!(counted, sums);
    }
}
