//! Checks that functions serve the routes of a table.

use std::collections::BTreeSet;

use syscalls::{Abi, Slot};

use crate::config::{Paths, Results};
use crate::load::functions::Functions;
use crate::load::kernel_facts::KernelFacts;
use crate::plan::{Routes, Rule};

/// Reasons why results come from elsewhere.
pub(super) const FEW_RETURNS: &str = "this kernel tracks few concurrent returns of a function";
pub(super) const NO_RETURNS: &str = "fentry programs see no returns";

/// Reason for sessions.
pub(super) const ONE_LINK: &str = "calls wait for their return";

/// Reason why operations need the tracepoint, and what to do about it.
const NO_OPERATIONS: &str = "fentry programs see no operations of io_uring (abi = [\"native\", \"compat\"] leaves them out)";

/// Function whose fentry program may use the table (src/load/fentry_functions.rs).
const FITTING: &str = "function of the type of the others";

/// Functions that `auto` attaches to one by one, at most: 32 took 0.35 s, and up to 4.3 s to be detached from (5.10
/// and 6.1, emulated).
const FENTRY_MAX: usize = 32;

/// Syscalls that a reason names as examples.
const EXAMPLES: usize = 3;

/// Checks that every routed syscall has a function, and that results need no tracepoint as well.
pub(super) fn all_served(functions: &Functions, routes: &Routes) -> Result<(), String> {
    if !functions.all_return() {
        no_results(routes, FEW_RETURNS)?;
    }
    // An operation of io_uring without a function is one that this kernel does not have.
    let is_hidden = |slot: Slot| !is_elsewhere(slot) && functions.of(slot).is_none();
    have_functions(routes, "function", is_hidden)
}

/// Returns whether calls of some route may wait for their return, if that is seen at no cost to others.
pub(super) fn await_returns(routes: &Routes) -> bool {
    routes.iter().any(|(&slot, route)| {
        let waits = |rule: &Rule| rule.paths != Paths::Entry || rule.results != Results::None;
        let rules = route.rules.iter().filter(|rule| rule.records);
        !is_elsewhere(slot)
            && rules.into_iter().any(|rule| waits(rule) && !rule.awaits_execution(slot))
    })
}

/// Returns whether other functions than those of syscalls show it.
fn is_elsewhere(slot: Slot) -> bool {
    slot.abi() == Abi::IoUring || slot.abi().is_probe()
}

/// Returns the functions for fentry if it serves all routes, misses no calls and is attached soon.
pub(super) fn best_fentry<'f>(
    routes: &Routes,
    facts: &'f KernelFacts,
) -> Result<&'f Functions, String> {
    facts.preemption.clone().map_or(Ok(()), Err)?;
    let functions = facts.fentry.as_ref().map_err(Clone::clone)?;
    no_results(routes, NO_RETURNS)?;
    if let Some(names) = listed(routes, |slot| slot.abi() == Abi::IoUring) {
        return Err(format!("{names} is routed, and {NO_OPERATIONS}"));
    }
    have_functions(routes, FITTING, |slot| functions.of(slot).is_none())?;
    let used: BTreeSet<&str> = routes.keys().filter_map(|&slot| functions.of(slot)).collect();
    match used.len() {
        0..=FENTRY_MAX => Ok(functions),
        many => Err(format!("fentry attaches to {FENTRY_MAX} functions at most, not to {many}")),
    }
}

/// Checks that no route asks for results.
fn no_results(routes: &Routes, because: &str) -> Result<(), String> {
    let is_asked_for = routes.iter().any(|(&slot, route)| route.awaits_results(slot));
    if is_asked_for { Err(format!("a route asks for results, and {because}")) } else { Ok(()) }
}

/// Checks that no routed slot is without a function.
fn have_functions(routes: &Routes, what: &str, lacks: impl Fn(Slot) -> bool) -> Result<(), String> {
    let none = |names| Err(format!("this kernel has no {what} for {names}"));
    listed(routes, lacks).map_or(Ok(()), none)
}

/// Returns the first of some routed slots, and how many more there are; `None` if there are none.
fn listed(routes: &Routes, is_meant: impl Fn(Slot) -> bool) -> Option<String> {
    let meant: Vec<&Slot> = routes.keys().filter(|&&slot| is_meant(slot)).collect();
    let names: Vec<String> = meant.iter().take(EXAMPLES).map(|slot| slot.with_abi()).collect();
    let more = match meant.len().saturating_sub(EXAMPLES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!meant.is_empty()).then(|| format!("{}{more}", names.join(", ")))
}
