//! The options `limit`, `burst`, `per` and `sample`, which bound the events of a route.

use serde::{Deserialize, Serialize};

/// Number of events in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rate {
    /// Events, at least one.
    pub count: u32,
    /// Length of the period, ns.
    pub period_ns: u64,
}

/// Owner that a rate limit counts for.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Per {
    /// All calls together.
    #[default]
    Route,
    /// Each user.
    Uid,
    /// Each cgroup, which is each unit or container.
    Cgroup,
    /// Each process.
    Pid,
    /// Each task name.
    Comm,
}

/// A rate limit: rate, burst, and owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Limit {
    /// Rate in the long run.
    pub rate: Rate,
    /// Events at once, after a time without any.
    pub burst: u32,
    /// Owner whose events are counted together.
    pub per: Per,
}

impl Per {
    /// Every value, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Route, Self::Uid, Self::Cgroup, Self::Pid, Self::Comm];

    /// Returns the word of the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Uid => "uid",
            Self::Cgroup => "cgroup",
            Self::Pid => "pid",
            Self::Comm => "comm",
        }
    }
}

/// The units of time of a rate: word and ns.
pub(super) const PERIODS: [(&str, u64); 4] = [
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

impl std::fmt::Display for Rate {
    /// `100/s`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let period = PERIODS.iter().find(|(_, ns)| *ns == self.period_ns);
        match period {
            Some((unit, _)) => write!(f, "{}/{unit}", self.count),
            None => write!(f, "{} in {} ns", self.count, self.period_ns),
        }
    }
}

impl std::fmt::Display for Limit {
    /// `100/s, burst 200, per uid`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, burst {}, per {}", self.rate, self.burst, self.per.name())
    }
}
