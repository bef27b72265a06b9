//! Step from one table to the next: the idle bank is filled, with numbers for what its routes name, and goes live.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::RawFd;

use anyhow::{Context as _, Result, ensure};
use syscalls::Slot;

use super::bank::{FilledSlots, fill};
use super::numbers::IdMap;
use super::settings::{self, Settings};
use super::state::TableState;
use super::{
    LAST_NAME, LAST_TREE, Table, chained_by_kind, chained_objects, env, known, limits, selftest,
};
use crate::bpf::{Bank, CHAINED_MAX, LIMITS};
use crate::config::Filter;
use crate::handlers::HandlerObject;
use crate::load::Bpf;
use crate::plan::{Plan, env_names};
use crate::units::Units;

impl Table {
    /// Fills the idle bank and makes it the live one. The calls that it routes come to the dispatcher before.
    pub(super) fn flip(
        &mut self,
        bpf: &mut Bpf<'_>,
        programs: BTreeMap<Slot, RawFd>,
        plan: &Plan,
        (generation, selftest): (u32, Option<Slot>),
    ) -> Result<()> {
        self.wait_for_grace(bpf)?;
        let idle = bpf.shared.live_bank().other();
        let program_ids = selftest::ids(&programs)?;
        let ids = self.assign_numbers(plan)?;
        let settings = Settings::make(plan, &ids, bpf.are_returns_free(), generation)?;
        let returns = settings.awaited.union(&self.results);
        env::write(bpf, idle, &env_names(&plan.routes));
        known::clear(bpf, idle);
        self.write_limits(bpf, &ids);
        let filled = self.take_filled(bpf, idle)?;
        let prepared = self
            .write_chained(bpf, plan, &ids)
            .and_then(|()| bpf.attach_slots(programs.keys()))
            .and_then(|()| bpf.attach_returns(&returns))
            .and_then(|()| bpf.tag_cgroups(&union(self.names.live(), &ids.names)))
            .and_then(|()| bpf.track_process_trees(&union(self.trees.live(), &ids.trees)))
            .and_then(|()| fill(bpf, (idle, &filled), &programs, &settings, &returns.returns));
        if prepared.is_err() {
            self.detach_unused(bpf);
            return prepared;
        }
        let state = TableState {
            base: idle.base(),
            generation,
            plan: plan.clone(),
            selftest,
            results: settings.awaited.clone(),
            returns: returns.clone(),
            limits: pairs(&ids.limits),
            names: pairs(&ids.names),
            trees: pairs(&ids.trees),
            chained: pairs(&ids.chained),
        };
        if let Err(error) = self.save(bpf, Some(&state)) {
            tracing::warn!("a daemon that follows this one cannot adopt its table: {error:#}");
        }
        bpf.go_live(idle, generation > 0);
        (self.state, self.selftest) = (state, selftest);
        self.results = settings.awaited;
        self.returns = returns;
        self.limits.begin(ids.limits);
        self.names.begin(ids.names);
        self.trees.begin(ids.trees);
        self.chained.begin(ids.chained);
        self.generation = generation;
        self.ids = program_ids;
        self.programs = programs;
        Ok(())
    }

    /// Returns the slots of a bank that have a program. The bank counts as used from now on.
    fn take_filled(&mut self, bpf: &Bpf<'_>, bank: Bank) -> Result<FilledSlots> {
        let unused = self.unused.get_mut(bank.index()).map(std::mem::take);
        if unused == Some(true) { Ok(Some(BTreeSet::new())) } else { bpf.filled_slots(bank) }
    }

    /// Assigns numbers to the limits, names and trees of the plan.
    fn assign_numbers(&self, plan: &Plan) -> Result<IdMap> {
        let (limits, names, trees) = settings::wanted(plan)?;
        ensure!(!asks_for_cgroups(plan) || Units::new().is_there(), NO_CGROUPS);
        let many = |what: &str, most: usize| {
            format!("too many {what}: this table and the one before it may name {most} together")
        };
        Ok(IdMap {
            limits: self.limits.assign(&limits).with_context(|| many("limits", LIMITS - 2))?,
            names: self
                .names
                .assign(&names)
                .with_context(|| many("units and slices", usize::from(LAST_NAME) + 1))?,
            trees: self
                .trees
                .assign(&trees)
                .with_context(|| many("trees of processes", usize::from(LAST_TREE) + 1))?,
            chained: self
                .chained
                .assign(&chained_objects(plan).map(HandlerObject::key).collect())
                .with_context(|| many("handlers in chains", usize::from(CHAINED_MAX) - 1))?,
        })
    }

    /// Puts the programs of chains in their places, as far as the live table does not have them there.
    fn write_chained(&self, bpf: &mut Bpf<'_>, plan: &Plan, ids: &IdMap) -> Result<()> {
        let live = self.live_chains(bpf);
        let mut new = BTreeMap::new();
        for (kind, object) in chained_by_kind(bpf, plan) {
            let key = (kind, object.key());
            if let Some(number) = ids.chained.get(&key.1).filter(|_| !live.contains_key(&key)) {
                new.insert(key, (kind, object, *number));
            }
        }
        bpf.set_chained(new.values().copied())
    }

    /// Writes the limits, with empty buckets for each number that means another limit from now on.
    fn write_limits(&self, bpf: &Bpf<'_>, ids: &IdMap) {
        for (key, &number) in &ids.limits {
            if !self.limits.live().contains_key(key) {
                bpf.forget_buckets(number);
            }
            bpf.shared.set_limit(number, &limits::limit(&key.limit));
        }
    }
}

const NO_CGROUPS: &str = "this host has no cgroup v2 hierarchy, so the kernel tells no unit from another: \
                          remove unit, slice, user_unit and container from the configuration";

fn asks_for_cgroups(plan: &Plan) -> bool {
    let rules = plan.routes.values().flat_map(|route| &route.rules);
    rules.map(|rule| &rule.filter).any(Filter::asks_for_cgroup)
}

/// Returns the numbers of the live table and of the next one together: both are in use around the flip.
fn union<K: Ord + Clone>(live: &BTreeMap<K, u8>, next: &BTreeMap<K, u8>) -> BTreeMap<K, u8> {
    live.iter().chain(next).map(|(key, number)| (key.clone(), *number)).collect()
}

fn pairs<K: Clone, V: Copy>(map: &BTreeMap<K, V>) -> Vec<(K, V)> {
    map.iter().map(|(key, value)| (key.clone(), *value)).collect()
}
