//! Sentences about rate limits and load shedding.

use std::fmt::Write;

use syscalls::printable::{self, NO_LIMIT};

use super::own::items;
use super::values::plural;
use crate::decode::render;
use crate::output::record::{Feedback, JournalRateLimit, Shed, Suppressed, Suppression};
use crate::pipeline::shed::{Counts, Level, OutputLimits};

pub fn suppressed(suppressed: &Suppressed, out: &mut String) {
    let count = suppressed.count;
    let _ = write!(out, "Rate limits suppressed {count} {} in ", plural(count, "event", "events"));
    render::span(suppressed.to_ns.saturating_sub(suppressed.from_ns), out);
    out.push_str(": ");
    items(&suppressed.lines.iter().map(line).collect::<Vec<_>>(), ", ", out);
}

/// Returns `90 of openat for uid 1000 (100/s)`.
fn line(line: &Suppression) -> String {
    let Suppression { route, limit, per, owner, count, .. } = line;
    let route = if route == "*" { "all routes" } else { route };
    let owner = if owner == "*" { String::new() } else { format!(" for {per} {owner}") };
    format!("{count} of {route}{owner} ({limit})")
}

pub fn feedback(feedback: &Feedback, out: &mut String) {
    let Feedback { pid, count, events, .. } = feedback;
    printable::quoted_if_needed(&feedback.comm, NO_LIMIT, out);
    let _ = write!(out, " ({pid})");
    let unit = feedback.user_unit.as_ref().or(feedback.unit.as_ref());
    if let Some(unit) = unit {
        out.push_str(" of ");
        printable::quoted_if_needed(unit.as_bytes(), NO_LIMIT, out);
    }
    let _ = write!(out, " made {count} of {events} events in ");
    render::span(feedback.to_ns.saturating_sub(feedback.from_ns), out);
    out.push_str(" and has the journal open: if it reads these records, exclude it with ");
    // `units` are those of the system.
    let is_system = feedback.unit.is_some() && feedback.user_unit.is_none();
    out.push_str(if is_system { "[exclude] units" } else { "[exclude] exe" });
}

pub fn shed(shed: &Shed, out: &mut String) {
    out.push_str(if shed.to > shed.from {
        "Shedding more load, output exceeds "
    } else {
        "Shedding less load, output is within "
    });
    limits(shed.limits, out);
    out.push_str(": from now on ");
    out.push_str(match shed.to {
        Level::None => "all events are written",
        Level::Low => "events with keep = \"low\" are aggregated",
        Level::High => "all events except those with keep = \"always\" are aggregated",
        Level::Drop => "aggregates that exceed the limit are dropped",
    });
    let Counts { written, aggregated, dropped } = shed.counts;
    out.push_str("; in the ");
    render::span(shed.to_ns.saturating_sub(shed.from_ns), out);
    let _ = write!(out, " before, {written} {} written, ", plural(written, "was", "were"));
    let _ = write!(out, "{aggregated} aggregated, {dropped} dropped");
}

pub fn journal(limit: &JournalRateLimit, out: &mut String) {
    let _ = write!(out, "journald may drop records: its rate limit is {} entries in ", limit.burst);
    render::span(limit.interval_ns, out);
    out.push_str(" for ");
    printable::quoted_if_needed(limit.unit.as_bytes(), NO_LIMIT, out);
    out.push_str("; set LogRateLimitIntervalSec=1us in the unit");
}

/// Writes `1000 records/s and 65536 bytes/s`.
fn limits(limits: OutputLimits, out: &mut String) {
    let records = limits.records.map(|records| format!("{records} records/s"));
    let bytes = limits.bytes.map(|bytes| format!("{bytes} bytes/s"));
    let told: Vec<_> = records.into_iter().chain(bytes).collect();
    out.push_str(&told.join(" and "));
}
