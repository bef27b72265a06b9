//! Two tables in, what a reload changes out.

use std::collections::{BTreeMap, BTreeSet};

use syscalls::{Abi, Slot};

use super::{Plan, Route, Routes, Rule};
use crate::config::{NONE, level_name};
use crate::handlers::{HandlerObject, Handlers};

/// Changes that turn one table into another.
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
    /// Route before the change.
    pub from: Route,
    /// Route after the change.
    pub to: Route,
}

/// Returns the changes from `old` to `new`.
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
    /// Returns whether both tables are the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    /// Turns the old table into the new one.
    pub fn apply(&self, routes: &mut Routes) {
        routes.retain(|slot, _| !self.removed.contains_key(slot));
        routes.extend(self.added.iter().map(|(&slot, route)| (slot, route.clone())));
        routes.extend(self.changed.iter().map(|(&slot, change)| (slot, change.to.clone())));
    }

    /// Returns the changes for people: `openat=args`; `execve (priority info -> debug)`; `umount2(i386)`. A syscall
    /// that both ABIs treat alike appears once.
    pub fn summary(&self, handlers: &Handlers) -> ChangeSummary {
        let name = |route: &Route| route.handler_names(handlers);
        ChangeSummary {
            added: words(&self.added, |route| format!("={}", name(route))),
            changed: words(&self.changed, |change| change.describe(handlers)),
            removed: words(&self.removed, |_| String::new()),
        }
    }
}

/// A difference in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeSummary {
    /// Syscalls that were not routed, and to what they are now.
    pub added: Vec<String>,
    /// Syscalls that do something else now, and what.
    pub changed: Vec<String>,
    /// Syscalls that are not routed any more.
    pub removed: Vec<String>,
}

impl Change {
    /// Returns ` (args -> count, priority info -> debug)`; of alternatives each by its place from 1, if there are as
    /// many as there were: ` (2: uid any -> 0)`.
    fn describe(&self, handlers: &Handlers) -> String {
        let (from, to) = (&self.from, &self.to);
        let changed = match (&*from.rules, &*to.rules) {
            ([from], [to]) => changes(from, to, handlers),
            (from, to) if from.len() == to.len() => {
                let pairs = (1..).zip(from.iter().zip(to));
                let changes = pairs.flat_map(|(at, (from, to))| {
                    let changed = changes(from, to, handlers).into_iter();
                    changed.map(move |change| format!("{at}: {change}"))
                });
                changes.collect()
            }
            _ => {
                vec![format!("{} -> {}", from.handler_names(handlers), to.handler_names(handlers))]
            }
        };
        format!(" ({})", changed.join(", "))
    }
}

fn changes(from: &Rule, to: &Rule, handlers: &Handlers) -> Vec<String> {
    let handler = (String::new(), from.handler_name(handlers), to.handler_name(handlers));
    let options = from.options().into_iter().zip(to.options());
    let options = options.map(|((name, from), (_, to))| (format!("{name} "), from, to));
    // What records nothing has no options that mean anything.
    let options = options.filter(|_| from.handler != 0 && to.handler != 0);
    let rows = std::iter::once(handler).chain(versions(from, to)).chain(options);
    let rows = rows.chain(filters(from, to));
    let changed = rows.filter(|(_, from, to)| from != to);
    changed.map(|(what, from, to)| format!("{what}{from} -> {to}")).collect()
}

/// Returns the versions of the handlers that both rules have in their chains.
fn versions(from: &Rule, to: &Rule) -> Vec<(String, String, String)> {
    let version = |object: &HandlerObject| {
        let name = &object.handler.name;
        let other = to.chain.iter().find(|other| other.handler.name == *name)?;
        Some((format!("{name} sha256 "), object.sha256.clone(), other.sha256.clone()))
    };
    from.chain.iter().filter_map(version).collect()
}

