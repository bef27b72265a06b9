//! `args`: every field of an event, and exact counts.

use syscalls::Abi;

use crate::rig::{rig, slot};

#[test]
fn args_event_has_fields_of_calling_process() {
    needs_root!();
    let getpgid = slot(Abi::Native, "getpgid");
    let rig = rig(&[(getpgid, "args")]);
    let nr = getpgid.nr().to_string();
    let records = rig.trigger(&[
        "native",
        &nr,
        "0x1111111122222222",
        "-1",
        "3",
        "4",
        "0xffffffffffffffff",
        "6",
    ]);

    let [record] = records.as_slice() else { panic!("{} records", records.len()) };
    let event = rig.event(record);
    assert_eq!(event.handler.name, "args");
    assert_eq!(event.slot, getpgid);
    assert_eq!(event.args, [0x1111_1111_2222_2222, u64::MAX, 3, 4, u64::MAX, 6]);
    assert_eq!(event.generation, 1);
    assert_eq!(event.priority, 6);
    assert_eq!(event.message, 0);
    assert_eq!(event.tid, event.pid);
    assert_eq!((event.uid, event.gid), (0, 0));
    assert!(event.captures.is_empty());
    let loginuid = std::fs::read_to_string("/proc/self/loginuid").expect("audit is built in");
    assert_eq!(event.loginuid.to_string(), loginuid);
    assert_eq!(event.ppid, rig.own_pid());
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).expect("a clock");
    let age_ns = now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64 - event.boottime_ns;
    assert!(age_ns < 60_000_000_000, "the event is {age_ns} ns old");
}

#[test]
fn args_records_one_event_per_call() {
    needs_root!();
    let getpgid = slot(Abi::Native, "getpgid");
    let rig = rig(&[(getpgid, "args")]);
    let before = rig.counters(getpgid);
    let records = rig.trigger(&["times", "10007", "native", &getpgid.nr().to_string()]);

    rig.assert_seen(10_007, records.len() as u64);
    let after = rig.counters(getpgid);
    assert_eq!(after.seen - before.seen, after.submitted - before.submitted);
    assert_eq!(after.lost(), 0);
}

#[test]
fn args_own_calls_are_excluded_and_counted() {
    needs_root!();
    let getsid = slot(Abi::Native, "getsid");
    let rig = rig(&[(getsid, "args")]);
    rig.records();
    for _ in 0..1000 {
        nix::unistd::getsid(None).expect("our own session");
    }

    assert_eq!(rig.counters(getsid).excluded_self, 1000);
    let ours = |bytes: &Vec<u8>| rig.event(bytes).pid == rig.own_pid();
    assert_eq!(rig.records().iter().filter(|bytes| ours(bytes)).count(), 0);
}
