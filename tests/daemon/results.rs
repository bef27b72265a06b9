//! Calls that are still running when their events must be recorded: when the daemon stops, and after a
//! reload that no longer asks for results.

use std::fs;

use serde_json::Value;
use syscalls::{Abi, number};

use crate::process::{Trigger, eventually};
use crate::records::events_of;
use crate::rig::Setup;

const ASKED: &str = "[routes]\npause = { handler = \"args\", result = true }\n";

/// Starts a process that waits in `pause`.
fn pausing() -> Trigger {
    let pause = number(Abi::Native, "pause").unwrap().to_string();
    let trigger = Trigger::start(&["native", &pause]);
    let call = format!("/proc/{}/syscall", trigger.id());
    let is_in_it = || fs::read_to_string(&call).is_ok_and(|now| now.starts_with(&pause));
    eventually("the process waits in its call", is_in_it);
    trigger
}

/// Returns the result of each event of the trigger.
fn results(records: &[Value], trigger: &Trigger) -> Vec<Value> {
    let events = events_of(records, trigger.name()).into_iter();
    events.map(|event| event["result"].clone()).collect()
}

#[test]
fn stop_records_running_call_without_result() {
    let Some(setup) = Setup::new(ASKED) else { return };
    let daemon = setup.start();
    let trigger = pausing();
    assert_eq!(results(&daemon.stop(), &trigger), [Value::Null]);
}

#[test]
fn reload_without_result_option_records_running_call_without_result() {
    let Some(setup) = Setup::new(ASKED) else { return };
    let mut daemon = setup.start();
    let trigger = pausing();
    daemon.setup.write("[routes]\npause = \"args\"\n");
    daemon.records.until("reloaded");
    // Other tests have processes that wait in the same call.
    let mut event = Value::Null;
    while event["comm"] != trigger.name() {
        event = daemon.records.next("syscall");
    }
    assert_eq!(event["result"], Value::Null);
    assert_eq!(results(&daemon.stop(), &trigger), Vec::<Value>::new());
}
