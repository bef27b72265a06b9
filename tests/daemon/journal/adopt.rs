//! The kernel side outlives the daemon: the next one goes on with table, ring and counters, and no call is lost.

use std::collections::BTreeSet;
use std::fs;

use jiff::Timestamp;
use nix::sys::signal::Signal;
use serde_json::Value;
use tailcalld::output::record::{
    Adopted, Lost, RecordBody, RecordingGap, Reloaded, Started, Stopped,
};

use super::column;
use super::run::{Entries, KeptRun};
use crate::journald::detail;
use crate::kill::ours;
use crate::number::unused_number;
use crate::process::{Steady, Trigger, eventually, trigger};
use crate::results::pausing;
use crate::rig::UNLIMITED;

/// Starts of daemons while a trigger makes a call a millisecond.
pub const STARTS: usize = 6;

#[test]
fn daemon_killed_repeatedly_loses_no_call() {
    let number = unused_number();
    let Some(mut run) = KeptRun::start(&format!("[routes]\n{number} = \"args\"\n{UNLIMITED}"))
    else {
        return;
    };
    let steady = Steady::start(&number);
    for _ in 0..STARTS {
        run.kill();
        run.restart();
    }
    let (name, calls) = steady.end();
    let entries = run.finish();

    has_all(&entries, &name, calls);
    let marked = entries.by(&name).into_iter();
    let marked = marked.filter(|event| event["SYSCALL_MAY_BE_DUPLICATE"] == "yes").count();
    assert!(marked <= STARTS, "{marked} events marked");
    assert_eq!(entries.of(&Adopted::KIND).len(), STARTS);
    assert_eq!(entries.of(&Started::KIND).len(), STARTS + 1);
    assert_eq!(entries.of(&RecordingGap::KIND).len(), 0);
    assert_eq!(entries.declared_lost(), 0, "{:?}", entries.of(&Lost::KIND));
    // The counters are those of all daemons.
    let totals = entries.of(&Stopped::KIND)[0]["TAILCALLD_TOTAL"].clone();
    assert_eq!(column(&totals, "written"), calls);
}

/// Returns a configuration with one route.
pub fn route(number: &str) -> String {
    format!("[routes]\n{number} = \"args\"\n{UNLIMITED}")
}

/// Asserts that the journal has each of `0..calls` at least once, and more of them only with a mark.
pub fn has_all(entries: &Entries, name: &str, calls: u64) {
    let marked = entries.by(name).into_iter();
    let marked = marked.filter(|event| event["SYSCALL_MAY_BE_DUPLICATE"] == "yes").count();
    let mut nths = entries.nths(name);
    let all = nths.len();
    nths.sort_unstable();
    nths.dedup();
    let missing: Vec<u64> = (0..calls).filter(|nth| nths.binary_search(nth).is_err()).collect();
    assert_eq!(missing, Vec::<u64>::new(), "of {calls} calls; {:?}", entries.of(&Lost::KIND));
    assert!(all - nths.len() <= marked, "{all} events, {marked} marked");
}

/// Ends two daemons while an event waits for journald, and asserts that the journal has each call in the end.
fn event_that_waits_survives(end: fn(&mut KeptRun)) -> Option<(Entries, String)> {
    const CALLS: u64 = 2_000;
    let number = unused_number();
    let mut run = KeptRun::start(&route(&number))?;
    run.run.journald.signal(Signal::SIGSTOP);
    let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth"]);
    for _ in 0..2 {
        run.until_output_is_full();
        end(&mut run);
        run.restart();
    }
    run.run.journald.signal(Signal::SIGCONT);
    run.run.wait_for_any(&format!("SYSCALL_ARG=0={:#x}", CALLS - 1));
    let entries = run.finish_last();
    has_all(&entries, &name, CALLS);
    assert_eq!(entries.declared_lost(), 0, "{:?}", entries.of(&Lost::KIND));
    Some((entries, name))
}

#[test]
fn event_that_waits_for_journald_survives_two_kills() {
    event_that_waits_survives(KeptRun::kill);
}

