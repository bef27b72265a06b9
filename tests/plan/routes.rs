//! Entries that decide slots.

use std::path::Path;

use syscalls::{Abi, Slot, group};

use super::config::{faults, plan_at, plan_of};
use super::{ARGS, EXEC, TIMER, named, route, slot_name};

/// Returns the slots of `[routes]` with these lines, by name, and the numbers of their handlers.
fn routed(lines: &str) -> Vec<(String, u16)> {
    let plan = plan_of(&format!("[routes]\n{lines}\n"));
    plan.routes.iter().map(|(slot, route)| (slot_name(*slot), route.rules[0].handler)).collect()
}

#[cfg(target_arch = "x86_64")]
#[test]
fn read_name_routes_both_abis_and_number_the_native_one() {
    let pair = |name: &str, handler| (name.to_owned(), handler);
    assert_eq!(routed("kill = \"args\""), [pair("kill/x86_64", ARGS), pair("kill/i386", ARGS)]);
    assert_eq!(routed("umount = \"args\""), [pair("umount/i386", ARGS)]);
    assert_eq!(routed("arch_prctl = \"args\"").len(), 2);
    assert_eq!(routed("226 = \"args\""), [pair("timer_delete/x86_64", ARGS)]);
    assert_eq!(routed("511 = \"args\""), [pair("#511/x86_64", ARGS)]);
}

#[test]
fn read_entry_of_syscall_overrides_its_group() {
    let swap = group("@swap").unwrap().slots().len();
    assert_eq!(routed("\"@swap\" = \"args\"").len(), swap);
    for lines in
        ["swapon = \"none\"\n\"@swap\" = \"args\"", "\"@swap\" = \"args\"\nswapon = \"none\""]
    {
        let left = routed(lines);
        assert_eq!(left.len(), swap - 2);
        assert!(left.iter().all(|(name, _)| name.starts_with("swapoff/")), "{left:?}");
    }
}

#[test]
fn read_overlapping_groups_that_agree_is_accepted() {
    let default =
        "\"@timer\" = \"args\"\n\"@system-service\" = { handler = \"args\", priority = \"info\" }";
    let calls = routed(default).into_iter().filter(|(name, _)| !name.ends_with("/io_uring"));
    assert_eq!(calls.count(), group("@system-service").unwrap().slots().len());
}

#[test]
fn read_entry_of_syscall_settles_conflict_of_groups() {
    let quarrel = "\"@swap\" = \"args\"\n\"@privileged\" = \"exec\"\n";
    let settled = routed(&format!("{quarrel}swapon = \"timer\"\nswapoff = \"none\""));
    let swap: Vec<_> = settled.iter().filter(|(name, _)| name.starts_with("swap")).collect();
    assert_eq!(swap.len(), 2);
    assert!(swap.iter().all(|(name, handler)| name.starts_with("swapon/") && *handler == TIMER));
}

#[cfg(target_arch = "x86_64")]
#[test]
fn read_drop_ins_override_in_name_order() {
    let plan = plan_at("tests/fixtures/drop-ins/main.toml");
    let at = |abi, nr| plan.routes.get(&Slot::new(abi, nr).unwrap()).cloned();
    let from = |abi, nr| {
        let origin = plan.origins.get(&Slot::new(abi, nr).unwrap()).unwrap();
        let file = origin.path.file_name().unwrap().to_str().unwrap();
        format!("{file}:{} {}", origin.line, origin.entry)
    };
    // A number in a drop-in takes over the native half of the name before it.
    assert_eq!(at(Abi::Native, 59), Some(named(route(ARGS, 3, 100))));
    assert_eq!(at(Abi::Compat, 11), Some(named(route(EXEC, 5, 100))));
    assert_eq!(from(Abi::Native, 59), "10-site.toml:5 59");
    assert_eq!(from(Abi::Compat, 11), "main.toml:5 execve");
    // mount has an entry of its own, umount2 keeps the one of the first file.
    assert_eq!(at(Abi::Native, 165), Some(named(route(EXEC, 5, 1024))));
    assert_eq!(at(Abi::Native, 166), None);
    // The rest of the group follows the drop-in.
    assert_eq!(at(Abi::Native, 155), Some(named(route(1, 5, 100))));
    assert_eq!(from(Abi::Native, 155), "10-site.toml:6 @mount");
    assert_eq!(at(Abi::Native, 222), None);
    assert_eq!((plan.ring_bytes, plan.ring_cpus), (1 << 20, 8));
    assert_eq!(plan.exclude, Vec::<&Path>::new());
    let names: Vec<_> = plan.files.iter().map(|file| file.file_name().unwrap()).collect();
    assert_eq!(names, ["main.toml", "10-site.toml", "20-host.toml", "30-empty.toml"]);
}

