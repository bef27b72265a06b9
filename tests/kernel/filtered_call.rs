//! A syscall that only the trigger makes, with a filter on its route: shared by the tests of filters by cgroup,
//! executable and process tree.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use syscalls::Slot;
use tailcalld::config::{Filter, Part, Pattern};
use tailcalld::plan::Plan;

use crate::counts::Counts;
use crate::rig::{Rig, filtered, own_slot, privileged, routes, trigger_path};

/// Held by each test that uses the slot: the counters include the calls of all processes.
static ALONE: Mutex<()> = Mutex::new(());

/// Waits for the other tests of the slot. Returns `None` where the call cannot be made.
pub fn alone() -> Option<MutexGuard<'static, ()>> {
    let is_possible = privileged() && !filtered();
    is_possible.then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}

pub fn call() -> Slot {
    own_slot(485)
}

/// Returns a plan that records the calls that pass the filter.
pub fn plan(filter: Filter) -> Plan {
    let mut plan = unfiltered_plan("args");
    plan.routes.values_mut().for_each(|route| route.rules[0].filter = filter.clone());
    plan
}

pub fn unfiltered_plan(handler: &str) -> Plan {
    routes(&tailcalld::load::handlers().expect("the object opens"), &[(call(), handler)])
}

pub fn apply(rig: &mut Rig, plan: &Plan) {
    rig.table.apply(&mut rig.bpf, plan).expect("the filter is wired");
}

pub fn pattern(text: &str, part: Part, is_excluded: bool) -> Pattern {
    Pattern { text: text.to_owned(), part, is_excluded }
}

/// Returns a command that makes the call once. `program` is a copy of the trigger.
pub fn trigger(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["native", &call().nr().to_string()]);
    command
}

/// Returns a line of shell that makes the call once.
pub fn trigger_line() -> String {
    format!("{} native {}", trigger_path().display(), call().nr())
}

pub fn run(mut command: Command) {
    assert!(command.status().expect("it starts").success());
}

#[track_caller]
pub fn assert_recorded(rig: &Rig, make_calls: impl FnOnce()) {
    assert_counts(rig, make_calls, Counts { recorded: 1, ..Counts::default() });
}

#[track_caller]
pub fn assert_filtered(rig: &Rig, make_calls: impl FnOnce()) {
    assert_counts(rig, make_calls, Counts { filtered: 1, ..Counts::default() });
}

#[track_caller]
pub fn assert_counts(rig: &Rig, make_calls: impl FnOnce(), expected: Counts) {
    assert_eq!(Counts::during(rig, call(), make_calls), expected);
}
