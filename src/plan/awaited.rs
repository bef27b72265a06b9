//! Calls that wait for their end, by slot.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use syscalls::Slot;

use super::Plan;

/// Slots of calls that wait for their end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// Slots whose calls wait for their return.
    pub returns: BTreeSet<Slot>,
    /// Slots whose calls wait for nothing but the execution of a program.
    pub executions: BTreeSet<Slot>,
}

impl Awaited {
    /// Returns whether no call waits.
    pub fn is_empty(&self) -> bool {
        self.returns.is_empty() && self.executions.is_empty()
    }

    /// Returns whether calls of a slot wait.
    pub fn contains(&self, slot: Slot) -> bool {
        self.returns.contains(&slot) || self.executions.contains(&slot)
    }

    /// Returns the slots of both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            returns: self.returns.union(&other.returns).copied().collect(),
            executions: self.executions.union(&other.executions).copied().collect(),
        }
    }
}

impl Plan {
    /// Returns whether some calls wait for nothing but the execution of a program.
    pub fn awaits_executions(&self) -> bool {
        let mut rules = self
            .routes
            .iter()
            .flat_map(|(&slot, route)| route.rules.iter().map(move |rule| (slot, rule)));
        rules.any(|(slot, rule)| rule.awaits_execution(slot))
    }
}
