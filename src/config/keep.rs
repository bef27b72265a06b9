//! What becomes of a route's events: the options `aggregate`, `by` and `keep`.

use std::time::Duration;

/// Events are counted for a while and told in one record for each key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// For how long.
    pub every: Duration,
    /// Arguments that belong to the key, beside syscall, unit, comm and user.
    pub by: Vec<String>,
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
