//! The types of `io.tailcalld.varlink`, for both ends of the socket: the daemon makes them, the
//! commands print them. A test holds them against the description.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What `Stats` gives: the books.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Of the live table.
    pub generation: u32,
    /// When the books begin.
    pub since: String,
    /// When they were read.
    pub time: String,
    /// Every route that there ever was.
    pub routes: Vec<RouteStats>,
    /// Calls of any process that the kernel did not show.
    pub missed: u64,
    /// Calls of numbers that no table has.
    pub unroutable: Unroutable,
    /// Records of the ring that are not of this contract.
    pub undecodable: u64,
}

/// The books of one route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteStats {
    /// The syscall's name, or `#` and its number.
    pub syscall: String,
    /// By which ABI.
    pub abi: String,
    /// Its number.
    pub nr: u16,
    /// The route's handler, the last one it had.
    pub handler: String,
    /// Whether the live table has it.
    pub routed: bool,
    /// Calls that reached the handler.
    pub seen: u64,
    /// What became of them.
    pub outcomes: BTreeMap<String, u64>,
    /// Events put into the ring, when `events` was read.
    pub submitted: u64,
    /// Where these are.
    pub events: BTreeMap<String, u64>,
    /// Events without the result that was asked for.
    pub results_lost: u64,
    /// The parts of the CPUs that saw a call, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<Vec<Cpu>>,
}

/// One CPU's part of a route's books.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cpu {
    /// Its number.
    pub cpu: usize,
    /// Calls that reached the handler.
    pub seen: u64,
    /// What became of them.
    pub outcomes: BTreeMap<String, u64>,
}

/// Calls of numbers that no table has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unroutable {
    /// -1.
    pub minus_one: u64,
    /// Of the x32 ABI.
    pub x32: u64,
    /// Any other from 512 on.
    pub out_of_range: u64,
}

/// What `Status` gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Of the daemon.
    pub version: String,
    /// Release of the running kernel.
    pub kernel: String,
    /// The daemon's process, in its own pid namespace.
    pub pid: u32,
    /// Where the dispatcher hangs.
    pub attached: String,
    /// Why there.
    pub attach_reason: String,
    /// Of the live table.
    pub generation: u32,
    /// When the daemon started.
    pub since: String,
    /// When the table went live.
    pub table_since: String,
    /// How many there are.
    pub routes: u64,
    /// Routes whose calls are not seen.
    pub unattached_routes: Vec<String>,
    /// The configuration.
    pub config: String,
    /// The files that the live table comes from.
    pub files: Vec<String>,
    /// The last reload, if it was refused.
    pub refused_reload: Option<RefusedReload>,
    /// Whether the kernel shows no calls.
    pub tracing_off: bool,
    /// Where records go.
    pub output: Output,
}

/// A reload that changed nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedReload {
    /// When.
    pub time: String,
    /// Why.
    pub faults: Vec<Fault>,
}

/// Where records go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// `journald`, `stdout`.
    pub name: String,
    /// `open`, `blocked`, `away`, `closed`.
    pub state: String,
}

/// What `Routes` gives: the live table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routes {
    /// Of the live table.
    pub generation: u32,
    /// By slot.
    pub routes: Vec<Route>,
}

/// A route of the live table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The syscall's name, or `#` and its number.
    pub syscall: String,
    /// By which ABI.
    pub abi: String,
    /// Its number.
    pub nr: u16,
    /// The handlers of its rules.
    pub handler: String,
    /// The first that a call passes decides.
    pub rules: Vec<Rule>,
    /// The left side of the entry that made it.
    pub entry: String,
    /// The entry's file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// Calls that reached the handler.
    pub seen: u64,
    /// Events put into the ring.
    pub submitted: u64,
    /// Events written.
    pub written: u64,
    /// Events lost, for all reasons.
    pub lost: u64,
}

/// One alternative of a route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The handler, or `none`.
    pub handler: String,
    /// The options, resolved.
    pub options: BTreeMap<String, String>,
}

/// What `Reload` gives: what has changed, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// Of the new table.
    pub generation: u32,
    /// Routes that are new.
    pub added: Vec<String>,
    /// Routes and settings that are different.
    pub changed: Vec<String>,
    /// Routes that are gone.
    pub removed: Vec<String>,
    /// Routes whose calls are not seen.
    pub unattached_routes: Vec<String>,
}

/// The error `ReloadRefused`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadRefused {
    /// Of the table that stays.
    pub generation: u32,
    /// Why; never empty.
    pub faults: Vec<Fault>,
}

/// What is wrong with a configuration, or what the kernel refused of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// All of it as `tailcalld check` prints it, in several lines.
    pub text: String,
    /// What is wrong, on one line.
    pub message: String,
    /// The file.
    pub path: Option<String>,
    /// From 1.
    pub line: Option<usize>,
    /// Character within the line, from 1.
    pub column: Option<usize>,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

/// Where the books do not balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<'a> {
    /// The route.
    pub route: &'a RouteStats,
    /// The CPU, where one CPU's part does not balance.
    pub cpu: Option<usize>,
    /// Left side of the equation: `seen` or `submitted`.
    pub what: &'static str,
    /// Its value.
    pub whole: u64,
    /// Right side.
    pub parts: &'a BTreeMap<String, u64>,
}

impl Stats {
    /// Every place where the books do not balance. They are expected to be settled.
    pub fn differences(&self) -> Vec<Difference<'_>> {
        let seen = self.routes.iter().flat_map(RouteStats::of_calls);
        let events = self.routes.iter().map(RouteStats::of_events);
        let events: Vec<_> = events.filter(|difference| difference.count() != 0).collect();
        // Of a record that cannot be decoded the route is not known: it is missing there.
        let missing: i128 = events.iter().map(Difference::count).sum();
        let explained = missing == i128::from(self.undecodable);
        let seen = seen.filter(|difference| difference.count() != 0);
        seen.chain(events.into_iter().filter(|_| !explained)).collect()
    }
}

impl RouteStats {
    /// The equations of its calls: each CPU's if they are there.
    fn of_calls(&self) -> Vec<Difference<'_>> {
        let of = |cpu, whole, parts| Difference { route: self, cpu, what: "seen", whole, parts };
        match &self.cpus {
            Some(cpus) => {
                cpus.iter().map(|cpu| of(Some(cpu.cpu), cpu.seen, &cpu.outcomes)).collect()
            }
            None => vec![of(None, self.seen, &self.outcomes)],
        }
    }

    fn of_events(&self) -> Difference<'_> {
        let (whole, parts) = (self.submitted, &self.events);
        Difference { route: self, cpu: None, what: "submitted", whole, parts }
    }

    /// Events that are lost, for all reasons.
    pub fn lost(&self) -> u64 {
        let all = self.outcomes.iter().chain(&self.events);
        all.filter(|(name, _)| name.starts_with("lost_")).map(|(_, count)| count).sum()
    }
}

impl Difference<'_> {
    /// How many are missing on the right side; negative: too many.
    pub fn count(&self) -> i128 {
        let parts: i128 = self.parts.values().copied().map(i128::from).sum();
        i128::from(self.whole) - parts
    }
}

#[cfg(test)]
mod tests;
