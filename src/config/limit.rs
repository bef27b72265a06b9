//! The options that bound how many events a route records: `limit`, `burst`, `per`, `sample`.

/// So many events in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rate {
    /// Events, at least one.
    pub count: u32,
    /// In that time, ns.
    pub period_ns: u64,
}

/// What a route's limit counts by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

/// A bound on events, and what it counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Limit {
    /// In the long run.
    pub rate: Rate,
    /// At once, after a time without any.
    pub burst: u32,
    /// Whose events it counts together.
    pub per: Per,
}

impl Per {
    /// All.
    pub const ALL: [Self; 5] = [Self::Route, Self::Uid, Self::Cgroup, Self::Pid, Self::Comm];

    /// As in the configuration.
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
