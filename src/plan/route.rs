//! What one slot does.

use std::collections::BTreeSet;

use crate::config::{Aggregate, Filter, Keep, Limit, NONE, Paths, Redact, Results};
use crate::handlers::Handlers;

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

    /// Returns the filters of the rules, in their order.
    pub fn filters(&self) -> impl DoubleEndedIterator<Item = &Filter> + ExactSizeIterator {
        self.rules.iter().map(|rule| &rule.filter)
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
