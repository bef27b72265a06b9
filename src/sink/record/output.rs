//! What the output did, and what is kept from it.

use crate::budget::{Counts, Level, Most};

/// The output takes records again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputRestored {
    /// Which output: `journald`, `pipe`.
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
    pub most: Most,
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

/// journald has been sent more than it takes from this unit for certain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalRateLimit {
    /// How many entries of a level it takes.
    pub burst: u64,
    /// In that time, ns.
    pub interval_ns: u64,
    /// Since when these were sent, ns since 1970 UTC.
    pub from_ns: u64,
    /// Now.
    pub to_ns: u64,
}

/// journald says that it has dropped entries of this unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalDropped {
    /// The unit: the limit is for all its processes together.
    pub unit: String,
    /// Entries.
    pub count: u64,
    /// Since when it may have dropped them, ns since 1970 UTC.
    pub from_ns: u64,
    /// When it said so.
    pub to_ns: u64,
}
