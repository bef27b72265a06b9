//! What becomes of a route's events: the options `aggregate`, `by` and `keep`.

use std::time::Duration;

use super::limit::PERIODS;

/// Events are counted for a while and told in one record for each key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// For how long.
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

/// With the largest unit that leaves a whole number: `5min`, `90s`.
pub fn time_name(time: Duration) -> String {
    let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let fits = PERIODS.iter().rev().find(|(_, period)| ns >= *period && ns % period == 0);
    fits.map_or_else(|| format!("{ns}ns"), |(unit, period)| format!("{}{unit}", ns / period))
}

/// Whose records go first when the journal takes no more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// Counted together first, then dropped.
    Low,
    /// As the others, but after these.
    #[default]
    High,
    /// There is room kept for them.
    Always,
}

impl Keep {
    /// All.
    pub const ALL: [Self; 3] = [Self::Always, Self::High, Self::Low];

    /// As in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
            Self::Always => "always",
        }
    }
}
