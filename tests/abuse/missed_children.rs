//! A process of a tree forks while the kernel skips the program that adds the child (Linux 7.2 and newer), or while the
//! map of members is full: the child is recorded all the same.

use libbpf_rs::MapFlags;
use tailcalld::bpf::types::tag_size;
use tailcalld::clock::boot_now_ns;

use crate::filtered_call::{alone, assert_filtered, assert_recorded, plan};
use crate::rig::Rig;
use crate::root::in_first_pid_namespace;
use crate::shell::{Shell, Waiting, put_member, tree_of};

/// Removes a process from the trees, as if its start had been missed.
fn miss(rig: &Rig, process: &Waiting) {
    let members = rig.bpf.tree_members();
    let key = process.pid.to_ne_bytes();
    assert!(members.lookup(&key, MapFlags::ANY).expect("a lookup").is_some(), "no member");
    members.delete(&key).expect("the member goes");
}

#[test]
fn child_that_fork_program_missed_is_recorded_while_parent_lives() {
    let Some(_alone) = alone().filter(|_| in_first_pid_namespace()) else { return };
    let mut root = Shell::start();
    let rig = Rig::new(&plan(tree_of(&root)));
    let child = Waiting::child(&mut root);
    miss(&rig, &child);
    assert_recorded(&rig, || child.make_call());
}

#[test]
fn repair_finds_missed_child_and_orphan() {
    let Some(_alone) = alone().filter(|_| in_first_pid_namespace()) else { return };
    let (mut root, mut outside) = (Shell::start(), Shell::start());
    let old_orphan = Waiting::orphan(&mut outside);
    let rig = Rig::new(&plan(tree_of(&root)));
    let since_ns = boot_now_ns();
    let missed = [(); 3].map(|()| Waiting::orphan(&mut root));
    let stranger = Waiting::child(&mut outside);
    missed.iter().for_each(|orphan| miss(&rig, orphan));
    let [before_repair, child, orphan] = missed;
    // Nothing is known of the missed orphan but its start.
    assert_filtered(&rig, || before_repair.make_call());
    assert_eq!(rig.bpf.repair_process_trees(since_ns).expect("the kernel lists processes"), 0);
    assert_recorded(&rig, || child.make_call());
    assert_recorded(&rig, || orphan.make_call());
    assert_recorded(&rig, || root.make_call());
    assert_filtered(&rig, || stranger.make_call());
    assert_filtered(&rig, || old_orphan.make_call());
    assert_filtered(&rig, || outside.make_call());
}

#[test]
fn process_without_room_in_trees_is_recorded() {
    let Some(_alone) = alone().filter(|_| in_first_pid_namespace()) else { return };
    let (mut root, mut outside) = (Shell::start(), Shell::start());
    let rig = Rig::new(&plan(tree_of(&root)));
    let since_ns = boot_now_ns();
    // Members whose end was missed; no kernel gives such pids.
    const PID_MAX: u32 = 1 << 22;
    for number in 1..tag_size::TREE_MEMBERS_MAX.0 {
        put_member(&rig, PID_MAX + number, 1);
    }
    let orphans = [(); 2].map(|()| Waiting::orphan(&mut root));
    assert!(rig.bpf.process_trees_lost().expect("a count") > 0, "the map has room");
    let [before_repair, after_repair] = orphans;
    assert_recorded(&rig, || before_repair.make_call());
    assert_recorded(&rig, || outside.make_call());
    assert_eq!(rig.bpf.repair_process_trees(since_ns).expect("the kernel lists processes"), 0);
    assert_recorded(&rig, || after_repair.make_call());
    assert_recorded(&rig, || root.make_call());
    assert_filtered(&rig, || outside.make_call());
}
