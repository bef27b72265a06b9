//! Rates and totals of the rows, from one reading of the daemon to the next. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::mem::take;

use super::column::{TopColumn, TopView};
use super::sample::{Counting, RowCounts, Sample};

/// Readings that a sparkline shows.
pub const HISTORY: usize = 60;

/// History of one row.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// Last reading.
    now: RowCounts,
    /// Counts between the last two readings; `None` where there is nothing to compare.
    step: RowCounts,
    /// Sum of all steps.
    total: RowCounts,
    /// Calls or events per second, the oldest first.
    pub history: VecDeque<u64>,
}

/// All rows of all views.
#[derive(Debug, Clone, Default)]
pub struct TopModel {
    rows: [BTreeMap<String, Series>; TopView::ALL.len()],
    last: Option<(Counting, u64)>,
    /// Time between the last two readings, ns; 0 if they cannot be compared.
    step_ns: u64,
    /// Sum of all steps, ns.
    pub total_ns: u64,
    /// Warning about the state of the daemon.
    pub warning: Option<String>,
}

/// Values of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Basis {
    /// Rates between the last two readings.
    #[default]
    Rate,
    /// Counts since the first reading.
    Total,
}

impl TopModel {
    /// Adds a reading. Returns true if it is that of another daemon than the last one.
    pub fn update(&mut self, sample: Sample) -> bool {
        let last = self.last.replace((sample.counting.clone(), sample.time_ns));
        let step_ns = last.as_ref().filter(|(counting, _)| *counting == sample.counting);
        let step_ns = step_ns.map_or(0, |(_, before_ns)| sample.time_ns.saturating_sub(*before_ns));
        self.step_ns = step_ns;
        self.total_ns += step_ns;
        self.warning = sample.warning;
        for ((view, rows), now) in TopView::ALL.into_iter().zip(&mut self.rows).zip(sample.rows) {
            advance(view, rows, now, step_ns);
        }
        last.is_some_and(|(counting, _)| counting.daemon != sample.counting.daemon)
    }

    /// Returns the rows of a view.
    pub fn rows(&self, view: TopView) -> impl Iterator<Item = (&String, &Series)> {
        let at = TopView::ALL.iter().position(|one| *one == view);
        at.and_then(|at| self.rows.get(at)).into_iter().flatten()
    }

    /// Returns the value of a column; `None` if there is none.
    pub fn value(&self, series: &Series, column: TopColumn, basis: Basis) -> Option<f64> {
        let (counts, time_ns) = match basis {
            Basis::Rate => (&series.step, self.step_ns),
            Basis::Total => (&series.total, self.total_ns),
        };
        let count = match column {
            TopColumn::Name => None,
            TopColumn::Seen => counts.seen,
            TopColumn::Events => counts.events,
            TopColumn::Bytes => counts.bytes,
            TopColumn::Errors => counts.errors,
            TopColumn::Lost => counts.lost,
            TopColumn::Time => return ratio(counts.ns?, counts.calls?),
            TopColumn::Cpu => return ratio(counts.ns?, time_ns).map(|share| 100.0 * share),
        }?;
        match basis {
            Basis::Rate => ratio(count, time_ns).map(|rate| 1e9 * rate),
            Basis::Total => Some(count as f64),
        }
    }

    /// Returns the sum of a column over all rows of a view.
    pub fn sum(&self, view: TopView, column: TopColumn, basis: Basis) -> f64 {
        let values = self.rows(view).filter_map(|(_, series)| self.value(series, column, basis));
        // The sum of no floats is -0.
        values.fold(0.0, |sum, value| sum + value)
    }
}

fn ratio(count: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| count as f64 / of as f64)
}

/// Replaces the rows of a view by those of a reading.
fn advance(
    view: TopView,
    rows: &mut BTreeMap<String, Series>,
    now: Vec<(String, RowCounts)>,
    step_ns: u64,
) {
    let mut before = take(rows);
    for (name, counts) in now {
        let found = before.remove(&name);
        let is_new = found.is_none();
        let mut series = found.unwrap_or_default();
        if is_new && view != TopView::Routes {
            // The counting of a name begins with its first event.
            series.now = RowCounts::NOTHING;
        }
        series.advance(counts, step_ns);
        rows.insert(name, series);
    }
}

impl Series {
    fn advance(&mut self, now: RowCounts, step_ns: u64) {
        // A count that went back has begun anew.
        let difference = |now: Option<u64>, before: Option<u64>| now?.checked_sub(before?);
        let is_comparable = step_ns > 0;
        self.step =
            if is_comparable { now.zip(&self.now, difference) } else { RowCounts::default() };
        self.now = now;
        self.total = self.total.zip(&self.step, |total, step| match step {
            Some(step) => Some(total.unwrap_or_default() + step),
            None => total,
        });
        if let Some(count) = self.step.seen.or(self.step.events).filter(|_| is_comparable) {
            let rate = u128::from(count) * 1_000_000_000 / u128::from(step_ns);
            self.history.push_back(u64::try_from(rate).unwrap_or(u64::MAX));
            self.history.drain(..self.history.len().saturating_sub(HISTORY));
        }
    }
}

#[cfg(test)]
mod tests;
