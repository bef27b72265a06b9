//! Calls that are still running when their events must be recorded: after ten seconds, when the daemon stops, and
//! after a reload that no longer asks for results.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::Value;
use syscalls::{Abi, number};

use crate::process::{Trigger, eventually, send};
use crate::records::{Total, events_of, of_kind};
use crate::rig::{Daemon, Setup};

const ASKED: &str = "[routes]\npause = { handler = \"args\", result = true }\n";

/// Starts a process that waits in `pause`.
pub fn pausing() -> Trigger {
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

/// Returns the next record of the trigger of that kind.
fn next_of(daemon: &mut Daemon, trigger: &Trigger, kind: &str) -> Value {
    loop {
        let record = daemon.records.until(kind).pop().unwrap();
        if record["comm"] == trigger.name() {
            return record;
        }
    }
}

#[test]
fn running_call_is_recorded_once_and_its_end_apart() {
    let config = "[routes]\npause = { handler = \"args\", result = \"failed\" }\n";
    let Some(setup) = Setup::new(config) else { return };
    let mut daemon = setup.start();
    let (killed, kept) = (pausing(), pausing());
    let running = next_of(&mut daemon, &killed, "syscall");
    assert!(running["result"].is_null() && running["running_ns"].is_u64(), "{running}");
    let message = running["message"].as_str().unwrap();
    assert!(message.ends_with(" = ? (still running after 10 s)"), "{message}");
    send(killed.id(), Signal::SIGKILL);
    let ended = next_of(&mut daemon, &killed, "ended");
    assert_eq!(ended["boottime_ns"], running["boottime_ns"]);
    assert_eq!(ended["errno"], "ERESTARTNOHAND");
    // The other call was recorded meanwhile, and is not again.
    let records = daemon.stop();
    assert_eq!(results(&records, &killed), Vec::<Value>::new());
    let ends = of_kind(&records, "ended").into_iter();
    assert_eq!(ends.filter(|end| end["comm"] == kept.name()).count(), 0);
    assert!(results(&records, &kept).len() <= 1);
    let total = Total::of(of_kind(&records, "stopped")[0], "pause");
    assert_eq!((total.lost, total.written), (0, total.seen - total.filtered - total.excluded));
}
