//! Tests of several rings, one for each CPU: order, counts, results that cross from one to the other.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};

use nix::unistd::{SysconfVar, sysconf};
use syscalls::{Abi, Slot};
use tailcalld::bpf::RingMemory;
use tailcalld::config::Results;
use tailcalld::decode::{RingRecord, SyscallExit};
use tailcalld::load::{self, Rings};
use tailcalld::ring::{Rest, Unread};

use crate::rig::{Rig, header, own_slot, routes, run_trigger, scaled, slot, trigger_path};

/// Ends the test at once on a machine with a single CPU.
macro_rules! needs_two_cpus {
    () => {
        if online() < 2 {
            eprintln!("SKIPPED: two CPUs are needed");
            return;
        }
    };
}

fn online() -> u64 {
    let online = sysconf(SysconfVar::_NPROCESSORS_ONLN).expect("a number of CPUs");
    online.and_then(|online| online.try_into().ok()).unwrap_or(1)
}

/// A rig with a ring for each group of so many CPUs.
fn rig(call: Slot, ring_bytes: u32, cpus: u32, results: Results) -> Rig {
    let mut plan = routes(&load::handlers().expect("the object opens"), &[(call, "args")]);
    plan.routes.values_mut().for_each(|route| route.rules[0].results = results.clone());
    let rings = Rings::of_groups(ring_bytes, cpus).expect("the kernel lists the CPUs");
    let rig = Rig::with_rings(&plan, rings);
    assert_eq!(rig.bpf.rings().count() as u64, online().div_ceil(cpus.into()));
    rig
}

fn start(words: &[&str]) -> Child {
    start_as("of-rings", words)
}

fn start_as(name: &str, words: &[&str]) -> Child {
    let mut command = Command::new(trigger_path());
    command.args(words).env("TRIGGER_NAME", name).stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().expect("the trigger starts (built by `cargo build --examples`)")
}

/// Reads while the triggers run; returns all records in the order of the reader.
fn read_during(rig: &Rig, mut triggers: Vec<Child>) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while triggers.iter_mut().any(|one| one.try_wait().expect("our child").is_none()) {
        records.extend(rig.turn());
    }
    for mut trigger in triggers {
        assert!(trigger.wait().expect("our child").success());
    }
    records.extend(rig.records());
    records
}

/// Returns the number of records that each ring ever had, in bytes.
fn produced(rig: &Rig) -> Vec<u64> {
    let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().expect("a size of pages");
    let page = usize::try_from(page).expect("a small number");
    let memory = |ring| RingMemory::open(ring, rig.bpf.ring_bytes() as usize, page);
    rig.bpf.rings().map(|ring| memory(ring).expect("a ring").producer()).collect()
}

/// Each CPU has a ring, and a thread that makes calls as fast as it can.
fn order_and_counts(number: u16, cpus: u32) {
    let call = own_slot(number);
    let rig = rig(call, 16 << 20, cpus, Results::None);
    let (calls, nr) = (scaled(20_000), call.nr().to_string());
    let triggers = (0..online()).map(|cpu| {
        start(&["on-cpu", &cpu.to_string(), "times", &calls.to_string(), "native", &nr, "nth"])
    });
    let records = read_during(&rig, triggers.collect());
    let events = rig.only_events(records);
    let mut by_thread: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    let (mut last_ns, mut behind) = (0, 0);
    for bytes in &events {
        let event = rig.event(bytes);
        by_thread.entry(event.tid).or_default().push(event.args[0]);
        behind += u64::from(event.boottime_ns < last_ns);
        last_ns = last_ns.max(event.boottime_ns);
    }
    let counters = rig.counters(call);
    assert_eq!(counters.lost(), 0, "{counters:?}");
    assert_eq!(counters.submitted, events.len() as u64);
    rig.assert_seen(online() * calls, counters.seen);
    assert_eq!(by_thread.len() as u64, online());
    assert!(by_thread.values().all(|nths| nths.is_sorted()), "calls of a thread in order");
    assert!(produced(&rig).iter().all(|bytes| *bytes > 0), "{:?}", produced(&rig));
    // An event whose CPU is taken away between its time and its place comes late. Of CPUs that share a ring, many do.
    let most = events.len() as u64 / if cpus == 1 { 100 } else { 10 };
    assert!(behind <= most, "{behind} of {} events are behind later ones", events.len());
}

