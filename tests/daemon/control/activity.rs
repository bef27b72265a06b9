//! The method `Activity`: counts of events by route, unit, command and user.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{Client, SOCKET, ask, started};
use crate::number::{Number, unused_number};
use crate::process::{Process, Trigger, eventually, trigger, trigger_path};
use crate::rig::Setup;

const ACTIVITY: &str = "io.tailcalld.Activity";

/// Returns the counts so far; the counting goes on for a minute.
fn counts(client: &mut Client) -> Value {
    let reply = client.call(ACTIVITY, json!({ "milliseconds": 60_000 }));
    assert_eq!(reply.get("error"), None, "{reply}");
    reply["parameters"].clone()
}

/// Returns the counts once the daemon has counted that many events of the only route.
fn counts_of(client: &mut Client, events: u64) -> Value {
    let mut reply = counts(client);
    eventually(&format!("{events} events"), || {
        reply = counts(client);
        reply["routes"][0]["events"].as_u64() >= Some(events)
    });
    reply
}

fn row<'v>(owners: &'v Value, name: &str) -> &'v Value {
    let rows = owners["rows"].as_array().unwrap();
    let found: Vec<_> = rows.iter().filter(|row| row["name"] == name).collect();
    let [one] = found[..] else { panic!("one row {name}: {owners}") };
    one
}

/// Starts a daemon that writes lines into a file, with the options of its only route.
fn started_into_file(options: &str) -> Option<(Setup, Process, Client, Number)> {
    let number = unused_number();
    let setup = Setup::new(&format!("[routes]\n{number} = {{ handler = \"args\"{options} }}\n"))?;
    let daemon = spawn_into_file(&setup);
    let client = Client::of(&setup);
    Some((setup, daemon, client, number))
}

/// Starts a daemon of that folder, and waits until it answers.
pub fn spawn_into_file(setup: &Setup) -> Process {
    let mut command = setup.command(&[], "json");
    command.stdout(File::create(setup.path("records")).unwrap());
    let daemon = Process::spawn(&mut command);
    eventually("the daemon answers", || {
        setup.path(SOCKET).exists() && ask(setup, &["status"]).0 == 0
    });
    daemon
}

/// Stops the daemon. Returns the number of records of that kind, and of their bytes.
fn written(setup: &Setup, mut daemon: Process, kind: &str) -> (u64, u64) {
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait().code(), Some(0));
    let text = fs::read_to_string(setup.path("records")).unwrap();
    let lines = text.split_inclusive('\n');
    let record = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
    let lines: Vec<_> = lines.filter(|line| record(line)["record"] == kind).collect();
    (lines.len() as u64, lines.concat().len() as u64)
}

#[test]
fn activity_counts_each_event_of_numbered_calls() {
    let Some((setup, daemon, mut client, number)) = started_into_file(", result = true") else {
        return;
    };
    let begin = counts(&mut client);
    assert_eq!(
        (&begin["routes"][0]["events"], &begin["commands"]["rows"]),
        (&json!(0), &json!([]))
    );
    let calls = |count: &str| ["times", count, "native", &*number, "nth"].map(str::to_owned);
    let words = |words: &[String; 5]| trigger(&words.each_ref().map(String::as_str));
    let (first, second) = (words(&calls("50")), words(&calls("70")));
    let third = calls("30");
    let third = Trigger::start_as(65_534, &third.each_ref().map(String::as_str)).end();
    let end = counts_of(&mut client, 150);
    let (lines, bytes) = written(&setup, daemon, "syscall");

    let route = &end["routes"][0];
    assert_eq!(lines, 150);
    for (key, value) in [
        ("syscall", json!(format!("#{number}"))),
        ("handler", json!("args")),
        ("seen", json!(150)),
        ("events", json!(150)),
        ("errors", json!(150)),
        ("bytes", json!(bytes)),
        ("lost", json!(0)),
    ] {
        assert_eq!(route[key], value, "{key}: {route}");
    }
    let events = |owners: &str, name: &str| {
        let row = row(&end[owners], name);
        assert_eq!((&row["errors"], &row["lost"]), (&row["events"], &json!(0)), "{row}");
        row["events"].as_u64().unwrap()
    };
    let commands = [&first, &second, &third].map(|name| events("commands", name));
    assert_eq!(commands, [50, 70, 30]);
    assert_eq!(["0", "65534"].map(|name| events("users", name)), [120, 30]);
    for owners in ["units", "commands", "users"] {
        let rows = end[owners]["rows"].as_array().unwrap().iter();
        let sum: u64 = rows.map(|row| row["bytes"].as_u64().unwrap()).sum();
        assert_eq!(sum, bytes, "{owners}");
        let nothing = json!({ "events": 0, "errors": 0, "bytes": 0, "lost": 0 });
        assert_eq!((&end[owners]["others"], &end[owners]["forgotten"]), (&nothing, &nothing));
    }
    assert_eq!(begin["counted_since_ns"], end["counted_since_ns"]);
    assert!(begin["time_ns"].as_u64() < end["time_ns"].as_u64());
    // The measurement of run time runs as long.
    assert_eq!(route["run_time"]["calls"], 150, "{route}");
}

