//! Tests of the wakeups of the consumer: by the first event when it sleeps, by a quarter of the ring when it
//! dozes, by nothing while it is awake.

use tailcalld::ring::Rest;

use crate::rig::{Rig, own_slot, routes, run_trigger};

/// An event of `args` and the ring's own header.
const EVENT_BYTES: u32 = size_of::<tailcalld::bpf::types::event>() as u32 + 8;

fn quiet_rig(number: u16, ring_bytes: u32) -> (Rig, String) {
    let call = own_slot(number);
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let rig = Rig::with_ring(&routes(&handlers, &[(call, "args")]), ring_bytes);
    (rig, call.nr().to_string())
}

#[test]
fn sleeping_consumer_is_woken_by_first_event() {
    needs_root!();
    needs_unknown_syscalls!();
    let (rig, nr) = quiet_rig(485, 1 << 20);
    for _ in 0..50 {
        rig.rest(|rest| rest == Rest::Sleep);
        run_trigger(&["native", &nr, "1"]);
        assert!(rig.is_woken());
        assert_eq!(rig.events().len(), 1);
    }
}

#[test]
fn dozing_consumer_is_woken_by_quarter_of_ring() {
    needs_root!();
    needs_unknown_syscalls!();
    let (rig, nr) = quiet_rig(486, 1 << 20);
    let quarter = (1 << 18) / EVENT_BYTES;
    rig.rest(|rest| matches!(rest, Rest::Doze(_)));
    run_trigger(&["times", &(quarter - 1).to_string(), "native", &nr, "1"]);
    assert!(!rig.is_readable(), "woken before a quarter");
    run_trigger(&["times", "2", "native", &nr, "1"]);
    assert!(rig.is_woken());
    assert_eq!(rig.events().len() as u32, quarter + 1);
}

#[test]
fn awake_consumer_is_not_woken() {
    needs_root!();
    needs_unknown_syscalls!();
    let (rig, nr) = quiet_rig(487, 1 << 20);
    rig.pause();
    let most = (3 << 18) / EVENT_BYTES;
    run_trigger(&["times", &most.to_string(), "native", &nr, "1"]);
    assert!(!rig.is_readable());
    assert_eq!(rig.events().len() as u32, most);
}

/// Each event that the ring has no room for is counted.
#[test]
fn full_ring_counts_lost_events() {
    needs_root!();
    needs_unknown_syscalls!();
    let (rig, nr) = quiet_rig(488, 1 << 16);
    rig.pause();
    run_trigger(&["times", "10000", "native", &nr, "1"]);
    let counters = rig.counters(own_slot(488));
    let records = rig.records();
    let bytes: usize = records.iter().map(|record| record.len() + 8).sum();
    // The last eighth is for events of keep = "always", and 1/32 may be granted to other CPUs.
    let room = (1 << 16) - (1 << 13) - (1 << 11);
    assert!(bytes as u32 + EVENT_BYTES > room, "{bytes} bytes are no full ring");
    let events = rig.only_events(records).len() as u64;
    assert_eq!(counters.seen, 10_000);
    assert_eq!(counters.submitted, events);
    assert_eq!(counters.lost(), 10_000 - events);
    assert_eq!(counters.lost_ring_full, counters.lost());
}
