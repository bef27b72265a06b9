//! Calls that are known already and that the kernel counts: no event comes of them, and each first time is told once.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::black_box::cgroup::UnitCgroup;
use crate::control::ask_json;
use crate::number::unused_number;
use crate::pins::BpfFs;
use crate::process::{eventually, trigger};
use crate::records::{Total, of_kind};
use crate::rig::{Setup, UNLIMITED, reload_by_client};

/// Calls of a route so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Calls {
    seen: u64,
    /// Put into the ring.
    submitted: u64,
    /// Counted by the kernel.
    known: u64,
}

fn calls(setup: &Setup, number: &str) -> Calls {
    let stats = ask_json(setup, &["stats", "--json"]);
    let routes = stats["routes"].as_array().unwrap();
    let route = routes.iter().find(|route| route["nr"].as_u64() == number.parse().ok());
    let route = route.expect("the route");
    let outcomes = route["outcomes"].as_object().unwrap();
    let sum: u64 = outcomes.values().map(|count| count.as_u64().unwrap()).sum();
    let seen = route["seen"].as_u64().unwrap();
    assert_eq!(sum, seen, "{route}");
    let of = |name: &str| outcomes[name].as_u64().unwrap();
    Calls { seen, submitted: of("submitted"), known: of("known_at_entry") }
}

fn config(number: &str, subject: &str) -> String {
    format!("[routes]\n{number} = {{ handler = \"args\", novel = \"{subject}\" }}\n{UNLIMITED}")
}

/// Makes calls until the kernel counts them.
fn until_known(setup: &Setup, number: &str, call: impl Fn()) {
    let before = calls(setup, number).known;
    eventually("the kernel knows the call", || {
        call();
        calls(setup, number).known > before
    });
}

fn events(records: &[Value]) -> usize {
    of_kind(records, "syscall").len()
}

#[test]
fn known_call_is_no_event_until_user_or_table_is_another() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number, "uid")) else { return };
    let daemon = setup.start();
    let call = |uid: &str, words: &[&str]| {
        trigger(&[&["as", uid], words, &["native", &number]].concat());
    };
    call("7", &["threads", "50"]);
    until_known(&daemon.setup, &number, || call("7", &["times", "1"]));
    let before = calls(&daemon.setup, &number);
    call("7", &["threads", "20000"]);
    let expected = Calls { seen: before.seen + 80_000, known: before.known + 80_000, ..before };
    assert_eq!(calls(&daemon.setup, &number), expected);

    call("8", &["threads", "50"]);
    until_known(&daemon.setup, &number, || call("8", &["times", "1"]));
    reload_by_client(&daemon.setup);
    let before = calls(&daemon.setup, &number);
    call("7", &["times", "1"]);
    call("8", &["times", "1"]);
    let after = calls(&daemon.setup, &number);
    assert_eq!((after.submitted, after.known), (before.submitted + 2, before.known));
    until_known(&daemon.setup, &number, || call("7", &["times", "1"]));

    let last = calls(&daemon.setup, &number);
    let records = daemon.stop();
    assert_eq!(events(&records), 2, "one of each user");
    let total = Total::of(records.last().unwrap(), &format!("#{number}"));
    assert_eq!((total.seen, total.written, total.known), (last.seen, 2, last.seen - 2));
}

#[test]
fn known_call_of_unit_is_first_time_of_another() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number, "unit")) else { return };
    let make = |name: &str| UnitCgroup::make(&format!("tailcalldtest-{name}.service"));
    let Some(one) = make("known") else { return };
    let daemon = setup.start();
    until_known(&daemon.setup, &number, || one.make_calls(&number, 10));
    let other = make("new").unwrap();
    until_known(&daemon.setup, &number, || other.make_calls(&number, 10));

    // The unit is started again: the cgroup is another one, and the daemon knows the unit.
    drop(one);
    let before = calls(&daemon.setup, &number);
    let again = make("known").unwrap();
    again.make_calls(&number, 1);
    assert_eq!(calls(&daemon.setup, &number).submitted, before.submitted + 1);

    let last = calls(&daemon.setup, &number);
    let records = daemon.stop();
    let units: Vec<_> = of_kind(&records, "syscall").into_iter().map(|one| &one["unit"]).collect();
    assert_eq!(units, ["tailcalldtest-known.service", "tailcalldtest-new.service"]);
    let total = Total::of(records.last().unwrap(), &format!("#{number}"));
    assert_eq!((total.seen, total.written, total.known), (last.seen, 2, last.seen - 2));
}

/// Lines of the file may be removed while no daemon runs.
#[test]
fn known_call_is_forgotten_with_its_line_by_daemon_that_adopts() {
    let number = unused_number();
    let Some(setup) = Setup::alone(&config(&number, "uid")) else { return };
    let pins = BpfFs::mount(&setup);
    let call = || drop(trigger(&["times", "1", "native", &number]));
    let mut first = pins.start(&setup);
    first.records.until("started");
    until_known(&setup, &number, call);
    first.end_with_status(Signal::SIGKILL);
    fs::remove_file(setup.path("state/first-times")).unwrap();
    let mut second = pins.start(&setup);
    let start = second.records.until("started");
    assert_eq!(of_kind(&start, "adopted").len(), 1, "{start:?}");
    call();
    second.records.until("syscall");
    until_known(&setup, &number, call);
    assert_eq!(second.end_with_status(Signal::SIGTERM).code(), Some(0));
}

/// Calls whose standing depends on more than the kernel has at the entry are left to the daemon.
#[test]
fn known_call_with_further_values_is_event() {
    let number = unused_number();
    let options = "novel = \"uid\", result = \"failed\"";
    let route = format!("{{ handler = \"args\", {options} }}");
    let Some(setup) = Setup::new(&format!("[routes]\n{number} = {route}\n{UNLIMITED}")) else {
        return;
    };
    let daemon = setup.start();
    for _ in 0..3 {
        trigger(&["times", "100", "native", &number]);
    }
    let expected = Calls { seen: 300, submitted: 300, known: 0 };
    assert_eq!(calls(&daemon.setup, &number), expected);
    assert_eq!(events(&daemon.stop()), 1);
}