/// An ABI that an entry leaves out is decided by other entries: the group, an earlier file, or none.
#[cfg(target_arch = "x86_64")]
#[test]
fn read_abi_leaves_other_abi_to_other_entries() {
    let pair = |name: &str, handler| (name.to_owned(), handler);
    for native in ["\"native\"", "[\"x86_64\"]", "[\"native\", \"x86_64\"]"] {
        let line = format!("kill = {{ handler = \"args\", abi = {native} }}");
        assert_eq!(routed(&line), [pair("kill/x86_64", ARGS)], "{native}");
    }
    let compat = "kill = { handler = \"args\", abi = \"i386\" }";
    assert_eq!(routed(compat), [pair("kill/i386", ARGS)]);
    let both = [pair("kill/x86_64", ARGS), pair("kill/i386", ARGS)];
    assert_eq!(routed("kill = { handler = \"args\", abi = [\"compat\", \"native\"] }"), both);
    let split = "kill = { handler = \"args\", abi = \"compat\" }\n62 = \"exec\"";
    assert_eq!(routed(split), [pair("kill/x86_64", EXEC), pair("kill/i386", ARGS)]);
    let below = "\"@swap\" = \"args\"\nswapon = { handler = \"timer\", abi = \"native\" }";
    let swapon: Vec<_> =
        routed(below).into_iter().filter(|(name, _)| name.starts_with("swapon")).collect();
    assert_eq!(swapon, [pair("swapon/x86_64", TIMER), pair("swapon/i386", ARGS)]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn read_abi_of_route_overrides_defaults_except_for_none() {
    let pair = |name: &str, handler| (name.to_owned(), handler);
    let native = "[defaults]\nabi = \"native\"\n[routes]\n\"@swap\" = \"args\"\n";
    let routes = |more: &str| -> Vec<_> {
        let plan = plan_of(&format!("{native}{more}\n"));
        plan.routes.iter().map(|(slot, route)| (slot_name(*slot), route.rules[0].handler)).collect()
    };
    assert_eq!(routes(""), [pair("swapon/x86_64", ARGS), pair("swapoff/x86_64", ARGS)]);
    let compat = "swapon = { handler = \"exec\", abi = \"compat\" }";
    let three =
        [pair("swapon/x86_64", ARGS), pair("swapoff/x86_64", ARGS), pair("swapon/i386", EXEC)];
    assert_eq!(routes(compat), three);
    let none = "swapon = \"none\"\nkill = { handler = \"args\", abi = [\"native\", \"compat\"] }";
    let left = [pair("kill/x86_64", ARGS), pair("swapoff/x86_64", ARGS), pair("kill/i386", ARGS)];
    assert_eq!(routes(none), left);
}

#[test]
fn read_groups_with_different_results_is_conflict() {
    let result = "\"@privileged\" = { handler = \"args\", result = true }";
    let lines = faults(&format!("[routes]\n\"@swap\" = \"args\"\n{result}\n"));
    assert_eq!(
        lines,
        ["\"@privileged\" and \"@swap\" (line 2) disagree about swapoff, swapon; give each of \
          these an entry of its own, or move one group to a drop-in"]
    );
}
