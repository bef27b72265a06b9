//! Filters, alternatives and rate limits of a file as the kernel applies them, also after a reload.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use syscalls::{Abi, number};

use crate::process::trigger;
use crate::records::events_of;
use crate::rig::{Daemon, Setup};

const CALLS: u64 = 50;

/// Calls `getpgid(0)`, `getpgid(1)` and so on; returns the arguments of the recorded calls.
fn recorded(daemon: Daemon) -> Vec<u64> {
    let getpgid = number(Abi::Native, "getpgid").unwrap().to_string();
    let name = trigger(&["times", &CALLS.to_string(), "native", &getpgid, "nth"]);
    let records = daemon.stop();
    let events = events_of(&records, &name).into_iter();
    events.map(|event| event["args"]["pid"].as_u64().unwrap()).collect()
}

fn file(getpgid: &str) -> String {
    format!("[routes]\ngetpgid = {getpgid}\n")
}

#[test]
fn first_alternative_with_matching_filter_decides() {
    let alternatives = "[{ handler = \"none\", argument = \"pid = 3\" }, \
                        { handler = \"args\", argument = \"pid < 5\", user = \"root\" }, \
                        { handler = \"args\", argument = [\"pid >= 40\", \"pid != 45\"], uid = \"!1-9\" }, \
                        { handler = \"args\", uid = \"!0\" }, \"count\"]";
    let Some(setup) = Setup::new(&file(alternatives)) else { return };
    assert_eq!(recorded(setup.start()), [0, 1, 2, 4, 40, 41, 42, 43, 44, 46, 47, 48, 49]);
}

#[test]
fn rate_limit_passes_its_burst() {
    let limited = "{ handler = \"args\", limit = \"1/d\", burst = 7, per = \"pid\" }";
    let Some(setup) = Setup::new(&file(limited)) else { return };
    assert_eq!(recorded(setup.start()), (0..7).collect::<Vec<_>>());
}

#[test]
fn reload_reports_and_applies_filter() {
    let Some(setup) = Setup::new(&file("\"args\"")) else { return };
    let mut daemon = setup.start();
    let filtered = file("{ handler = \"args\", argument = \"pid & 0x20\", comm = \"!nobody*\" }");
    let table = "[exclude]\nunits = [\"nobody\"]\n[limits]\nper_uid = \"none\"\n";
    daemon.setup.write(&(filtered + table));
    daemon.signal(Signal::SIGHUP);
    let reloaded: Value = daemon.records.until("reloaded").pop().unwrap();
    let change = "getpgid (argument any -> pid & 32, comm any -> !nobody*)";
    assert_eq!(reloaded["changed"], json!([change, "[exclude] units", "[limits] per_uid"]));
    assert_eq!(recorded(daemon), (32..50).collect::<Vec<_>>());
}
