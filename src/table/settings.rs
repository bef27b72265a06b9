//! Translates a plan into the contents of a bank. Makes no call into the kernel.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use syscalls::{Abi, Slot, number};

use super::limits::{self, LimitKey};
use super::numbers::IdMap;
use super::{env, known, program};
use crate::bpf::types::{self, call_flag, special_handler};
use crate::bpf::{
    CHAINS_PER_BANK, FILTERS_PER_BANK, INSNS_PER_BANK, PATTERNS_PER_BANK, RULES_PER_BANK,
};
use crate::config::{Fds, Keep, Paths, Results};
use crate::filter::{NameKind, Op, Program, compile};
use crate::plan::{Awaited, Plan, Route, Rule, env_names, is_exec};

/// Contents of a bank, without the programs of its slots.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Row of each routed slot.
    pub routes: BTreeMap<Slot, types::route>,
    /// Rows of the rules that filters choose from.
    pub rules: Vec<types::route>,
    pub filters: Vec<types::filter>,
    pub insns: Vec<types::filter_insn>,
    pub patterns: Vec<types::pattern>,
    pub chains: Vec<types::chain>,
    /// Slots whose results are recorded.
    pub awaited: Awaited,
}

/// Builder of the settings of a plan.
struct Maker<'a> {
    ids: &'a IdMap,
    env_names: BTreeSet<&'a str>,
    per_uid: Option<LimitKey>,
    /// Returns can be awaited at no cost to other syscalls.
    returns_are_free: bool,
    generation: u32,
    settings: Settings,
    /// Rows and filters that are there already: most routes of a group have the same.
    known_rules: BTreeMap<RowKey, usize>,
    known_filters: BTreeMap<(Program, Vec<usize>), u16>,
    /// Numbers of the chains, from 1.
    chains: BTreeMap<Vec<u8>, u8>,
}

/// All members of a row, to find an equal one.
type RowKey = ([u32; 4], [u16; 4], [u8; 8]);

const UNROUTED: types::route = types::route {
    generation: 0,
    handler: 0,
    priority: 0,
    variant: 0,
    argv_bytes: 0,
    env: 0,
    buffer_bytes: 0,
    flags: 0,
    rule: 0,
    ancestors: 0,
    sample: 0,
    filter: 0,
    limit: 0,
    uid_limit: 0,
    chain: 0,
    known_by: 0,
    reserved: [0; 2],
};

/// Op filters and limits of the plan name.
pub(super) fn wanted(plan: &Plan) -> Result<(BTreeSet<LimitKey>, NameSet, BTreeSet<u32>)> {
    let limits = limits::of(plan);
    let (mut names, mut trees) = (NameSet::new(), BTreeSet::new());
    names.extend(plan.exclude_units.iter().map(|unit| (NameKind::Excluded, unit.clone())));
    for (&slot, route) in &plan.routes {
        let program = program_of(slot, route)?;
        for insn in program.iter().flat_map(|program| &program.insns) {
            match &insn.op {
                Op::Names { names: some, .. } => names.extend(some.iter().cloned()),
                Op::Trees { pids: some, .. } => trees.extend(some),
                _ => {}
            }
        }
    }
    Ok((limits, names, trees))
}

type NameSet = BTreeSet<(NameKind, String)>;

/// `None` where the route has one rule for every call.
fn program_of(slot: Slot, route: &Route) -> Result<Option<Program>> {
    if route.unfiltered().is_some() {
        return Ok(None);
    }
    let program = compile(slot, route.filters()).map_err(anyhow::Error::msg);
    program.map(Some).with_context(|| format!("{slot} cannot be filtered"))
}

impl Settings {
    /// Builds the contents of a bank for the plan.
    ///
    /// # Errors
    /// Fails if the table is larger than the kernel's.
    pub fn make(plan: &Plan, ids: &IdMap, returns_are_free: bool, generation: u32) -> Result<Self> {
        let mut maker = Maker {
            ids,
            env_names: env_names(&plan.routes),
            per_uid: plan.per_uid.map(LimitKey::of_users),
            returns_are_free,
            generation,
            settings: Self::default(),
            known_rules: BTreeMap::new(),
            known_filters: BTreeMap::new(),
            chains: chains(plan, ids),
        };
        maker.settings.chains = maker.chains.keys().map(|numbers| chain(numbers)).collect();
        for (&slot, route) in &plan.routes {
            maker.add(plan, slot, route)?;
        }
        maker.settings.check()?;
        maker.settings.add_returns_of_programs();
        Ok(maker.settings)
    }

