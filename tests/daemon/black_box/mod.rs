//! Black boxes: a dump has exactly the last calls of a unit, in their order, whatever happens meanwhile; and every call is
//! accounted for.

mod boxes;
pub mod cgroup;
mod contents;
mod restart;

use std::process::{Command, Output};

use serde_json::Value;

use crate::process::trigger;
use crate::records::of_kind;
use crate::rig::{Daemon, Setup};

/// Returns a configuration whose calls of that number go into boxes of so many calls.
fn config(number: &str, options: &str, calls: u64, units: u64) -> String {
    let route = format!("{number} = {{ handler = \"args\", keep = \"blackbox\"{options} }}");
    format!("[routes]\n{route}\n[blackbox]\ncalls = {calls}\nboxes = {units}\n")
}

/// Runs a command that calls the daemon of that folder.
fn client(setup: &Setup, words: &[&str]) -> Output {
    let mut client = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    client.args(words).env("RUNTIME_DIRECTORY", setup.path("run")).output().unwrap()
}

/// Runs a command that must succeed, and returns its reply.
fn ask(setup: &Setup, words: &[&str]) -> Value {
    let (command, rest) = words.split_first().unwrap();
    let output = client(setup, &[&[*command, "--json"], rest].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs a command that must fail, and returns what it says.
fn refusal(setup: &Setup, words: &[&str]) -> String {
    let output = client(setup, words);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Returns the boxes that cgroups have.
fn boxes(setup: &Setup) -> Vec<Value> {
    ask(setup, &["dump"])["boxes"].as_array().unwrap().clone()
}

/// Returns the name of the unit that the only box is of.
fn only_unit(setup: &Setup) -> String {
    let boxes = boxes(setup);
    assert_eq!(boxes.len(), 1, "{boxes:?}");
    boxes[0]["unit"].as_str().unwrap().to_owned()
}

/// Dumps a unit; returns the records of the calls and that of the dump.
fn dump(daemon: &mut Daemon, unit: &str) -> (Vec<Value>, Value) {
    let reply = ask(&daemon.setup, &["dump", "--", unit]);
    let mut records = daemon.records.until("dumped");
    let summary = records.pop().unwrap();
    let calls: Vec<Value> = of_kind(&records, "syscall").into_iter().cloned().collect();
    for (position, call) in (1..).zip(&calls) {
        assert_eq!((&call["blackbox"], &call["position"]), (&reply["dump"], &position.into()));
    }
    assert_eq!(summary["blackbox"], reply["dump"]);
    assert_eq!(summary["overwritten"], reply["overwritten"]);
    assert_eq!(summary["written"], calls.len() as u64);
    (calls, summary)
}

/// Returns the number that each call has as its argument.
fn numbers(calls: &[Value]) -> Vec<u64> {
    let number = |call: &Value| {
        let text = call["args"]["0"].as_str().unwrap().to_owned();
        let hex = text.strip_prefix("0x").map(|hex| u64::from_str_radix(hex, 16));
        hex.unwrap_or_else(|| text.parse()).unwrap()
    };
    calls.iter().map(number).collect()
}

/// Makes so many calls, which are numbered from 0.
fn make_calls(number: &str, count: u64) -> String {
    trigger(&["times", &count.to_string(), "native", number, "nth"])
}
