//! Many tasks on one CPU, which preempt each other wherever the kernel lets them: inside our programs,
//! if it would. Then it passes over the calls of the others.

use syscalls::Slot;

use crate::filtered_call::{alone, call, plan};
use crate::rig::{Rig, at_functions, own_slot, routes, scaled, trigger_path};
use crate::shell::{Shell, tree_of};

const THREADS: u64 = 8;

#[test]
fn dispatcher_misses_no_calls_of_threads_on_one_cpu() {
    crowd("crowd", own_slot(489));
}

#[test]
fn dispatcher_misses_no_calls_of_preempted_threads() {
    crowd("interrupted", own_slot(490));
}

fn crowd(how: &str, call: Slot) {
    needs_root!();
    needs_unknown_syscalls!();
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let rig = Rig::with_ring(&routes(&handlers, &[(call, "args")]), 64 * 1024 * 1024);
    let times = scaled(50_000);
    let words = [how, &times.to_string(), "native", &call.nr().to_string()];
    let events = rig.trigger(&words).len() as u64;

    let (made, counters) = (THREADS * times, rig.counters(call));
    let lost = counters.lost();
    println!("{made} made, {} seen, {lost} lost", counters.seen);
    rig.assert_seen(made, counters.seen);
    assert_eq!(counters.seen, counters.submitted + lost);
    assert_eq!(counters.submitted, events);
}

/// The kernel skips the program that adds the children where raw tracepoints are preemptible and it is attached to one.
#[test]
fn filter_pid_tree_matches_children_of_processes_on_one_cpu() {
    let Some(_alone) = alone() else { return };
    let mut root = Shell::start();
    let rig = Rig::with_ring(&plan(tree_of(&root)), 16 * 1024 * 1024);
    let times = scaled(800);
    let nr = call().nr();
    root.run(&format!("{} families {times} native {nr}", trigger_path().display()));
    let counters = rig.counters(call());
    let skipped = rig.bpf.misses().expect("the kernel counts them")["proc_tree_fork"];
    println!("{} seen, {} filtered, {skipped} starts skipped", counters.seen, counters.filtered);
    rig.assert_seen(THREADS * times, counters.seen);
    assert!(skipped == 0 || !at_functions(), "{skipped} starts skipped");
    // None is filtered where no start is skipped. Otherwise a child is, if its start and that of its parent
    // were skipped, until the trees are repaired.
    assert!(counters.filtered <= skipped, "{} filtered", counters.filtered);
}
