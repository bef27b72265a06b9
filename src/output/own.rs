//! The fields of the daemon's own records.

use crate::output::fields::{Cell, Fields};
use crate::output::key::Key;
use crate::output::record::{
    Feedback, JournalRateLimit, Loss, Lost, Missed, OutputRestored, ReloadRefused, Reloaded, Shed,
    Started, Stats, Stopped, Suppressed, Suppression, Total, TracingChange,
};
use crate::output::walk::Scratch;

pub fn started(started: &Started, out: &mut impl Fields) {
    out.unsigned(Key::Generation, started.generation.into());
    for (key, text) in [
        (Key::Version, &started.version),
        (Key::Kernel, &started.kernel),
        (Key::Attached, &started.attached),
        (Key::AttachReason, &started.reason),
    ] {
        out.text(key, text.as_bytes());
    }
    out.unsigned(Key::Routes, started.routes);
    out.list(Key::UnattachedRoutes, lines(&started.unattached_routes));
    out.list(Key::BlindSpots, lines(&started.blind_spots));
}

pub fn reloaded(reloaded: &Reloaded, out: &mut impl Fields) {
    out.unsigned(Key::Generation, reloaded.generation.into());
    for (key, routes) in [
        (Key::Added, &reloaded.added),
        (Key::Changed, &reloaded.changed),
        (Key::Removed, &reloaded.removed),
        (Key::UnattachedRoutes, &reloaded.unattached_routes),
    ] {
        out.list(key, lines(routes));
    }
}

pub fn refused(refused: &ReloadRefused, out: &mut impl Fields) {
    out.unsigned(Key::Generation, refused.generation.into());
    out.list(Key::Faults, lines(&refused.faults));
}

pub fn lost(lost: &Lost, scratch: &mut Scratch, out: &mut impl Fields) {
    out.unsigned(Key::Lost, lost.events());
    interval(lost.from_ns, lost.to_ns, scratch, out);
    out.rows(Key::Losses, lost.losses.iter().map(loss));
}

/// Of a record that could not be decoded.
const UNKNOWN: &str = "unknown";

fn loss(loss: &Loss) -> [(&'static str, Cell<'_>); 5] {
    [
        ("syscall", loss.slot.map_or(Cell::Word(UNKNOWN), Cell::Slot)),
        ("abi", Cell::Word(loss.slot.map_or(UNKNOWN, |slot| slot.abi().name()))),
        ("handler", Cell::Word(&loss.handler)),
        ("reason", Cell::Word(loss.reason.name())),
        ("count", Cell::Count(loss.count)),
    ]
}

pub fn suppressed(suppressed: &Suppressed, scratch: &mut Scratch, out: &mut impl Fields) {
    out.unsigned(Key::Suppressed, suppressed.count);
    interval(suppressed.from_ns, suppressed.to_ns, scratch, out);
    out.rows(Key::Suppressions, suppressed.lines.iter().map(suppression));
}

fn suppression(line: &Suppression) -> [(&'static str, Cell<'_>); 6] {
    [
        ("route", Cell::Word(&line.route)),
        ("limit", Cell::Word(&line.limit)),
        ("per", Cell::Word(line.per)),
        ("owner", Cell::Word(&line.owner)),
        ("comm", Cell::Word(&line.comm)),
        ("count", Cell::Count(line.count)),
    ]
}

/// With the unit, so that `journalctl -u` shows it among the lines of who is meant.
pub fn feedback(feedback: &Feedback, scratch: &mut Scratch, out: &mut impl Fields) {
    for (key, unit) in [(Key::Unit, &feedback.unit), (Key::UserUnit, &feedback.user_unit)] {
        if let Some(unit) = unit {
            out.text(key, unit.as_bytes());
        }
    }
    out.unsigned(Key::Pid, feedback.pid.into());
    out.unsigned(Key::StartNs, feedback.start_ns);
    out.text(Key::Comm, &feedback.comm);
    out.unsigned(Key::Count, feedback.count);
    out.unsigned(Key::Events, feedback.events);
    interval(feedback.from_ns, feedback.to_ns, scratch, out);
}

