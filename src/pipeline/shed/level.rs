//! Decisions of the shedder, and the steps between its levels.

use std::time::Instant;

use crate::output::record::{ShedCounts, ShedLevel};

/// Decision about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The event is written by itself.
    Write,
    /// The event is aggregated.
    Aggregate,
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
    /// Returns the next lower level.
    pub(super) const fn lower(self) -> Self {
        match self {
            Self::None | Self::Low => Self::None,
            Self::High => Self::Low,
            Self::Drop => Self::High,
        }
    }
}
