//! The level of load shedding changed.

use std::fmt::Write;

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::fields::{Fields, interval};
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::sentence::plural;

/// Change of the level of load shedding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shed {
    /// Limits of the output per second.
    pub limits: OutputLimits,
    /// Level until now.
    pub from: ShedLevel,
    /// Begin of that level, ns since 1970 UTC.
    pub from_ns: u64,
    /// Level from now on.
    pub to: ShedLevel,
    /// Time of the change.
    pub to_ns: u64,
    /// Events until now.
    pub counts: ShedCounts,
}

/// Output limits per second; `None` is unlimited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutputLimits {
    /// Records.
    pub records: Option<u32>,
    /// Bytes of the records.
    pub bytes: Option<u64>,
}

impl OutputLimits {
    /// Returns the limits divided by `parts`.
    pub fn part(self, parts: u32) -> Self {
        let records = self.records.map(|records| (records / parts).max(1));
        Self { records, bytes: self.bytes.map(|bytes| (bytes / u64::from(parts)).max(1)) }
    }
}

/// Shedding level: the events that are not written one by one at present.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShedLevel {
    /// Nothing.
    #[default]
    None,
    /// Events of `low` routes are aggregated.
    Low,
    /// Events of `high` routes are aggregated, too.
    High,
    /// Some aggregates are dropped, too.
    Drop,
}

/// Events at one level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShedCounts {
    /// Events that were written.
    pub written: u64,
    /// Events that were aggregated.
    pub aggregated: u64,
    /// Events that were dropped.
    pub dropped: u64,
}

impl ShedLevel {
    /// Levels, from none on.
    pub const ALL: [Self; 4] = [Self::None, Self::Low, Self::High, Self::Drop];

    /// Returns the name in `TAILCALLD_DETAIL=level=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::High => "high",
            Self::Drop => "drop",
        }
    }
}

impl RecordBody for Shed {
    const KIND: Kind = Kind { name: "shed", id: "671c13590c8e4c8586d550dd91f6487f" };

    fn priority(&self) -> u8 {
        if self.to == ShedLevel::None { 5 } else { 4 }
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        out.word(Key::Level, self.to.name());
        out.word(Key::LevelBefore, self.from.name());
        if let Some(records) = self.limits.records {
            out.unsigned(Key::MaxRecords, records.into());
        }
        if let Some(bytes) = self.limits.bytes {
            out.unsigned(Key::MaxBytes, bytes);
        }
        for (key, count) in [
            (Key::Written, self.counts.written),
            (Key::Aggregated, self.counts.aggregated),
            (Key::Dropped, self.counts.dropped),
        ] {
            out.unsigned(key, count);
        }
        interval(self.from_ns, self.to_ns, scratch, out);
    }

    fn sentence(&self, out: &mut String) {
        out.push_str(if self.to > self.from {
            "Shedding more load, output exceeds "
        } else {
            "Shedding less load, output is within "
        });
        limits(self.limits, out);
        out.push_str(": from now on ");
        out.push_str(match self.to {
            ShedLevel::None => "all events are written",
            ShedLevel::Low => "events with keep = \"low\" are aggregated",
            ShedLevel::High => "all events except those with keep = \"always\" are aggregated",
            ShedLevel::Drop => "aggregates that exceed the limit are dropped",
        });
        let ShedCounts { written, aggregated, dropped } = self.counts;
        out.push_str("; in the ");
        render::span(self.to_ns.saturating_sub(self.from_ns), out);
        let _ = write!(out, " before, {written} {} written, ", plural(written, "was", "were"));
        let _ = write!(out, "{aggregated} aggregated, {dropped} dropped");
    }
}

/// Writes `1000 records/s and 65536 bytes/s`.
fn limits(limits: OutputLimits, out: &mut String) {
    let records = limits.records.map(|records| format!("{records} records/s"));
    let bytes = limits.bytes.map(|bytes| format!("{bytes} bytes/s"));
    let parts: Vec<_> = records.into_iter().chain(bytes).collect();
    out.push_str(&parts.join(" and "));
}
