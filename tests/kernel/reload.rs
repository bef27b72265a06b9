//! Live rewiring: every call is handled exactly once, by one table or the other.

use std::process::Command;

use tailcalld::syscalls::Abi;

use crate::rig::{Rig, privileged, routes, slot, trigger_path};

/// Two generations that give the same call to different handlers, a thousand flips while four
/// threads make it as fast as they can.
#[test]
fn a_thousand_reloads_miss_nothing() {
    if !privileged() {
        return;
    }
    // A call that nothing else on the machine makes meanwhile.
    let busy = slot(Abi::Native, "sched_get_priority_min");
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let odd = routes(&handlers, &[(busy, "args")]);
    let even = routes(&handlers, &[(busy, "count")]);
    let mut rig = Rig::with_ring(&odd, 64 * 1024 * 1024);
    let nr = busy.nr().to_string();
    let mut child = Command::new(trigger_path())
        .args(["threads", "2000000", "native", &nr, "1"])
        .spawn()
        .expect("the trigger starts (built by `cargo build --examples`)");

    let mut events = 0u64;
    let mut reloads = 0;
    while child.try_wait().expect("the trigger runs").is_none() || reloads < 1000 {
        let plan = if reloads % 2 == 0 { &even } else { &odd };
        rig.table.apply(&rig.bpf, plan).expect("the plan is wired");
        reloads += 1;
        for record in rig.events() {
            let event = rig.event(&record);
            assert_eq!(event.handler.name, "args");
            assert_eq!(event.generation % 2, 1, "an event of a generation that only counts");
            events += 1;
        }
    }
    events += rig.events().len() as u64;

    let books = rig.books(busy);
    let lost: u64 = books.lost.iter().sum();
    assert_eq!(books.seen, 8_000_000, "made 8,000,000");
    assert_eq!(books.seen, books.counted + books.submitted + lost);
    assert_eq!(books.submitted, events);
    assert!(books.counted > 0 && books.submitted > 0, "both generations were live: {books:?}");
    assert_eq!(rig.table.generation(), reloads + 1);
}

#[test]
fn a_slot_that_is_taken_out_does_nothing() {
    if !privileged() {
        return;
    }
    let call = slot(Abi::Native, "sched_rr_get_interval");
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut rig = Rig::new(&routes(&handlers, &[(call, "args")]));
    let words = ["times", "10", "native", &call.nr().to_string()];
    assert_eq!(rig.trigger(&words).len(), 10);
    rig.table.apply(&rig.bpf, &routes(&handlers, &[])).expect("the empty plan is wired");
    assert_eq!(rig.trigger(&words).len(), 0);
    assert_eq!(rig.books(call).seen, 10);
    rig.table.apply(&rig.bpf, &routes(&handlers, &[(call, "args")])).expect("the plan is wired");
    let generations: Vec<u32> =
        rig.trigger(&words).iter().map(|bytes| rig.event(bytes).generation).collect();
    assert_eq!(generations, [3; 10]);
}
