//! The filters of docs/json: records of a real run as documents of other schemas.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use syscalls::{Abi, number};

use crate::process::trigger;
use crate::records::{events_of, of_kind};
use crate::rig::Setup;

const CONFIG: &str = "[routes]\n\
     execve = { handler = \"exec\", result = true }\n\
     getpgid = { handler = \"args\", result = \"failed\", names = true }\n";

/// Returns what `jq` makes of the records with a filter of docs/json.
fn mapped(filter: &str, records: &[Value]) -> Vec<Value> {
    let mut jq = Command::new("jq");
    jq.args(["-c", "-f"]).arg(format!("docs/json/{filter}")).env("HOSTNAME", "here");
    let mut jq = jq.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("jq starts");
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    jq.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = jq.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A run with an execution that fails, and a call that fails.
struct Recorded {
    records: Vec<Value>,
    exec: Value,
    getpgid: Value,
}

impl Recorded {
    fn new() -> Option<Self> {
        let daemon = Setup::new(CONFIG)?.start();
        let nr = |name| number(Abi::Native, name).unwrap().to_string();
        let exec = trigger(&["native", &nr("execve"), "text:/nonexistent", "argv:2", "0"]);
        let getpgid = trigger(&["native", &nr("getpgid"), "0x7fffffff"]);
        let records = daemon.stop();
        let of = |comm: &str, syscall: &str| {
            let events = events_of(&records, comm);
            let mut found = events.into_iter().filter(|event| event["syscall"] == syscall);
            let event = found.next().expect("an event").clone();
            assert!(found.next().is_none());
            event
        };
        let (exec, getpgid) = (of(&exec, "execve"), of(&getpgid, "getpgid"));
        Some(Self { records, exec, getpgid })
    }
}

/// Returns all values of an object, those within it included.
fn values(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(members) => members.values().flat_map(values).collect(),
        Value::Array(elements) => elements.iter().flat_map(values).collect(),
        other => vec![other.clone()],
    }
}

#[test]
fn ecs_has_fields_of_calls_and_loses_nothing() {
    let Some(recorded) = Recorded::new() else { return };
    let documents = mapped("ecs.jq", &recorded.records);
    assert_eq!(documents.len(), recorded.records.len());
    let [exec, call] =
        mapped("ecs.jq", &[recorded.exec.clone(), recorded.getpgid.clone()]).try_into().unwrap();
    for (path, expected) in [
        ("/@timestamp", recorded.exec["time"].clone()),
        ("/event/action", json!("execve")),
        ("/event/category", json!(["process"])),
        ("/event/type", json!(["start"])),
        ("/event/outcome", json!("failure")),
        ("/event/duration", recorded.exec["duration_ns"].clone()),
        ("/error/code", json!("ENOENT")),
        ("/process/executable", json!("/nonexistent")),
        ("/process/args", json!(["arg", "arg"])),
        ("/process/args_count", json!(2)),
        ("/process/pid", recorded.exec["pid"].clone()),
        ("/process/parent/pid", recorded.exec["ppid"].clone()),
        ("/process/name", recorded.exec["comm"].clone()),
        ("/user/id", json!("0")),
        ("/tailcalld/result", json!(-2)),
    ] {
        assert_eq!(exec.pointer(path), Some(&expected), "{path}");
    }
    assert_eq!(call.pointer("/event/action"), Some(&json!("getpgid")));
    assert_eq!(call.pointer("/process/executable"), Some(&recorded.getpgid["exe"]));
    for (record, document) in [(&recorded.exec, &exec), (&recorded.getpgid, &call)] {
        let kept = values(document);
        let lost = |value: &&Value| {
            let text = Value::String(value.to_string());
            !kept.contains(value) && !kept.contains(&text) && **value != json!("syscall")
        };
        assert_eq!(values(record).iter().find(lost), None, "{document}");
    }
}

#[test]
fn ocsf_has_classes_of_calls() {
    let Some(recorded) = Recorded::new() else { return };
    let calls = of_kind(&recorded.records, "syscall").len();
    let events = mapped("ocsf.jq", &recorded.records);
    assert_eq!(events.len(), calls);
    let [exec, call] =
        mapped("ocsf.jq", &[recorded.exec.clone(), recorded.getpgid.clone()]).try_into().unwrap();
    for (path, expected) in [
        ("/class_uid", json!(1007)),
        ("/type_uid", json!(100_701)),
        ("/status_id", json!(2)),
        ("/status_code", json!("ENOENT")),
        ("/process/file/path", json!("/nonexistent")),
        ("/process/cmd_line", json!("arg arg")),
        ("/actor/process/file/path", recorded.exec["exe"].clone()),
        ("/actor/process/user/uid", json!("0")),
        ("/device/hostname", json!("here")),
        ("/severity_id", json!(1)),
    ] {
        assert_eq!(exec.pointer(path), Some(&expected), "{path}");
    }
    assert_eq!(call.pointer("/type_uid"), Some(&json!(100_304)));
    assert_eq!(call.pointer("/kernel/name"), Some(&json!("getpgid")));
    // 2026-01-02T03:04:05.006... is its day, hour and so on, in milliseconds.
    let time = recorded.getpgid["time"].as_str().unwrap();
    let output = Command::new("date").args(["-ud", time, "+%s%3N"]).output().unwrap();
    let expected = String::from_utf8(output.stdout).unwrap();
    assert_eq!(call["time"].to_string(), expected.trim());
}
