//! A daemon that is killed in the middle of a batch has written as many events as the next one counts as written.

use tailcalld::output::record::{Aggregate, Kind, Lost, RecordBody, Stopped, Syscall};

use super::column;
use super::run::{Entries, KeptRun};
use crate::kill_in_call::Traced;
use crate::number::unused_number;
use crate::process::{Trigger, trigger};
use crate::results::pausing;
use crate::rig::UNLIMITED;

/// Changes the configuration, kills the daemon as it sends the `nth` record of that kind, starts the next one, and
/// returns the entries in the end.
fn kill_in_batch(run: &mut KeptRun, [from, to]: [&str; 2], kind: &Kind, nth: usize) -> Entries {
    let daemon = Traced::attach(run.run.daemon.id());
    run.reconfigure(from, to);
    daemon.kill_at("write", &format!("MESSAGE_ID={}", kind.id), nth);
    run.run.daemon.wait();
    run.restart();
    let entries = run.finish();
    assert_eq!(entries.of(kind).len(), nth - 1);
    entries
}

/// Asserts that each of `events` is in a record or counted as lost in the crash, and that the counters say the same.
fn adds_up(entries: &Entries, outcome: &str, written: u64, events: u64) {
    let totals = &entries.of(&Stopped::KIND)[0]["TAILCALLD_TOTAL"];
    let counts = ["seen", outcome, "lost"].map(|name| column(totals, name));
    assert_eq!(counts, [events, written, events - written], "{totals}");
    assert_eq!(entries.declared_lost(), events - written);
    let losses = entries.of(&Lost::KIND)[0]["TAILCALLD_LOSS"].to_string();
    assert!(losses.contains("reason=crash"), "{losses}");
}

#[test]
fn aggregates_written_before_kill_do_not_count_as_lost() {
    const USERS: u64 = 40;
    let (number, other) = (unused_number(), unused_number());
    let routes = format!("{number} = {{ handler = \"args\", aggregate = \"1h\" }}\n");
    let Some(mut run) = KeptRun::start(&format!("[routes]\n{routes}{UNLIMITED}")) else { return };
    // An aggregate has the events of one user.
    let users: Vec<String> = (1..=USERS).chain(1..=USERS).map(|uid| uid.to_string()).collect();
    trigger(&["each", &users.join("|"), "native", &number]);
    run.until_ring_is_empty();
    // Another table ends the intervals of the one before.
    let more = format!("[routes]\n{other} = \"count\"\n");
    let entries = kill_in_batch(&mut run, ["[routes]\n", &more], &Aggregate::KIND, 11);
    adds_up(&entries, "aggregated", 2 * 10, 2 * USERS);
}

#[test]
fn abandoned_calls_written_before_kill_do_not_count_as_lost() {
    const PROCESSES: u64 = 8;
    let asked = "pause = { handler = \"args\", result = true }\n";
    let config = format!("[routes]\n{asked}{UNLIMITED}");
    let Some(mut run) = KeptRun::start(&config) else { return };
    let processes: Vec<Trigger> = (0..PROCESSES).map(|_| pausing()).collect();
    run.until_ring_is_empty();
    let unasked = [asked, "pause = \"args\"\n"];
    let entries = kill_in_batch(&mut run, unasked, &Syscall::KIND, 4);
    drop(processes);
    adds_up(&entries, "written", 3, PROCESSES);
}
