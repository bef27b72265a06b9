//! Two tables in, what a reload changes out.

use std::collections::{BTreeMap, BTreeSet};

use super::{Plan, Route, Routes};
use crate::config::{NONE, level_name};
use crate::handlers::Handlers;
use crate::syscalls::{Abi, Slot};

/// What turns one table into another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Slots that were empty.
    pub added: Routes,
    /// Slots that do something else now.
    pub changed: BTreeMap<Slot, Change>,
    /// Slots that are empty now, and what they did.
    pub removed: Routes,
}

/// A slot before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it did.
    pub from: Route,
    /// What it does now.
    pub to: Route,
}

/// What leads from `old` to `new`.
pub fn difference(old: &Plan, new: &Plan) -> Difference {
    let mut difference = Difference::default();
    for (&slot, to) in &new.routes {
        match old.routes.get(&slot) {
            None => drop(difference.added.insert(slot, to.clone())),
            Some(from) if from == to => {}
            Some(from) => {
                let change = Change { from: from.clone(), to: to.clone() };
                difference.changed.insert(slot, change);
            }
        }
    }
    let gone = old.routes.iter().filter(|(slot, _)| !new.routes.contains_key(slot));
    difference.removed = gone.map(|(&slot, route)| (slot, route.clone())).collect();
    difference
}

impl Difference {
    /// Whether both tables are the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    /// Turns the old table into the new one.
    pub fn apply(&self, routes: &mut Routes) {
        routes.retain(|slot, _| !self.removed.contains_key(slot));
        routes.extend(self.added.iter().map(|(&slot, route)| (slot, route.clone())));
        routes.extend(self.changed.iter().map(|(&slot, change)| (slot, change.to.clone())));
    }

    /// For people: `openat=args`; `execve (priority info -> debug)`; `umount2(i386)`. A syscall
    /// that both ABIs treat alike is told once.
    pub fn told(&self, handlers: &Handlers) -> Told {
        let name = |route: &Route| handler_name(handlers, route);
        Told {
            added: words(&self.added, |route| format!("={}", name(route))),
            changed: words(&self.changed, |change| change.describe(handlers)),
            removed: words(&self.removed, |_| String::new()),
        }
    }
}

/// A difference in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Syscalls that were not routed, and to what they are now.
    pub added: Vec<String>,
    /// Syscalls that do something else now, and what.
    pub changed: Vec<String>,
    /// Syscalls that are not routed any more.
    pub removed: Vec<String>,
}

impl Change {
    /// ` (args -> count, priority info -> debug)`.
    fn describe(&self, handlers: &Handlers) -> String {
        let Self { from, to } = self;
        let handler = [handler_name(handlers, from), handler_name(handlers, to)];
        let options = from.options().into_iter().zip(to.options());
        let options = options.map(|((name, from), (_, to))| (format!("{name} "), [from, to]));
        let rows = std::iter::once((String::new(), handler)).chain(options);
        let changed = rows.filter(|(_, [from, to])| from != to);
        let changed: Vec<_> =
            changed.map(|(what, [from, to])| format!("{what}{from} -> {to}")).collect();
        format!(" ({})", changed.join(", "))
    }
}

impl Route {
    /// Its options by the names that the configuration has for them, for people.
    pub fn options(&self) -> [(&'static str, String); 7] {
        [
            ("priority", level_name(self.priority).to_owned()),
            ("argv_bytes", self.argv_bytes.to_string()),
            ("buffer_bytes", self.buffer_bytes.to_string()),
            ("paths", self.paths.name().to_owned()),
            ("env", listed(&self.env)),
            ("redact", self.redact.told()),
            ("result", self.results.name().to_owned()),
        ]
    }
}

/// `PATH+LD_PRELOAD`, or `none`.
fn listed(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.is_empty() { NONE.to_owned() } else { names.join("+") }
}

fn handler_name(handlers: &Handlers, route: &Route) -> String {
    match handlers.by_id(route.handler) {
        Some(handler) => handler.name.clone(),
        None => format!("#{}", route.handler),
    }
}

/// One word for each syscall, by name; two where the ABIs differ.
fn words<T>(slots: &BTreeMap<Slot, T>, tell: impl Fn(&T) -> String) -> Vec<String> {
    let mut told: BTreeMap<(String, String), Vec<Slot>> = BTreeMap::new();
    for (&slot, what) in slots {
        told.entry((slot.to_string(), tell(what))).or_default().push(slot);
    }
    let word = |((name, what), slots): (&(String, String), &Vec<Slot>)| {
        format!("{name}{}{what}", only_abi(slots))
    };
    told.iter().map(word).collect()
}

/// Says which ABI is meant, if the syscall has that name in another one as well.
fn only_abi(slots: &[Slot]) -> String {
    let [slot] = slots else { return String::new() };
    let other = if slot.abi() == Abi::Native { Abi::Compat } else { Abi::Native };
    let both = slot.name().is_some_and(|name| crate::syscalls::number(other, name).is_some());
    if both || slot.name().is_none() { format!("({})", slot.abi().name()) } else { String::new() }
}
