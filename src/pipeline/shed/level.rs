//! Shedding levels and output limits.

use std::time::Instant;

/// Output limits per second; `None` is unlimited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutputLimits {
    /// Records.
    pub records: Option<u32>,
    /// Bytes of them.
    pub bytes: Option<u64>,
}

/// Shedding level: what is not written one by one at present.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShedLevel {
    /// Nothing.
    #[default]
    None,
    /// The events of `low` routes are counted together.
    Low,
    /// Events of `high` routes are aggregated, too.
    High,
    /// Some aggregates are dropped, too.
    Drop,
}

/// Decision about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It goes out.
    Write,
    /// It is counted together with others.
    Aggregator,
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
pub struct Step {
    /// Previous level.
    pub from: ShedLevel,
    /// Since then.
    pub since: Instant,
    /// New level.
    pub to: ShedLevel,
    /// Events since `since`.
    pub counts: ShedCounts,
}

impl ShedLevel {
    /// All, from nothing on.
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

    /// One step less.
    pub(super) const fn below(self) -> Self {
        match self {
            Self::None | Self::Low => Self::None,
            Self::High => Self::Low,
            Self::Drop => Self::High,
        }
    }
}
