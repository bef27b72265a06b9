//! Shedding levels and output limits.

use std::time::Instant;

/// Output limits per second; `None` is unlimited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutputLimits {
    /// Records.
    pub records: Option<u32>,
    /// Bytes of the records.
    pub bytes: Option<u64>,
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

/// Decision about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The event is written by itself.
    Write,
    /// The event is aggregated.
    Aggregate,
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

/// A change of the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelChange {
    /// Previous level.
    pub from: ShedLevel,
    /// Time at which the previous level began.
    pub since: Instant,
    /// New level.
    pub to: ShedLevel,
    /// Events since `since`.
    pub counts: ShedCounts,
}

impl ShedLevel {
    /// Levels, from none on.
    pub const ALL: [Self; 4] = [Self::None, Self::Low, Self::High, Self::Drop];

    /// Returns the name in `TAILCALLD_LEVEL=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::High => "high",
            Self::Drop => "drop",
        }
    }

    /// Returns the next lower level.
    pub(super) const fn lower(self) -> Self {
        match self {
            Self::None | Self::Low => Self::None,
            Self::High => Self::Low,
            Self::Drop => Self::High,
        }
    }
}
