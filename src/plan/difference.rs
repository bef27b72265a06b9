//! Two tables in, what a reload changes out.

use std::collections::{BTreeMap, BTreeSet};

use super::{Plan, Route, Routes, Rule};
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
        let name = |route: &Route| route.told(handlers);
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
        let changed = match (&*self.from.rules, &*self.to.rules) {
            ([from], [to]) => changes(from, to, handlers),
            _ => vec![format!("{} -> {}", self.from.told(handlers), self.to.told(handlers))],
        };
        format!(" ({})", changed.join(", "))
    }
}

fn changes(from: &Rule, to: &Rule, handlers: &Handlers) -> Vec<String> {
    let handler = (String::new(), from.told(handlers), to.told(handlers));
    let options = from.options().into_iter().zip(to.options());
    let options = options.map(|((name, from), (_, to))| (format!("{name} "), from, to));
    let rows = std::iter::once(handler).chain(options).filter(|(_, from, to)| from != to);
    rows.map(|(what, from, to)| format!("{what}{from} -> {to}")).collect()
}

impl Rule {
    /// Its options by the names that the configuration has for them, for people.
    pub fn options(&self) -> [(&'static str, String); 7] {
        [
            ("priority", level_name(self.priority).to_owned()),
            ("argv_bytes", self.argv_bytes.to_string()),
            ("buffer_bytes", self.buffer_bytes.to_string()),
            ("paths", self.paths.name().to_owned()),
            ("env", listed(&self.env)),
            ("redact", self.redact.told()),
            ("result", self.results.told()),
        ]
    }
}

/// `PATH+LD_PRELOAD`, or `none`.
fn listed(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.is_empty() { NONE.to_owned() } else { names.join("+") }
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
