//! Plan in, the kernel's table out. A reload writes every slot of the bank that is not live, flips one
//! word, and waits until nobody can still be reading the old bank. A call is judged by one bank or the
//! other, never by a mixture; on any error the old bank stays live. None of the bpf(2) calls here
//! makes the kernel skip programs, see `books` in bpf/maps.h.

mod env;
mod limits;
mod numbers;
mod program;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::RawFd;

use anyhow::{Context as _, Result, ensure};
use libbpf_rs::{ErrorKind, MapFlags};
use syscalls::Slot;

use crate::bpf::types::{limit_size, table_size, tag_bit};
use crate::bpf::{Bank, LIMITS};
use crate::config::Filter;
use crate::filter::NameKind;
use crate::load::Bpf;
use crate::plan::{Plan, Route, env_names};
use crate::units::Units;

pub use limits::{LimitKey, Owner, of_rule as limit_of_rule, pace};
use numbers::{IdMap, Numbers};
use settings::Settings;

const BANK_SLOTS: usize = table_size::BANK_SLOTS.0 as usize;

/// The table in the kernel.
#[derive(Debug)]
pub struct Table {
    /// Of the live bank; 0 is the empty table, and the one that the self-test uses.
    generation: u32,
    /// What the live bank routes.
    slots: BTreeSet<Slot>,
    /// Whose results it asks for.
    results: BTreeSet<Slot>,
    /// Whose returns are looked at: for those, and for calls that the table before judged.
    returns: BTreeSet<Slot>,
    /// Programs may still be reading the bank that is not live.
    overlaps: bool,
    limits: Numbers<LimitKey>,
    names: Numbers<(NameKind, String)>,
    trees: Numbers<u32>,
}

/// The first number of a limit that a route may have.
const FIRST_LIMIT: u8 = limit_size::LIMIT_NONE.0 as u8 + 1;
const LAST_LIMIT: u8 = (LIMITS - 1) as u8;
/// The last bit of a name; trees may have all.
const LAST_NAME: u8 = tag_bit::TAG_NAMES.0 as u8 - 1;
const LAST_TREE: u8 = u64::BITS as u8 - 1;

impl Default for Table {
    fn default() -> Self {
        Self {
            generation: 0,
            slots: BTreeSet::new(),
            results: BTreeSet::new(),
            returns: BTreeSet::new(),
            overlaps: false,
            limits: Numbers::new(FIRST_LIMIT..=LAST_LIMIT),
            names: Numbers::new(0..=LAST_NAME),
            trees: Numbers::new(0..=LAST_TREE),
        }
    }
}

impl Table {
    /// The table as it is after a load: empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of the live bank.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Whether the results of calls of that slot come; for a while also those of calls that the table
    /// before judged.
    pub fn awaits(&self, slot: Slot) -> bool {
        self.returns.contains(&slot)
    }

    /// Looks no longer for results that only the table before asked for. `false` if there are none.
    pub fn forget_old_results(&mut self, bpf: &mut Bpf<'_>) -> bool {
        if self.returns == self.results {
            return false;
        }
        self.returns.clone_from(&self.results);
        bpf.detach_unused_returns(&self.returns);
        true
    }

    /// Makes the plan the live table, as the next generation, and waits until no call is judged by
    /// the one before.
    ///
    /// # Errors
    /// When the kernel refuses a slot; the table that was live before still is.
    pub fn apply(&mut self, bpf: &mut Bpf<'_>, plan: &Plan) -> Result<()> {
        self.go_live(bpf, plan)?;
        self.wait(bpf)?;
        self.detach_unused(bpf);
        Ok(())
    }

    /// As `apply`, but whoever changes the table next waits: at a start nobody asks what the table
    /// before judged.
    ///
    /// # Errors
    /// As `apply`.
    pub fn apply_at_once(&mut self, bpf: &mut Bpf<'_>, plan: &Plan) -> Result<()> {
        self.go_live(bpf, plan)?;
        self.detach_unused(bpf);
        Ok(())
    }

    fn go_live(&mut self, bpf: &mut Bpf<'_>, plan: &Plan) -> Result<()> {
        let programs: Result<BTreeMap<Slot, RawFd>> =
            plan.routes.iter().map(|(slot, route)| program(bpf, *slot, route)).collect();
        self.switch(bpf, &programs?, plan, self.generation + 1)?;
        self.overlaps = true;
        Ok(())
    }

    /// Makes a table live whose only slot answers our own test call. Only as the first one: then
    /// nobody is in a table.
    ///
    /// # Errors
    /// As `apply`.
    pub fn apply_selftest(&mut self, bpf: &mut Bpf<'_>, slot: Slot) -> Result<()> {
        let programs = BTreeMap::from([(slot, bpf.selftest_program())]);
        self.switch(bpf, &programs, &Plan::default(), 0)
    }