pub fn missed(missed: &Missed, scratch: &mut Scratch, out: &mut impl Fields) {
    out.unsigned(Key::Missed, missed.count);
    out.text(Key::Attached, missed.attached.as_bytes());
    interval(missed.from_ns, missed.to_ns, scratch, out);
}

pub fn tracing_change(change: &TracingChange, scratch: &mut Scratch, out: &mut impl Fields) {
    out.text(Key::Attached, change.attached.as_bytes());
    out.word(Key::Sysctl, change.sysctl);
    interval(change.from_ns, change.to_ns, scratch, out);
}

pub fn output_restored(back: &OutputRestored, scratch: &mut Scratch, out: &mut impl Fields) {
    out.word(Key::Output, back.output);
    out.unsigned(Key::Lost, back.lost);
    interval(back.from_ns, back.to_ns, scratch, out);
}

pub fn shed(shed: &Shed, scratch: &mut Scratch, out: &mut impl Fields) {
    out.word(Key::Level, shed.to.name());
    out.word(Key::LevelBefore, shed.from.name());
    if let Some(records) = shed.limits.records {
        out.unsigned(Key::MaxRecords, records.into());
    }
    if let Some(bytes) = shed.limits.bytes {
        out.unsigned(Key::MaxBytes, bytes);
    }
    for (key, count) in [
        (Key::Written, shed.counts.written),
        (Key::Aggregated, shed.counts.aggregated),
        (Key::Dropped, shed.counts.dropped),
    ] {
        out.unsigned(key, count);
    }
    interval(shed.from_ns, shed.to_ns, scratch, out);
}

pub fn journal_rate_limit(limit: &JournalRateLimit, out: &mut impl Fields) {
    out.text(Key::Unit, limit.unit.as_bytes());
    out.unsigned(Key::Burst, limit.burst);
    out.unsigned(Key::IntervalNs, limit.interval_ns);
}

pub fn stats(stats: &Stats, out: &mut impl Fields) {
    out.unsigned(Key::Generation, stats.generation.into());
    out.unsigned(Key::Missed, stats.missed);
    out.rows(Key::Totals, stats.totals.iter().map(total));
}

pub fn stopped(stopped: &Stopped, out: &mut impl Fields) {
    out.unsigned(Key::Generation, stopped.generation.into());
    out.text(Key::Reason, stopped.reason.as_bytes());
    out.unsigned(Key::Missed, stopped.missed);
    out.rows(Key::Totals, stopped.totals.iter().map(total));
}

/// The columns of the books, for fields and for the table on the terminal.
pub fn total(total: &Total) -> [(&'static str, Cell<'_>); 12] {
    [
        ("syscall", Cell::Slot(total.slot)),
        ("abi", Cell::Word(total.slot.abi().name())),
        ("handler", Cell::Word(&total.handler)),
        ("seen", Cell::Count(total.seen)),
        ("written", Cell::Count(total.written)),
        ("aggregated", Cell::Count(total.aggregated)),
        ("filtered", Cell::Count(total.filtered)),
        ("sampled", Cell::Count(total.sampled)),
        ("limited", Cell::Count(total.limited)),
        ("excluded", Cell::Count(total.excluded)),
        ("counted", Cell::Count(total.counted)),
        ("lost", Cell::Count(total.lost)),
    ]
}

/// Begin and end of the time that a record is about.
pub fn interval(from_ns: u64, to_ns: u64, scratch: &mut Scratch, out: &mut impl Fields) {
    out.text(Key::From, scratch.time(from_ns));
    out.text(Key::To, scratch.time(to_ns));
}

fn lines(lines: &[String]) -> impl Iterator<Item = &[u8]> {
    lines.iter().map(String::as_bytes)
}
