//! Routes and their rules.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use syscalls::{Abi, Slot, number};

use crate::config::{
    Aggregate, Fds, Filter, Keep, Limit, NONE, Novel, NovelSubject, Paths, Redact, Results,
};
use crate::filter::Effect;
use crate::handlers::{CALL, HandlerObject, Handlers};

/// Rules of one slot: the first rule whose filter a call passes decides. Calls that pass none are not
/// recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Rules in order, at least one.
    pub rules: Vec<Rule>,
}

/// One alternative of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Filter of the calls that the rule is for.
    pub filter: Filter,
    /// Rate limit of the events, if there is one.
    pub limit: Option<Limit>,
    /// Sampling: one event in `sample` is recorded, by chance; 1 is each.
    pub sample: u32,
    /// Aggregation of the events, if they are aggregated.
    pub aggregate: Option<Aggregate>,
    /// First times, if only these are recorded.
    #[serde(default)]
    pub novel: Option<Novel>,
    /// Order in which rules lose records when the output is above its limits.
    pub keep: Keep,
    /// Number of the first handler; 0: these calls are not recorded.
    pub handler: u16,
    /// Handlers in objects of their own that follow it.
    #[serde(default)]
    pub chain: Vec<HandlerObject>,
    /// The handler records the calls; `count` only counts them.
    pub records: bool,
    /// Index of the slot in the handler's list of syscalls; 0 if the handler names none.
    pub variant: u8,
    /// Syslog level of the records, 3 to 7.
    pub priority: u8,
    /// Most bytes of argv in an `exec` event.
    pub argv_bytes: u32,
    /// Most bytes of each buffer in an `args` event.
    pub buffer_bytes: u32,
    /// The environment variables that an `exec` event carries.
    pub env: BTreeSet<String>,
    /// Most ancestors of the process in an `exec` event.
    pub ancestors: u8,
    /// Secrets that are hidden in the events.
    pub redact: Redact,
    /// Results that the events wait for.
    pub results: Results,
    /// Treatment of memory that cannot be read at entry.
    pub paths: Paths,
    /// The events have the files behind descriptors.
    pub fds: Fds,
    /// The events have the effective capabilities of the task.
    pub capabilities: bool,
    /// The events have the digest of the program that was executed.
    pub exe_sha256: bool,
    /// The events have the paths of the executable and of directories.
    pub names: bool,
}

impl Route {
    /// Returns the rule, if there is only one and it is for every call.
    pub fn unfiltered(&self) -> Option<&Rule> {
        match &*self.rules {
            [rule] if rule.filter.is_empty() => Some(rule),
            _ => None,
        }
    }

    /// Returns the filters and effects of the rules, in their order.
    pub fn filters(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&Filter, Effect)> + ExactSizeIterator + Clone {
        self.rules.iter().map(|rule| (&rule.filter, rule.effect()))
    }

    /// Returns the names of the handlers: `args`, or `args|none` of a route with alternatives.
    pub fn handler_names(&self, handlers: &Handlers) -> String {
        let names: Vec<_> = self.rules.iter().map(|rule| rule.handler_name(handlers)).collect();
        names.join("|")
    }

    /// Returns whether some calls of that slot wait for their results at their return.
    pub fn awaits_results(&self, slot: Slot) -> bool {
        self.rules.iter().any(|rule| rule.awaits_result(slot))
    }
}

impl From<Rule> for Route {
    fn from(rule: Rule) -> Self {
        Self { rules: vec![rule] }
    }
}

impl Rule {
    /// Returns the name of the handler, or those of a chain: `args+stack`. A chain of nothing but objects has their
    /// names only.
    pub fn handler_name(&self, handlers: &Handlers) -> String {
        let first = handlers.by_id(self.handler).map_or(NONE, |handler| handler.name.as_str());
        let first = Some(first).filter(|&name| name != CALL || self.chain.is_empty());
        let chain = self.chain.iter().map(|object| object.handler.name.as_str());
        first.into_iter().chain(chain).collect::<Vec<_>>().join("+")
    }

    /// Returns the effect on the calls that the filter selects.
    pub fn effect(&self) -> Effect {
        let is_merged = self.aggregate.is_some() || self.novel.is_some();
        let is_thinned = self.sample > 1 || self.limit.is_some() || is_merged;
        match (self.handler, self.records) {
            (0, _) => Effect::Drop,
            (_, true) if !is_thinned && !self.chooses_by_result() => Effect::Record,
            _ => Effect::Thin,
        }
    }

    /// Returns whether the result of a call decides if it is recorded.
    pub fn chooses_by_result(&self) -> bool {
        matches!(self.results, Results::Within(_))
    }

    /// Returns the subject of first times that the kernel can tell at the entry of a call, if nothing else decides
    /// whether the call is one: no other value, no result, and no program of somebody else that expects to run.
    pub fn known_by(&self) -> Option<NovelSubject> {
        let novel = self.novel.as_ref().filter(|novel| novel.by.is_empty())?;
        let is_decided = !self.chooses_by_result()
            && self.chain.is_empty()
            && self.aggregate.is_none()
            && self.keep != Keep::Blackbox;
        Some(novel.subject).filter(|subject| is_decided && *subject != NovelSubject::Exe)
    }

    /// Returns whether calls of that slot wait for their results at their return.
    pub fn awaits_result(&self, slot: Slot) -> bool {
        self.results != Results::None && !self.awaits_execution(slot)
    }

    /// Returns whether calls of that slot wait for nothing but the execution of a program.
    pub fn awaits_execution(&self, slot: Slot) -> bool {
        is_exec(slot) && self.results.is_success_only()
    }

    /// Returns a rule that records no call.
    pub fn nothing() -> Self {
        Self {
            filter: Filter::default(),
            limit: None,
            sample: 1,
            aggregate: None,
            novel: None,
            keep: Keep::default(),
            handler: 0,
            chain: Vec::new(),
            records: false,
            variant: 0,
            priority: 0,
            argv_bytes: 0,
            buffer_bytes: 0,
            env: BTreeSet::new(),
            ancestors: 0,
            redact: Redact::default(),
            results: Results::None,
            paths: Paths::Entry,
            names: false,
            fds: Fds::Number,
            capabilities: false,
            exe_sha256: false,
        }
    }
}

/// Returns whether the calls of a slot execute a program.
pub fn is_exec(slot: Slot) -> bool {
    !slot.abi().is_probe() && matches!(slot.name(), Some("execve" | "execveat"))
}

/// Returns all slots of calls that execute a program.
pub fn exec_slots() -> impl Iterator<Item = Slot> {
    let of = |abi| ["execve", "execveat"].map(|name| Slot::new(abi, number(abi, name)?));
    Abi::ALL.into_iter().flat_map(of).flatten()
}
