//! A user spends the limit of others, or gets more than one: cheap calls before those that matter, ids of a user
//! namespace, containers of root. Each syscall has a limit of its own; ids are charged to the user who made their
//! namespace; each cgroup of root counts by itself.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use syscalls::Slot;
use tailcalld::config::{Keep, Limit, Per, Rate};
use tailcalld::plan::Plan;

use crate::cgroups::{Cgroups, call_in, mount};
use crate::rig::{Rig, own_slot, routes, run_trigger, trigger_path};

const DAY_NS: u64 = 86_400_000_000_000;

/// Returns routes whose users have ten events a day each.
fn limited(calls: &[Slot]) -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let wanted: Vec<_> = calls.iter().map(|call| (*call, "args")).collect();
    let mut plan = routes(&handlers, &wanted);
    let rate = Rate { count: 1, period_ns: DAY_NS };
    plan.per_uid = Some(Limit { rate, burst: 10, per: Per::Uid });
    plan
}

/// Returns how many calls became events and how many the limit refused.
fn counts(rig: &Rig, call: Slot) -> (u64, u64) {
    let counters = rig.counters(call);
    assert!(counters.balance(), "{counters:?}");
    (counters.submitted, counters.limited_uid)
}

#[test]
fn limit_of_user_is_not_spent_by_cheap_calls() {
    needs_root!();
    needs_unknown_syscalls!();
    let (cheap, other) = (own_slot(491), own_slot(492));
    let rig = Rig::new(&limited(&[cheap, other]));
    run_trigger(&["as", "7", "times", "1000", "native", &cheap.nr().to_string()]);
    run_trigger(&["as", "7", "times", "8", "native", &other.nr().to_string()]);
    assert_eq!(counts(&rig, cheap), (10, 990));
    assert_eq!(counts(&rig, other), (8, 0));
}

#[test]
fn ids_of_user_namespace_share_limit_of_its_maker() {
    needs_root!();
    needs_unknown_syscalls!();
    let call = own_slot(493);
    let rig = Rig::new(&limited(&[call]));
    let mut maker = Command::new("unshare");
    maker.uid(65_533).args(["-U", "cat"]).stdin(Stdio::piped());
    let mut maker = maker.spawn().expect("unshare starts");
    let own = fs::read_link("/proc/self/ns/user").expect("our namespace");
    let theirs = || fs::read_link(format!("/proc/{}/ns/user", maker.id())).ok();
    while theirs().is_none_or(|theirs| theirs == own) {
        std::thread::yield_now();
    }
    for map in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/{}/{map}", maker.id()), "0 100000 64\n").expect("root may");
    }
    let target = maker.id().to_string();
    for id in ["1", "2", "3", "4"] {
        let mut member = Command::new("nsenter");
        member.args(["-t", &target, "-U", "-S", id, "-G", id]);
        let script = "\"$0\" times 8 native $1 && unshare -U \"$0\" native $1";
        member.args(["sh", "-c", script]).arg(trigger_path()).arg(call.nr().to_string());
        assert!(member.status().expect("it starts").success());
    }
    drop(maker.stdin.take());
    assert!(maker.wait().expect("it ends").success());
    assert_eq!(counts(&rig, call), (10, 4 * 9 - 10));
    // The user has spent the same limit by that, and nobody else has.
    for (uid, expected) in [("65533", (10, 4 * 9 - 9)), ("100001", (11, 4 * 9 - 9))] {
        run_trigger(&["as", uid, "native", &call.nr().to_string()]);
        assert_eq!(counts(&rig, call), expected, "{uid}");
    }
}

#[test]
fn cgroups_of_root_have_limits_of_their_own() {
    needs_root!();
    needs_unknown_syscalls!();
    let call = own_slot(494);
    let rig = Rig::new(&limited(&[call]));
    let mut cgroups = Cgroups::new();
    let container = cgroups.make(mount().join("tailcalldtest-a.scope"));
    let service = cgroups.make(mount().join("tailcalldtest-b.service"));
    for _ in 0..12 {
        call_in(&container, &trigger_path(), call.nr());
    }
    assert_eq!(counts(&rig, call), (10, 2));
    call_in(&service, &trigger_path(), call.nr());
    assert_eq!(counts(&rig, call), (11, 2));
}

/// A user floods before anybody can read.
#[test]
fn flood_of_user_leaves_half_of_ring_to_others() {
    needs_root!();
    needs_unknown_syscalls!();
    let calls = [own_slot(497), own_slot(498)];
    let mut plan = limited(&calls);
    let rate = Rate { count: 1, period_ns: 60_000_000_000 };
    plan.per_uid = Some(Limit { rate, burst: 100_000, per: Per::Uid });
    for route in plan.routes.values_mut() {
        route.rules.iter_mut().for_each(|rule| rule.keep = Keep::Always);
    }
    let rig = Rig::with_ring(&plan, 2 << 20);
    for call in calls {
        run_trigger(&["as", "7", "times", "50000", "native", &call.nr().to_string()]);
        let counters = rig.counters(call);
        assert!(counters.lost_ring_full > 0 && counters.balance(), "{counters:?}");
        run_trigger(&["as", "8", "times", "1000", "native", &call.nr().to_string()]);
        assert_eq!(rig.counters(call).submitted, counters.submitted + 1000);
    }
}

/// The ring is full of events that nobody reads.
#[test]
fn full_ring_has_room_for_events_to_be_kept() {
    needs_root!();
    needs_unknown_syscalls!();
    let (cheap, kept) = (own_slot(495), own_slot(496));
    let mut plan = limited(&[cheap, kept]);
    plan.per_uid = None;
    let keep = |plan: &mut Plan| {
        let rules = plan.routes.get_mut(&kept).map(|route| &mut route.rules);
        rules.expect("a route").iter_mut().for_each(|rule| rule.keep = Keep::Always);
    };
    keep(&mut plan);
    let rig = Rig::with_ring(&plan, 64 << 10);
    run_trigger(&["times", "1000", "native", &cheap.nr().to_string()]);
    let counters = rig.counters(cheap);
    assert_eq!((counters.seen, counters.lost() > 0, counters.balance()), (1000, true, true));
    run_trigger(&["times", "20", "native", &kept.nr().to_string()]);
    assert_eq!((rig.counters(kept).submitted, rig.counters(kept).lost()), (20, 0));
}
