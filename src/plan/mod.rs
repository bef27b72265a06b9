//! Configuration in, the whole table out: what each slot does, and why. Pure.

mod difference;
mod resolve;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use difference::{Change, Difference, Told, difference};

use crate::config::{self, AttachTo, Config, Fault, Faults, Paths, Redact, Results};
use crate::handlers::Handlers;
use crate::syscalls::Slot;

/// What one slot does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Number of the handler.
    pub handler: u16,
    /// Which of the handler's syscalls this is; 0 if the handler names none.
    pub variant: u8,
    /// Syslog level of its records, 3 to 7.
    pub priority: u8,
    /// How many bytes of argv an `exec` event may carry.
    pub argv_bytes: u32,
    /// How many bytes of each buffer an `args` event may carry.
    pub buffer_bytes: u32,
    /// The environment variables that an `exec` event carries.
    pub env: BTreeSet<String>,
    /// Which secrets are hidden in its events.
    pub redact: Redact,
    /// Whether its events wait for the result.
    pub results: Results,
    /// What becomes of memory that cannot be read at entry.
    pub paths: Paths,
}

/// By slot: native numbers first, then those of the 32-bit ABI. An absent slot does nothing.
pub type Routes = BTreeMap<Slot, Route>;

/// The resolved configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The table.
    pub routes: Routes,
    /// Which entry of which file made each route. For people: two plans with the same routes wire
    /// the same table.
    pub origins: BTreeMap<Slot, Origin>,
    /// Size of the ring buffer, a power of two.
    pub ring_bytes: u32,
    /// Executables whose processes are excluded in the kernel.
    pub exclude: Vec<PathBuf>,
    /// Where journald listens.
    pub socket: PathBuf,
    /// What to attach to.
    pub attach: AttachTo,
    /// The files that were read, in order.
    pub files: Vec<PathBuf>,
}

/// Where a route comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The left side of the entry: `openat`, `226`, `@mount`.
    pub entry: String,
    /// Its file.
    pub path: PathBuf,
    /// Its line, from 1.
    pub line: usize,
}

/// Reads a configuration and resolves it: the one door for the daemon and for `check`.
///
/// # Errors
///
/// Every fault of every file, and routes that contradict each other. A table without a route is a
/// fault too: it would silently empty a running one.
pub fn read(path: &Path, handlers: &Handlers) -> Result<Plan, Faults> {
    let mut loaded = config::load(path, handlers);
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
    let (winners, mut conflicts) = resolve::winners(config, handlers);
    let mut plan = Plan {
        ring_bytes: config.ring_bytes,
        exclude: config.exclude.clone(),
        socket: config.socket.clone(),
        attach: config.attach,
        ..Plan::default()
    };
    for (&slot, entry) in &winners {
        if let Some(route) = resolve::route(slot, entry, &config.defaults, handlers) {
            plan.routes.insert(slot, route);
            plan.origins.insert(slot, Origin::of(entry));
        }
    }
    conflicts.extend(resolve::idle(config));
    conflicts.extend(resolve::too_many_variables(&winners, &plan));
    (plan, conflicts)
}

/// The environment variables that any of the routes asks for, in the order in which the kernel's table
/// has them.
pub fn env_names(routes: &Routes) -> BTreeSet<&str> {
    routes.values().flat_map(|route| &route.env).map(String::as_str).collect()
}

impl Origin {
    fn of(entry: &config::Entry) -> Self {
        let mark = &entry.mark;
        Self { entry: entry.key.clone(), path: mark.path().to_owned(), line: mark.line() }
    }
}
