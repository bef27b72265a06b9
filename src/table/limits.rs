//! The limits of a plan by number: who shares one, and what the kernel counts by.

use std::collections::BTreeSet;
use std::path::PathBuf;

use syscalls::Slot;

use crate::bpf::types::{self, limit_per};
use crate::config::{Limit, Per};
use crate::plan::{Plan, Rule};

/// A limit, and whose events it bounds together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LimitKey {
    /// Whose.
    pub owner: Owner,
    /// What it allows.
    pub limit: Limit,
}

/// Whose events a limit bounds together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// Those of all routes: one user's.
    Users,
    /// Those of one rule of an entry of the configuration, in all slots that the entry decides.
    Entry {
        /// Its file.
        path: PathBuf,
        /// Its left side.
        entry: String,
        /// The rule's place.
        rule: u8,
    },
    /// Those of one rule of a slot.
    Slot(Slot, u8),
}

impl LimitKey {
    /// What each user may have recorded.
    pub fn of_users(limit: Limit) -> Self {
        Self { owner: Owner::Users, limit }
    }
}

/// All that the plan asks for.
pub(super) fn of(plan: &Plan) -> BTreeSet<LimitKey> {
    let mut limits: BTreeSet<LimitKey> = plan.per_uid.map(LimitKey::of_users).into_iter().collect();
    for (&slot, route) in &plan.routes {
        let rules = (0..).zip(&route.rules);
        limits.extend(rules.filter_map(|(at, rule)| key(plan, slot, at, rule)));
    }
    limits
}

/// The limit of a rule, if the kernel is to hold it. Where results decide what is recorded, the daemon
/// holds it: at the entry of a call nobody knows whether it counts.
pub(super) fn key(plan: &Plan, slot: Slot, at: u8, rule: &Rule) -> Option<LimitKey> {
    of_rule(plan, slot, at, rule).filter(|_| !rule.chooses_by_result())
}

/// The limit of a rule, whoever holds it.
pub fn of_rule(plan: &Plan, slot: Slot, at: u8, rule: &Rule) -> Option<LimitKey> {
    let owner = match plan.origins.get(&slot) {
        Some(origin) => {
            Owner::Entry { path: origin.path.clone(), entry: origin.entry.clone(), rule: at }
        }
        None => Owner::Slot(slot, at),
    };
    Some(LimitKey { owner, limit: rule.limit? })
}

/// What an event pays, and how much may be paid in arrears, both in ns. Rounded up, so that there are
/// never more events than allowed.
pub fn pace(limit: &Limit) -> (u64, u64) {
    let interval_ns = limit.rate.period_ns.div_ceil(limit.rate.count.max(1).into());
    (interval_ns, interval_ns.saturating_mul(limit.burst.max(1).into()).min(LONGEST_NS))
}

/// `struct limit`.
pub(super) fn limit(limit: &Limit) -> types::limit {
    let (interval_ns, burst_ns) = pace(limit);
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

/// Of 2^32 calls so many are recorded; 0: all.
pub(super) fn sample(one_in: u32) -> u32 {
    if one_in <= 1 { 0 } else { u32::try_from((1_u64 << 32) / u64::from(one_in)).unwrap_or(0) }
}
