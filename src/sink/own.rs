//! The fields of the daemon's own records.

use crate::sink::fields::{Cell, Fields};
use crate::sink::key::Key;
use crate::sink::record::{
    Blindness, Governed, Held, JournalDropped, JournalLimit, Ledger, Loss, Lost, Refused, Reloaded,
    SinkBack, Skipped, Started, Stopped, Suppressed, Suppression, Total,
};
use crate::sink::walk::Scratch;

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
    out.word(Key::Adopted, if started.adopted { "yes" } else { "no" });
    out.unsigned(Key::Routes, started.routes);
    out.list(Key::Unseen, lines(&started.unseen));
    out.list(Key::NotSeen, lines(&started.not_seen));
}

pub fn reloaded(reloaded: &Reloaded, out: &mut impl Fields) {
    out.unsigned(Key::Generation, reloaded.generation.into());
    for (key, routes) in [
        (Key::Added, &reloaded.added),
        (Key::Changed, &reloaded.changed),
        (Key::Removed, &reloaded.removed),
        (Key::Unseen, &reloaded.unseen),
    ] {
        out.list(key, lines(routes));
    }
}

pub fn refused(refused: &Refused, out: &mut impl Fields) {
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
pub fn governed(governed: &Governed, out: &mut impl Fields) {
    for (key, unit) in [(Key::Unit, &governed.unit), (Key::UserUnit, &governed.user_unit)] {
        if let Some(unit) = unit {
            out.text(key, unit.as_bytes());
        }
    }
    out.unsigned(Key::Pid, governed.pid.into());
    out.unsigned(Key::StartNs, governed.start_ns);
    out.text(Key::Comm, &governed.comm);
    for (key, rate) in [
        (Key::RateBefore, governed.before),
        (Key::RateDuring, governed.during),
        (Key::RateLeft, governed.left),
    ] {
        out.unsigned(key, rate);
    }
}

pub fn skipped(skipped: &Skipped, scratch: &mut Scratch, out: &mut impl Fields) {
    out.unsigned(Key::Skipped, skipped.count);
    out.text(Key::Attached, skipped.attached.as_bytes());
    interval(skipped.from_ns, skipped.to_ns, scratch, out);
}

pub fn blindness(blindness: &Blindness, scratch: &mut Scratch, out: &mut impl Fields) {
    out.text(Key::Attached, blindness.attached.as_bytes());
    out.word(Key::Switch, blindness.switch);
    interval(blindness.from_ns, blindness.to_ns, scratch, out);
}

pub fn sink_back(back: &SinkBack, scratch: &mut Scratch, out: &mut impl Fields) {
    out.word(Key::Output, back.output);
    out.unsigned(Key::Lost, back.lost);
    interval(back.from_ns, back.to_ns, scratch, out);
}

pub fn held(held: &Held, scratch: &mut Scratch, out: &mut impl Fields) {
    out.word(Key::Level, held.to.name());
    out.word(Key::LevelBefore, held.from.name());
    if let Some(records) = held.most.records {
        out.unsigned(Key::MaxRecords, records.into());
    }
    if let Some(bytes) = held.most.bytes {
        out.unsigned(Key::MaxBytes, bytes);
    }
    for (key, count) in [
        (Key::Written, held.counts.written),
        (Key::Gathered, held.counts.gathered),
        (Key::Dropped, held.counts.dropped),
    ] {
        out.unsigned(key, count);
    }
    interval(held.from_ns, held.to_ns, scratch, out);
}

pub fn journal_limit(limit: &JournalLimit, scratch: &mut Scratch, out: &mut impl Fields) {
    out.unsigned(Key::Burst, limit.burst);
    out.unsigned(Key::IntervalNs, limit.interval_ns);
    interval(limit.from_ns, limit.to_ns, scratch, out);
}

pub fn journal_dropped(dropped: &JournalDropped, scratch: &mut Scratch, out: &mut impl Fields) {
    out.text(Key::Unit, dropped.unit.as_bytes());
    out.unsigned(Key::Dropped, dropped.count);
    interval(dropped.from_ns, dropped.to_ns, scratch, out);
}

pub fn ledger(ledger: &Ledger, out: &mut impl Fields) {
    out.unsigned(Key::Generation, ledger.generation.into());
    out.unsigned(Key::Skipped, ledger.skipped);
    out.rows(Key::Totals, ledger.totals.iter().map(total));
}

pub fn stopped(stopped: &Stopped, out: &mut impl Fields) {
    out.unsigned(Key::Generation, stopped.generation.into());
    out.text(Key::Reason, stopped.reason.as_bytes());
    out.unsigned(Key::Skipped, stopped.skipped);
    out.rows(Key::Totals, stopped.totals.iter().map(total));
}

/// The columns of the books, for fields and for the table on the terminal.
pub fn total(total: &Total) -> [(&'static str, Cell<'_>); 13] {
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
        ("throttled", Cell::Count(total.throttled)),
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
