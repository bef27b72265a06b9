//! The daemon with a real journald: records make no further records, and a stopped or killed journald
//! loses no event that is not accounted for.

mod adopt;
mod feedback;
mod flood;
mod hand_over;
mod names;
mod novel;
mod other_object;
mod read_back;
mod receipts;
mod rings;
mod run;

use nix::sys::signal::Signal;
use serde_json::Value;
use tailcalld::output::record::{Lost, OutputRestored, RecordBody, Reloaded, Stopped, Syscall};

use self::run::{ABSENCE, IN_FLIGHT, NAME, Run, lost};
use crate::journald::detail;
use crate::number::unused_number;
use crate::process::{Trigger, trigger};
use crate::rig::UNLIMITED;

#[test]
fn records_of_daemon_and_journald_make_no_records() {
    const CALLS: u64 = 1_000;
    let number = unused_number();
    let busy = ["openat", "sendmsg", "sendto", "recvmsg", "epoll_wait", "read", "write"];
    let routes = busy.map(|name| format!("{name} = \"args\"\n")).concat();
    let config =
        format!("[routes]\n{routes}{number} = \"args\"\n[ring]\nsize = \"64MiB\"\n{UNLIMITED}");
    let Some(run) = Run::start(&config) else { return };
    let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth"]);
    // With the table still live, so that the calls of writing them go through it, too.
    run.wait_for(&format!("SYSCALL_NR={number}"), CALLS as usize);
    let journald_pid = run.journald.pid().to_string();
    let entries = run.finish();

    assert_eq!(entries.nths(&name), (0..CALLS).collect::<Vec<_>>());
    assert_eq!(entries.by(NAME).len(), 0, "{:?}", entries.by(NAME).first());
    // Containers on this machine have journalds of their own, which are nobody's output.
    let mut events = entries.by("systemd-journal").into_iter();
    assert_eq!(events.find(|event| event["SYSCALL_PID"] == journald_pid), None);
    // It came to rest: all that was ever due is in the journal, and nothing came behind the end.
    let totals = entries.of(&Stopped::KIND)[0]["TAILCALLD_TOTAL"].clone();
    assert_eq!(column(&totals, "written"), entries.of(&Syscall::KIND).len() as u64);
    assert_eq!(column(&totals, "lost"), entries.declared_lost());
    assert!(column(&totals, "excluded") > CALLS, "our own calls were seen: {totals}");
}

/// Returns the sum of one counter over all rows of the totals.
fn column(totals: &Value, name: &str) -> u64 {
    let rows = totals.as_array().cloned().unwrap_or_else(|| vec![totals.clone()]);
    let word = |row: &Value| {
        let words: Vec<_> = row.as_str().unwrap().split(' ').map(str::to_owned).collect();
        let found = words.iter().find_map(|word| word.strip_prefix(&format!("{name}=")));
        found.unwrap().parse::<u64>().unwrap()
    };
    rows.iter().map(word).sum()
}

#[test]
fn stopped_journald_gets_all_events_in_order_after_resume() {
    const CALLS: u64 = 5_000;
    let number = unused_number();
    let Some(run) = Run::start(&format!("[routes]\n{number} = \"args\"\n")) else { return };
    run.journald.signal(Signal::SIGSTOP);
    let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth"]);
    run.journald.signal(Signal::SIGCONT);
    run.wait_for(&format!("SYSCALL_NR={number}"), CALLS as usize);
    let entries = run.finish();
    assert_eq!(entries.nths(&name), (0..CALLS).collect::<Vec<_>>());
    assert_eq!(entries.declared_lost(), 0);
}

#[test]
fn ring_overflow_while_journald_is_stopped_is_declared_lost() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n[ring]\nsize = \"64KiB\"\n{UNLIMITED}");
    let Some(run) = Run::start(&config) else { return };
    run.journald.signal(Signal::SIGSTOP);
    let names = call_during_outage(&number);
    run.journald.signal(Signal::SIGCONT);
    run.wait_for(&format!("MESSAGE_ID={}", OutputRestored::KIND.id), 1);
    let entries = run.finish();

    let arrived: usize = names.iter().map(|name| entries.nths(name).len()).sum();
    assert_eq!(arrived as u64 + entries.declared_lost(), names.len() as u64 * BATCH);
    let [back] = entries.of(&OutputRestored::KIND)[..] else { panic!("one record") };
    assert_eq!(detail(back, "output"), Some("journald"));
    // However long the outage is, its losses take the room of one record.
    assert_eq!(entries.of(&Lost::KIND).len(), 1);
    assert_eq!(lost(back), entries.declared_lost());
}

