//! The types of `io.tailcalld.varlink`, for both ends of the socket: the daemon makes them, the
//! commands print them. A test holds them against the description.

mod imbalance;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::imbalance::Imbalance;

/// Reply of `Stats`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Generation of the live table.
    pub generation: u32,
    /// Time at which the counters started, that of the daemon.
    pub since: String,
    /// Time at which the counters were read.
    pub time: String,
    /// All routes since the daemon started, routed or not.
    pub routes: Vec<RouteStats>,
    /// Calls of any process for which the kernel did not run the dispatcher.
    pub missed: u64,
    /// Runs that the kernel skipped, by program.
    pub misses: BTreeMap<String, u64>,
    /// Calls with a number outside of the table.
    pub unroutable: Unroutable,
    /// Records of the ring that could not be decoded.
    pub undecodable: u64,
    /// Time before the daemon started in which nothing was recorded.
    pub gap: Option<GapStatus>,
}

/// Time in which nothing was recorded, `Gap` of the description.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapStatus {
    /// Last time at which an earlier daemon is known to have recorded.
    pub from: String,
    /// Time from which calls were recorded again.
    pub to: String,
    /// End of the earlier daemon: `stop` or `crash`.
    pub reason: String,
}

/// Parameter of `Stats`: the counters of each CPU as well.
pub const PER_CPU: &str = "per_cpu";
/// Parameter of `Stats`: counters read at moments when no call is in flight.
pub const CONSISTENT: &str = "consistent";

/// Parameter of `DryRun` and `Try`: path of the configuration, absolute.
pub const CONFIG: &str = "config";

/// Place of the events that the daemon has not read yet, in `RouteStats::events`. All other places but `PENDING`
/// are counters of the daemon.
pub const IN_RING: &str = "in_ring";
/// Place of the events whose call has not returned.
pub const PENDING: &str = "pending";

/// Counters of one route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteStats {
    /// The syscall's name, or `#` and its number.
    pub syscall: String,
    /// ABI of the number.
    pub abi: String,
    /// Number of the syscall; a probe has none.
    pub nr: Option<u16>,
    /// The route's handler, the last one it had.
    pub handler: String,
    /// True while the live table has the route.
    pub routed: bool,
    /// Calls that reached the handler.
    pub seen: u64,
    /// Calls by outcome; they add up to `seen`.
    pub outcomes: BTreeMap<String, u64>,
    /// Events put into the ring, when `events` was read.
    pub submitted: u64,
    /// Events by place; they add up to `submitted`.
    pub events: BTreeMap<String, u64>,
    /// Events without the result that was asked for.
    pub results_lost: u64,
    /// The parts of the CPUs that saw a call, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<Vec<Cpu>>,
}

/// Counters of a route on one CPU.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cpu {
    /// Number of the CPU.
    pub cpu: usize,
    /// Calls that reached the handler.
    pub seen: u64,
    /// Calls by outcome; they add up to `seen`.
    pub outcomes: BTreeMap<String, u64>,
}

/// Calls with a number outside of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unroutable {
    /// Number -1.
    pub minus_one: u64,
    /// Numbers of the x32 ABI.
    pub x32: u64,
    /// All other numbers from 512 on.
    pub out_of_range: u64,
}

/// Reply of `Status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Version of the daemon.
    pub version: String,
    /// Release of the running kernel.
    pub kernel: String,
    /// Process id of the daemon, in its own pid namespace.
    pub pid: u32,
    /// Attach point of the dispatcher.
    pub attached: String,
    /// Reason for that attach point.
    pub attach_reason: String,
    /// Generation of the live table.
    pub generation: u32,
    /// Time at which the daemon started.
    pub since: String,
    /// Time at which the live table went live.
    pub table_since: String,
    /// Number of routes.
    pub routes: u64,
    /// Routes without a function in this kernel.
    pub unattached_routes: Vec<String>,
    /// Path of the configuration.
    pub config: String,
    /// Files that the live table was read from.
    pub files: Vec<String>,
    /// Configuration that is live for some time.
    pub trial: Option<Trial>,
    /// The last reload, if it was refused.
    pub refused_reload: Option<RefusedReload>,
    /// True while calls are not recorded.
    pub tracing_off: bool,
    /// Calls of the self-test.
    pub self_tests: SelfTests,
    /// Output of the daemon.
    pub output: OutputStatus,
}

/// Configuration that is live for some time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Path of the configuration.
    pub config: String,
    /// Time at which the daemon goes back to its own.
    pub until: String,
}

/// Reply of `Try`: the changes, as text for people, and the trial.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Configuration that is live now.
    pub trial: Trial,
    /// Changes.
    #[serde(flatten)]
    pub reloaded: Reloaded,
}

/// A reload that changed nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedReload {
    /// Time of the reload.
    pub time: String,
    /// Faults of the configuration.
    pub faults: Vec<Fault>,
}

/// Calls of the self-test while the daemon runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTests {
    /// Calls that were made.
    pub made: u64,
    /// Calls that came back, or an event instead.
    pub answered: u64,
}

/// Output of the daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputStatus {
    /// `journald`, `stdout`.
    pub name: String,
    /// `open`, `blocked`, `disconnected`, `closed`.
    pub state: String,
}

