//! At functions: every syscall of both ABIs is seen once where it is served, and reloads change what
//! the kernel is attached to. Says nothing where calls are seen at a tracepoint.

use std::collections::BTreeSet;

use tailcalld::plan::Plan;
use tailcalld::syscalls::{Abi, Slot, names};

use crate::rig::{Rig, at_functions, own_slot, privileged, rig, routes, run_trigger, scaled, slot};

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

/// The names in src/syscalls/*.tsv are right for this kernel: a call of each that it has a function for
/// comes to its own slot, once. The arguments are such that nothing is done.
#[test]
fn each_syscall_is_seen_at_its_function() {
    if !privileged() || !at_functions() {
        return;
    }
    let slots: Vec<Slot> = Abi::ALL.into_iter().flat_map(called).collect();
    let wanted: Vec<(Slot, &str)> = slots.iter().map(|&slot| (slot, "args")).collect();
    let rig = rig(&wanted);
    let unseen: BTreeSet<Slot> = rig.bpf.unseen(slots.iter()).into_iter().collect();
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
fn what_comes_and_goes_leaves_others_alone() {
    if !privileged() || !at_functions() {
        return;
    }
    let (stays, comes) = (own_slot(482), slot(Abi::Native, "sysinfo"));
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let alone = routes(&handlers, &[(stays, "count")]);
    let both = routes(&handlers, &[(stays, "count"), (comes, "args")]);
    let mut rig = Rig::new(&alone);
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
    rig.assert_seen(made, rig.books(stays).seen);
    assert_eq!(rig.books(comes).seen, 30);
}

/// One link, one second; and all of it is gone again when the routes are.
#[test]
fn everything_can_be_routed_and_taken_out() {
    if !privileged() || !at_functions() {
        return;
    }
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let wanted: Vec<(Slot, &str)> = called(Abi::Native).map(|slot| (slot, "count")).collect();
    let mut rig = Rig::new(&routes(&handlers, &wanted));
    let call = own_slot(483);
    let words = ["times", "10", "native", &call.nr().to_string()];
    run_trigger(&words);
    assert_eq!(rig.books(call).seen, 10);
    rig.table.apply(&mut rig.bpf, &routes(&handlers, &[])).expect("the empty plan is wired");
    run_trigger(&words);
    assert_eq!(rig.books(call).seen, 10);
}
