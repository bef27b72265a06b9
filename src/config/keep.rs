//! The options `aggregate`, `by` and `keep`, about many events of a route.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limit::PERIODS;

/// Aggregation: events are counted for a while and recorded in one record per key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aggregate {
    /// Time that one record covers.
    pub every: Duration,
    /// Arguments that belong to the key, beside syscall, unit, comm and user.
    pub by: Vec<String>,
}

impl std::fmt::Display for Aggregate {
    /// `10s by filename, flags`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", time_name(self.every))?;
        if self.by.is_empty() { Ok(()) } else { write!(f, " by {}", self.by.join(", ")) }
    }
}

/// Returns a time with the largest unit that leaves a whole number: `5min`, `90s`.
pub fn time_name(time: Duration) -> String {
    let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let fits = PERIODS.iter().rev().find(|(_, period)| ns >= *period && ns % period == 0);
    fits.map_or_else(|| format!("{ns}ns"), |(unit, period)| format!("{}{unit}", ns / period))
}

/// Order in which routes lose records when the output is above its limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Keep {
    /// Aggregated first, then dropped.
    Low,
    /// Aggregated and dropped after those of `low`.
    #[default]
    High,
    /// Written in any case: room is reserved for them.
    Always,
    /// Kept in the black box of their unit, without a record, until that is dumped.
    Blackbox,
}

impl Keep {
    /// Every value, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Always, Self::High, Self::Low, Self::Blackbox];

    /// Returns the word of the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
            Self::Always => "always",
            Self::Blackbox => "blackbox",
        }
    }
}
