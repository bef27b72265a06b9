//! Tests of one link at entry and return (kprobe.session). Others run in the guests that have it.

use std::fs;

use libbpf_rs::query::ProgInfoIter;
use syscalls::Slot;
use tailcalld::config::{Paths, Results};
use tailcalld::load::DISPATCHER;
use tailcalld::plan::Plan;

use crate::rig::{Rig, at_sessions, own_slot, routes, run_trigger};

const CALLS: u64 = 20;

/// Returns a plan of two routes, of which the first awaits results.
fn plan(awaited: Slot, other: Slot) -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(awaited, "args"), (other, "args")]);
    for route in plan.routes.values_mut() {
        route.rules[0].paths = Paths::Entry;
    }
    plan.routes.get_mut(&awaited).expect("it is routed").rules[0].results = Results::All;
    plan
}

/// Returns how often the kernel has run the dispatcher.
fn runs() -> u64 {
    let mut programs = ProgInfoIter::default();
    let dispatcher = programs.find(|program| program.name == DISPATCHER);
    dispatcher.expect("it is loaded").run_cnt
}

/// Returns how often the kernel runs the dispatcher for some calls of a slot.
fn runs_for_calls(slot: Slot) -> u64 {
    let before = runs();
    run_trigger(&["times", &CALLS.to_string(), "native", &slot.nr().to_string()]);
    runs() - before
}

#[test]
fn dispatcher_runs_at_return_of_calls_that_wait_for_it_only() {
    needs_root!();
    if !at_sessions() {
        return;
    }
    let (awaited, other) = (own_slot(490), own_slot(491));
    let rig = Rig::new(&plan(awaited, other));
    fs::write("/proc/sys/kernel/bpf_stats_enabled", "1").expect("root may count runs");
    assert_eq!((runs_for_calls(other), runs_for_calls(awaited)), (CALLS, 2 * CALLS));
    assert_eq!(rig.events().len() as u64, 2 * CALLS);
}