    /// Returns the row of a slot, routed or not. `at_exit`: the program at the return of calls looks at its
    /// calls.
    pub fn row(&self, slot: Slot, at_exit: bool) -> types::route {
        let mut row = self.routes.get(&slot).copied().unwrap_or(UNROUTED);
        row.flags |= if at_exit { wire_flag(call_flag::CALL_AT_EXIT) } else { 0 };
        row
    }

    fn check(&self) -> Result<()> {
        let bounds = [
            (self.rules.len(), RULES_PER_BANK, "rules in routes with a filter"),
            (self.filters.len(), FILTERS_PER_BANK, "different filters"),
            (self.insns.len(), INSNS_PER_BANK, "conditions in all filters"),
            (self.patterns.len(), PATTERNS_PER_BANK, "patterns in all filters"),
            (self.chains.len(), CHAINS_PER_BANK, "different chains of handlers"),
        ];
        match bounds.iter().find(|(count, most, _)| count > most) {
            Some((count, most, what)) => bail!("{count} {what} are too many, at most {most}"),
            None => Ok(()),
        }
    }

    /// A program that was executed returns from `execve`, by the ABI of the new program, whichever way it
    /// was executed (arch/x86/kernel/process_64.c, set_personality_64bit).
    fn add_returns_of_programs(&mut self) {
        let execve = Abi::BOTH.into_iter().filter_map(|abi| Slot::new(abi, number(abi, "execve")?));
        let returns = &mut self.awaited.returns;
        if returns.iter().any(|slot| is_exec(*slot)) {
            returns.extend(execve);
        }
    }
}

fn wire_flag(flag: call_flag) -> u16 {
    u16::try_from(flag.0).unwrap_or_default()
}

impl Maker<'_> {
    fn add(&mut self, plan: &Plan, slot: Slot, route: &Route) -> Result<()> {
        let at_return = wire_flag(call_flag::CALL_RESULT) | wire_flag(call_flag::CALL_MEMORY);
        let (executions, others): (Vec<_>, Vec<_>) =
            route.rules.iter().partition(|rule| rule.awaits_execution(slot));
        if !executions.is_empty() {
            self.settings.awaited.executions.insert(slot);
        }
        if others.into_iter().any(|rule| self.flags(rule) & at_return != 0) {
            self.settings.awaited.returns.insert(slot);
        }
        let row = match (route.unfiltered(), program_of(slot, route)?) {
            (None, Some(program)) => self.filtered_row(plan, slot, route, program),
            (rule, _) => rule.map_or(UNROUTED, |rule| self.rule_row(plan, slot, 0, rule)),
        };
        self.settings.routes.insert(slot, row);
        Ok(())
    }

    /// Returns the row of a slot whose calls go to a filter.
    fn filtered_row(
        &mut self,
        plan: &Plan,
        slot: Slot,
        route: &Route,
        program: Program,
    ) -> types::route {
        let rows = (0..).zip(&route.rules);
        let rows = rows.map(|(at, rule)| self.rule_row(plan, slot, at, rule));
        let rows: Vec<types::route> = rows.collect();
        let rules: Vec<usize> = rows.into_iter().map(|row| self.rule(row)).collect();
        types::route {
            generation: self.generation,
            handler: u16::try_from(special_handler::HANDLER_FILTER.0).unwrap_or_default(),
            filter: self.filter(program, rules),
            flags: exec_flag(slot),
            ..UNROUTED
        }
    }

    /// Returns the index of a row among those of rules, which it may join.
    fn rule(&mut self, row: types::route) -> usize {
        let next = self.settings.rules.len();
        let at = *self.known_rules.entry(key(&row)).or_insert(next);
        if at == next {
            self.settings.rules.push(row);
        }
        at
    }

    /// Returns the number of a filter, from 1, which may be a new one.
    fn filter(&mut self, program: Program, rules: Vec<usize>) -> u16 {
        let Settings { filters, insns, patterns, .. } = &mut self.settings;
        let known = (program, rules);
        if let Some(number) = self.known_filters.get(&known) {
            return *number;
        }
        let (program, rules) = &known;
        let offsets = program::BankOffsets { insn: insns.len(), pattern: patterns.len(), rules };
        filters.push(program::filter(program, &offsets));
        insns.extend(program.insns.iter().map(|insn| program::insn(insn, &offsets, self.ids)));
        patterns.extend(program.patterns.iter().map(program::pattern));
        let number = u16::try_from(filters.len()).unwrap_or_default();
        self.known_filters.insert(known, number);
        number
    }

    fn rule_row(&self, plan: &Plan, slot: Slot, at: u8, rule: &Rule) -> types::route {
        let records = rule.handler != 0;
        // A black box overwrites: nobody can flood it.
        let is_limited = records && rule.keep != Keep::Blackbox;
        let uid_limit = self.per_uid.as_ref().filter(|_| is_limited);
        let limit = limits::key(plan, slot, at, rule).filter(|_| is_limited);
        types::route {
            generation: self.generation,
            handler: rule.handler,
            priority: rule.priority,
            variant: rule.variant,
            // The configuration refuses what has no room there.
            argv_bytes: u16::try_from(rule.argv_bytes).unwrap_or(u16::MAX),
            env: env::bits(rule, &self.env_names),
            buffer_bytes: rule.buffer_bytes,
            flags: self.flags(rule) | exec_flag(slot) | execution_flag(slot, rule),
            rule: at,
            ancestors: rule.ancestors,
            sample: limits::sample(rule.sample),
            limit: self.number(limit.as_ref()),
            uid_limit: self.number(uid_limit),
            chain: self.chains.get(&numbers(rule, self.ids)).copied().unwrap_or_default(),
            known_by: known::by(rule),
            ..UNROUTED
        }
    }

    fn number(&self, limit: Option<&LimitKey>) -> u8 {
        limit.and_then(|limit| self.ids.limits.get(limit)).copied().unwrap_or_default()
    }

    /// `enum call_flag`.
    fn flags(&self, rule: &Rule) -> u16 {
        let result = rule.results != Results::None;
        let is_exact = match rule.paths {
            Paths::Auto => self.returns_are_free,
            Paths::Entry => false,
            Paths::Exact => true,
        };
        let flag = |is_set, flag| if is_set { wire_flag(flag) } else { 0 };
        flag(result, call_flag::CALL_RESULT)
            | flag(is_exact, call_flag::CALL_MEMORY)
            | flag(rule.names, call_flag::CALL_NAMES)
            | flag(rule.fds == Fds::Names, call_flag::CALL_FILES)
            | flag(rule.capabilities, call_flag::CALL_CAPABILITIES)
            | flag(rule.exe_sha256, call_flag::CALL_EXECUTABLE)
            | flag(rule.keep == Keep::Always, call_flag::CALL_KEEP)
            | flag(rule.keep == Keep::Blackbox, call_flag::CALL_BLACKBOX)
            | flag(!rule.chain.is_empty(), call_flag::CALL_CHAIN)
    }
}

