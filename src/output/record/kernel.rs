//! What the kernel did not show.

/// The kernel did not run the dispatcher for some calls of any task, routed or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missed {
    /// Begin of the time in which it happened, ns since 1970 UTC.
    pub from_ns: u64,
    /// Its end.
    pub to_ns: u64,
    /// Syscalls.
    pub count: u64,
    /// Where the dispatcher hangs.
    pub attached: String,
}

/// The kernel shows no calls, so none is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TracingChange {
    /// Until then it did for certain, ns since 1970 UTC.
    pub from_ns: u64,
    /// When this was noticed.
    pub to_ns: u64,
    /// Where the dispatcher hangs.
    pub attached: String,
    /// What switches it off and on.
    pub sysctl: &'static str,
}
