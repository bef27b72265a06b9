//! A process that may react to the daemon's records.

/// A process made most of the events of an interval and has the journal open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feedback {
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// Start of the process, ns since boot.
    pub start_ns: u64,
    /// Name of the task that made one of the events.
    pub comm: Vec<u8>,
    /// System unit of the process.
    pub unit: Option<String>,
    /// Unit of a user's manager.
    pub user_unit: Option<String>,
    /// Events that the process made in the interval.
    pub count: u64,
    /// Events of all processes in the interval.
    pub events: u64,
    /// Begin of the interval, ns since 1970 UTC.
    pub from_ns: u64,
    /// End of the interval, ns since 1970 UTC.
    pub to_ns: u64,
}
