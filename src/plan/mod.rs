//! Configuration in, the whole table out: what each slot does, and why. Pure.

mod awaited;
mod capacity;
mod check_arguments;
mod conflict;
mod difference;
mod probe_kinds;
mod resolve;
mod route;
mod unused_options;
mod uring_operations;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use awaited::Awaited;
pub use difference::{Change, ChangeSummary, Difference, difference};

pub use probe_kinds::suits;
pub use resolve::plain_rule;
pub use route::{Route, Rule, exec_slots, is_exec};

use syscalls::{Abi, Slot};

use crate::config::{
    self, AttachTo, ByteLimit, Config, Fault, Faults, Keep, Limit, MetricsFile, Trust,
    misfit_of_pin,
};
use crate::handlers::{HandlerObject, Handlers};

/// Routes by slot: native numbers first, then those of the 32-bit ABI, then operations of `io_uring`, then probes. An absent slot does nothing.
pub type Routes = BTreeMap<Slot, Route>;

/// The resolved configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The table.
    pub routes: Routes,
    /// Entry and file that made each route. For people: two plans with the same routes make
    /// the same table.
    pub origins: BTreeMap<Slot, Origin>,
    /// Size of each ring buffer, a power of two.
    pub ring_bytes: u32,
    /// CPUs that share one.
    pub ring_cpus: u32,
    /// Black boxes, if rules fill some.
    #[serde(default)]
    pub box_units: u32,
    /// Calls that a black box keeps.
    #[serde(default)]
    pub box_calls: u32,
    /// Executables whose processes are excluded in the kernel.
    pub exclude: Vec<PathBuf>,
    /// Units whose processes are excluded in the kernel.
    pub exclude_units: Vec<String>,
    /// Socket of journald.
    pub socket: PathBuf,
    /// Attach mode.
    pub attach: AttachTo,
    /// Rate limit of each user's events of all routes; `None` for no limit.
    pub per_uid: Option<Limit>,
    /// Records that may be written in a second, to any output; `None` for any number.
    pub max_per_second: Option<u32>,
    /// Bytes of records that may be written in a second.
    pub max_bytes_per_second: ByteLimit,
    /// Interval of `stats` records while something happens; `None` for one at the end only.
    pub stats_interval: Option<Duration>,
    /// Interval in which a record is looked for in the journal; `None` for never.
    pub read_back: Option<Duration>,
    /// Interval of the self-test; `None` for none after the start.
    pub self_test: Option<Duration>,
    /// File of the metrics; `None` for none.
    #[serde(default)]
    pub metrics: Option<MetricsFile>,
    /// The files that were read, in order.
    pub files: Vec<PathBuf>,
    /// Names of the probes, by which the next daemon finds them.
    #[serde(default)]
    pub probes: BTreeMap<Slot, String>,
}

/// Origin of a route in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The left side of the entry: `openat`, `226`, `@mount`.
    pub entry: String,
    /// File of the entry.
    pub path: PathBuf,
    /// Line of the entry, from 1.
    pub line: usize,
}

impl Plan {
    /// Returns the kinds of its probes.
    pub fn kinds_of_probes(&self) -> BTreeSet<Abi> {
        probe_kinds::kinds(self)
    }

    /// Returns whether a rule fills black boxes.
    pub fn fills_boxes(&self) -> bool {
        let mut rules = self.routes.values().flat_map(|route| &route.rules);
        rules.any(|rule| rule.records && rule.keep == Keep::Blackbox)
    }

    /// Returns the handlers in objects of their own that the routes name, each once.
    pub fn objects(&self) -> impl Iterator<Item = &HandlerObject> {
        let rules = self.routes.values().flat_map(|route| &route.rules);
        let all = rules.flat_map(|rule| &rule.chain);
        let by_name: BTreeMap<_, _> = all.map(|object| (&object.handler.name, object)).collect();
        by_name.into_values()
    }
}

