//! Equations of the counters, and those that do not hold.

use std::collections::BTreeMap;

use super::{RouteStats, Stats};

/// Equation of the counters that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imbalance<'a> {
    /// The route.
    pub route: &'a RouteStats,
    /// The CPU, where one CPU's part does not balance.
    pub cpu: Option<usize>,
    /// Left side of the equation: `seen` or `submitted`.
    pub what: &'static str,
    /// Value of the left side.
    pub whole: u64,
    /// Right side.
    pub parts: &'a BTreeMap<String, u64>,
}

impl Stats {
    /// Returns all equations that do not hold. The counters must be consistent.
    pub fn differences(&self) -> Vec<Imbalance<'_>> {
        let seen = self.routes.iter().flat_map(RouteStats::of_calls);
        let events = self.routes.iter().map(RouteStats::of_events);
        let events: Vec<_> = events.filter(|difference| difference.count() != 0).collect();
        // Records that cannot be decoded are missing there: their route is not known.
        let missing: i128 = events.iter().map(Imbalance::count).sum();
        let explained = missing == i128::from(self.undecodable);
        let seen = seen.filter(|difference| difference.count() != 0);
        seen.chain(events.into_iter().filter(|_| !explained)).collect()
    }
}

impl RouteStats {
    /// The equations of its calls: each CPU's if they are there.
    fn of_calls(&self) -> Vec<Imbalance<'_>> {
        let of = |cpu, whole, parts| Imbalance { route: self, cpu, what: "seen", whole, parts };
        match &self.cpus {
            Some(cpus) => {
                cpus.iter().map(|cpu| of(Some(cpu.cpu), cpu.seen, &cpu.outcomes)).collect()
            }
            None => vec![of(None, self.seen, &self.outcomes)],
        }
    }

    fn of_events(&self) -> Imbalance<'_> {
        let (whole, parts) = (self.submitted, &self.events);
        Imbalance { route: self, cpu: None, what: "submitted", whole, parts }
    }

    /// Events that are lost, for all reasons.
    pub fn lost(&self) -> u64 {
        let all = self.outcomes.iter().chain(&self.events);
        all.filter(|(name, _)| name.starts_with("lost_")).map(|(_, count)| count).sum()
    }
}

impl Imbalance<'_> {
    /// Returns the number missing on the right side; negative if there are too many.
    pub fn count(&self) -> i128 {
        let parts: i128 = self.parts.values().copied().map(i128::from).sum();
        i128::from(self.whole) - parts
    }
}
