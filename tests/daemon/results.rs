//! Calls that are going on when the daemon has to tell them: at its end, and after a reload that does
//! not ask for their results any more.

use std::fs;

use serde_json::Value;
use syscalls::{Abi, number};

use crate::process::{Trigger, eventually};
use crate::records::events_of;
use crate::rig::Setup;

const ASKED: &str = "[routes]\npause = { handler = \"args\", result = true }\n";

/// A process in `pause`.
fn pausing() -> Trigger {
    let pause = number(Abi::Native, "pause").unwrap().to_string();
    let trigger = Trigger::start(&["native", &pause]);
    let call = format!("/proc/{}/syscall", trigger.id());
    let is_in_it = || fs::read_to_string(&call).is_ok_and(|now| now.starts_with(&pause));
    eventually("the process waits in its call", is_in_it);
    trigger
}

/// How often it was told, and with what result.
fn results(records: &[Value], trigger: &Trigger) -> Vec<Value> {
    let events = events_of(records, trigger.name()).into_iter();
    events.map(|event| event["result"].clone()).collect()
}

#[test]
fn at_the_end_a_call_that_goes_on_is_told_without_its_result() {
    let Some(setup) = Setup::new(ASKED) else { return };
    let daemon = setup.start();
    let trigger = pausing();
    assert_eq!(results(&daemon.stop(), &trigger), [Value::Null]);
}

#[test]
fn a_reload_waits_a_while_for_results() {
    let Some(setup) = Setup::new(ASKED) else { return };
    let mut daemon = setup.start();
    let trigger = pausing();
    daemon.setup.write("[routes]\npause = \"args\"\n");
    daemon.records.until("reloaded");
    // Other tests have processes that wait in the same call.
    let mut told = Value::Null;
    while told["comm"] != trigger.name() {
        told = daemon.records.next("syscall");
    }
    assert_eq!(told["result"], Value::Null);
    assert_eq!(results(&daemon.stop(), &trigger), Vec::<Value>::new());
}
