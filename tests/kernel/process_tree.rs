//! Filters by process tree.

use std::fs;

use crate::counts::Counts;
use crate::filtered_call::{
    alone, apply, assert_filtered, assert_recorded, call, plan, trigger, trigger_line,
};
use crate::rig::{Rig, trigger_path};
use crate::root::in_first_pid_namespace;
use crate::shell::{Shell, Waiting, put_member, tree_of};

#[test]
fn filter_pid_tree_matches_descendants_of_any_depth() {
    let Some(_alone) = alone() else { return };
    let (mut inside, mut outside) = (Shell::start(), Shell::start());
    let rig = Rig::new(&plan(tree_of(&inside)));
    assert_filtered(&rig, || outside.make_call());
    assert_recorded(&rig, || inside.make_call());
    let deep = format!("sh -c 'sh -c \"sh -c \\\"{}; true\\\"; true\"; true'", trigger_line());
    assert_recorded(&rig, || inside.run(&deep));
}

#[test]
fn filter_pid_tree_matches_orphan_that_began_after_filter() {
    let Some(_alone) = alone() else { return };
    let mut root = Shell::start();
    let orphan_before_filter = Waiting::orphan(&mut root);
    let rig = Rig::new(&plan(tree_of(&root)));
    let orphan = Waiting::orphan(&mut root);
    assert_recorded(&rig, || orphan.make_call());
    // No tree has this orphan: its parent had ended before the daemon looked for members.
    assert_filtered(&rig, || orphan_before_filter.make_call());
}

#[test]
fn filter_pid_tree_keeps_orphan_over_reload_with_same_tree() {
    let Some(_alone) = alone() else { return };
    let mut root = Shell::start();
    let mut rig = Rig::new(&plan(tree_of(&root)));
    let orphan = Waiting::orphan(&mut root);
    apply(&mut rig, &plan(tree_of(&root)));
    assert_recorded(&rig, || root.make_call());
    assert_recorded(&rig, || orphan.make_call());
}

#[test]
fn filter_pid_tree_drops_members_after_reload_with_other_tree() {
    let Some(_alone) = alone() else { return };
    let (mut before, mut after) = (Shell::start(), Shell::start());
    let mut rig = Rig::new(&plan(tree_of(&before)));
    let orphan = Waiting::orphan(&mut before);
    apply(&mut rig, &plan(tree_of(&after)));
    assert_filtered(&rig, || before.make_call());
    assert_filtered(&rig, || orphan.make_call());
    assert_recorded(&rig, || after.make_call());
}

/// The third tree gets the bit of the first one, which no table names any more.
#[test]
fn filter_pid_tree_lacks_members_of_tree_that_had_its_bit() {
    let Some(_alone) = alone() else { return };
    let mut shells = [Shell::start(), Shell::start(), Shell::start()];
    let mut rig = Rig::new(&plan(tree_of(&shells[0])));
    let orphan = Waiting::orphan(&mut shells[0]);
    for shell in &shells[1..] {
        apply(&mut rig, &plan(tree_of(shell)));
    }
    let [first, second, third] = &mut shells;
    assert_filtered(&rig, || first.make_call());
    assert_filtered(&rig, || orphan.make_call());
    assert_filtered(&rig, || second.make_call());
    assert_recorded(&rig, || third.make_call());
}

/// The pid of a member is used again, also where the program missed the end of the member.
#[test]
fn filter_pid_tree_lacks_process_that_reuses_pid() {
    // In another pid namespace, no process gets the pid in the first one again.
    if !in_first_pid_namespace() {
        return;
    }
    let Some(_alone) = alone() else { return };
    let mut root = Shell::start();
    let pid = root.id();
    let rig = Rig::new(&plan(tree_of(&root)));
    assert_recorded(&rig, || root.make_call());
    drop(root);
    put_member(&rig, pid, 1);
    // Other processes take pids, too: it may take some tries.
    let mut tries = 0;
    let make_calls = || {
        let is_reused = (1..1000).any(|_| {
            tries += 1;
            make_call_with_pid_after(pid - 1) == pid
        });
        assert!(is_reused, "no process got the pid {pid}");
    };
    let counts = Counts::during(&rig, call(), make_calls);
    assert_eq!(counts, Counts { filtered: tries, ..Counts::default() });
}

/// Makes a call in a process that gets the next free pid after `last`. Returns its pid.
fn make_call_with_pid_after(last: u32) -> u32 {
    let last_pid = "/proc/sys/kernel/ns_last_pid";
    fs::write(last_pid, last.to_string()).expect("the next pid (CAP_SYS_ADMIN)");
    let mut process = trigger(&trigger_path()).spawn().expect("it starts");
    assert!(process.wait().expect("it ends").success());
    process.id()
}
