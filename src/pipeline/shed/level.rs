//! How much is held back, and the words of a budget.

use std::time::Instant;

/// What may be written in a second; `None`: anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutputLimits {
    /// Records.
    pub records: Option<u32>,
    /// Bytes of them.
    pub bytes: Option<u64>,
}

/// How much is held back at present.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    #[default]
    None,
    /// The events of `low` routes are counted together.
    Low,
    /// Those of `high` ones, too.
    High,
    /// And some of what was counted is dropped.
    Drop,
}

/// What is to become of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It goes out.
    Write,
    /// It is counted together with others.
    Aggregator,
}

/// Events at one level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// That went out.
    pub written: u64,
    /// That were counted together.
    pub aggregated: u64,
    /// That were dropped.
    pub dropped: u64,
}

/// A change of the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What it was.
    pub from: Level,
    /// Since then.
    pub since: Instant,
    /// What it is now.
    pub to: Level,
    /// Events since `since`.
    pub counts: Counts,
}

impl Level {
    /// All, from nothing on.
    pub const ALL: [Self; 4] = [Self::None, Self::Low, Self::High, Self::Drop];

    /// As in `TAILCALLD_LEVEL=`.
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