/// Returns all parts of a filter that either rule has.
fn filters(from: &Rule, to: &Rule) -> Vec<(String, String, String)> {
    let words = |rule: &Rule| -> BTreeMap<_, _> { rule.filter.summary().into_iter().collect() };
    let (from, to) = (words(from), words(to));
    let options: BTreeSet<&'static str> = from.keys().chain(to.keys()).copied().collect();
    let of = |words: &BTreeMap<_, String>, option| {
        words.get(option).map_or_else(|| ANY.to_owned(), String::clone)
    };
    let row = |option: &&'static str| (format!("{option} "), of(&from, *option), of(&to, *option));
    options.iter().map(row).collect()
}

/// Value of a part that a filter does not have.
const ANY: &str = "any";

impl Rule {
    /// Returns the options by the names of the configuration, for people. Those of the filter are
    /// returned by [`crate::config::Filter::summary`].
    pub fn options(&self) -> [(&'static str, String); 17] {
        [
            ("priority", level_name(self.priority).to_owned()),
            ("argv_bytes", self.argv_bytes.to_string()),
            ("buffer_bytes", self.buffer_bytes.to_string()),
            ("paths", self.paths.name().to_owned()),
            ("names", self.names.to_string()),
            ("fds", self.fds.name().to_owned()),
            ("capabilities", self.capabilities.to_string()),
            ("exe_sha256", self.exe_sha256.to_string()),
            ("env", listed(&self.env)),
            ("ancestors", self.ancestors.to_string()),
            ("redact", self.redact.summary()),
            ("result", self.results.summary()),
            ("limit", text_or_none(self.limit.as_ref())),
            ("sample", format!("1/{}", self.sample)),
            ("aggregate", text_or_none(self.aggregate.as_ref())),
            ("novel", text_or_none(self.novel.as_ref())),
            ("keep", self.keep.name().to_owned()),
        ]
    }

    /// Returns the options and the filter by the names of the configuration. A rule that records nothing has no options.
    pub fn effective_options(&self) -> BTreeMap<String, String> {
        let options = self.options().into_iter().filter(|_| self.handler != 0);
        let all = options.chain(self.filter.summary());
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Returns the value as text, or `none`.
fn text_or_none<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| NONE.to_owned(), T::to_string)
}

/// Joins names: `PATH+LD_PRELOAD`, or `none`.
fn listed(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.is_empty() { NONE.to_owned() } else { names.join("+") }
}

/// Returns one word for each syscall, by name; two if the ABIs differ.
fn words<T>(slots: &BTreeMap<Slot, T>, describe: impl Fn(&T) -> String) -> Vec<String> {
    let mut words: BTreeMap<(String, String), Vec<Slot>> = BTreeMap::new();
    for (&slot, what) in slots {
        words.entry((slot.to_string(), describe(what))).or_default().push(slot);
    }
    let word = |((name, what), slots): (&(String, String), &Vec<Slot>)| {
        format!("{name}{}{what}", only_abi(slots))
    };
    words.iter().map(word).collect()
}

/// Returns the ABIs in parentheses, if the syscall has that name in another one as well. Operations of `io_uring` go
/// without saying if they are beside a syscall.
fn only_abi(slots: &[Slot]) -> String {
    let has = |abi| slots.iter().any(|slot| slot.abi() == abi);
    let of_name = |abi: &Abi| {
        let mut names = slots.iter().map(|slot| slot.name());
        names.all(|name| name.is_none_or(|name| syscalls::number(*abi, name).is_some()))
    };
    let named: Vec<Abi> = Abi::BOTH.into_iter().filter(of_name).collect();
    let own: Vec<Abi> = named.iter().copied().filter(|abi| has(*abi)).collect();
    if let Some(probe) = Abi::PROBES.into_iter().find(|abi| has(*abi)) {
        return format!("({})", probe.name());
    }
    match own.as_slice() {
        [] if has(Abi::IoUring) => format!("({})", Abi::IoUring.name()),
        [one] if named.len() > 1 => format!("({})", one.name()),
        _ => String::new(),
    }
}
