//! Calls that execute a program, of a route that asks for nothing but their success.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use syscalls::{Abi, number};

use crate::process::trigger;
use crate::records::{Total, events_of, of_kind};
use crate::rig::Setup;

const ASKED: &str =
    "[routes]\nexecve = { handler = \"exec\", abi = \"native\", result = \">= 0\" }\n";

#[test]
fn attempts_that_fail_are_filtered_and_script_is_recorded_with_interpreter() {
    let Some(setup) = Setup::new(ASKED) else { return };
    let script = setup.path("script");
    fs::write(&script, "#!/bin/true\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let daemon = setup.start();
    let nr = number(Abi::Native, "execve").unwrap().to_string();
    let found = format!("text:{}", script.display());
    let call = |path| ["native", nr.as_str(), path, "0", "0"];
    let missing = call("text:/nonexistent/program");
    let search = [&["times", "10"], &missing[..], &["then"], &call(&found)].concat();
    let name = trigger(&search);
    // A task that goes on after its failed call.
    trigger(&[&["times", "3"], &missing[..]].concat());
    let records = daemon.stop();
    let events = events_of(&records, &name);
    let [event] = events[..] else { panic!("{events:?}") };
    assert_eq!(event["result"], 0);
    assert_eq!(event["args"]["filename"], script.to_str().unwrap());
    assert_eq!(event["args"]["interpreter"], "/bin/true");
    assert!(event["message"].as_str().unwrap().ends_with(" = 0"), "{event}");
    let total = Total::of(of_kind(&records, "stopped")[0], "execve");
    assert!(total.filtered >= 13, "{total:?}");
    assert_eq!((total.lost, total.seen), (0, total.written + total.filtered));
}
