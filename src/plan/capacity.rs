//! Check that the kernel's tables have room for a plan. Never counts fewer than `table` puts there, so that a plan that
//! is accepted here fits.

use std::collections::BTreeSet;
use std::path::Path;

use syscalls::Slot;

use super::conflict::Winners;
use super::{Origin, Plan, Route, Rule};
use crate::bpf::types::{tag_bit, tag_size};
use crate::bpf::{
    ENV_NAMES, FILTERS_PER_BANK, INSNS_PER_BANK, LIMITS, PATTERNS_PER_BANK, RULES_PER_BANK,
};
use crate::config::{Fault, Filter, Keep, Limit, Redact, Results};
use crate::filter::{NameKind, Op, Program, compile};

/// Most limits: one of their numbers means that there is none.
const LIMITS_MAX: usize = LIMITS - 1;

/// A count, its bound, and its name.
type Bound<'a> = (fn(&Used<'a>) -> usize, usize, &'static str);

const fn bounds<'a>() -> [Bound<'a>; 8] {
    [
        (|used| used.env.len(), ENV_NAMES, "environment variables"),
        (|used| used.limits.len(), LIMITS_MAX, "limits"),
        (|used| used.rows.len(), RULES_PER_BANK, "rules in routes with a filter"),
        (|used| used.filters.len(), FILTERS_PER_BANK, "different filters"),
        (|used| used.insns, INSNS_PER_BANK, "conditions"),
        (|used| used.patterns, PATTERNS_PER_BANK, "patterns"),
        (|used| used.names.len(), tag_bit::TAG_NAMES.0 as usize, "units and slices"),
        (|used| used.trees.len(), tag_size::TREES_MAX.0 as usize, "trees of processes"),
    ]
}

/// Identity of a rate limit: the file, the entry and the rule that share it.
type SharedLimit<'a> = (&'a Path, &'a str, usize, Limit);

/// Entries of the kernel's tables that some routes take.
#[derive(Default)]
struct Used<'a> {
    env: BTreeSet<&'a str>,
    limits: BTreeSet<SharedLimit<'a>>,
    rows: Vec<(usize, Option<SharedLimit<'a>>, Rule)>,
    filters: BTreeSet<(Program, Vec<usize>)>,
    insns: usize,
    patterns: usize,
    names: BTreeSet<(NameKind, String)>,
    trees: BTreeSet<u32>,
}

/// Returns a fault for each table that is too small, at the entry that was one too many.
pub(super) fn faults(winners: &Winners<'_>, plan: &Plan) -> Vec<Fault> {
    let mut used = Used::default();
    used.limits.extend(plan.per_uid.map(|limit| (Path::new(""), "", 0, limit)));
    used.names.extend(plan.exclude_units.iter().map(|unit| (NameKind::Excluded, unit.clone())));
    let bounds = bounds();
    let mut full: Vec<Option<Slot>> = vec![None; bounds.len()];
    for (&slot, route) in &plan.routes {
        used.add(slot, route, plan.origins.get(&slot));
        for ((count, most, _), full) in bounds.iter().zip(&mut full) {
            *full = full.or_else(|| (count(&used) > *most).then_some(slot));
        }
    }
    let faults = bounds.iter().zip(full).filter_map(|((count, most, what), full)| {
        let message =
            format!("{} {what} are too many, all routes together may use {most}", count(&used));
        Some(Fault::at(&winners.get(&full?)?.mark, message))
    });
    faults.collect()
}

impl<'a> Used<'a> {
    fn add(&mut self, slot: Slot, route: &'a Route, origin: Option<&'a Origin>) {
        let rules = route.rules.iter().enumerate();
        let keys: Vec<_> = rules.map(|(at, rule)| limit_key(at, rule, origin)).collect();
        self.limits.extend(keys.iter().flatten());
        self.env.extend(route.rules.iter().flat_map(|rule| &rule.env).map(String::as_str));
        let Ok(program) = compile(slot, route.filters()) else { return };
        for insn in &program.insns {
            match &insn.op {
                Op::Names { names: some, .. } => self.names.extend(some.iter().cloned()),
                Op::Trees { pids: some, .. } => self.trees.extend(some),
                _ => {}
            }
        }
        if route.unfiltered().is_none() {
            let rows = route.rules.iter().zip(keys).enumerate();
            let rows = rows.map(|(at, (rule, key))| self.row((at, key, row(rule)))).collect();
            self.filter(program, rows);
        }
    }

    /// Returns the index of a row, which is added if it is new.
    fn row(&mut self, row: (usize, Option<SharedLimit<'a>>, Rule)) -> usize {
        let known = self.rows.iter().position(|known| *known == row);
        known.unwrap_or_else(|| {
            self.rows.push(row);
            self.rows.len() - 1
        })
    }

    fn filter(&mut self, program: Program, rows: Vec<usize>) {
        let (insns, patterns) = (program.insns.len(), program.patterns.len());
        if self.filters.insert((program, rows)) {
            self.insns += insns;
            self.patterns += patterns;
        }
    }
}

/// Returns the identity of a limit that the kernel holds; it holds none that depends on results.
fn limit_key<'a>(at: usize, rule: &Rule, origin: Option<&'a Origin>) -> Option<SharedLimit<'a>> {
    let limit = rule.limit.filter(|_| !rule.chooses_by_result())?;
    origin.map(|origin| (origin.path.as_path(), origin.entry.as_str(), at, limit))
}

/// Returns the part of a rule that the kernel has; its limit is referred to by number.
fn row(rule: &Rule) -> Rule {
    let awaits = rule.results != Results::None;
    Rule {
        filter: Filter::default(),
        limit: None,
        aggregate: None,
        keep: match rule.keep {
            Keep::Low | Keep::High => Keep::default(),
            of_kernel => of_kernel,
        },
        redact: Redact::default(),
        results: if awaits { Results::All } else { Results::None },
        ..rule.clone()
    }
}