#[test]
fn activity_counts_each_call_of_an_aggregate() {
    let Some((setup, daemon, mut client, number)) = started_into_file(", aggregate = \"2s\"")
    else {
        return;
    };
    counts(&mut client);
    let name = trigger(&["times", "40", "native", &number, "1"]);
    let end = counts_of(&mut client, 40);
    assert_eq!(
        (&end["routes"][0]["bytes"], &end["routes"][0]["errors"]),
        (&json!(0), &Value::Null)
    );
    let mut end = end;
    eventually("the aggregate is written", || {
        end = counts(&mut client);
        end["routes"][0]["bytes"].as_u64() > Some(0)
    });
    let (lines, bytes) = written(&setup, daemon, "aggregate");
    assert_eq!((lines, &end["routes"][0]["bytes"]), (1, &json!(bytes)));
    let row = row(&end["commands"], &name);
    assert_eq!((&row["events"], &row["bytes"]), (&json!(40), &json!(bytes)));
}

#[test]
fn activity_escapes_names() {
    let number = unused_number();
    let Some(daemon) = started(&number, "args") else { return };
    let mut client = Client::of(&daemon.setup);
    counts(&mut client);
    for name in ["\x1b[2J\u{202e}a", "others"] {
        let mut command = Command::new(trigger_path());
        command.args(["times", "2", "native", &number, "1"]).env("TRIGGER_NAME", name);
        assert!(command.stdout(Stdio::null()).status().unwrap().success());
    }
    let end = counts_of(&mut client, 4);
    for name in ["\"\\x1b[2J\\u{202e}a\"", "others"] {
        assert_eq!(row(&end["commands"], name)["events"], 2, "{end}");
    }
    daemon.stop();
}

#[test]
fn activity_ends_by_itself_and_begins_anew() {
    let number = unused_number();
    let Some(daemon) = started(&number, "args") else { return };
    let mut client = Client::of(&daemon.setup);
    let begin = client.call(ACTIVITY, json!({ "milliseconds": 1 }))["parameters"].clone();
    let mut anew = Value::Null;
    eventually("the counting ends", || {
        trigger(&["times", "5", "native", &number, "1"]);
        anew = client.call(ACTIVITY, json!({ "milliseconds": 1 }))["parameters"].clone();
        anew["counted_since_ns"] != begin["counted_since_ns"]
    });
    assert!(anew["counted_since_ns"].as_u64() > begin["counted_since_ns"].as_u64());
    assert_eq!((&anew["routes"][0]["events"], &anew["users"]["rows"]), (&json!(0), &json!([])));
    assert!(anew["routes"][0]["seen"].as_u64() >= Some(5));
    daemon.stop();
}

#[test]
fn activity_for_no_time_or_too_long_is_refused() {
    let number = unused_number();
    let Some(daemon) = started(&number, "count") else { return };
    let mut client = Client::of(&daemon.setup);
    for parameters in [json!({}), json!({"milliseconds": 0}), json!({"milliseconds": 60_001})] {
        let reply = client.call(ACTIVITY, parameters);
        assert_eq!(reply["error"], "org.varlink.service.InvalidParameter", "{reply}");
    }
    assert_eq!(daemon.stop().len(), 1);
}
