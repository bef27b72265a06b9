//! The daemon's counters, at regular intervals.

use std::fmt::Write;

use syscalls::Slot;

use super::{Kind, RecordBody};
use crate::output::fields::{Fields, TableCell};
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::sentence::plural;

/// Counters of all routes since the daemon started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Generation of the live table.
    pub generation: u32,
    /// Counters of the routes that saw a call.
    pub totals: Vec<Total>,
    /// Calls of any syscall for which the kernel did not run the dispatcher.
    pub missed: u64,
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
    /// Events written.
    pub written: u64,
    /// Events that are part of an aggregate.
    pub aggregated: u64,
    /// Calls that no rule of the route wants, and events that were not wanted once their result was
    /// known.
    pub filtered: u64,
    /// Calls that were left out at random, as the rule asks.
    pub sampled: u64,
    /// Calls and events over the rate limit of their rule or user.
    pub limited: u64,
    /// Calls of the daemon itself, of its output and of units that are excluded.
    pub excluded: u64,
    /// Calls that the handler only counted.
    pub counted: u64,
    /// Events lost, for all reasons.
    pub lost: u64,
}

impl RecordBody for Stats {
    const KIND: Kind = Kind { name: "stats", id: "ca68221bd554419f9d2bb8d33b378799" };

    fn priority(&self) -> u8 {
        6
    }

    fn fields(&self, _: &mut Scratch, out: &mut impl Fields) {
        out.unsigned(Key::Generation, self.generation.into());
        out.unsigned(Key::Missed, self.missed);
        out.rows(Key::Totals, self.totals.iter().map(columns));
    }

    fn sentence(&self, out: &mut String) {
        out.push_str("Statistics: ");
        totals(&self.totals, self.missed, out);
    }
}

/// Returns the columns of `total`, for fields and for the table on the terminal.
pub fn columns(total: &Total) -> [(&'static str, TableCell<'_>); 12] {
    [
        ("syscall", TableCell::Slot(total.slot)),
        ("abi", TableCell::Word(total.slot.abi().name())),
        ("handler", TableCell::Word(&total.handler)),
        ("seen", TableCell::Count(total.seen)),
        ("written", TableCell::Count(total.written)),
        ("aggregated", TableCell::Count(total.aggregated)),
        ("filtered", TableCell::Count(total.filtered)),
        ("sampled", TableCell::Count(total.sampled)),
        ("limited", TableCell::Count(total.limited)),
        ("excluded", TableCell::Count(total.excluded)),
        ("counted", TableCell::Count(total.counted)),
        ("lost", TableCell::Count(total.lost)),
    ]
}

/// Writes the sums over all routes. Some are always there, the others only if they are not 0.
pub fn totals(totals: &[Total], missed: u64, out: &mut String) {
    let sum = |of: fn(&Total) -> u64| totals.iter().map(of).fold(0, u64::saturating_add);
    let routes = u64::try_from(totals.len()).unwrap_or(u64::MAX);
    let seen = sum(|total| total.seen);
    let _ = write!(out, "{seen} {} of ", plural(seen, "call", "calls"));
    let _ = write!(out, "{routes} {}, ", plural(routes, "route", "routes"));
    let _ = write!(out, "{} written, ", sum(|total| total.written));
    for (word, count) in [
        ("aggregated", sum(|total| total.aggregated)),
        ("filtered", sum(|total| total.filtered)),
        ("sampled out", sum(|total| total.sampled)),
        ("rate-limited", sum(|total| total.limited)),
    ] {
        if count > 0 {
            let _ = write!(out, "{count} {word}, ");
        }
    }
    let _ = write!(out, "{} excluded, ", sum(|total| total.excluded));
    let _ = write!(out, "{} counted only, ", sum(|total| total.counted));
    let _ = write!(out, "{} lost", sum(|total| total.lost));
    if missed > 0 {
        let calls = plural(missed, "call", "calls");
        let _ = write!(out, "; the kernel missed {missed} {calls} of any syscall");
    }
}