#[test]
fn event_that_waits_for_journald_survives_two_restarts_without_mark() {
    let Some((entries, name)) = event_that_waits_survives(KeptRun::leave) else { return };
    let is_marked = |event: &&&Value| event["SYSCALL_MAY_BE_DUPLICATE"] == "yes";
    assert_eq!(entries.by(&name).iter().filter(is_marked).count(), 0);
}

#[test]
fn record_of_reload_that_waits_for_journald_survives_two_kills_once() {
    let number = unused_number();
    let Some(mut run) = KeptRun::start(&route(&number)) else { return };
    run.run.journald.signal(Signal::SIGSTOP);
    trigger(&["times", "2000", "native", &number, "nth"]);
    run.until_output_is_full();
    run.reload();
    for _ in 0..2 {
        run.kill();
        run.restart();
    }
    run.run.journald.signal(Signal::SIGCONT);
    let entries = run.finish();
    assert_eq!(entries.of(&Reloaded::KIND).len(), 1);
    assert_eq!(entries.of(&Adopted::KIND).len(), 2);
}

#[test]
fn stop_leaves_nothing_of_what_was_kept() {
    let number = unused_number();
    let Some(mut run) = KeptRun::start(&route(&number)) else { return };
    let before = run.before.clone();
    assert!(run.manager.names().iter().any(|name| name == "1.map.events"));
    run.kill();
    assert!(!ours().is_subset(&before), "the kernel side outlives the daemon");
    run.restart();
    let entries = run.finish();
    assert_eq!(run.manager.names(), Vec::<String>::new());
    eventually("nothing of ours is left", || ours().is_subset(&before));
    assert_eq!(entries.of(&Stopped::KIND).len(), 1);
}

#[test]
fn route_of_calls_at_entry_attaches_nothing_to_returns() {
    let config =
        "[routes]\nexecve = { handler = \"exec\", keep = \"always\", paths = \"entry\" }\n";
    let Some(mut run) = KeptRun::start(config) else { return };
    let names = run.manager.names();
    let has_link =
        |program: &str| names.iter().any(|name| name.starts_with(&format!("1.link.{program}.")));
    assert_eq!(["sys_enter", "sys_exit", "task_exit"].map(has_link), [true, false, false]);
    run.finish();
}

#[test]
fn adopting_daemon_replaces_programs_in_slots() {
    let Some(mut run) = KeptRun::start(&route(&unused_number())) else { return };
    let handlers = || ours().into_iter().filter(|(name, _)| name == "handle_args");
    let before = run.before.clone();
    let of_first: BTreeSet<_> = handlers().filter(|program| !before.contains(program)).collect();
    assert_eq!(of_first.len(), 1);
    run.kill();
    assert!(of_first.is_subset(&ours()), "the slots keep the programs of the first daemon");
    run.restart();
    eventually("they are gone", || of_first.is_disjoint(&ours()));
    run.finish();
}

/// Calls of the aggregate in `start_with_events_in_memory`.
const AGGREGATED: u64 = 300;

/// Starts a daemon that has an aggregate and a call that waits for its result, and a process that makes that call.
fn start_with_events_in_memory() -> Option<(KeptRun, Trigger)> {
    let number = unused_number();
    let config = format!(
        "[routes]\n{number} = {{ handler = \"args\", aggregate = \"1h\" }}\n\
         pause = {{ handler = \"args\", result = true }}\n{UNLIMITED}"
    );
    let run = KeptRun::start(&config)?;
    trigger(&["times", &AGGREGATED.to_string(), "native", &number, "nth"]);
    let pausing = pausing();
    run.until_ring_is_empty();
    Some((run, pausing))
}

/// The call that waits is in a file, the aggregate is not.
#[test]
fn call_that_waits_survives_kill_and_aggregate_counts_as_lost_in_crash() {
    let before_start = Timestamp::now();
    let Some((mut run, pausing)) = start_with_events_in_memory() else { return };
    let before_kill = Timestamp::now();
    let name = pausing.name().to_owned();
    run.kill();
    run.restart();
    drop(pausing);
    run.run.wait_for_any(&format!("SYSCALL_COMM={name}"));
    let entries = run.finish();
    let totals = &entries.of(&Stopped::KIND)[0]["TAILCALLD_TOTAL"];
    assert_eq!((column(totals, "seen"), column(totals, "lost")), (AGGREGATED + 1, AGGREGATED));
    assert_eq!(column(totals, "written"), 1);
    assert_eq!(entries.by(&name).len(), 1);
    assert_eq!(entries.declared_lost(), AGGREGATED);
    let [lost] = entries.of(&Lost::KIND)[..] else { panic!("one record") };
    assert!(lost["TAILCALLD_LOSS"].as_str().unwrap().contains("reason=crash"), "{lost}");
    // The last reading of the killed daemon, or its start.
    let from = lost["TAILCALLD_FROM"].as_str().unwrap().parse().unwrap();
    assert!((before_start..before_kill).contains(&from), "{from}");
}

