use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{CALM, Decision, OutputLimits, ShedCounts, ShedLevel, Shedder};
use crate::config::Keep;

const SECOND: Duration = Duration::from_secs(1);

fn records(records: u32) -> OutputLimits {
    OutputLimits { records: Some(records), bytes: None }
}

/// Judges so many events of 100 bytes at once; how many went out.
fn flood(budget: &mut Shedder, keep: Keep, count: u64, now: Instant) -> u64 {
    let mut written = 0;
    for _ in 0..count {
        if budget.judge(keep, now) == Decision::Write {
            budget.wrote(100, now);
            written += 1;
        }
    }
    written
}

fn told(budget: &mut Shedder) -> Vec<(ShedLevel, ShedLevel, ShedCounts)> {
    budget.take_steps().iter().map(|step| (step.from, step.to, step.counts)).collect()
}

#[test]
fn without_a_budget_all_goes_out() {
    let now = Instant::now();
    let mut budget = Shedder::new(OutputLimits::default(), now);
    assert_eq!(flood(&mut budget, Keep::Low, 100_000, now), 100_000);
    assert_eq!((budget.level(), told(&mut budget)), (ShedLevel::None, vec![]));
}

#[test]
fn low_events_are_held_back_first_and_always_ones_never() {
    let now = Instant::now();
    let mut budget = Shedder::new(records(100), now);
    assert_eq!(flood(&mut budget, Keep::Low, 1000, now), 90);
    let counts = ShedCounts { written: 90, aggregated: 0, dropped: 0 };
    assert_eq!(told(&mut budget), [(ShedLevel::None, ShedLevel::Low, counts)]);
    // It fills up again, and that is for the others.
    let later = now + SECOND / 2;
    assert_eq!(flood(&mut budget, Keep::Low, 10, later), 0);
    assert_eq!(flood(&mut budget, Keep::High, 1000, later), 50);
    assert_eq!((budget.level(), told(&mut budget)), (ShedLevel::Low, vec![]));
    assert_eq!(flood(&mut budget, Keep::Always, 1000, later), 1000);
}

#[test]
fn high_events_are_held_back_where_that_is_not_enough() {
    let now = Instant::now();
    let mut budget = Shedder::new(records(100), now);
    assert_eq!(flood(&mut budget, Keep::High, 1000, now), 90);
    assert_eq!(budget.level(), ShedLevel::Low);
    let later = now + SECOND;
    assert_eq!(flood(&mut budget, Keep::High, 1000, later), 90);
    assert_eq!(budget.level(), ShedLevel::High);
    assert_eq!(flood(&mut budget, Keep::High, 1000, later + SECOND), 0);
    budget.dropped(7, later + SECOND);
    assert_eq!(budget.level(), ShedLevel::Drop);
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
    assert_eq!(told(&mut budget), expected);
}

#[test]
fn it_steps_back_after_a_while_of_calm_one_by_one() {
    let now = Instant::now();
    let mut budget = Shedder::new(records(100), now);
    flood(&mut budget, Keep::High, 1000, now);
    flood(&mut budget, Keep::High, 1000, now + SECOND);
    assert_eq!(budget.next_relax(), Some(now + SECOND + CALM));
    budget.relax(now + SECOND + CALM - Duration::from_nanos(1));
    assert_eq!(budget.level(), ShedLevel::High);
    budget.relax(now + SECOND + CALM);
    assert_eq!(budget.level(), ShedLevel::Low);
    budget.relax(now + SECOND + 2 * CALM);
    assert_eq!((budget.level(), budget.next_relax()), (ShedLevel::None, None));
}

/// A flood of twice the budget goes on for a minute: it is not taken back every ten seconds.
#[test]
fn it_does_not_flap() {
    let start = Instant::now();
    let mut budget = Shedder::new(records(100), start);
    let mut steps = 0;
    for tenth in 0..600_u32 {
        flood(&mut budget, Keep::Low, 20, start + tenth * SECOND / 10);
        steps += budget.take_steps().len();
    }
    assert_eq!((steps, budget.level()), (1, ShedLevel::Low));
}

/// The level is relaxed once the shed events would fit again, even if some still come.
#[test]
fn what_fits_is_let_go() {
    let start = Instant::now();
    let mut budget = Shedder::new(records(100), start);
    flood(&mut budget, Keep::Low, 1000, start);
    for tenth in 1..=110_u32 {
        flood(&mut budget, Keep::Low, 5, start + tenth * SECOND / 10);
    }
    assert_eq!(budget.level(), ShedLevel::None);
}

#[test]
fn bytes_are_a_budget_too() {
    let now = Instant::now();
    let mut budget = Shedder::new(OutputLimits { records: None, bytes: Some(10_000) }, now);
    assert_eq!(flood(&mut budget, Keep::Low, 1000, now), 90);
    assert!(!budget.has_room(Keep::High, now));
    assert!(budget.has_room(Keep::Always, now));
    assert!(budget.has_room(Keep::High, now + SECOND / 2));
}

#[test]
fn another_budget_begins_anew() {
    let now = Instant::now();
    let mut budget = Shedder::new(records(10), now);
    flood(&mut budget, Keep::Low, 100, now);
    budget.set(records(10), now);
    assert_eq!(budget.level(), ShedLevel::Low);
    budget.set(records(1000), now);
    assert_eq!((budget.level(), budget.limits()), (ShedLevel::None, records(1000)));
    assert_eq!(budget.take_steps().len(), 2);
    assert_eq!(flood(&mut budget, Keep::Low, 100, now), 100);
}

proptest! {
    /// Over any window no more goes out than it allows and one burst, but for what is always kept; and
    /// everything is counted as what it became.
    #[test]
    fn no_window_exceeds_it(
        limits in 2_u32..200,
        events in prop::collection::vec((0_u64..50, 0_usize..3, 1_u64..20), 1..300),
    ) {
        let start = Instant::now();
        let mut budget = Shedder::new(records(limits), start);
        let (mut now, mut written, mut sums) = (start, Vec::new(), [0_u64; 2]);
        for &(millis, keep, count) in &events {
            now += Duration::from_millis(millis);
            let keep = Keep::ALL[keep];
            let out = flood(&mut budget, keep, count, now);
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
        let mut counts: Vec<ShedCounts> = budget.steps.iter().map(|step| step.counts).collect();
        counts.push(budget.counts);
        let sum = |of: fn(&ShedCounts) -> u64| counts.iter().map(of).sum::<u64>();
        let told = [sum(|counts| counts.written), sum(|counts| counts.aggregated)];
        prop_assert_eq!(told, sums);
    }
}
