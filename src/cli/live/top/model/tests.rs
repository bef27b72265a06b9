use super::*;

const ROUTES: usize = 0;
const COMMANDS: usize = 2;

/// Returns a reading of the daemon with that process id, with one row.
fn sample(pid: u32, seconds: u64, view: usize, name: &str, counts: RowCounts) -> Sample {
    let mut sample = Sample {
        counting: Counting { daemon: (pid, String::new()), since_ns: 1 },
        time_ns: seconds * 1_000_000_000,
        ..Sample::default()
    };
    sample.rows[view].push((name.to_owned(), counts));
    sample
}

fn events(events: u64) -> RowCounts {
    RowCounts { events: Some(events), ..RowCounts::NOTHING }
}

fn seen(seen: u64, calls: u64, ns: u64) -> RowCounts {
    RowCounts { seen: Some(seen), calls: Some(calls), ns: Some(ns), ..RowCounts::default() }
}

fn value(model: &TopModel, view: TopView, column: TopColumn, basis: Basis) -> Option<f64> {
    let rows: Vec<_> = model.rows(view).collect();
    let [(_, series)] = rows[..] else { panic!("one row: {rows:?}") };
    model.value(series, column, basis)
}

fn rate(model: &TopModel, view: TopView, column: TopColumn) -> Option<f64> {
    value(model, view, column, Basis::Rate)
}

#[test]
fn update_has_rates_by_clock_of_daemon() {
    let mut model = TopModel::default();
    model.update(sample(1, 10, ROUTES, "openat", seen(1_000, 0, 0)));
    assert_eq!(rate(&model, TopView::Routes, TopColumn::Seen), None);
    model.update(sample(1, 12, ROUTES, "openat", seen(1_100, 50, 20_000)));
    assert_eq!(rate(&model, TopView::Routes, TopColumn::Seen), Some(50.0));
    assert_eq!(rate(&model, TopView::Routes, TopColumn::Time), Some(400.0));
    assert_eq!(rate(&model, TopView::Routes, TopColumn::Cpu), Some(0.001));
    assert_eq!(rate(&model, TopView::Routes, TopColumn::Errors), None);
}

#[test]
fn update_counts_name_from_its_first_event() {
    let mut model = TopModel::default();
    model.update(sample(1, 10, COMMANDS, "a", events(7)));
    model.update(sample(1, 11, COMMANDS, "b", events(5)));
    assert_eq!(rate(&model, TopView::Commands, TopColumn::Events), Some(5.0));
}

#[test]
fn update_sums_steps_to_totals() {
    let mut model = TopModel::default();
    for (seconds, count) in [(10, 100), (11, 150), (12, 150), (14, 157)] {
        model.update(sample(1, seconds, ROUTES, "openat", seen(count, 0, 0)));
    }
    let total = value(&model, TopView::Routes, TopColumn::Seen, Basis::Total);
    assert_eq!((total, model.total_ns), (Some(57.0), 4_000_000_000));
    let rows: Vec<_> = model.rows(TopView::Routes).collect();
    assert_eq!(rows[0].1.history, [50, 0, 3]);
}

#[test]
fn update_of_other_daemon_has_no_rates_and_keeps_totals() {
    let mut model = TopModel::default();
    for (pid, seconds, count) in [(1, 10, 100), (1, 11, 150), (2, 12, 4)] {
        let is_other = model.update(sample(pid, seconds, ROUTES, "openat", seen(count, 0, 0)));
        assert_eq!(is_other, pid == 2);
    }
    assert_eq!(rate(&model, TopView::Routes, TopColumn::Seen), None);
    model.update(sample(2, 13, ROUTES, "openat", seen(9, 0, 0)));
    assert_eq!(rate(&model, TopView::Routes, TopColumn::Seen), Some(5.0));
    let total = value(&model, TopView::Routes, TopColumn::Seen, Basis::Total);
    assert_eq!(total, Some(55.0));
}

#[test]
fn update_with_count_that_went_back_has_no_rate() {
    let mut model = TopModel::default();
    model.update(sample(1, 10, ROUTES, "openat", seen(100, 10, 10)));
    model.update(sample(1, 11, ROUTES, "openat", seen(90, 12, 30)));
    assert_eq!(rate(&model, TopView::Routes, TopColumn::Seen), None);
    assert_eq!(rate(&model, TopView::Routes, TopColumn::Time), Some(10.0));
}

#[test]
fn update_at_same_time_has_no_rates() {
    let mut model = TopModel::default();
    for count in [5, 9] {
        model.update(sample(1, 10, ROUTES, "openat", seen(count, 0, 0)));
    }
    assert_eq!(rate(&model, TopView::Routes, TopColumn::Seen), None);
}

#[test]
fn update_keeps_latest_readings_and_forgets_rows_that_are_gone() {
    let mut model = TopModel::default();
    for seconds in 0..200 {
        model.update(sample(1, seconds, ROUTES, "openat", seen(seconds * seconds, 0, 0)));
    }
    let rows: Vec<_> = model.rows(TopView::Routes).collect();
    assert_eq!(rows[0].1.history.len(), HISTORY);
    assert_eq!(rows[0].1.history.back(), Some(&(199 * 199 - 198 * 198)));
    model.update(sample(1, 200, ROUTES, "read", seen(0, 0, 0)));
    let names: Vec<_> = model.rows(TopView::Routes).map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["read"]);
}
