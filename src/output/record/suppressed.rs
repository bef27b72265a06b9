//! What limits refused.

/// Limits refused events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suppressed {
    /// Begin of the time in which they did, ns since 1970 UTC.
    pub from_ns: u64,
    /// Its end.
    pub to_ns: u64,
    /// Events in all, with those that have no line below.
    pub count: u64,
    /// By limit and owner, those with most first.
    pub lines: Vec<Suppression>,
}

/// What one was refused by one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The entry of the configuration, or a syscall; `*`: all routes.
    pub route: String,
    /// Which limit: `100/s`.
    pub limit: String,
    /// What it counts by.
    pub per: &'static str,
    /// Whose events; `others`: of all for whom there was no room. Printable.
    pub owner: String,
    /// The name of one of the tasks. Printable.
    pub comm: String,
    /// Events.
    pub count: u64,
}
