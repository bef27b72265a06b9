//! Rate limits refused events.

use std::fmt::Write;

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::{Fields, TableCell, interval};
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::sentence::{items, plural};

/// Events that rate limits refused in an interval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suppressed {
    /// Begin of the time in which it happened, ns since 1970 UTC.
    pub from_ns: u64,
    /// End of that time.
    pub to_ns: u64,
    /// Number of all events, with those that have no line below.
    pub count: u64,
    /// Counts by limit and owner, those with most first.
    pub lines: Vec<Suppression>,
}

/// Events that one limit refused to one owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The entry of the configuration, or a syscall; `*`: all routes.
    pub route: String,
    /// Limit: `100/s`.
    pub limit: String,
    /// Key that the limit counts by.
    pub per: &'static str,
    /// Value of that key, printable; `others`: all owners for whom there was no room.
    pub owner: String,
    /// Name of one of the tasks, printable.
    pub comm: String,
    /// Number of events.
    pub count: u64,
}

impl RecordBody for Suppressed {
    const KIND: Kind = Kind { name: "suppressed", id: "2ed5f600ac9c4603a3939b39fa77646a" };

    fn priority(&self) -> u8 {
        4
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        out.unsigned(Key::Suppressed, self.count);
        interval(self.from_ns, self.to_ns, scratch, out);
        out.rows(Key::Suppressions, self.lines.iter().map(suppression_row));
    }

    fn sentence(&self, out: &mut String) {
        let count = self.count;
        let events = plural(count, "event", "events");
        let _ = write!(out, "Rate limits suppressed {count} {events} in ");
        render::span(self.to_ns.saturating_sub(self.from_ns), out);
        out.push_str(": ");
        items(&self.lines.iter().map(item).collect::<Vec<_>>(), ", ", out);
    }
}

/// Returns `90 of openat for uid 1000 (100/s)`.
fn item(line: &Suppression) -> String {
    let Suppression { route, limit, per, owner, count, .. } = line;
    let route = if route == "*" { "all routes" } else { route };
    let owner = if owner == "*" { String::new() } else { format!(" for {per} {owner}") };
    format!("{count} of {route}{owner} ({limit})")
}

/// Returns the columns of one limit and owner.
fn suppression_row(line: &Suppression) -> [(&'static str, TableCell<'_>); 6] {
    [
        ("route", TableCell::Word(&line.route)),
        ("limit", TableCell::Word(&line.limit)),
        ("per", TableCell::Word(line.per)),
        ("owner", TableCell::Word(&line.owner)),
        ("comm", TableCell::Word(&line.comm)),
        ("count", TableCell::Count(line.count)),
    ]
}
