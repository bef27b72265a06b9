//! The counters against a count of somebody else's: every call is in one place, whatever becomes of its task.

use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use syscalls::Slot;
use tailcalld::config::{Ids, Limit, Per, Rate};
use tailcalld::plan::Plan;
use tailcalld::stats::KernelCounters;

use crate::rig::{Rig, filtered, own_slot, privileged, rig, routes, scaled, trigger_path};
use crate::root::in_first_pid_namespace;

/// One after the other: each counts all calls of the slot.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> Option<MutexGuard<'static, ()>> {
    let is_possible = privileged() && !filtered();
    is_possible.then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}

fn call() -> Slot {
    own_slot(487)
}

fn flood(uid: &str) -> Child {
    let mut command = Command::new(trigger_path());
    command.args(["as", uid, "endless", "native", &call().nr().to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    command.spawn().expect("the trigger starts")
}

/// Ended by force, in the middle of whatever it does.
fn kill(mut child: Child) {
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

fn plan() -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(call(), "args")]);
    plan.per_uid = Some(Limit {
        rate: Rate { count: 10_000, period_ns: 1_000_000_000 },
        burst: 10_000,
        per: Per::Uid,
    });
    plan
}

fn plan_of_round(round: u32) -> Plan {
    let uid = |uid| vec![Ids { range: uid..=uid, is_excluded: true }];
    let mut plan = plan();
    plan.routes.values_mut().flat_map(|route| &mut route.rules).for_each(|rule| {
        rule.filter.uid = (round % 3 == 0).then(|| uid(7));
        rule.sample = 1 + round % 2;
    });
    plan
}

fn counters(rig: &Rig) -> KernelCounters {
    let counters = rig.counters(call());
    assert!(counters.balance(), "{counters:?}");
    counters
}

/// Nobody reads the ring, which is small; three users call as fast as they can and are killed; tables
/// come and go. Another object of ours, with a table of its own, counts the same calls.
#[test]
fn counters_have_each_call_once_under_kills() {
    let Some(_alone) = alone() else { return };
    let mut counter = rig(&[(call(), "count")]);
    let mut rig = Rig::of_tables(&[&plan(), &plan_of_round(0)], 256 * 1024);
    rig.pause();
    let floods = ["0", "7", "8"].map(flood);
    for round in 0..scaled(40) as u32 {
        rig.table.apply(&mut rig.bpf, &plan_of_round(round)).expect("the table is wired");
    }
    floods.into_iter().for_each(kill);
    // No CPU runs a handler any more.
    for table in [&mut rig, &mut counter] {
        table.table.apply(&mut table.bpf, &Plan::default()).expect("an empty table");
    }
    let made = counters(&counter).counted;
    rig.assert_seen(made, counters(&rig).seen);
    let counters = counters(&rig);
    assert!(
        counters.lost_ring_full > 0 && counters.filtered > 0 && counters.limited_uid > 0,
        "{counters:?}"
    );
    assert_eq!(rig.events().len() as u64, counters.submitted);
}

/// A process that has the number of one that has ended has a limit of its own.
#[test]
fn limit_per_pid_is_new_for_reused_pid() {
    // In another one, its number in the first is not had again.
    if !in_first_pid_namespace() {
        return;
    }
    let Some(_alone) = alone() else { return };
    let mut plan = plan();
    let limit =
        Limit { rate: Rate { count: 1, period_ns: 86_400_000_000_000 }, burst: 5, per: Per::Pid };
    plan.routes.values_mut().for_each(|route| route.rules[0].limit = Some(limit));
    let rig = Rig::new(&plan);
    let nr = call().nr().to_string();
    let run = || {
        let mut command = Command::new(trigger_path());
        let mut child = command.args(["times", "9", "native", &nr]).spawn().expect("it starts");
        let pid = child.id();
        assert!(child.wait().expect("it ends").success());
        pid
    };
    // Other processes take numbers, too: it may take some tries until one is had twice.
    let twice = (0..1000).find(|_| {
        let before = counters(&rig);
        let pid = run();
        let last = "/proc/sys/kernel/ns_last_pid";
        std::fs::write(last, (pid - 1).to_string()).expect("the next number (CAP_SYS_ADMIN)");
        let is_same = run() == pid;
        let after = counters(&rig);
        assert_eq!((after.submitted - before.submitted, after.limited - before.limited), (10, 8));
        is_same
    });
    assert!(twice.is_some(), "no number was had twice");
}

#[test]
fn program_whose_skipped_runs_are_counted_is_documented() {
    needs_root!();
    let rig = rig(&[(call(), "args")]);
    let events = include_str!("../../docs/events.md");
    let (_, section) = events.split_once("<a name=\"missed-runs\"></a>").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("another section");
    for name in rig.bpf.misses().expect("the kernel counts them").keys() {
        assert!(section.contains(&format!("`{name}`")), "docs/events.md does not explain {name}");
    }
}