#[test]
fn events_of_all_cpus_come_in_order_of_time() {
    needs_root!();
    needs_unknown_syscalls!();
    needs_two_cpus!();
    order_and_counts(494, 1);
}

/// In a guest with 8 CPUs: four rings.
#[test]
fn events_of_groups_of_cpus_come_in_order_of_time() {
    needs_root!();
    needs_unknown_syscalls!();
    needs_two_cpus!();
    order_and_counts(495, 2);
}

/// Each call begins on one CPU and ends on another one, so its event is in one ring, and its end in another one.
#[test]
fn result_of_call_that_migrates_comes_after_its_event() {
    needs_root!();
    needs_two_cpus!();
    let call = slot(Abi::Native, "sched_setaffinity");
    let rig = rig(call, 16 << 20, 1, Results::All);
    let calls = scaled(2_000);
    let trigger = start_as("migrant", &["on-cpu", "each", &calls.to_string()]);
    let records = read_during(&rig, vec![trigger]);
    let (mut waiting, mut ended) = (BTreeSet::new(), 0);
    // Other tests make the call, too.
    let of_trigger = |bytes: &&Vec<u8>| match RingRecord::decode(bytes) {
        Ok(RingRecord::Syscall(_)) => rig.event(bytes).comm == b"migrant",
        _ => true,
    };
    let threads: BTreeSet<u32> = rig
        .only_events(records.clone())
        .iter()
        .filter(of_trigger)
        .map(|bytes| header(bytes).tid)
        .collect();
    for bytes in &records {
        match RingRecord::decode(bytes).expect("the kernel writes what can be decoded") {
            RingRecord::Syscall(header) if threads.contains(&header.tid) => {
                assert!(waiting.insert((header.tid, header.boottime_ns)));
            }
            RingRecord::Exit(SyscallExit { tid, entry_ns, .. }) if threads.contains(&tid) => {
                assert!(waiting.remove(&(tid, entry_ns)), "a result before its event");
                ended += 1;
            }
            _ => {}
        }
    }
    assert_eq!((waiting.len(), rig.counters(call).results_lost), (0, 0));
    assert_eq!(ended, calls);
    assert!(produced(&rig).iter().all(|bytes| *bytes > 0), "{:?}", produced(&rig));
}

#[test]
fn full_ring_loses_events_of_its_own_cpus_only() {
    needs_root!();
    needs_unknown_syscalls!();
    needs_two_cpus!();
    let call = own_slot(496);
    let rig = rig(call, 1 << 16, 1, Results::None);
    rig.pause();
    let nr = call.nr().to_string();
    run_trigger(&["on-cpu", "0", "times", "10000", "native", &nr, "1"]);
    run_trigger(&["on-cpu", "1", "times", "100", "native", &nr, "1"]);
    let of_cpu = |cpu| rig.bpf.counters.on((call, cpu));
    let (full, other) = (of_cpu(0), of_cpu(1));
    assert_eq!((full.seen, other.seen), (10_000, 100));
    assert_eq!((other.submitted, other.lost()), (100, 0));
    assert!((200..300).contains(&full.submitted), "{full:?}");
    assert_eq!(full.lost_ring_full, 10_000 - full.submitted);
    let mut unread = Unread::begin(&rig.bpf).expect("the rings can be mapped");
    assert!(unread.advance());
    assert_eq!(unread.events(call), full.submitted + 100);
    let events = rig.events();
    assert_eq!(events.len() as u64, full.submitted + 100);
    assert!(events.iter().all(|bytes| header(bytes).slot == call));
}

#[test]
fn sleeping_consumer_is_woken_by_event_of_any_ring() {
    needs_root!();
    needs_unknown_syscalls!();
    needs_two_cpus!();
    let call = own_slot(497);
    let rig = rig(call, 1 << 20, 1, Results::None);
    for cpu in ["0", "1", "1", "0"] {
        rig.rest(|rest| rest == Rest::Sleep);
        run_trigger(&["on-cpu", cpu, "native", &call.nr().to_string(), "1"]);
        assert!(rig.is_woken());
        assert_eq!(rig.events().len(), 1);
    }
}
