//! The sentences of the daemon's own records. Texts that quote a file are made printable too.

use std::fmt::Write;

use syscalls::printable::{self, NO_LIMIT};

use super::limits;
use super::values::plural;
use crate::decode::render;
use crate::output::gathered;
use crate::output::record::{
    Body, Loss, Lost, Missed, OutputRestored, ReloadRefused, Reloaded, Started, Stats, Stopped,
    Total, TracingChange,
};

/// Number of items that a sentence names; it counts the rest. The fields of the record have all.
const ITEMS_MAX: usize = 8;

pub fn write(body: &Body, out: &mut String) {
    match body {
        Body::Syscall { .. } => {}
        Body::Aggregate { aggregated, from_ns, to_ns } => {
            gathered::sentence(aggregated, [*from_ns, *to_ns], out);
        }
        Body::Started(started) => self::started(started, out),
        Body::Reloaded(reloaded) => self::reloaded(reloaded, out),
        Body::ReloadRefused(refused) => self::refused(refused, out),
        Body::Lost(lost) => self::lost(lost, out),
        Body::Suppressed(suppressed) => limits::suppressed(suppressed, out),
        Body::Feedback(feedback) => limits::feedback(feedback, out),
        Body::Missed(missed) => self::missed(missed, out),
        Body::TracingOff(change) => tracing_off(change, out),
        Body::TracingOn(change) => tracing_on(change, out),
        Body::OutputRestored(back) => output_restored(back, out),
        Body::Shed(shed) => limits::shed(shed, out),
        Body::JournalRateLimit(limit) => limits::journal(limit, out),
        Body::Stats(stats) => self::stats(stats, out),
        Body::Stopped(stopped) => self::stopped(stopped, out),
    }
}

fn started(started: &Started, out: &mut String) {
    let _ =
        write!(out, "Started: {} {}", started.routes, plural(started.routes, "route", "routes"));
    let _ = write!(out, ", generation {}, attached to ", started.generation);
    printable::plain(&started.attached, NO_LIMIT, out);
    out.push_str(" on Linux ");
    printable::plain(&started.kernel, NO_LIMIT, out);
    out.push_str(", tailcalld ");
    printable::plain(&started.version, NO_LIMIT, out);
    unattached(&started.unattached_routes, out);
}

fn reloaded(reloaded: &Reloaded, out: &mut String) {
    let _ = write!(out, "Reloaded, generation {}: ", reloaded.generation);
    let start = out.len();
    for (word, routes) in [
        ("added ", &reloaded.added),
        ("changed ", &reloaded.changed),
        ("removed ", &reloaded.removed),
    ] {
        if !routes.is_empty() {
            out.push_str(if out.len() > start { "; " } else { "" });
            out.push_str(word);
            items(routes, ", ", out);
        }
    }
    out.push_str(if out.len() > start { "" } else { "no route changed" });
    unattached(&reloaded.unattached_routes, out);
}

fn unattached(routes: &[String], out: &mut String) {
    if !routes.is_empty() {
        out.push_str("; not attached, because this kernel has no function for it: ");
        items(routes, ", ", out);
    }
}

fn refused(refused: &ReloadRefused, out: &mut String) {
    let _ = write!(out, "Reload refused, generation {} stays live: ", refused.generation);
    items(&refused.faults, "; ", out);
}

fn lost(lost: &Lost, out: &mut String) {
    out.push_str("Lost ");
    let counts = [(lost.events(), "event", "events"), (lost.results(), "result", "results")];
    let told = counts.into_iter().filter(|(count, ..)| *count > 0);
    for (position, (count, one, many)) in told.enumerate() {
        out.push_str(if position > 0 { " and " } else { "" });
        let _ = write!(out, "{count} {}", plural(count, one, many));
    }
    out.push_str(" in ");
    render::span(lost.to_ns.saturating_sub(lost.from_ns), out);
    out.push_str(": ");
    let loss = |loss: &Loss| {
        let syscall = loss.slot.map_or_else(String::new, |slot| format!(" of {slot}"));
        format!("{}{syscall} ({})", loss.count, loss.reason.name())
    };
    items(&lost.losses.iter().map(loss).collect::<Vec<_>>(), ", ", out);
}

fn missed(missed: &Missed, out: &mut String) {
    let Missed { count, from_ns, to_ns, attached } = missed;
    let _ = write!(out, "Missed {count} {} in ", plural(*count, "call", "calls"));
    render::span(to_ns.saturating_sub(*from_ns), out);
    out.push_str(": the kernel did not run the dispatcher at ");
    printable::plain(attached, NO_LIMIT, out);
    out.push_str("; routed calls among them are not recorded");
}

fn tracing_off(change: &TracingChange, out: &mut String) {
    let sysctl = change.sysctl;
    let _ =
        write!(out, "Tracing is off: {sysctl} is 0, so the kernel does not run the dispatcher at ");
    printable::plain(&change.attached, NO_LIMIT, out);
    let _ = write!(out, "; no calls are recorded until {sysctl} is 1");
}

fn tracing_on(change: &TracingChange, out: &mut String) {
    out.push_str("Tracing is on again at ");
    printable::plain(&change.attached, NO_LIMIT, out);
    out.push_str("; calls of the ");
    render::span(change.to_ns.saturating_sub(change.from_ns), out);
    out.push_str(" before may be missing");
}

fn output_restored(restored: &OutputRestored, out: &mut String) {
    let _ = write!(out, "{} accepts records again after ", restored.output);
    render::span(restored.to_ns.saturating_sub(restored.from_ns), out);
    match restored.lost {
        0 => out.push_str("; the ring held all events"),
        1 => out.push_str("; 1 event did not fit into the ring and is lost"),
        lost => drop(write!(out, "; {lost} events did not fit into the ring and are lost")),
    }
}

fn stats(stats: &Stats, out: &mut String) {
    out.push_str("Statistics: ");
    totals(&stats.totals, stats.missed, out);
}

fn stopped(stopped: &Stopped, out: &mut String) {
    out.push_str("Stopped by ");
    printable::plain(&stopped.reason, NO_LIMIT, out);
    out.push_str(": ");
    totals(&stopped.totals, stopped.missed, out);
}

/// Writes the sums over all routes. Some are always there, the others only if they are not 0.
fn totals(totals: &[Total], missed: u64, out: &mut String) {
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

/// Writes the first items, and how many more there are.
pub(super) fn items(items: &[String], separator: &str, out: &mut String) {
    for (position, item) in items.iter().take(ITEMS_MAX).enumerate() {
        out.push_str(if position > 0 { separator } else { "" });
        printable::plain(item, NO_LIMIT, out);
    }
    if items.len() > ITEMS_MAX {
        let _ = write!(out, "{separator}and {} more", items.len() - ITEMS_MAX);
    }
}
