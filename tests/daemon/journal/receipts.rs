//! A daemon that is killed in the middle of a batch: the record that it was writing is written again, marked if the
//! journal may have it, and all others count as what they are.

use serde_json::Value;
use tailcalld::output::record::{Aggregate, Kind, Lost, RecordBody, Stopped, Syscall};

use super::column;
use super::run::{Entries, KeptRun};
use crate::kill_in_call::{Moment, Traced};
use crate::number::unused_number;
use crate::process::{Trigger, trigger};
use crate::results::pausing;
use crate::rig::UNLIMITED;

/// Changes the configuration, kills the daemon before or after it sends the `nth` record of that kind, starts the next
/// one, and returns the entries in the end.
fn kill_in_batch(
    run: &mut KeptRun,
    [from, to]: [&str; 2],
    kind: &Kind,
    (moment, nth): (Moment, usize),
) -> Entries {
    let daemon = Traced::attach(run.run.daemon.id());
    run.reconfigure(from, to);
    kill_and_go_on(run, daemon, kind, (moment, nth));
    let entries = run.finish();
    let found = entries.of(kind);
    let is_marked = |entry: &&&Value| entry["SYSCALL_MAY_BE_DUPLICATE"] == "yes";
    assert_eq!(found.len(), nth + usize::from(moment == Moment::After));
    assert_eq!(found.iter().filter(is_marked).count(), 1);
    entries
}

fn kill_and_go_on(run: &mut KeptRun, daemon: Traced, kind: &Kind, (moment, nth): (Moment, usize)) {
    daemon.kill_at(moment, "sendto", &format!("MESSAGE_ID={}", kind.id), nth);
    run.run.daemon.wait();
    run.restart();
}

/// Asserts that each of `events` is in a record or counted as lost in the crash, and that the counters say the same.
fn adds_up(entries: &Entries, outcome: &str, written: u64, events: u64) {
    let totals = &entries.of(&Stopped::KIND)[0]["TAILCALLD_TOTAL"];
    let counts = ["seen", outcome, "lost"].map(|name| column(totals, name));
    assert_eq!(counts, [events, written, events - written], "{totals}");
    assert_eq!(entries.declared_lost(), events - written);
    for record in entries.of(&Lost::KIND) {
        assert!(record["TAILCALLD_LOSS"].to_string().contains("reason=crash"), "{record}");
    }
}

fn aggregates_before_kill_count_as_aggregated(moment: Moment) {
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
    let entries = kill_in_batch(&mut run, ["[routes]\n", &more], &Aggregate::KIND, (moment, 11));
    adds_up(&entries, "aggregated", 2 * 11, 2 * USERS);
}

#[test]
fn aggregate_whose_writing_is_interrupted_is_written_again() {
    aggregates_before_kill_count_as_aggregated(Moment::Before);
}

#[test]
fn aggregate_written_without_receipt_is_marked_and_not_lost() {
    aggregates_before_kill_count_as_aggregated(Moment::After);
}

fn abandoned_calls_before_kill_count_as_written(moment: Moment) {
    const PROCESSES: u64 = 8;
    let asked = "pause = { handler = \"args\", result = true }\n";
    let config = format!("[routes]\n{asked}{UNLIMITED}");
    let Some(mut run) = KeptRun::start(&config) else { return };
    let processes: Vec<Trigger> = (0..PROCESSES).map(|_| pausing()).collect();
    run.until_ring_is_empty();
    let unasked = [asked, "pause = \"args\"\n"];
    let entries = kill_in_batch(&mut run, unasked, &Syscall::KIND, (moment, 4));
    drop(processes);
    adds_up(&entries, "written", 4, PROCESSES);
}

#[test]
fn abandoned_call_whose_writing_is_interrupted_is_written_again() {
    abandoned_calls_before_kill_count_as_written(Moment::Before);
}

#[test]
fn abandoned_call_written_without_receipt_is_marked_and_not_lost() {
    abandoned_calls_before_kill_count_as_written(Moment::After);
}

#[test]
fn call_with_result_written_without_receipt_is_marked_and_not_lost() {
    const CALLS: u64 = 50;
    let number = unused_number();
    let routes = format!("{number} = {{ handler = \"args\", result = true }}\n");
    let Some(mut run) = KeptRun::start(&format!("[routes]\n{routes}{UNLIMITED}")) else { return };
    let daemon = Traced::attach(run.run.daemon.id());
    let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth"]);
    kill_and_go_on(&mut run, daemon, &Syscall::KIND, (Moment::After, 10));
    let entries = run.finish();
    let mut nths = entries.nths(&name);
    assert_eq!(nths.len() as u64, CALLS + 1);
    nths.dedup();
    assert_eq!(nths, (0..CALLS).collect::<Vec<_>>());
    adds_up(&entries, "written", CALLS, CALLS);
}
