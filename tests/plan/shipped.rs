//! The shipped configuration.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syscalls::{Abi, Slot, group};
use tailcalld::config::{AttachTo, ByteLimit, Keep, Results};
use tailcalld::plan::Plan;

use super::config::{plan_at, plan_of};
use super::{ARGS, EXEC, TIMER, route};

#[cfg(target_arch = "x86_64")]
#[test]
fn read_shipped_file_routes_exec_timers_and_io_uring() {
    let plan = plan_at("config/tailcalld.toml");
    let numbers = |abi| -> Vec<_> {
        let of_abi = plan.routes.iter().filter(|(slot, _)| slot.abi() == abi);
        of_abi.map(|(slot, route)| (slot.nr(), route.rules[0].handler)).collect()
    };
    let timers = |from: u16| (from..from + 5).map(|nr| (nr, TIMER));
    let native: Vec<_> =
        [(59, EXEC)].into_iter().chain(timers(222)).chain([(322, EXEC), (425, ARGS)]).collect();
    let compat: Vec<_> =
        [(11, EXEC)].into_iter().chain(timers(259)).chain([(358, EXEC), (425, ARGS)]).collect();
    assert_eq!(numbers(Abi::Native), native);
    assert_eq!(numbers(Abi::Compat), compat);
    for found in plan.routes.values() {
        let mut expected = route(found.rules[0].handler, 6, 4096);
        let is_exec = found.rules[0].handler == EXEC;
        expected.rules[0].ancestors = if is_exec { 8 } else { 0 };
        expected.rules[0].names = is_exec;
        let successes = Results::Within(vec![0..=i64::MAX]);
        expected.rules[0].results = if is_exec { successes } else { Results::None };
        expected.rules[0].keep = if is_exec { Keep::Always } else { Keep::High };
        assert_eq!(*found, expected);
    }
    assert_eq!((plan.ring_bytes, plan.ring_cpus), (8 << 20, 8));
    assert_eq!((plan.box_calls, plan.box_units), (512, 16));
    assert_eq!(plan.exclude, [Path::new("/usr/lib/systemd/systemd-journald")]);
    assert_eq!(plan.socket, Path::new("/run/systemd/journal/socket"));
    assert_eq!(plan.attach, AttachTo::Auto);
    assert_eq!(plan.files, [Path::new("config/tailcalld.toml")]);
}

/// Returns the shipped file with the lines uncommented that begin so, an array with all of its lines; each must
/// be there once.
fn uncommented(beginnings: &[&str]) -> String {
    let mut shipped = fs::read_to_string("config/tailcalld.toml").unwrap();
    for beginning in beginnings {
        let commented = format!("\n#{beginning}");
        assert_eq!(shipped.matches(&commented).count(), 1, "{beginning}");
        let (before, rest) = shipped.split_once(&commented).unwrap();
        let is_open = rest.lines().next().unwrap().ends_with('[');
        let end = if is_open { rest.find("\n#]").unwrap() + "\n#]".len() } else { 0 };
        let array = rest[..end].replace("\n#", "\n");
        shipped = format!("{before}\n{beginning}{array}{}", &rest[end..]);
    }
    shipped
}

#[test]
fn read_shipped_file_with_defaults_uncommented_changes_nothing() {
    let shown = [
        "abi = ",
        "priority = ",
        "argv = ",
        "argv_bytes = ",
        "env = ",
        "ancestors = ",
        "redact = ",
        "result = ",
        "uid = ",
        "gid = ",
        "euid = ",
        "egid = ",
        "loginuid = ",
        "unit = ",
        "slice = ",
        "user_unit = ",
        "comm = ",
        "exe = []",
        "parent_comm = ",
        "pid_tree = ",
        "argument = ",
        "limit = ",
        "sample = ",
        "aggregate = ",
        "keep = ",
        "size = ",
        "calls = ",
        "boxes = ",
        "exe = [\"",
        "units = ",
        "per_uid = ",
        "per_uid_burst = ",
        "socket = ",
        "max_per_second = ",
        "max_bytes_per_second = ",
        "stats_interval = ",
        "read_back = ",
        "attach = ",
        "self_test = ",
        "textfile = ",
        "every = ",
    ];
    let plain = |plan: Plan| Plan { files: Vec::new(), origins: BTreeMap::new(), ..plan };
    let (with, without) = (plan_of(&uncommented(&shown)), plan_of(&uncommented(&[])));
    let limits = [&with, &without].map(|plan| plan.max_bytes_per_second);
    assert_eq!(limits, [ByteLimit::Bytes(2 << 20), ByteLimit::ByOutput]);
    assert_eq!(limits[0].bytes(true), limits[1].bytes(true));
    let max_bytes_per_second = limits[1]; // only the default depends on the output
    assert_eq!(plain(Plan { max_bytes_per_second, ..with }), plain(without));
}

#[test]
fn read_shipped_file_accepts_uncommented_examples() {
    let examples = [
        "\"@mount\" = ",
        "umount2 = ",
        "462 = ",
        "ptrace = ",
        "\"@clock\" = ",
        "socketcall = ",
        "openat = ",
        "connect = ",
    ];
    let plan = plan_of(&uncommented(&examples));
    let of = |name| plan.origins.keys().filter(|slot| slot.name() == Some(name)).count();
    assert_eq!([of("move_mount"), of("umount2"), of("ptrace")], [2, 0, 2]);
    assert_eq!([of("openat"), of("connect")], [3, 3]);
    assert_eq!(plan.routes.get(&Slot::new(Abi::Native, 462).unwrap()), Some(&route(ARGS, 6, 4096)));
    let failed =
        plan.routes.iter().filter(|(_, route)| route.rules[0].results == Results::failed());
    let clock: Vec<_> = group("@clock").unwrap().slots().into_iter().collect();
    assert_eq!(failed.map(|(&slot, _)| slot).collect::<Vec<_>>(), clock);
}
