//! `timer`: the five calls of the tutorial, by both ABIs.

use syscalls::{Abi, Status, Value};
use tailcalld::decode::Event;

use crate::rig::{Rig, rig, slot};

const CALLS: [&str; 5] =
    ["timer_create", "timer_settime", "timer_gettime", "timer_getoverrun", "timer_delete"];

fn timers(abi: Abi) -> Rig {
    rig(&CALLS.map(|name| (slot(abi, name), "timer")))
}

/// Name, value and status of each capture.
fn captures<'a>(event: &'a Event<'_>) -> Vec<(&'a str, Value<'a>, Status)> {
    let parts = event.captures.iter();
    let name = |index: u8| event.handler.fields[usize::from(index)].name.as_str();
    parts.map(|part| (name(part.index), part.value, part.status)).collect()
}

#[test]
fn timer_serves_five_syscalls() {
    needs_root!();
    let rig = timers(Abi::Native);
    let said: Vec<String> = CALLS
        .iter()
        .map(|name| {
            let nr = slot(Abi::Native, name).nr().to_string();
            let records = rig.trigger(&["native", &nr, "0", "0", "0", "0"]);
            assert_eq!(records.len(), 1, "{name}");
            let event = rig.event(&records[0]);
            assert_eq!(event.slot.name(), Some(*name));
            event.handler.messages[usize::from(event.message)].clone()
        })
        .collect();
    let begins = [
        "Creating a timer",
        "Some other timer operation",
        "Some other timer operation",
        "Some other timer operation",
        "Deleting a timer",
    ];
    for (said, begin) in said.iter().zip(begins) {
        assert!(said.starts_with(begin), "{said}");
    }
}

fn nr(name: &str) -> String {
    slot(Abi::Native, name).nr().to_string()
}

#[test]
fn timer_create_captures_clock_and_notification() {
    needs_root!();
    let rig = timers(Abi::Native);
    // sigev_value, then sigev_signo (14) and sigev_notify (1) in one word, then the thread.
    let records =
        rig.trigger(&["native", &nr("timer_create"), "7", "words:0xabcd,0x10000000e,0x11", "0"]);
    let event = rig.event(&records[0]);
    let mut sigevent = Vec::new();
    sigevent.extend_from_slice(&0xabcdu64.to_ne_bytes());
    sigevent.extend_from_slice(&0x1_0000_000eu64.to_ne_bytes());
    sigevent.extend_from_slice(&0x11u32.to_ne_bytes());
    assert_eq!(
        captures(&event),
        [("clock", Value::Number(7), Status::Ok), ("notify", Value::Bytes(&sigevent), Status::Ok)]
    );

    let records = rig.trigger(&["native", &nr("timer_create"), "1", "0", "0"]);
    let event = rig.event(&records[0]);
    assert_eq!(captures(&event), [("clock", Value::Number(1), Status::Ok)]);
}

#[test]
fn timer_settime_captures_timer_flags_and_times() {
    needs_root!();
    let rig = timers(Abi::Native);
    let records =
        rig.trigger(&["native", &nr("timer_settime"), "3", "1", "words:2,0,1,500000000", "0"]);
    let event = rig.event(&records[0]);
    let times: Vec<u8> =
        [2u64, 0, 1, 500_000_000].iter().flat_map(|word| word.to_ne_bytes()).collect();
    assert_eq!(
        captures(&event),
        [
            ("timer", Value::Number(3), Status::Ok),
            ("flags", Value::Number(1), Status::Ok),
            ("times", Value::Bytes(&times), Status::Ok),
        ]
    );
}

#[test]
fn timer_unreadable_times_are_marked() {
    needs_root!();
    let rig = timers(Abi::Native);
    for address in ["0", "0xffffffff81000000", "8"] {
        let records = rig.trigger(&["native", &nr("timer_settime"), "3", "0", address, "0"]);
        let event = rig.event(&records[0]);
        let status = Status::Unreadable { errno: nix::libc::EFAULT };
        assert_eq!(captures(&event)[2], ("times", Value::Bytes(&[]), status), "{address}");
    }
}

#[test]
fn timer_compat_times_have_compat_size() {
    needs_root!();
    let rig = timers(Abi::Compat);
    let nr = slot(Abi::Compat, "timer_settime").nr().to_string();
    let records = rig.trigger(&["compat", &nr, "3", "0", "words:0x200000001,0x400000003", "0"]);
    let event = rig.event(&records[0]);
    let times: Vec<u8> = [1u32, 2, 3, 4].iter().flat_map(|word| word.to_ne_bytes()).collect();
    assert_eq!(captures(&event)[2], ("times", Value::Bytes(&times), Status::Ok));
}
