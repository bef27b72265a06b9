//! Rate limits of a plan: which events share one, and its parameters for the kernel.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use syscalls::Slot;

use crate::bpf::types::{self, limit_per};
use crate::config::{Limit, Per};
use crate::plan::{Plan, Rule};

/// Rate limit and the scope of the events that share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LimitKey {
    /// Events that share the limit.
    pub owner: Owner,
    /// Rate and burst.
    pub limit: Limit,
}

/// Scope of a limit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Owner {
    /// Events of each syscall, by user.
    Users,
    /// Events of one rule of an entry of the configuration, in all slots that the entry decides.
    Entry {
        /// File of the entry.
        path: PathBuf,
        /// Key of the entry.
        entry: String,
        /// Position of the rule.
        rule: u8,
    },
    /// Events of one rule of a slot.
    Slot(Slot, u8),
}

impl LimitKey {
    /// Returns the key of the limit that each user has.
    pub fn of_users(limit: Limit) -> Self {
        Self { owner: Owner::Users, limit }
    }

    /// Returns whether the limit holds for each syscall by itself, so that cheap calls of a user do not use up the
    /// limit of the others.
    pub fn is_by_slot(&self) -> bool {
        self.owner == Owner::Users
    }
}

/// Returns all limits of the plan that the kernel is to hold.
pub(super) fn of(plan: &Plan) -> BTreeSet<LimitKey> {
    let mut limits: BTreeSet<LimitKey> = plan.per_uid.map(LimitKey::of_users).into_iter().collect();
    for (&slot, route) in &plan.routes {
        let rules = (0..).zip(&route.rules);
        limits.extend(rules.filter_map(|(at, rule)| key(plan, slot, at, rule)));
    }
    limits
}

/// Returns the limit of a rule, if the kernel is to hold it. Where results decide what is recorded, the daemon
/// holds it: at the entry of a call the result is not known.
pub(super) fn key(plan: &Plan, slot: Slot, at: u8, rule: &Rule) -> Option<LimitKey> {
    of_rule(plan, slot, at, rule).filter(|_| !rule.chooses_by_result())
}

/// Returns the limit of a rule, whether the kernel or the daemon holds it.
pub fn of_rule(plan: &Plan, slot: Slot, at: u8, rule: &Rule) -> Option<LimitKey> {
    let owner = match plan.origins.get(&slot) {
        Some(origin) => {
            Owner::Entry { path: origin.path.clone(), entry: origin.entry.clone(), rule: at }
        }
        None => Owner::Slot(slot, at),
    };
    Some(LimitKey { owner, limit: rule.limit? })
}

/// Returns emission interval and tolerance of the limit (GCRA), both in ns. The interval is rounded up, so that
/// there are never more events than allowed.
pub fn gcra_params(limit: &Limit) -> (u64, u64) {
    let interval_ns = limit.rate.period_ns.div_ceil(limit.rate.count.max(1).into());
    (interval_ns, interval_ns.saturating_mul(limit.burst.max(1).into()).min(LONGEST_NS))
}

/// `struct limit`.
pub(super) fn limit(limit: &Limit) -> types::limit {
    let (interval_ns, burst_ns) = gcra_params(limit);
    types::limit {
        interval_ns,
        burst_ns,
        per: match limit.per {
            Per::Route => limit_per::PER_ROUTE.0,
            Per::Uid => limit_per::PER_UID.0,
            Per::Cgroup => limit_per::PER_CGROUP.0,
            Per::Pid => limit_per::PER_PID.0,
            Per::Comm => limit_per::PER_COMM.0,
        },
        reserved: 0,
    }
}

/// The kernel compares differences of times with a sign: a hundred years.
const LONGEST_NS: u64 = 100 * 365 * 86_400 * 1_000_000_000;

/// Returns how many of 2^32 calls are recorded; 0: all.
pub(super) fn sample(one_in: u32) -> u32 {
    if one_in <= 1 { 0 } else { u32::try_from((1_u64 << 32) / u64::from(one_in)).unwrap_or(0) }
}