/// Returns the chains of a plan, numbered from 1 in their order.
fn chains(plan: &Plan, ids: &IdMap) -> BTreeMap<Vec<u8>, u8> {
    let rules = plan.routes.values().flat_map(|route| &route.rules);
    let used = rules.filter(|rule| !rule.chain.is_empty()).map(|rule| numbers(rule, ids));
    let used: BTreeSet<_> = used.collect();
    used.into_iter().zip(1..=u8::MAX).collect()
}

/// Returns the numbers of the handlers in the chain of a rule.
fn numbers(rule: &Rule, ids: &IdMap) -> Vec<u8> {
    rule.chain.iter().filter_map(|object| ids.chained.get(&object.key()).copied()).collect()
}

/// `struct chain`.
fn chain(numbers: &[u8]) -> types::chain {
    let mut chain = types::chain::default();
    chain.handlers.iter_mut().zip(numbers).for_each(|(to, number)| *to = *number);
    chain
}

/// Returns the flag of calls that execute a program: they are recorded also of processes that are excluded.
fn exec_flag(slot: Slot) -> u16 {
    if is_exec(slot) { wire_flag(call_flag::CALL_EXEC) } else { 0 }
}

/// Returns the flag of calls of which only the execution of a program is asked for.
fn execution_flag(slot: Slot, rule: &Rule) -> u16 {
    if rule.awaits_execution(slot) { wire_flag(call_flag::CALL_EXECUTION) } else { 0 }
}

fn key(row: &types::route) -> RowKey {
    (
        [row.generation, row.buffer_bytes, row.sample, 0],
        [row.handler, row.argv_bytes, row.env, row.flags],
        [
            row.priority,
            row.variant,
            row.rule,
            row.ancestors,
            row.limit,
            row.uid_limit,
            row.chain,
            row.known_by,
        ],
    )
}
