//! Events that were due are not recorded, or lack their results.

use std::fmt::Write;

use syscalls::Slot;

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::{Fields, TableCell, interval};
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::sentence::{items, plural};
use crate::stats::Reason;

/// Losses of all routes in an interval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lost {
    /// Begin of the time in which they were lost, ns since 1970 UTC.
    pub from_ns: u64,
    /// End of that time.
    pub to_ns: u64,
    /// Losses by route and reason.
    pub losses: Vec<Loss>,
}

/// Loss of one route for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Slot of the route's syscall; `None` if the record in the ring could not be decoded.
    pub slot: Option<Slot>,
    /// Name of the route's handler.
    pub handler: String,
    /// Reason of the loss.
    pub reason: Reason,
    /// Number of events, or of results.
    pub count: u64,
}

impl Lost {
    /// Returns the number of lost events. An event without its result is not lost.
    pub fn events(&self) -> u64 {
        self.sum(|reason| reason != Reason::Result)
    }

    /// Returns the number of lost results, whose events are recorded.
    pub fn results(&self) -> u64 {
        self.sum(|reason| reason == Reason::Result)
    }

    fn sum(&self, is_meant: impl Fn(Reason) -> bool) -> u64 {
        let meant = self.losses.iter().filter(|loss| is_meant(loss.reason));
        meant.fold(0, |sum, loss| sum.saturating_add(loss.count))
    }
}

impl RecordBody for Lost {
    const KIND: Kind = Kind { name: "lost", id: "7b1b889327f14078b13a9eb4b84566de" };

    fn priority(&self) -> u8 {
        4
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        out.unsigned(Key::Lost, self.events());
        interval(self.from_ns, self.to_ns, scratch, out);
        out.rows(Key::Losses, self.losses.iter().map(loss_row));
    }

    fn sentence(&self, out: &mut String) {
        out.push_str("Lost ");
        let counts = [(self.events(), "event", "events"), (self.results(), "result", "results")];
        let counts = counts.into_iter().filter(|(count, ..)| *count > 0);
        for (position, (count, one, many)) in counts.enumerate() {
            out.push_str(if position > 0 { " and " } else { "" });
            let _ = write!(out, "{count} {}", plural(count, one, many));
        }
        out.push_str(" in ");
        render::span(self.to_ns.saturating_sub(self.from_ns), out);
        out.push_str(": ");
        items(&self.losses.iter().map(item).collect::<Vec<_>>(), ", ", out);
    }
}

/// Returns `7 of openat (ring_full)`.
fn item(loss: &Loss) -> String {
    let syscall = loss.slot.map_or_else(String::new, |slot| format!(" of {slot}"));
    format!("{}{syscall} ({})", loss.count, loss.reason.name())
}

/// Syscall and ABI of a record that could not be decoded.
const UNKNOWN: &str = "unknown";

/// Returns the columns of one loss.
fn loss_row(loss: &Loss) -> [(&'static str, TableCell<'_>); 5] {
    [
        ("syscall", loss.slot.map_or(TableCell::Word(UNKNOWN), TableCell::Slot)),
        ("abi", TableCell::Word(loss.slot.map_or(UNKNOWN, |slot| slot.abi().name()))),
        ("handler", TableCell::Word(&loss.handler)),
        ("reason", TableCell::Word(loss.reason.name())),
        ("count", TableCell::Count(loss.count)),
    ]
}