/// Reads a configuration of any owner and resolves it.
///
/// # Errors
/// The faults of [`read_trusted`], except those of permissions.
pub fn read(path: &Path, handlers: &Handlers) -> Result<Plan, Faults> {
    read_trusted(path, &Trust::of_reader(), handlers)
}

/// Reads a configuration and resolves it: the one door for the daemon and for `check`.
///
/// # Errors
///
/// Every fault of every file, and routes that contradict each other. A table without a route is a
/// fault too: it would silently empty a running one.
pub fn read_trusted(path: &Path, trust: &Trust, handlers: &Handlers) -> Result<Plan, Faults> {
    read_with(path, &[], trust, handlers)
}

/// Reads a configuration and the files of temporary routes, and resolves them.
///
/// # Errors
/// The faults of [`read_trusted`], and those of the temporary routes.
pub fn read_with(
    path: &Path,
    temporary: &[PathBuf],
    trust: &Trust,
    handlers: &Handlers,
) -> Result<Plan, Faults> {
    let mut loaded = config::load(path, temporary, trust, handlers);
    let (mut plan, conflicts) = build(&loaded.config, handlers);
    loaded.faults.extend(conflicts);
    if loaded.faults.is_empty() && plan.routes.is_empty() {
        let reason = "routes no syscall, expected at least one below [routes]: execve = \"exec\"";
        loaded.faults.push(Fault::whole(path, reason));
    }
    plan.files = loaded.files;
    match Faults::new(loaded.faults) {
        Some(faults) => Err(faults),
        None => Ok(plan),
    }
}

/// Resolves the entries to one route a slot; with conflicts, one of the two entries is taken.
pub fn build(config: &Config, handlers: &Handlers) -> (Plan, Vec<Fault>) {
    let (winners, mut faults) = conflict::winners(config, handlers);
    let mut plan = Plan {
        ring_bytes: config.ring_bytes,
        ring_cpus: config.ring_cpus,
        box_units: config.box_units,
        box_calls: config.box_calls,
        exclude: config.exclude.clone(),
        exclude_units: config.exclude_units.clone(),
        socket: config.socket.clone(),
        attach: config.attach,
        per_uid: resolve::per_uid(config),
        max_per_second: config.max_per_second,
        max_bytes_per_second: config.max_bytes_per_second,
        stats_interval: config.stats_interval,
        read_back: config.read_back,
        self_test: config.self_test,
        metrics: config
            .metrics_file
            .clone()
            .map(|path| MetricsFile { path, interval: config.metrics_interval }),
        ..Plan::default()
    };
    for (&slot, entry) in &winners {
        if let Some(route) = resolve::route(slot, entry, &config.defaults, handlers) {
            plan.routes.insert(slot, route);
            plan.origins.insert(slot, Origin::of(entry));
        }
    }
    uring_operations::add(config, &winners, &mut plan, handlers);
    let probes = plan.routes.keys().filter(|slot| slot.abi().is_probe());
    plan.probes = probes.map(|slot| (*slot, slot.to_string())).collect();
    faults.extend(plan.objects().filter_map(|object| misfit_of_pin(&config.pins, object)));
    faults.extend(unused_options::faults(config));
    faults.extend(check_arguments::faults(config, &winners, &plan, handlers));
    faults.extend(capacity::faults(&winners, &plan));
    (plan, faults)
}

/// Returns the environment variables that any of the routes asks for, in the order in which the kernel's table
/// has them.
pub fn env_names(routes: &Routes) -> BTreeSet<&str> {
    let rules = routes.values().flat_map(|route| &route.rules);
    rules.flat_map(|rule| &rule.env).map(String::as_str).collect()
}

impl Origin {
    fn of(entry: &config::Entry) -> Self {
        let mark = &entry.mark;
        Self { entry: entry.key.clone(), path: mark.path().to_owned(), line: mark.line() }
    }
}