#[test]
fn restart_keeps_pending_calls_and_writes_aggregates() {
    let Some((mut run, pausing)) = start_with_events_in_memory() else { return };
    let name = pausing.name().to_owned();
    run.leave();
    assert!(
        run.manager.names().iter().any(|name| name.starts_with("1.link.sys_exit.")),
        "{:?}",
        run.manager.names()
    );
    run.restart();
    drop(pausing);
    run.run.wait_for_any(&format!("SYSCALL_COMM={name}"));
    let entries = run.finish_after(1);
    assert_eq!(entries.by(&name).len(), 1);
    assert_eq!(entries.declared_lost(), 0);
    let [first, last] = entries.of(&Stopped::KIND)[..] else { panic!("two records") };
    for stopped in [first, last] {
        assert_eq!(column(&stopped["TAILCALLD_TOTAL"], "aggregated"), AGGREGATED);
    }
    assert_eq!(column(&last["TAILCALLD_TOTAL"], "written"), 1);
    assert_eq!(entries.of(&Adopted::KIND)[0]["TAILCALLD_REASON"], "stop");
}

#[test]
fn configuration_changed_while_no_daemon_ran_is_live_after_start() {
    let (number, other) = (unused_number(), unused_number());
    let Some(mut run) = KeptRun::start(&route(&number)) else { return };
    run.kill();
    let before = trigger(&["times", "50", "native", &number, "nth"]);
    run.reconfigure(&format!("{number} ="), &format!("{other} ="));
    run.restart();
    let ignored = trigger(&["times", "50", "native", &number, "nth"]);
    let after = trigger(&["times", "50", "native", &other, "nth"]);
    let entries = run.finish();
    assert_eq!(entries.nths(&before), (0..50).collect::<Vec<_>>());
    assert_eq!(entries.nths(&ignored), Vec::<u64>::new());
    assert_eq!(entries.nths(&after), (0..50).collect::<Vec<_>>());
    assert_eq!(entries.of(&Reloaded::KIND).len(), 1);
    assert_eq!(detail(entries.of(&Adopted::KIND)[0], "unread"), Some("50"));
}

/// Damages what the previous daemon left; the next one must record anew, once each call, and say why.
fn is_refused(damage: impl FnOnce(&KeptRun), reason: &str) {
    let number = unused_number();
    let Some(mut run) = KeptRun::start(&route(&number)) else { return };
    run.kill();
    damage(&run);
    run.restart();
    let name = trigger(&["times", "50", "native", &number, "nth"]);
    let entries = run.finish();
    assert_eq!(entries.nths(&name), (0..50).collect::<Vec<_>>());
    assert_eq!(entries.of(&Adopted::KIND).len(), 0);
    assert_eq!(entries.of(&RecordingGap::KIND).len(), 1);
    assert!(run.errors().contains(reason), "{}", run.errors());
    assert_eq!(run.manager.names(), Vec::<String>::new());
    let before = run.before.clone();
    eventually("nothing of ours is left", || ours().is_subset(&before));
}

#[test]
fn damaged_or_half_kept_set_is_refused_with_reason() {
    let table = |run: &KeptRun| run.run.path("run/table");
    is_refused(|run| fs::write(table(run), "{").unwrap(), "run/table is damaged");
    is_refused(|run| fs::remove_file(table(run)).unwrap(), "is missing");
    is_refused(|run| run.manager.forget("1.link.sys_enter"), "the dispatcher is not attached");
    is_refused(|run| run.manager.forget("1.map.events"), "did not keep map.events");
}
