//! Configuration in, the whole table out: what each slot does, and why. Pure.

mod difference;
mod resolve;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use difference::{Change, Difference, Told, difference};

use crate::config::{
    self, Aggregate, AttachTo, Config, Fault, Faults, Filter, Keep, Limit, NONE, Paths, Redact,
    Results,
};
use crate::handlers::Handlers;
use crate::syscalls::Slot;

/// What one slot does: the first rule whose filter a call passes decides. Calls that pass none are not
/// recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// At least one.
    pub rules: Vec<Rule>,
}

/// One alternative of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which calls it is for.
    pub filter: Filter,
    /// What bounds its events, if anything does.
    pub limit: Option<Limit>,
    /// One event in so many is recorded, by chance; 1 is each.
    pub sample: u32,
    /// Whether its events are counted and told together.
    pub aggregate: Option<Aggregate>,
    /// Whether its records go first when the journal takes no more.
    pub keep: Keep,
    /// Number of the handler; 0: these calls are not recorded.
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

impl Route {
    /// The rule, if there is but one and it is for every call.
    pub fn unfiltered(&self) -> Option<&Rule> {
        match &*self.rules {
            [rule] if rule.filter.is_empty() => Some(rule),
            _ => None,
        }
    }

    /// The names of its handlers: `args`, or `args|none` of a route with alternatives.
    pub fn told(&self, handlers: &Handlers) -> String {
        let names: Vec<_> = self.rules.iter().map(|rule| rule.told(handlers)).collect();
        names.join("|")
    }

    /// Whether some calls wait for their results.
    pub fn awaits_results(&self) -> bool {
        self.rules.iter().any(|rule| rule.results != Results::None)
    }
}

impl From<Rule> for Route {
    fn from(rule: Rule) -> Self {
        Self { rules: vec![rule] }
    }
}

impl Rule {
    /// The name of its handler.
    pub fn told(&self, handlers: &Handlers) -> String {
        handlers.by_id(self.handler).map_or_else(|| NONE.to_owned(), |handler| handler.name.clone())
    }

    /// Whether it is known only at a call's return whether it is recorded.
    pub fn chooses_by_result(&self) -> bool {
        matches!(self.results, Results::Within(_))
    }

    /// Records nothing of any call.
    pub fn nothing() -> Self {
        Self {
            filter: Filter::default(),
            limit: None,
            sample: 1,
            aggregate: None,
            keep: Keep::default(),
            handler: 0,
            variant: 0,
            priority: 0,
            argv_bytes: 0,
            buffer_bytes: 0,
            env: BTreeSet::new(),
            redact: Redact::default(),
            results: Results::None,
            paths: Paths::Entry,
        }
    }
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
    /// Units whose processes are excluded in the kernel.
    pub exclude_units: Vec<String>,
    /// Where journald listens.
    pub socket: PathBuf,
    /// What to attach to.
    pub attach: AttachTo,
    /// What the events of each user may come to, of all routes; `None`: anything.
    pub per_uid: Option<Limit>,
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
        exclude_units: config.exclude_units.clone(),
        socket: config.socket.clone(),
        attach: config.attach,
        per_uid: config.per_uid,
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
    let rules = routes.values().flat_map(|route| &route.rules);
    rules.flat_map(|rule| &rule.env).map(String::as_str).collect()
}

impl Origin {
    fn of(entry: &config::Entry) -> Self {
        let mark = &entry.mark;
        Self { entry: entry.key.clone(), path: mark.path().to_owned(), line: mark.line() }
    }
}
