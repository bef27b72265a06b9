//! Reading of the daemon's counts, as rows of the views.

use super::column::TopView;
use super::user_names::UserNumbers;
use crate::config::printable;
use crate::rpc::{Activity, Owners, RouteActivity, RunTime};
use syscalls::Abi;

/// Row of all names that the daemon had no room for; no name is written like this.
pub const OTHERS: &str = "(others)";

/// Counts of a row; `None` where the daemon does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Calls that reached the handler.
    pub seen: Option<u64>,
    /// Events.
    pub events: Option<u64>,
    /// Bytes of records.
    pub bytes: Option<u64>,
    /// Events with an error.
    pub errors: Option<u64>,
    /// Lost events.
    pub lost: Option<u64>,
    /// Calls whose run time was measured.
    pub calls: Option<u64>,
    /// Run time of these calls.
    pub ns: Option<u64>,
}

/// Counting that a reading belongs to: counts of another one cannot be compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counting {
    /// Process and start of the daemon.
    pub daemon: (u32, String),
    /// Begin of the counting of events.
    pub since_ns: u64,
}

/// One reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// Counting that it belongs to.
    pub counting: Counting,
    /// Time of the reading, ns of the daemon's clock.
    pub time_ns: u64,
    /// Warning about the state of the daemon.
    pub warning: Option<String>,
    /// Rows of each view.
    pub rows: [Vec<(String, RowCounts)>; TopView::ALL.len()],
}

impl RowCounts {
    /// Counts of a unit, command or user that has none yet.
    pub const NOTHING: Self = Self {
        seen: None,
        events: Some(0),
        bytes: Some(0),
        errors: Some(0),
        lost: Some(0),
        calls: None,
        ns: None,
    };

    /// Combines each count with that of another row.
    pub fn zip(
        &self,
        other: &Self,
        each: impl Fn(Option<u64>, Option<u64>) -> Option<u64>,
    ) -> Self {
        Self {
            seen: each(self.seen, other.seen),
            events: each(self.events, other.events),
            bytes: each(self.bytes, other.bytes),
            errors: each(self.errors, other.errors),
            lost: each(self.lost, other.lost),
            calls: each(self.calls, other.calls),
            ns: each(self.ns, other.ns),
        }
    }
}

impl Sample {
    /// Reads the reply of the daemon.
    pub fn of(reply: &Activity, users: &UserNumbers) -> Self {
        let shown = |name: &str| printable(name);
        Self {
            counting: Counting {
                daemon: (reply.pid, reply.since.clone()),
                since_ns: reply.counted_since_ns,
            },
            time_ns: reply.time_ns,
            warning: warning(reply),
            rows: [
                reply.routes.iter().map(route).collect(),
                owners(&reply.units, shown),
                owners(&reply.commands, shown),
                owners(&reply.users, |number| users.name(number)),
            ],
        }
    }
}

fn warning(reply: &Activity) -> Option<String> {
    if reply.tracing_off {
        return Some("tracing is off: calls are not recorded".to_owned());
    }
    let state = &reply.output.state;
    (state != "open").then(|| format!("the output is {}", printable(state)))
}

fn route(route: &RouteActivity) -> (String, RowCounts) {
    let is_native = route.abi == Abi::Native.name();
    let abi = if is_native { String::new() } else { format!("({})", route.abi) };
    let RunTime { calls, ns } = route.run_time;
    let counts = RowCounts {
        seen: Some(route.seen),
        events: Some(route.events),
        bytes: Some(route.bytes),
        errors: route.errors,
        lost: Some(route.lost),
        calls: Some(calls),
        ns: Some(ns),
    };
    (printable(&format!("{}{abi}", route.syscall)), counts)
}

fn owners(owners: &Owners, name: impl Fn(&str) -> String) -> Vec<(String, RowCounts)> {
    let rows = owners.rows.iter().map(|row| (name(&row.name), row.counts));
    let others = (owners.others.events > 0).then(|| (OTHERS.to_owned(), owners.others));
    let all = rows.chain(others);
    all.map(|(name, counts)| {
        let counts = RowCounts {
            events: Some(counts.events),
            bytes: Some(counts.bytes),
            errors: Some(counts.errors),
            lost: Some(counts.lost),
            ..RowCounts::default()
        };
        (name, counts)
    })
    .collect()
}
