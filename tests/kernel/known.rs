//! Calls that rules of first times know: the kernel counts them, and each that differs in any part of the key is an
//! event.

use std::sync::{Mutex, MutexGuard, PoisonError};

use syscalls::Slot;
use tailcalld::config::{Filter, Ids, Novel, NovelSubject};
use tailcalld::plan::{Plan, Rule};
use tailcalld::table::SettledCall;

use crate::cgroup::Cgroup;
use crate::filtered_call;
use crate::rig::{Rig, filtered, own_slot, privileged, routes, run_trigger};

/// One after the other: each counts all calls of the slot.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> Option<MutexGuard<'static, ()>> {
    let is_possible = privileged() && !filtered();
    is_possible.then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}

fn call() -> Slot {
    own_slot(499)
}

fn plan(subject: NovelSubject) -> Plan {
    plan_of(call(), subject)
}

fn plan_of(slot: Slot, subject: NovelSubject) -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(slot, "args")]);
    for rule in plan.routes.values_mut().flat_map(|route| &mut route.rules) {
        rule.novel = Some(Novel { subject, by: Vec::new() });
    }
    plan
}

fn note(rig: &Rig, rule: u8, subject: u64) {
    let generation = rig.table.generation();
    rig.table.note_known(&rig.bpf, SettledCall { generation, slot: call(), rule, subject });
}

fn calls(words: &[&str]) {
    let nr = call().nr().to_string();
    run_trigger(&[words, &["native", &nr]].concat());
}

/// Asserts how many calls were seen, how many became events, and that the kernel knew all others.
#[track_caller]
fn assert_counts(rig: &Rig, slot: Slot, seen: u64, events: u64) {
    let counters = rig.counters(slot);
    assert!(counters.balance(), "{counters:?}");
    let counted = (counters.seen, counters.submitted, counters.known_at_entry);
    assert_eq!(counted, (seen, events, seen - events), "{counters:?}");
    rig.records();
}

#[test]
fn known_call_of_four_threads_is_counted_and_no_event() {
    let Some(_alone) = alone() else { return };
    let rig = Rig::new(&plan(NovelSubject::Uid));
    calls(&["as", "7", "times", "10"]);
    assert_counts(&rig, call(), 10, 10);
    note(&rig, 0, 7);
    calls(&["as", "7", "threads", "20000"]);
    assert_counts(&rig, call(), 80_010, 10);
    calls(&["as", "8", "times", "10"]);
    assert_counts(&rig, call(), 80_020, 20);
}

#[test]
fn known_call_is_known_to_its_rule_only() {
    let Some(_alone) = alone() else { return };
    let mut plan = plan(NovelSubject::Uid);
    for route in plan.routes.values_mut() {
        let uid = Some(vec![Ids { range: 7..=7, is_excluded: false }]);
        let first = Rule { filter: Filter { uid, ..Filter::default() }, ..route.rules[0].clone() };
        route.rules.insert(0, first);
    }
    let rig = Rig::new(&plan);
    note(&rig, 1, 7);
    calls(&["as", "7", "times", "10"]);
    assert_counts(&rig, call(), 10, 10);
    note(&rig, 0, 7);
    calls(&["as", "7", "times", "10"]);
    assert_counts(&rig, call(), 20, 10);
}

#[test]
fn known_call_of_older_table_is_event_again() {
    let Some(_alone) = alone() else { return };
    let (first, mut rig) = (plan(NovelSubject::Uid), Rig::new(&plan(NovelSubject::Uid)));
    let old = SettledCall { generation: 1, slot: call(), rule: 0, subject: 7 };
    // Twice, so that the bank is the same one again.
    for round in 1..=2 {
        note(&rig, 0, 7);
        calls(&["as", "7", "times", "10"]);
        rig.table.apply(&mut rig.bpf, &first).expect("the plan is wired");
        rig.table.note_known(&rig.bpf, old);
        calls(&["as", "7", "times", "10"]);
        assert_counts(&rig, call(), 20 * round, 10 * round);
    }
    rig.table.apply(&mut rig.bpf, &plan(NovelSubject::Unit)).expect("the plan is wired");
    calls(&["as", "7", "times", "10"]);
    assert_counts(&rig, call(), 50, 30);
}

#[test]
fn known_call_of_cgroup_is_none_of_another() {
    let Some(_alone) = filtered_call::alone() else { return };
    let slot = filtered_call::call();
    let rig = Rig::new(&plan_of(slot, NovelSubject::Unit));
    let [one, other] = ["known-one.service", "known-other.service"].map(Cgroup::new);
    one.make_call();
    let generation = rig.table.generation();
    rig.table.note_known(&rig.bpf, SettledCall { generation, slot, rule: 0, subject: one.id() });
    one.make_call();
    assert_counts(&rig, slot, 2, 1);
    other.make_call();
    assert_counts(&rig, slot, 3, 2);
}

/// Calls beyond the room take the places of others, which become events again; none is taken for another.
#[test]
fn known_calls_beyond_the_room_forget_others() {
    let Some(_alone) = alone() else { return };
    let rig = Rig::new(&plan(NovelSubject::Uid));
    for subject in 1..=40_000 {
        note(&rig, 0, subject);
    }
    let each = |ids: std::ops::RangeInclusive<u32>| {
        for first in ids.clone().step_by(2_000) {
            let ids: Vec<_> = (first..first + 2_000).map(|id| id.to_string()).collect();
            calls(&["each", &ids.join("|")]);
            rig.records();
        }
        rig.counters(call()).known_at_entry
    };
    let known = each(1..=40_000);
    assert!((14_000..=16_384).contains(&known), "{known}");
    assert_eq!(each(40_001..=44_000), known);
    let counters = rig.counters(call());
    assert_eq!((counters.seen, counters.lost()), (44_000, 0));
}