/// Reply of `Routes`: the live table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routes {
    /// Generation of the live table.
    pub generation: u32,
    /// Routes in the order of their slots.
    pub routes: Vec<Route>,
    /// Programs that these routes need, by name.
    pub programs: Vec<ProgramStatus>,
    /// Time at which the last measurement of run time began.
    pub measured_since: Option<String>,
}

/// Parameter of `Measure`.
pub const MILLISECONDS: &str = "milliseconds";

/// Run time of the calls of a route in a measurement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTime {
    /// Calls that were measured.
    pub calls: u64,
    /// Time that they spent in the programs, in ns, all together.
    pub ns: u64,
}

/// A program in the kernel, `Program` of the description.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramStatus {
    /// Name in the object.
    pub name: String,
    /// Name in the kernel, as bpftool(8) prints it.
    pub kernel_name: String,
    /// Id in the kernel.
    pub id: u32,
    /// Instructions that the verifier processed, if the kernel reports them.
    pub verified_insns: Option<u32>,
}

/// A route of the live table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The syscall's name, or `#` and its number.
    pub syscall: String,
    /// ABI of the number.
    pub abi: String,
    /// Number of the syscall; a probe has none.
    pub nr: Option<u16>,
    /// The handlers of its rules.
    pub handler: String,
    /// Alternatives: the first whose filter a call passes decides.
    pub rules: Vec<Rule>,
    /// The left side of the entry that made it.
    pub entry: String,
    /// The entry's file.
    pub file: String,
    /// Line of the entry, from 1.
    pub line: usize,
    /// Calls that reached the handler.
    pub seen: u64,
    /// Events put into the ring.
    pub submitted: u64,
    /// Events written.
    pub written: u64,
    /// Events lost, for all reasons.
    pub lost: u64,
    /// Names of the programs that it needs.
    pub programs: Vec<String>,
    /// Run time of its calls in the last measurement.
    pub run_time: Option<RunTime>,
}

/// One alternative of a route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The handler, or `none`.
    pub handler: String,
    /// The options, resolved.
    pub options: BTreeMap<String, String>,
}

/// Reply of `Reload`: the changes, as text for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// Generation of the new table.
    pub generation: u32,
    /// New routes.
    pub added: Vec<String>,
    /// Changed routes and settings.
    pub changed: Vec<String>,
    /// Removed routes.
    pub removed: Vec<String>,
    /// Routes without a function in this kernel.
    pub unattached_routes: Vec<String>,
}

/// Parameter of `AddRoute`: a line of `[routes]` or `[probes]`.
pub const ENTRY: &str = "entry";
/// Parameter of `AddRoute` and `Try`: the time that the route, or the configuration, stays.
pub const SECONDS: &str = "seconds";
/// Longest time that a route is added for, or a configuration is tried.
pub const LONGEST_ROUTE: Duration = Duration::from_secs(30 * 24 * 3600);
/// Parameter of `Dump`.
pub const UNIT: &str = "unit";
/// Parameter of `Dump`: a few words.
pub const REASON: &str = "reason";
/// Longest reason, in bytes.
pub const REASON_MAX: usize = 100;

/// Reply of `Dump`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dump {
    /// Id of the dump in its records.
    pub dump: String,
    /// Unit.
    pub unit: String,
    /// Calls in the dump.
    pub calls: u64,
    /// Calls that were overwritten since the last dump.
    pub overwritten: u64,
}

/// Black box of a cgroup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlackBox {
    /// Unit, `-` for none.
    pub unit: String,
    /// Path of the cgroup.
    pub cgroup: String,
    /// The cgroup was removed.
    pub removed: bool,
    /// Calls that went into the box.
    pub calls: u64,
    /// Calls that are in it.
    pub held: u64,
}

/// Reply of `BlackBoxes`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlackBoxes {
    /// Number of boxes.
    pub units: u32,
    /// Calls that each keeps.
    pub calls: u32,
    /// Boxes that cgroups have.
    pub boxes: Vec<BlackBox>,
}

/// Parameter of `RemoveRoute`.
pub const NUMBER: &str = "number";

/// Route until some time, `TemporaryRoute` of the description.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemporaryRoute {
    /// Number, by which it is removed.
    pub number: u32,
    /// Time from which it counts no more.
    pub until: String,
    /// Line of the configuration that it stands for.
    pub entry: String,
}

/// Reply of `TemporaryRoutes`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemporaryRoutes {
    /// All of them, by number.
    pub routes: Vec<TemporaryRoute>,
}

/// Reply of `AddRoute`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedRoute {
    /// The new route.
    pub route: TemporaryRoute,
    /// Changes of the table.
    #[serde(flatten)]
    pub reloaded: Reloaded,
}

/// The error `ReloadRefused`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadRefused {
    /// Generation of the table that stays live.
    pub generation: u32,
    /// Faults of the configuration; never empty.
    pub faults: Vec<Fault>,
}

/// Fault of a configuration, or an error of the kernel while it was applied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Whole diagnostic in several lines, as `tailcalld check` prints it.
    pub text: String,
    /// Message on one line.
    pub message: String,
    /// The file.
    pub path: Option<String>,
    /// From 1.
    pub line: Option<usize>,
    /// Character within the line, from 1.
    pub column: Option<usize>,
    /// Word that was probably meant.
    pub suggestion: Option<String>,
}

#[cfg(test)]
mod tests;
