//! Types of the method `Activity`.

use serde::{Deserialize, Serialize};

use super::interface::{OutputStatus, RunTime};

/// Name of the unit of processes that are in none.
pub const NO_UNIT: &str = "-";

/// Reply of `Activity`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Process id of the daemon, in its own pid namespace.
    pub pid: u32,
    /// Time at which the daemon started.
    pub since: String,
    /// Generation of the live table.
    pub generation: u32,
    /// True while calls are not recorded.
    pub tracing_off: bool,
    /// Output of the daemon.
    pub output: OutputStatus,
    /// Time at which the counts were read, ns since the boot of the machine.
    pub time_ns: u64,
    /// Time at which the counting of events began, likewise.
    pub counted_since_ns: u64,
    /// Routes of the live table.
    pub routes: Vec<RouteActivity>,
    /// Events by unit.
    pub units: Owners,
    /// Events by the name of the task.
    pub commands: Owners,
    /// Events by real user; the names are numbers.
    pub users: Owners,
}

/// Counts of one route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteActivity {
    /// The syscall's name, or `#` and its number.
    pub syscall: String,
    /// ABI of the number.
    pub abi: String,
    /// Number of the syscall; a probe has none.
    pub nr: Option<u16>,
    /// The handlers of its rules.
    pub handler: String,
    /// Calls that reached the handler, since the daemon started.
    pub seen: u64,
    /// Events since the counting began.
    pub events: u64,
    /// Events with an error since then; `None` if no rule of the route asks for results.
    pub errors: Option<u64>,
    /// Bytes of records since then.
    pub bytes: u64,
    /// Events lost for all reasons, in the kernel too, since the daemon started.
    pub lost: u64,
    /// Run time of its calls in all measurements.
    pub run_time: RunTime,
}

/// Counts of units, commands or users.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owners {
    /// Counts of each, most events first.
    pub rows: Vec<OwnerActivity>,
    /// Counts of all others: there are too many.
    pub others: OwnerCounts,
    /// Counts of those that had no events for two minutes.
    pub forgotten: OwnerCounts,
}

/// Counts of one unit, command or user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerActivity {
    /// The name, printable.
    pub name: String,
    /// The counts.
    #[serde(flatten)]
    pub counts: OwnerCounts,
}

/// Counts of events since the counting began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerCounts {
    /// Events that were written or lost.
    pub events: u64,
    /// Events with an error, where a rule asks for results.
    pub errors: u64,
    /// Bytes of the records.
    pub bytes: u64,
    /// Events that load shedding dropped or the output refused.
    pub lost: u64,
}
