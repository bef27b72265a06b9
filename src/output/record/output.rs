//! What the output did, and what is kept from it.

use crate::pipeline::shed::{Counts, Level, OutputLimits};

/// The output takes records again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputRestored {
    /// Which output: `journald`, `stdout`.
    pub output: &'static str,
    /// Since when it took nothing, ns since 1970 UTC.
    pub from_ns: u64,
    /// Until when.
    pub to_ns: u64,
    /// Events that the ring could not hold meanwhile. A record of the kind `lost` details them.
    pub lost: u64,
}

/// More or less is held back than before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shed {
    /// What may be written in a second.
    pub limits: OutputLimits,
    /// How much was held back.
    pub from: Level,
    /// Since when, ns since 1970 UTC.
    pub from_ns: u64,
    /// How much is from now on.
    pub to: Level,
    /// Now.
    pub to_ns: u64,
    /// Events until now.
    pub counts: Counts,
}

/// journald takes only so many entries from the daemon's unit, and drops the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalRateLimit {
    /// The unit: the limit is for all its processes together.
    pub unit: String,
    /// Entries of a level that journald takes in an interval.
    pub burst: u64,
    /// Length of the interval, ns.
    pub interval_ns: u64,
}
