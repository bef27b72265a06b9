//! Chains: handlers in objects of their own that follow the first one.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use syscalls::Slot;
use tailcalld::config::Trust;
use tailcalld::decode::Event;
use tailcalld::handlers::HandlerObject;
use tailcalld::load::handlers_for;
use tailcalld::plan::Plan;

use crate::handler_object::{folder, install};
use crate::rig::{Rig, header, own_slot, routes, scaled, trigger_path};

/// Time within which a call that did not come back is counted.
const DEADLINE: Duration = Duration::from_secs(30);

/// Returns a variant as a handler that can be loaded from its file.
fn object(folder: &tempfile::TempDir, variant: &str) -> HandlerObject {
    let config = folder.path().join(format!("{variant}.toml"));
    let path = install(variant, &self::folder(&config));
    let handlers = handlers_for(&config, &Trust::of_reader()).expect("the object opens");
    let refused: Vec<_> = handlers.refused().collect();
    assert!(refused.is_empty(), "{refused:?}");
    handlers.objects().find(|object| object.path == path).expect("the variant").clone()
}

/// Routes a slot to a chain behind `first`.
fn plan(slot: Slot, first: &str, chain: &[HandlerObject]) -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(slot, first)]);
    let route = plan.routes.get_mut(&slot).expect("the route");
    route.rules[0].chain = chain.to_vec();
    plan
}

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Each call is handled by exactly one version of a handler that is replaced all the time, and by that of its
/// generation.
#[test]
fn swap_under_load_misses_and_doubles_nothing() {
    needs_root!();
    needs_unknown_syscalls!();
    let (busy, folder) = (own_slot(486), temporary());
    let versions = ["any", "any_second"].map(|variant| object(&folder, variant));
    let plans = versions.map(|version| plan(busy, "call", &[version]));
    let mut rig = Rig::of_tables(&[&plans[0], &plans[1]], 64 * 1024 * 1024);
    let nr = busy.nr().to_string();
    let mut child = Command::new(trigger_path())
        .args(["endless", "native", &nr, "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the trigger starts (built by `cargo build --examples`)");

    let mut by_version = [0u64; 2];
    let mut count = |records: &[Vec<u8>]| {
        for record in records {
            let live = usize::from(header(record).generation % 2 == 0);
            // The number that the handler has captured last, without the cost of the whole event.
            let version = record.last_chunk().map(|bytes| -i64::from_ne_bytes(*bytes));
            assert_eq!(version, Some(live as i64 + 1), "of another generation");
            by_version[live] += 1;
        }
    };
    let swaps = scaled(100);
    for swap in 1..=swaps {
        let next = &plans[usize::try_from(swap % 2).expect("a bit")];
        rig.table.apply(&mut rig.bpf, next).expect("the plan is wired");
        count(&rig.events_of(32));
    }
    drop(child.stdin.take());
    let said = child.wait_with_output().expect("the trigger ends").stdout;
    let made = String::from_utf8_lossy(&said).trim().parse().expect("a number of calls");
    count(&rig.events());

    let counters = rig.counters(busy);
    rig.assert_seen_beside_updates(made, counters.seen);
    assert_eq!(counters.seen, counters.submitted + counters.lost(), "{counters:?}");
    assert_eq!((counters.lost_handler, counters.lost_reroute), (0, 0));
    assert_eq!(by_version.iter().sum::<u64>(), counters.submitted);
    assert!(by_version.iter().all(|&count| count > 0), "both were live: {by_version:?}");
}

#[test]
fn handler_that_fails_half_of_the_time_leaves_the_books_balanced() {
    needs_root!();
    needs_unknown_syscalls!();
    let (call, folder) = (own_slot(487), temporary());
    let rig = Rig::new(&plan(call, "call", &[object(&folder, "half")]));
    let records = rig.trigger(&["times", "1001", "native", &call.nr().to_string(), "1"]);
    // A call that did not come back counts when the next one enters a handler on its CPU, or after a second.
    let begin = Instant::now();
    while rig.counters(call).difference() != 0 && begin.elapsed() < DEADLINE {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let counters = rig.counters(call);
    assert_eq!((records.len(), counters.submitted), (501, 501));
    assert_eq!((counters.seen, counters.lost_handler, counters.difference()), (1001, 500, 0));
}

/// Returns the handlers that an event of a chain lacks.
fn unreached<'a>(event: &Event<'a>) -> Vec<&'a str> {
    event.unreached().map(|object| object.handler.name.as_str()).collect()
}

#[test]
fn chain_of_ten_reaches_each_handler() {
    needs_root!();
    needs_unknown_syscalls!();
    let (call, folder) = (own_slot(488), temporary());
    let chain: Vec<_> = (1..=10).map(|n| object(&folder, &format!("plain_{n}"))).collect();
    let plan = plan(call, "args", &chain);
    let rig = Rig::new(&plan);
    let records = rig.trigger(&["times", "1", "native", &call.nr().to_string(), "1"]);
    let mut event = rig.event(&records[0]);
    event.explain(&plan.routes[&call].rules[0].chain);
    assert_eq!(unreached(&event), Vec::<&str>::new());
    assert_eq!(event.chained.len(), 10);
}

/// A chain longer than the configuration allows needs more tail calls than the kernel follows: the event has as many as
/// there is room for, and names the others.
#[test]
fn chain_without_jumps_left_names_those_that_were_not_reached() {
    needs_root!();
    needs_unknown_syscalls!();
    let (call, folder) = (own_slot(489), temporary());
    let mut chain: Vec<_> = (1..=11).map(|n| object(&folder, &format!("plain_{n}"))).collect();
    for number in 12..=16 {
        let mut copy = chain[0].clone();
        copy.handler.name = format!("plain_{number}");
        chain.push(copy);
    }
    let plan = plan(call, "args", &chain);
    let rig = Rig::new(&plan);
    let records = rig.trigger(&["times", "1", "native", &call.nr().to_string(), "1"]);
    let mut event = rig.event(&records[0]);
    event.explain(&plan.routes[&call].rules[0].chain);
    assert_eq!(unreached(&event), ["plain_15", "plain_16"]);
    assert_eq!(rig.counters(call).difference(), 0);
}
