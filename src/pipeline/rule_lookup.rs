//! Lookup of the rule of an event, in the table that decided about its call. That may be an older one than the live
//! table, because events wait in the ring and for their results.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use syscalls::Slot;

use crate::decode::Header;
use crate::plan::{Plan, Routes, Rule};
use crate::table::{LimitKey, limit_of_rule};

/// The tables by generation, newest first.
#[derive(Debug, Default)]
pub struct RuleLookup {
    generations: VecDeque<GenerationRules>,
}

#[derive(Debug)]
struct GenerationRules {
    generation: u32,
    routes: Routes,
    limits: BTreeMap<(Slot, u8), Rc<LimitKey>>,
    per_uid: Option<Rc<LimitKey>>,
}

/// Rule and limits that decided about an event.
#[derive(Debug, Clone, Copy)]
pub struct MatchedRule<'t> {
    /// Rule that the event matched.
    pub rule: &'t Rule,
    /// Limit of the rule, if it has one.
    pub limit: Option<&'t Rc<LimitKey>>,
    /// Limit of the events of each user.
    pub per_uid: Option<&'t Rc<LimitKey>>,
}

/// Number of tables that are kept: more reloads than that do not happen while the output is blocked.
const TABLES: usize = 64;

impl RuleLookup {
    /// Adds the table that is live from now on.
    pub fn begin(&mut self, generation: u32, plan: &Plan) {
        self.generations.push_front(GenerationRules::of(generation, plan));
        self.generations.truncate(TABLES);
    }

    /// Returns the rule of an event; `None` if its table is forgotten.
    pub fn find(&self, event: &Header) -> Option<MatchedRule<'_>> {
        let table = self.generations.iter().find(|table| table.generation == event.generation)?;
        let rule = table.routes.get(&event.slot)?.rules.get(usize::from(event.rule))?;
        let limit = table.limits.get(&(event.slot, event.rule));
        Some(MatchedRule { rule, limit, per_uid: table.per_uid.as_ref() })
    }
}

impl GenerationRules {
    fn of(generation: u32, plan: &Plan) -> Self {
        let mut limits = BTreeMap::new();
        for (&slot, route) in &plan.routes {
            for (at, rule) in (0..).zip(&route.rules) {
                let key = limit_of_rule(plan, slot, at, rule);
                limits.extend(key.map(|key| ((slot, at), Rc::new(key))));
            }
        }
        let per_uid = plan.per_uid.map(|limit| Rc::new(LimitKey::of_users(limit)));
        Self { generation, routes: plan.routes.clone(), limits, per_uid }
    }
}

#[cfg(test)]
mod tests {
    use syscalls::Abi;

    use super::*;

    const SLOT: u16 = 2;

    fn plan(priority: u8) -> Plan {
        let slot = Slot::new(Abi::Native, SLOT).unwrap();
        let rule = Rule { priority, ..Rule::nothing() };
        Plan { routes: Routes::from([(slot, rule.into())]), ..Plan::default() }
    }

    fn event(generation: u32, nr: u16, rule: u8) -> Header {
        Header {
            slot: Slot::new(Abi::Native, nr).unwrap(),
            generation,
            rule,
            boottime_ns: 1,
            cgroup: 1,
            charged_uid: 0,
            pid: 1,
            tid: 1,
            awaits_result: false,
            awaits_execution: false,
            awaits_memory: false,
            awaits_executable: false,
            is_exit_lost: false,
        }
    }

    fn priority(lookup: &RuleLookup, event: &Header) -> Option<u8> {
        lookup.find(event).map(|matched| matched.rule.priority)
    }

    #[test]
    fn find_returns_rule_of_the_events_own_generation() {
        let mut lookup = RuleLookup::default();
        lookup.begin(1, &plan(4));
        lookup.begin(2, &plan(5));
        assert_eq!(priority(&lookup, &event(1, SLOT, 0)), Some(4));
        assert_eq!(priority(&lookup, &event(2, SLOT, 0)), Some(5));
    }

    #[test]
    fn find_unknown_generation_slot_or_rule_is_none() {
        let mut lookup = RuleLookup::default();
        lookup.begin(1, &plan(4));
        for event in [event(2, SLOT, 0), event(1, SLOT + 1, 0), event(1, SLOT, 1)] {
            assert_eq!(priority(&lookup, &event), None, "{event:?}");
        }
    }

    #[test]
    fn begin_forgets_the_oldest_of_too_many_tables() {
        let mut lookup = RuleLookup::default();
        for generation in 1..=u32::try_from(TABLES).unwrap() + 1 {
            lookup.begin(generation, &plan(4));
        }
        assert_eq!(priority(&lookup, &event(1, SLOT, 0)), None);
        assert_eq!(priority(&lookup, &event(2, SLOT, 0)), Some(4));
    }
}
