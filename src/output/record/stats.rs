//! The daemon's counters, at regular intervals.

use std::fmt::Write;

use syscalls::Slot;

use super::{Kind, RecordBody};
use crate::output::fields::{Fields, TableCell};
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::sentence::plural;
use crate::stats::{Column, Misses, Sums};

/// Counters of all routes since the daemon started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Generation of the live table.
    pub generation: u32,
    /// Counters of the routes that saw a call.
    pub totals: Vec<Total>,
    /// Calls of any syscall for which the kernel did not run the dispatcher.
    pub missed: u64,
    /// Runs of the programs that the kernel skipped.
    pub misses: Misses,
}

/// Counters of one route over the daemon's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// Slot of the route's syscall.
    pub slot: Slot,
    /// Name of the route's handler.
    pub handler: String,
    /// Calls that reached the handler.
    pub seen: u64,
    /// Outcomes of these calls.
    pub sums: Sums,
}

impl RecordBody for Stats {
    const KIND: Kind = Kind { name: "stats", id: "ca68221bd554419f9d2bb8d33b378799" };

    fn priority(&self) -> u8 {
        6
    }

    fn fields(&self, _: &mut Scratch, out: &mut impl Fields) {
        out.unsigned(Key::Generation, self.generation.into());
        out.unsigned(Key::Missed, self.missed);
        out.rows(Key::Misses, miss_rows(&self.misses));
        out.rows(Key::Totals, self.totals.iter().map(total_row));
    }

    fn sentence(&self, out: &mut String) {
        out.push_str("Statistics: ");
        totals(&self.totals, self.missed, out);
    }
}

/// Columns in front of the sums.
const FIRST: usize = 4;

/// Returns the columns of `total`, for fields and for the table on the terminal.
pub fn total_row(total: &Total) -> [(&'static str, TableCell<'_>); FIRST + Column::ALL.len()] {
    let mut columns = [("seen", TableCell::Count(total.seen)); FIRST + Column::ALL.len()];
    let first = [
        ("syscall", TableCell::Slot(total.slot)),
        ("abi", TableCell::Word(total.slot.abi().name())),
        ("handler", TableCell::Word(&total.handler)),
        ("seen", TableCell::Count(total.seen)),
    ];
    let sums = Column::ALL.map(|column| (column.name(), TableCell::Count(total.sums[column])));
    for (column, filled) in columns.iter_mut().zip(first.into_iter().chain(sums)) {
        *column = filled;
    }
    columns
}

/// Returns the columns of each program that was skipped.
pub fn miss_rows(misses: &Misses) -> impl Iterator<Item = [(&'static str, TableCell<'_>); 2]> {
    let some = misses.iter().filter(|(_, count)| **count > 0);
    some.map(|(program, count)| {
        [("program", TableCell::Word(program)), ("missed", TableCell::Count(*count))]
    })
}

/// Writes the sums over all routes. Some are always there, the others only if they are not 0.
pub fn totals(totals: &[Total], missed: u64, out: &mut String) {
    let routes = u64::try_from(totals.len()).unwrap_or(u64::MAX);
    let seen = totals.iter().fold(0, |seen: u64, total| seen.saturating_add(total.seen));
    let _ = write!(out, "{seen} {} of ", plural(seen, "call", "calls"));
    let _ = write!(out, "{routes} {}", plural(routes, "route", "routes"));
    for (column, count) in Sums::total(totals.iter().map(|total| &total.sums)).shown() {
        let _ = write!(out, ", {count} {}", column.phrase());
    }
    if missed > 0 {
        let calls = plural(missed, "call", "calls");
        let _ = write!(out, "; the kernel missed {missed} {calls} of any syscall");
    }
}
