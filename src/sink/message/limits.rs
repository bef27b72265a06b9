//! The sentences about what was held back: by limits, and to keep within a budget.

use std::fmt::Write;

use syscalls::printable::{self, NO_LIMIT};

use super::own::items;
use super::values::plural;
use crate::budget::{Counts, Level, Most};
use crate::decode::render;
use crate::sink::record::{
    Governed, JournalDropped, JournalRateLimit, Shed, Suppressed, Suppression,
};

pub fn suppressed(suppressed: &Suppressed, out: &mut String) {
    let count = suppressed.count;
    let _ = write!(out, "Limits refused {count} {} in ", plural(count, "event", "events"));
    render::span(suppressed.to_ns.saturating_sub(suppressed.from_ns), out);
    out.push_str(": ");
    items(&suppressed.lines.iter().map(line).collect::<Vec<_>>(), ", ", out);
}

/// `90 of openat by uid 1000 (100/s)`.
fn line(line: &Suppression) -> String {
    let Suppression { route, limit, per, owner, count, .. } = line;
    let route = if route == "*" { "any route" } else { route };
    let owner = if owner == "*" { String::new() } else { format!(" by {per} {owner}") };
    format!("{count} of {route}{owner} ({limit})")
}

pub fn governed(governed: &Governed, out: &mut String) {
    let Governed { pid, before, during, left, .. } = governed;
    out.push_str("Throttled ");
    printable::word(&governed.comm, NO_LIMIT, out);
    let _ = write!(out, " ({pid})");
    let unit = governed.user_unit.as_ref().or(governed.unit.as_ref());
    if let Some(unit) = unit {
        out.push_str(" of ");
        printable::word(unit.as_bytes(), NO_LIMIT, out);
    }
    let _ = write!(
        out,
        ": it answers our records with calls of its own, {before} a second, {during} while none was \
         written; {left} a second are recorded from now on"
    );
    out.push_str(match unit {
        Some(_) => "; [exclude] units would leave it out",
        None => "; [exclude] exe would leave it out",
    });
}

pub fn shed(shed: &Shed, out: &mut String) {
    out.push_str(if shed.to > shed.from {
        "Above the budget of "
    } else {
        "Within the budget of "
    });
    budget(shed.most, out);
    out.push_str(if shed.to > shed.from { ": " } else { " again: " });
    out.push_str(match shed.to {
        Level::None => "all events are written from now on",
        Level::Low => "events of routes with keep = \"low\" are counted together from now on",
        Level::High => "all events but those to keep always are counted together from now on",
        Level::Drop => "what was counted together is dropped where it does not fit from now on",
    });
    let Counts { written, gathered, dropped } = shed.counts;
    out.push_str("; in the ");
    render::span(shed.to_ns.saturating_sub(shed.from_ns), out);
    let _ = write!(out, " before, {written} {} written, ", plural(written, "was", "were"));
    let _ = write!(out, "{gathered} counted together, {dropped} dropped");
}

pub fn journal(limit: &JournalRateLimit, out: &mut String) {
    let _ = write!(out, "journald takes {} entries of a level in ", limit.burst);
    render::span(limit.interval_ns, out);
    out.push_str(" from this unit, and was sent more within ");
    render::span(limit.to_ns.saturating_sub(limit.from_ns), out);
    out.push_str(": it may drop records from now on, and says how many when that is over");
}

pub fn journal_dropped(dropped: &JournalDropped, out: &mut String) {
    let count = dropped.count;
    let _ = write!(out, "journald dropped {count} {} of ", plural(count, "entry", "entries"));
    printable::word(dropped.unit.as_bytes(), NO_LIMIT, out);
    out.push_str(" in ");
    render::span(dropped.to_ns.saturating_sub(dropped.from_ns), out);
    out.push_str(
        ", which our books have as written: LogRateLimitIntervalSec=1us in the unit would keep them",
    );
}

/// `1000 records/s and 65536 bytes/s`.
fn budget(most: Most, out: &mut String) {
    let records = most.records.map(|records| format!("{records} records/s"));
    let bytes = most.bytes.map(|bytes| format!("{bytes} bytes/s"));
    let told: Vec<_> = records.into_iter().chain(bytes).collect();
    out.push_str(&told.join(" and "));
}