    /// The calls that the new table routes come to the dispatcher before it is live.
    fn switch(
        &mut self,
        bpf: &mut Bpf<'_>,
        programs: &BTreeMap<Slot, RawFd>,
        plan: &Plan,
        generation: u32,
    ) -> Result<()> {
        self.wait(bpf)?;
        let idle = bpf.shared.live_bank().other();
        let ids = self.name(plan)?;
        let settings = Settings::make(plan, &ids, bpf.are_returns_free(), generation)?;
        let returns = settings.returns.union(&self.results).copied().collect();
        env::write(bpf, idle, &env_names(&plan.routes));
        self.tell_limits(bpf, &ids);
        let prepared = bpf
            .attach_slots(programs.keys())
            .and_then(|()| bpf.attach_returns(&returns))
            .and_then(|()| bpf.tag_cgroups(&union(self.names.live(), &ids.names)))
            .and_then(|()| bpf.track_process_trees(&union(self.trees.live(), &ids.trees)))
            .and_then(|()| fill(bpf, idle, programs, &settings, &returns));
        if prepared.is_err() {
            self.detach_unused(bpf);
            return prepared;
        }
        bpf.shared.set_live_bank(idle);
        self.results = settings.returns;
        self.returns = returns;
        self.limits.begin(ids.limits);
        self.names.begin(ids.names);
        self.trees.begin(ids.trees);
        self.generation = generation;
        self.slots = programs.keys().copied().collect();
        Ok(())
    }

    /// The numbers of what the plan names.
    fn name(&self, plan: &Plan) -> Result<IdMap> {
        let (limits, names, trees) = settings::wanted(plan)?;
        ensure!(!asks_for_cgroups(plan) || Units::new().is_there(), NO_CGROUPS);
        let many = |what: &str, most: usize| {
            format!("too many {what}: this table and the one before it may name {most} together")
        };
        Ok(IdMap {
            limits: self.limits.assign(&limits).with_context(|| many("limits", LIMITS - 2))?,
            names: self.names.assign(&names).with_context(|| many("units and slices", 62))?,
            trees: self.trees.assign(&trees).with_context(|| many("trees of processes", 64))?,
        })
    }

    /// A number that means something else from now on begins with empty buckets.
    fn tell_limits(&self, bpf: &Bpf<'_>, ids: &IdMap) {
        for (key, &number) in &ids.limits {
            if !self.limits.live().contains_key(key) {
                bpf.forget_buckets(number);
            }
            bpf.shared.set_limit(number, &limits::limit(&key.limit));
        }
    }

    /// What the numbers of limits mean in the live table.
    pub fn limits(&self) -> impl Iterator<Item = (u8, &LimitKey)> {
        self.limits.live().iter().map(|(key, number)| (*number, key))
    }

    fn detach_unused(&self, bpf: &mut Bpf<'_>) {
        bpf.detach_unused(self.slots.iter());
        bpf.detach_unused_returns(&self.returns);
    }

    fn wait(&mut self, bpf: &Bpf<'_>) -> Result<()> {
        if self.overlaps {
            bpf.wait_for_grace()?;
            self.overlaps = false;
        }
        Ok(())
    }
}

/// Writes all of a bank, whatever it held.
fn fill(
    bpf: &Bpf<'_>,
    bank: Bank,
    programs: &BTreeMap<Slot, RawFd>,
    settings: &Settings,
    returns: &BTreeSet<Slot>,
) -> Result<()> {
    for slot in slots() {
        write_program(bpf, bank.base() + u32::from(slot.index()), programs.get(&slot))
            .with_context(|| format!("failed to set the program of {slot}"))?;
        let row = settings.row(slot, returns.contains(&slot));
        bpf.shared.set_route(bank, usize::from(slot.index()), &row);
    }
    fill_filters(bpf, bank, settings);
    Ok(())
}

/// Writes the filters of a bank; no filter of this table leads to what is not overwritten.
fn fill_filters(bpf: &Bpf<'_>, bank: Bank, settings: &Settings) {
    let shared = &bpf.shared;
    for (at, rule) in (BANK_SLOTS..).zip(&settings.rules) {
        shared.set_route(bank, at, rule);
    }
    for (at, filter) in (0..).zip(&settings.filters) {
        shared.set_filter(bank, at, filter);
    }
    for (at, insn) in (0..).zip(&settings.insns) {
        shared.set_insn(bank, at, insn);
    }
    for (at, pattern) in (0..).zip(&settings.patterns) {
        shared.set_pattern(bank, at, pattern);
    }
}

/// Whatever the slot held before, it holds that program now, or none.
fn write_program(bpf: &Bpf<'_>, index: u32, program: Option<&RawFd>) -> libbpf_rs::Result<()> {
    let key = index.to_ne_bytes();
    let Some(program) = program else {
        return match bpf.syscalls().delete(&key) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            result => result,
        };
    };
    bpf.syscalls().update(&key, &program.to_ne_bytes(), MapFlags::ANY)
}

const NO_CGROUPS: &str = "this host has no cgroup v2 hierarchy, so the kernel tells no unit from another: \
                          remove unit, slice, user_unit and container from the configuration";

fn asks_for_cgroups(plan: &Plan) -> bool {
    let rules = plan.routes.values().flat_map(|route| &route.rules);
    rules.map(|rule| &rule.filter).any(Filter::asks_for_cgroup)
}

/// What both tables name: the one that is live until the flip, too.
fn union<K: Ord + Clone>(live: &BTreeMap<K, u8>, next: &BTreeMap<K, u8>) -> BTreeMap<K, u8> {
    live.iter().chain(next).map(|(key, number)| (key.clone(), *number)).collect()
}

/// What stands in a slot: the handler, or the filter that chooses one.
fn program(bpf: &Bpf<'_>, slot: Slot, route: &Route) -> Result<(Slot, RawFd)> {
    let program = match route.unfiltered() {
        Some(rule) => bpf.program(rule.handler),
        None => Some(bpf.filter_program()),
    };
    Ok((slot, program.with_context(|| format!("{slot}: no such handler"))?))
}

fn slots() -> impl Iterator<Item = Slot> {
    (0..).map_while(Slot::from_index)
}
