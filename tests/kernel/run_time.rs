//! Run time of calls: every call that is made in a measurement is in it once, whatever becomes of it and whichever
//! program it ends in, and no other call.

use std::sync::atomic::Ordering::SeqCst;

use syscalls::{Abi, Slot};
use tailcalld::clock;
use tailcalld::config::{Fds, Ids, Limit, Per, Rate, Results};
use tailcalld::load;
use tailcalld::plan::{Plan, Rule};
use tailcalld::stats::KernelCounters;

use crate::rig::{Rig, own_slot, routes, run_trigger, slot};

const CALLS: u64 = 50;
const HOUR_NS: u64 = 3_600_000_000_000;

fn call() -> Slot {
    own_slot(495)
}

fn make_calls() {
    run_trigger(&["times", &CALLS.to_string(), "native", &call().nr().to_string(), "1"]);
}

fn plan_of(slot: Slot, handler: &str, change: impl Fn(&mut Rule)) -> Plan {
    let mut plan = routes(&load::handlers().expect("the object opens"), &[(slot, handler)]);
    plan.routes.values_mut().flat_map(|route| &mut route.rules).for_each(change);
    plan
}

/// Calls and ns of a slot, by the programs.
fn run_time(rig: &Rig, slot: Slot) -> (u64, u64) {
    let [ns, calls] = rig.bpf.shared.run_time(slot.index().into()).expect("a slot");
    (calls.load(SeqCst), ns.load(SeqCst))
}

fn measure_from(rig: &Rig, since_ns: u64) {
    rig.bpf.shared.timed_since_ns().store(since_ns, SeqCst);
}

/// Returns the calls that were measured while `make_calls` ran with the clock on.
fn measured(rig: &Rig, slot: Slot, make_calls: impl FnOnce()) -> u64 {
    let before = run_time(rig, slot);
    measure_from(rig, clock::boot_now_ns());
    make_calls();
    measure_from(rig, 0);
    let after = run_time(rig, slot);
    let calls = after.0 - before.0;
    assert_eq!(after.1 > before.1, calls > 0, "{before:?} {after:?}");
    calls
}

/// A rule, and the counter that has its calls.
type Case = (&'static str, fn(&mut Rule), fn(&KernelCounters) -> u64);

/// Each way that a call may go, at the entry.
const CASES: [Case; 7] = [
    ("count", |_| {}, |counters| counters.counted),
    ("args", |_| {}, |counters| counters.submitted),
    ("args", |rule| (rule.names, rule.capabilities) = (true, true), |counters| counters.submitted),
    ("args", |rule| rule.results = Results::All, |counters| counters.submitted),
    ("args", |rule| rule.filter.uid = Some(vec![nobody()]), |counters| counters.filtered),
    ("args", |rule| rule.limit = Some(never()), |counters| counters.limited),
    ("args", |rule| rule.sample = u32::MAX, |counters| counters.sampled),
];

fn nobody() -> Ids {
    Ids { range: 65534..=65534, is_excluded: false }
}

/// One call a day, which the calls before the measurement have.
fn never() -> Limit {
    Limit { rate: Rate { count: 1, period_ns: 24 * HOUR_NS }, burst: 1, per: Per::Route }
}

#[test]
fn measurement_has_each_call_once_whatever_becomes_of_it() {
    needs_root!();
    needs_unknown_syscalls!();
    let plans = CASES.map(|(handler, change, _)| plan_of(call(), handler, change));
    let mut rig = Rig::of_tables(&plans.each_ref(), 4 << 20);
    for (number, (plan, (_, _, outcome))) in plans.iter().zip(CASES).enumerate() {
        rig.table.apply(&mut rig.bpf, plan).expect("the table is wired");
        let unmeasured = run_time(&rig, call());
        make_calls();
        assert_eq!(run_time(&rig, call()), unmeasured, "case {number}: the clock is off");
        let before = rig.counters(call());
        let calls = measured(&rig, call(), make_calls);
        let after = rig.counters(call());
        rig.assert_seen(CALLS, after.seen - before.seen);
        assert_eq!(calls, after.seen - before.seen, "case {number}");
        assert_eq!(outcome(&after) - outcome(&before), calls, "case {number}: {after:?}");
        make_calls();
        assert_eq!(measured(&rig, call(), || {}), 0, "case {number}: nothing is left over");
    }
}

/// Strings, names and files behind descriptors are read by programs that continue the handler.
#[test]
fn measurement_has_calls_that_other_programs_finish() {
    needs_root!();
    let execve = slot(Abi::Compat, "execve");
    let rig = Rig::new(&plan_of(execve, "exec", |rule| {
        (rule.names, rule.fds, rule.ancestors) = (true, Fds::Names, 8);
    }));
    let nr = execve.nr().to_string();
    let calls = measured(&rig, execve, || {
        for _ in 0..3 {
            run_trigger(&["compat", &nr, "text:/nonexistent", "argv32:2", "0"]);
        }
    });
    assert_eq!((calls, rig.counters(execve).submitted), (3, 3));
}

/// They may have begun on any CPU in an earlier measurement, and end now.
#[test]
fn measurement_leaves_out_calls_that_began_before() {
    needs_root!();
    needs_unknown_syscalls!();
    let rig = Rig::new(&plan_of(call(), "count", |_| {}));
    measure_from(&rig, clock::boot_now_ns() + HOUR_NS);
    make_calls();
    assert_eq!(run_time(&rig, call()), (0, 0));
    assert_eq!(measured(&rig, call(), || {}), 0);
}

#[test]
fn measurement_has_operations_of_io_uring() {
    needs_root!();
    needs_operations!();
    let madvise = Slot::new(Abi::IoUring, 25).expect("an operation");
    let rig = Rig::new(&plan_of(madvise, "args", |_| {}));
    let calls = measured(&rig, madvise, || run_trigger(&["uring", "25", "addr=0", "len=0"]));
    assert_eq!((calls, rig.counters(madvise).submitted), (1, 1));
}
