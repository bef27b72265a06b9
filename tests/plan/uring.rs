//! Routes of operations of `io_uring`: those of the syscalls that they stand for, or their own.

use syscalls::{Abi, Slot, names, number};
use tailcalld::plan::Plan;

use super::config::plan_of;

fn slot(abi: Abi, name: &str) -> Slot {
    Slot::new(abi, number(abi, name).unwrap()).unwrap()
}

/// Returns the operations with a route, by their names.
fn operations(plan: &Plan) -> Vec<&'static str> {
    let routed = plan.routes.keys().filter(|slot| slot.abi() == Abi::IoUring);
    routed.filter_map(|slot| slot.name()).collect()
}

fn operations_of(routes: &str) -> Vec<&'static str> {
    operations(&plan_of(&format!("[routes]\n{routes}\n")))
}

#[test]
fn read_syscall_routes_operations_that_stand_for_it() {
    let plan = plan_of("[routes]\nopenat = { handler = \"args\", priority = 4, uid = 7 }\n");
    assert_eq!(operations(&plan), ["openat"]);
    let route = |abi| plan.routes.get(&slot(abi, "openat"));
    assert_eq!(route(Abi::IoUring), route(Abi::Native));
    assert_eq!(plan.origins.get(&slot(Abi::IoUring, "openat")).unwrap().entry, "openat");
    assert_eq!(operations_of("sendto = \"args\""), ["send", "send_zc"]);
    assert_eq!(operations_of("unlink = \"count\""), ["unlinkat"]);
    assert_eq!(operations_of("getpid = \"args\"\nexecve = \"exec\""), Vec::<&str>::new());
}

#[test]
fn read_nearest_syscall_decides_operation() {
    let plan =
        plan_of("[routes]\nrename = { handler = \"args\", uid = 7 }\nrenameat2 = \"args\"\n");
    let of = |abi, name| plan.routes.get(&slot(abi, name));
    assert_eq!(of(Abi::IoUring, "renameat"), of(Abi::Native, "renameat2"));
}

#[test]
fn read_set_routes_operations_of_its_members() {
    let all = operations_of("\"@network-io\" = \"args\"");
    let expected = [
        "sendmsg",
        "recvmsg",
        "accept",
        "connect",
        "send",
        "recv",
        "shutdown",
        "socket",
        "send_zc",
        "sendmsg_zc",
        "bind",
        "listen",
        "recv_zc",
    ];
    assert_eq!(all, expected);
    let without = operations_of("\"@network-io\" = \"args\"\nconnect = \"none\"");
    assert!(!without.contains(&"connect") && without.len() == expected.len() - 1);
}

#[test]
fn read_entry_of_operation_overrides_syscall() {
    let own = operations_of("openat = \"args\"\n\"uring:openat\" = \"none\"");
    assert_eq!(own, Vec::<&str>::new());
    let plan = plan_of("[routes]\n\"uring:nop\" = \"count\"\n\"uring:openat\" = \"args\"\n");
    assert_eq!(operations(&plan), ["nop", "openat"]);
    assert_eq!(plan.routes.len(), 2);
    for (nr, name) in names(Abi::IoUring) {
        let routed = operations_of(&format!("\"uring:{name}\" = \"args\""));
        assert_eq!((nr, routed), (nr, vec![name]));
    }
}

#[test]
fn read_abi_excludes_operations() {
    for (abi, operations, all) in [
        ("\"native\"", 0, 1),
        ("[\"native\", \"compat\"]", 0, 2),
        ("\"io_uring\"", 1, 1),
        ("[\"compat\", \"io_uring\"]", 1, 2),
    ] {
        let plan = plan_of(&format!("[routes]\nopenat = {{ handler = \"args\", abi = {abi} }}\n"));
        let of_rings = plan.routes.keys().filter(|slot| slot.abi() == Abi::IoUring);
        assert_eq!((of_rings.count(), plan.routes.len()), (operations, all), "{abi}");
    }
}

#[test]
fn read_number_or_missing_argument_routes_no_operation() {
    let number = number(Abi::Native, "openat").unwrap();
    assert_eq!(operations_of(&format!("{number} = \"args\"")), Vec::<&str>::new());
    // An operation has its offset as a number, the syscall a pointer of another name.
    let of = |argument| {
        operations_of(&format!("splice = {{ handler = \"args\", argument = \"{argument}\" }}"))
    };
    assert_eq!(of("len > 4096"), ["splice"]);
    assert_eq!(
        operations_of("accept4 = { handler = \"args\", argument = \"flags = 0\" }"),
        ["accept"]
    );
    assert_eq!(
        operations_of("waitid = { handler = \"args\", argument = \"ru = 0\" }"),
        Vec::<&str>::new()
    );
}

#[test]
fn read_operation_awaits_no_result() {
    let plan =
        plan_of("[routes]\nopenat = { handler = \"args\", result = true, paths = \"exact\" }\n");
    let (ring, native) = (slot(Abi::IoUring, "openat"), slot(Abi::Native, "openat"));
    assert!(!plan.routes[&ring].awaits_results(ring));
    assert_eq!(plan.routes[&ring].rules[0].paths, tailcalld::config::Paths::Entry);
    assert!(plan.routes[&native].awaits_results(native));
}