#[test]
fn journald_restart_loses_at_most_its_own_queue() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n[ring]\nsize = \"64KiB\"\n{UNLIMITED}");
    let Some(mut run) = Run::start(&config) else { return };
    let load = Trigger::start(&["threads", "5000", "native", &number, "nth"]);
    run.journald.kill();
    let mut names = call_during_outage(&number);
    run.journald.restart();
    let made = 4 * 5000 + names.len() as u64 * BATCH;
    names.push(load.end());
    run.wait_for(&format!("MESSAGE_ID={}", OutputRestored::KIND.id), 1);
    // Until what waited is read, the ring may have no room for calls.
    run.daemon_sleeps();
    let after = trigger(&["times", "100", "native", &number, "nth"]);
    let entries = run.finish();

    let mut arrived = 0;
    for name in &names {
        let mut nths = entries.nths(name);
        arrived += nths.len() as u64;
        nths.sort_unstable();
        nths.dedup();
        assert_eq!(nths.len(), entries.nths(name).len(), "an event came twice");
    }
    let accounted = arrived + entries.declared_lost();
    assert!(accounted <= made, "{accounted} of {made}");
    assert!(made - accounted <= IN_FLIGHT, "{accounted} of {made}");
    assert_eq!(entries.nths(&after), (0..100).collect::<Vec<_>>());
    let [back] = entries.of(&OutputRestored::KIND)[..] else { panic!("one record") };
    assert_eq!(detail(back, "output"), Some("journald"));
    assert!(lost(back) > 0, "the ring is too small for all: {back}");
}

/// Events left in the ring, in aggregates and in the output at the stop are counted as lost, and the last
/// records come with the next start.
#[test]
fn stop_while_journald_is_stopped_counts_all_events_and_keeps_last_records() {
    const CALLS: u64 = 20_000;
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n{UNLIMITED}");
    let Some(mut run) = Run::start(&config) else { return };
    run.journald.signal(Signal::SIGSTOP);
    let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth"]);
    run.restart_while_journald_is_stopped();
    let entries = run.entries(1);
    let [stopped] = entries.of(&Stopped::KIND)[..] else { panic!("one record") };
    let totals = &stopped["TAILCALLD_TOTAL"];
    let arrived = entries.nths(&name).len() as u64;
    assert_eq!(column(totals, "seen"), CALLS);
    assert_eq!((column(totals, "written"), column(totals, "lost")), (arrived, CALLS - arrived));
    assert_eq!(entries.declared_lost(), CALLS - arrived);
    assert!(CALLS - arrived > 10_000, "journald's queue has room for {arrived}");
}

/// Writes the `reloaded` record to the restarted journald before the loop retries, which must not keep
/// the loop from resuming.
#[test]
fn reload_after_journald_restart_resumes_events() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n");
    let Some((mut run, manager)) = Run::managed(&config) else { return };
    run.journald.kill();
    let before = trigger(&["times", "50", "native", &number, "nth"]);
    // The first event waits in the output, the others in the ring.
    manager.until("STATUS=1 routes, generation 1: 1 events written, 0 lost");
    run.daemon.signal(Signal::SIGSTOP);
    run.journald.restart();
    run.daemon.signal(Signal::SIGHUP);
    run.daemon.signal(Signal::SIGCONT);
    run.wait_for(&format!("MESSAGE_ID={}", Reloaded::KIND.id), 1);
    run.daemon_sleeps();
    let after = trigger(&["times", "50", "native", &number, "nth"]);
    run.wait_for(&format!("SYSCALL_NR={number}"), 100);
    let entries = run.finish();
    for name in [before, after] {
        assert_eq!(entries.nths(&name), (0..50).collect::<Vec<_>>());
    }
}

/// Number of calls in each round of `call_during_outage`.
const BATCH: u64 = 1_000;

/// Makes calls until the outage is long enough to be recorded; returns the triggers' names.
fn call_during_outage(number: &str) -> Vec<String> {
    let mut names = vec![trigger(&["times", &BATCH.to_string(), "native", number, "nth"])];
    let begin = std::time::Instant::now();
    while begin.elapsed() <= ABSENCE + ABSENCE / 4 {
        names.push(trigger(&["times", &BATCH.to_string(), "native", number, "nth"]));
    }
    names
}
