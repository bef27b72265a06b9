//! Live rewiring: every call is handled exactly once, by one table or the other.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering::SeqCst;

use syscalls::Slot;

use crate::rig::{Rig, header, own_slot, rig, routes, scaled, trigger_path};
use tailcalld::bpf::types;

/// Two generations that give the same call to different handlers, flipped while four threads
/// make it as fast as they can.
#[test]
fn reload_under_load_misses_nothing() {
    needs_root!();
    needs_unknown_syscalls!();
    let busy = own_slot(482);
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let odd = routes(&handlers, &[(busy, "args")]);
    let even = routes(&handlers, &[(busy, "count")]);
    let mut rig = Rig::of_tables(&[&odd, &even], 64 * 1024 * 1024);
    let nr = busy.nr().to_string();
    let mut child = Command::new(trigger_path())
        .args(["endless", "native", &nr, "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the trigger starts (built by `cargo build --examples`)");

    let mut events = 0u64;
    let reloads = scaled(1000);
    for reload in 0..reloads {
        let plan = if reload % 2 == 0 { &even } else { &odd };
        rig.table.apply(&mut rig.bpf, plan).expect("the plan is wired");
        let records = rig.events_of(32);
        // The whole of one: to decode each would take most of the test.
        let handler = records.last().map(|record| rig.event(record).handler.name.as_str());
        assert!(handler.is_none_or(|name| name == "args"), "{handler:?}");
        for record in &records {
            let generation = header(record).generation;
            assert_eq!(generation % 2, 1, "an event of a generation that only counts");
        }
        events += records.len() as u64;
    }
    drop(child.stdin.take());
    let said = child.wait_with_output().expect("the trigger ends").stdout;
    let made = String::from_utf8_lossy(&said).trim().parse().expect("a number of calls");
    events += rig.events().len() as u64;

    let counters = rig.counters(busy);
    let lost = counters.lost();
    rig.assert_seen(made, counters.seen);
    assert_eq!(counters.seen, counters.counted + counters.submitted + lost);
    assert_eq!(counters.submitted, events);
    assert!(
        counters.counted > 0 && counters.submitted > 0,
        "both generations were live: {counters:?}"
    );
    assert_eq!(u64::from(rig.table.generation()), reloads + 1);
}

#[test]
fn reload_removed_slot_records_nothing() {
    needs_root!();
    needs_unknown_syscalls!();
    let call = own_slot(483);
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut rig = Rig::new(&routes(&handlers, &[(call, "args")]));
    let words = ["times", "10", "native", &call.nr().to_string()];
    assert_eq!(rig.trigger(&words).len(), 10);
    rig.table.apply(&mut rig.bpf, &routes(&handlers, &[])).expect("the empty plan is wired");
    assert_eq!(rig.trigger(&words).len(), 0);
    assert_eq!(rig.counters(call).seen, 10);
    rig.table
        .apply(&mut rig.bpf, &routes(&handlers, &[(call, "args")]))
        .expect("the plan is wired");
    let generations: Vec<u32> =
        rig.trigger(&words).iter().map(|bytes| rig.event(bytes).generation).collect();
    assert_eq!(generations, [3; 10]);
}

/// A handler that a flip overtook finds another handler's route at its slot. Here the route says
/// so from the start: `args` was reached, `count` is meant. It must not record, and since its
/// slot brings it back to itself, it says that the call got lost.
/// A number that stays marked would make its calls dear, not false.
#[test]
fn reload_marks_numbers_of_live_table_only() {
    needs_root!();
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let [old, both, new] = [484, 485, 486].map(own_slot);
    let before = routes(&handlers, &[(old, "count"), (both, "count")]);
    let after = routes(&handlers, &[(both, "count"), (new, "count")]);
    let mut rig = Rig::of_tables(&[&before, &after], 4 * 1024 * 1024);
    let marked = |rig: &Rig| -> BTreeSet<u16> {
        let numbers = (0..).zip(rig.bpf.shared.routed_numbers());
        numbers.filter(|(_, mark)| mark.load(SeqCst) == 1).map(|(number, _)| number).collect()
    };
    assert_eq!(marked(&rig), [old, both].map(Slot::nr).into());
    rig.table.apply(&mut rig.bpf, &after).expect("the plan is wired");
    assert_eq!(marked(&rig), [both, new].map(Slot::nr).into());
}

#[test]
fn handler_uses_route_of_live_bank() {
    needs_root!();
    needs_unknown_syscalls!();
    let call = own_slot(484);
    let rig = rig(&[(call, "args")]);
    let bank = rig.bpf.shared.live_bank();
    let handler = rig.handlers().named("count").expect("count").id;
    let route = types::route {
        generation: 1,
        handler,
        priority: 6,
        variant: 0,
        argv_bytes: 0,
        env: 0,
        buffer_bytes: 0,
        flags: 0,
        rule: 0,
        ancestors: 0,
        sample: 0,
        filter: 0,
        limit: 0,
        uid_limit: 0,
        chain: 0,
        known_by: 0,
        reserved: [0; 2],
    };
    assert!(rig.bpf.shared.set_route(bank, usize::from(call.index()), &route));

    assert_eq!(rig.trigger(&["times", "7", "native", &call.nr().to_string()]).len(), 0);
    let counters = rig.counters(call);
    assert_eq!(counters.seen, 7);
    assert_eq!(counters.lost_reroute, 7);
    assert!(counters.balance(), "{counters:?}");
}

/// Each reload writes the bank of the table before the last one, which has other programs.
#[test]
fn slots_of_routes_that_are_gone_are_empty_after_each_reload() {
    needs_root!();
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let plans = [480, 481, 482, 483].map(|nr| routes(&handlers, &[(own_slot(nr), "count")]));
    let mut rig = Rig::of_tables(&plans.each_ref(), 4 << 20);
    rig.bpf.complete().expect("the program that reads the table loads");
    for plan in &plans {
        rig.table.apply(&mut rig.bpf, plan).expect("the plan is wired");
        assert_eq!(rig.table.changed_slots(&rig.bpf).expect("the table is read"), []);
    }
}
