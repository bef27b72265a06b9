//! Many events of one group were counted together.

mod group;
mod latency;
mod summary;

use std::fmt::Write as _;

use syscalls::printable::{self, NO_LIMIT};
use syscalls::{Abi, Slot};

pub use group::{Aggregated, Cause, Group, GroupInfo, GroupKey, GroupOwner};
pub use latency::Latency;
pub use summary::{OutcomeCounts, Summary};

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::errno;
use crate::output::fields::{Fields, TableCell, interval};
use crate::output::key::{Key, Name};
use crate::output::scratch::Scratch;
use crate::output::sentence::plural;

/// Number of errors that are named, the most frequent first.
const ERRORS_MAX: usize = 8;

/// Aggregate of a group of events.
#[derive(Debug, Clone, Copy)]
pub struct Aggregate<'a> {
    /// Group, and what was counted.
    pub aggregated: &'a Aggregated,
    /// Time of the first event, ns since 1970 UTC.
    pub from_ns: u64,
    /// Time of the last event, ns since 1970 UTC.
    pub to_ns: u64,
}

impl RecordBody for Aggregate<'_> {
    const KIND: Kind = Kind { name: "aggregate", id: "aaa45f601037482f8436e36430dd4579" };
    const IS_EVENT: bool = true;

    fn priority(&self) -> u8 {
        self.aggregated.info.priority.clamp(3, 7)
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        let (aggregated, summary) = (self.aggregated, &self.aggregated.summary);
        call(aggregated, out);
        out.unsigned(Key::Count, summary.count);
        out.word(Key::Cause, cause(aggregated.group.cause));
        interval(self.from_ns, self.to_ns, scratch, out);
        if summary.suppressed > 0 {
            out.unsigned(Key::Suppressed, summary.suppressed);
        }
        match &aggregated.key {
            Some(key) => common(key, out),
            None => overflow(aggregated.owner.as_ref(), out),
        }
        out.text(Key::Example, summary.example.as_bytes());
        if let Some(results) = &summary.results {
            self::results(results, out);
        }
    }

    /// Appends `openat 12 times in 9.8 s by cat (uid 1000): 3 failed (2 ENOENT, 1 EACCES), median up to 4 us,
    /// p99 up to 30 us, max 1 ms; first: ...`.
    fn sentence(&self, out: &mut String) {
        let summary = &self.aggregated.summary;
        syscall(self.aggregated.group.slot, out);
        let _ = write!(out, " {} {}", summary.count, plural(summary.count, "time", "times"));
        if self.to_ns > self.from_ns {
            out.push_str(" in ");
            render::span(self.to_ns - self.from_ns, out);
        }
        task(self.aggregated, out);
        if let Some(results) = &summary.results {
            outcome(results, out);
        }
        out.push_str("; first: ");
        printable::plain(&summary.example, NO_LIMIT, out);
    }
}

fn call(aggregated: &Aggregated, out: &mut impl Fields) {
    let slot = aggregated.group.slot;
    if let Some(name) = slot.name() {
        out.word(Key::Syscall, name);
    }
    if let Some(nr) = slot.known_nr() {
        out.unsigned(Key::Nr, nr.into());
    }
    out.word(Key::Abi, slot.abi().name());
    out.text(Key::Handler, aggregated.info.handler.as_bytes());
    out.unsigned(Key::Generation, aggregated.group.generation.into());
}

const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Configured => "configured",
        Cause::Shed => "shed",
    }
}

fn common(key: &GroupKey, out: &mut impl Fields) {
    out.unsigned(Key::Uid, key.uid.into());
    out.text(Key::Comm, &key.comm);
    for (name, unit) in [(Key::Unit, &key.unit), (Key::UserUnit, &key.user_unit)] {
        if let Some(unit) = unit {
            out.text(name, unit.as_bytes());
        }
    }
    for (name, value) in &key.by {
        out.text(Name::Arg(name), value.as_bytes());
    }
}

fn overflow(owner: Option<&GroupOwner>, out: &mut impl Fields) {
    out.word(Key::Overflow, "yes");
    let Some(owner) = owner else { return };
    out.unsigned(Key::Uid, owner.uid.into());
    if let Some(unit) = &owner.unit {
        out.text(Key::Unit, unit.as_bytes());
    }
}

fn results(results: &OutcomeCounts, out: &mut impl Fields) {
    let latency = &results.latency;
    for (key, count) in [
        (Key::Unknown, results.unknown),
        (Key::Failed, results.failed),
        (Key::P50, latency.percentile_ns(50)),
        (Key::P90, latency.percentile_ns(90)),
        (Key::P99, latency.percentile_ns(99)),
        (Key::MaxNs, latency.max_ns()),
    ] {
        out.unsigned(key, count);
    }
    let rows = latency.buckets();
    let row =
        |(end, count)| [("up_to_ns", TableCell::Count(end)), ("count", TableCell::Count(count))];
    out.rows(Key::Latency, rows.map(row));
    let errors = errors(results);
    out.rows(Key::Errors, errors.iter().map(error));
}

fn error((name, count): &(String, u64)) -> [(&'static str, TableCell<'_>); 2] {
    [("errno", TableCell::Word(name)), ("count", TableCell::Count(*count))]
}

fn errors(results: &OutcomeCounts) -> Vec<(String, u64)> {
    let name = |(number, count): (i32, u64)| {
        let mut name = String::new();
        errno::append(number, "", &mut name);
        (name, count)
    };
    results.top(ERRORS_MAX).into_iter().map(name).collect()
}

fn syscall(slot: Slot, out: &mut String) {
    match slot.name() {
        Some(name) => out.push_str(name),
        None => drop(write!(out, "{slot}")),
    }
}

fn task(aggregated: &Aggregated, out: &mut String) {
    let Some(key) = &aggregated.key else {
        out.push_str(" by other tasks");
        if let Some(owner) = &aggregated.owner {
            let _ = write!(out, " of uid {}", owner.uid);
        }
        return;
    };
    out.push_str(" by ");
    printable::quoted_if_needed(&key.comm, NO_LIMIT, out);
    let _ = write!(out, " (uid {}", key.uid);
    if aggregated.group.slot.abi() != Abi::Native {
        out.push_str(", ");
        out.push_str(aggregated.group.slot.abi().name());
    }
    out.push(')');
    for (name, value) in &key.by {
        out.push_str(", ");
        printable::plain(name, NO_LIMIT, out);
        out.push('=');
        printable::plain(value, NO_LIMIT, out);
    }
}

fn outcome(results: &OutcomeCounts, out: &mut String) {
    let _ = write!(out, ": {} failed", results.failed);
    for (position, (name, count)) in errors(results).iter().enumerate() {
        out.push_str(if position > 0 { ", " } else { " (" });
        let _ = write!(out, "{count} {name}");
    }
    out.push_str(if results.failed > 0 { ")" } else { "" });
    if results.latency.count() > 0 {
        for (label, percent) in [(", median up to ", 50), (", p99 up to ", 99)] {
            out.push_str(label);
            render::span(results.latency.percentile_ns(percent), out);
        }
        out.push_str(", max ");
        render::span(results.latency.max_ns(), out);
    }
}
