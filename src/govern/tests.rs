use super::*;

const MS: u64 = 1_000_000;
const SHIPPER: Process = (7, 70);
const OTHER: Process = (8, 80);

/// A process that makes so many events in each ms from one time to another; how many were held.
fn calls(governor: &mut Governor, process: Process, ms: std::ops::Range<u64>, each: u64) -> u64 {
    let mut held = 0;
    for at in ms {
        for _ in 0..each {
            held += u64::from(governor.note(process, at * MS) == Fate::Hold);
        }
    }
    held
}

#[test]
fn who_falls_silent_with_our_output_follows_it() {
    let mut governor = Governor::default();
    assert_eq!(calls(&mut governor, SHIPPER, 1000..2000, 4), 0);
    assert!(!governor.is_trying());
    let held = calls(&mut governor, SHIPPER, 2000..2200, 4);
    assert!(governor.is_trying() && held > 0, "{held}");
    let due_ns = governor.due_ns().unwrap();
    assert_eq!(governor.verdict(due_ns - 1, false), None);
    let verdict = governor.verdict(due_ns, false).unwrap();
    assert_eq!((verdict.process, verdict.is_guilty, verdict.during), (SHIPPER, true, 0));
    assert_eq!(verdict.before, 4000);
    assert_eq!(calls(&mut governor, SHIPPER, 3000..3050, 1), 0);
}

#[test]
fn who_goes_on_is_busy_by_itself_and_left_alone() {
    let mut governor = Governor::default();
    calls(&mut governor, OTHER, 1000..2101, 4);
    let held = calls(&mut governor, OTHER, 2101..2601, 4);
    assert!(held > 1500, "{held}");
    let verdict = governor.verdict(2700 * MS, false).unwrap();
    assert!(!verdict.is_guilty, "{verdict:?}");
    assert_eq!(calls(&mut governor, OTHER, 2700..60_000, 4), 0);
    // A minute later it may be tried again.
    assert!(calls(&mut governor, OTHER, 62_700..65_000, 4) > 0);
}

#[test]
fn nobody_is_suspected_who_does_not_have_nearly_all_events() {
    let mut governor = Governor::default();
    for at in 1000..5000 {
        assert_eq!(calls(&mut governor, SHIPPER, at..at + 1, 4), 0);
        assert_eq!(calls(&mut governor, OTHER, at..at + 1, 1), 0);
    }
    // Nor for few of them, nor with a pause in between.
    assert_eq!(calls(&mut Governor::default(), SHIPPER, 0..50, 19), 0);
    let mut governor = Governor::default();
    for second in 0..20 {
        let from = second * 1000;
        assert_eq!(calls(&mut governor, SHIPPER, from..from + 800, 4), 0);
    }
}

#[test]
fn a_trial_that_holds_too_much_finds_nobody_guilty() {
    let mut governor = Governor::default();
    calls(&mut governor, OTHER, 1000..2200, 4);
    assert!(governor.is_trying());
    assert!(!governor.verdict(2200 * MS, true).unwrap().is_guilty);
    assert!(!governor.is_trying());
}

#[test]
fn events_out_of_order_are_of_the_window_at_hand() {
    let mut governor = Governor::default();
    assert_eq!(governor.note(SHIPPER, 500 * MS), Fate::Write);
    assert_eq!(governor.note(SHIPPER, 100 * MS), Fate::Write);
    assert_eq!((governor.window, governor.total), (5, 2));
}
