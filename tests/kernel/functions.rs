//! At functions: every syscall of both ABIs is seen once where it is served, and reloads change what
//! the kernel is attached to. Says nothing where calls are seen at a tracepoint.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use syscalls::{Abi, Slot, names};
use tailcalld::plan::Plan;

use crate::rig::{Rig, at_fentry, at_functions, own_slot, rig, routes, run_trigger, scaled, slot};

/// They end, stop or replace the process, or wait for something that never comes.
const NOT_CALLED: [&str; 24] = [
    "clone",
    "clone3",
    "exit",
    "exit_group",
    "fork",
    "futex",
    "futex_time64",
    "io_getevents",
    "kill",
    "pause",
    "ppoll",
    "ppoll_time64",
    "pselect6",
    "pselect6_time64",
    "reboot",
    "rt_sigreturn",
    "rt_sigsuspend",
    "select",
    "sigreturn",
    "sigsuspend",
    "vfork",
    "vhangup",
    "vm86old",
    "wait4",
];

fn called(abi: Abi) -> impl Iterator<Item = Slot> {
    let named = names(abi).filter(|(_, name)| !NOT_CALLED.contains(name));
    named.filter_map(move |(nr, _)| Slot::new(abi, nr))
}

/// At fentry, each function takes two descriptors, and as long to detach from as all do elsewhere.
fn step() -> usize {
    if at_fentry() { 8 } else { 1 }
}

/// The names in crates/syscalls/tables/*.tsv are right for this kernel: a call of each that it has a function for
/// comes to its own slot, once. The arguments are such that nothing is done.
#[test]
fn functions_show_each_syscall() {
    needs_root!();
    if !at_functions() {
        return;
    }
    let slots: Vec<Slot> = Abi::BOTH.into_iter().flat_map(called).step_by(step()).collect();
    let wanted: Vec<(Slot, &str)> = slots.iter().map(|&slot| (slot, "args")).collect();
    let rig = rig(&wanted);
    let unseen: BTreeSet<Slot> = rig.bpf.unattachable(slots.iter()).into_iter().collect();
    println!("{} syscalls, {} without a function", slots.len(), unseen.len());
    assert!(unseen.len() < 100, "{unseen:?}");
    let mut wrong = Vec::new();
    for slot in slots {
        let word = if slot.abi() == Abi::Native { "native" } else { "compat" };
        let nr = slot.nr().to_string();
        let mut words = vec![word, nr.as_str()];
        words.extend(["0xfffffff5"; 6]);
        let records = rig.trigger(&words);
        let seen = records.iter().filter(|bytes| is_the_call(&rig, bytes, slot)).count();
        if seen != usize::from(!unseen.contains(&slot)) {
            wrong.push(format!("{} seen {seen} times", slot.with_abi()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn is_the_call(rig: &Rig, bytes: &[u8], slot: Slot) -> bool {
    let event = rig.event(bytes);
    event.slot == slot && event.args.iter().all(|&arg| arg == 0xffff_fff5)
}

/// A link comes and goes beside a function that stays: no call of that one is missed or doubled.
#[test]
fn functions_stay_attached_across_reloads() {
    needs_root!();
    if !at_functions() {
        return;
    }
    let (stays, comes) = (own_slot(482), slot(Abi::Native, "sysinfo"));
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let alone = routes(&handlers, &[(stays, "count")]);
    let both = routes(&handlers, &[(stays, "count"), (comes, "args")]);
    let mut rig = Rig::of_tables(&[&alone, &both], 4 << 20);
    let (mut made, times) = (0, scaled(4000));
    for round in 0..20 {
        let plan: &Plan = if round % 2 == 0 { &both } else { &alone };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let nr = stays.nr().to_string();
                run_trigger(&["times", &times.to_string(), "native", &nr]);
            });
            rig.table.apply(&mut rig.bpf, plan).expect("the plan is wired");
            let nr = comes.nr().to_string();
            let expected = if round % 2 == 0 { 3 } else { 0 };
            assert_eq!(rig.trigger(&["times", "3", "native", &nr]).len(), expected);
        });
        made += times;
    }
    rig.assert_seen(made, rig.counters(stays).seen);
    assert_eq!(rig.counters(comes).seen, 30);
}

/// Returns whether a program is attached to a function.
fn is_attached(function: &str) -> bool {
    let all = fs::read_to_string("/sys/kernel/tracing/enabled_functions").expect("tracefs");
    all.lines().any(|line| line.split(' ').next() == Some(function))
}

/// The process has no descriptor left for the link: the old table stays, and nothing else.
#[test]
fn attach_slots_refused_changes_nothing() {
    needs_root!();
    if !at_functions() {
        return;
    }
    let (stays, comes) = (own_slot(482), slot(Abi::Native, "sysinfo"));
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let alone = routes(&handlers, &[(stays, "args")]);
    let both = routes(&handlers, &[(stays, "count"), (comes, "args")]);
    let mut rig = Rig::of_tables(&[&alone, &both], 4 << 20);
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, 3, hard).expect("a lower limit");
    let refused = rig.table.apply(&mut rig.bpf, &both);
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard).expect("the old limit");

    let error = format!("{:#}", refused.expect_err("no descriptor is left"));
    assert!(error.starts_with("failed to attach to 1 function (__x64_sys_sysinfo): "), "{error}");
    assert!(!is_attached("__x64_sys_sysinfo"));
    let words = ["times", "10", "native", &stays.nr().to_string()];
    assert_eq!(rig.trigger(&words).len(), 10);
    assert_eq!(rig.table.generation(), 1);
    rig.table.apply(&mut rig.bpf, &both).expect("the plan is wired");
    assert!(is_attached("__x64_sys_sysinfo"));
    assert_eq!(rig.trigger(&words).len(), 0);
}

/// All of it goes again when the routes do; the kernel takes its time with the links.
#[test]
fn table_routes_all_syscalls_and_none() {
    needs_root!();
    if !at_functions() {
        return;
    }
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let call = own_slot(483);
    let slots = called(Abi::Native).step_by(step()).chain([call, slot(Abi::Native, "read")]);
    let wanted: Vec<(Slot, &str)> = slots.map(|slot| (slot, "count")).collect();
    let mut rig = Rig::new(&routes(&handlers, &wanted));
    let words = ["times", "10", "native", &call.nr().to_string()];
    run_trigger(&words);
    assert_eq!(rig.counters(call).seen, 10);
    rig.table.apply(&mut rig.bpf, &routes(&handlers, &[])).expect("the empty plan is wired");
    run_trigger(&words);
    assert_eq!(rig.counters(call).seen, 10);
    let begin = Instant::now();
    while is_attached("__x64_sys_read") {
        assert!(begin.elapsed() < Duration::from_secs(60), "the link stays");
    }
}
