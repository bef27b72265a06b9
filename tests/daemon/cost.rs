//! `tailcalld cost`: exact counts of what a table would record, beside a daemon with the same routes.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::control::ask_json;
use crate::number::unused_number;
use crate::process::{Process, eventually, trigger};
use crate::records::{counted, events_of};
use crate::rig::{Setup, UNLIMITED};

const CALLS: u64 = 300;

fn command(setup: &Setup, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    command.args(["cost", "--config"]).arg(setup.config()).args(words);
    command.stdin(Stdio::null());
    command
}

/// Runs a measurement, and a trigger once it counts.
fn measured(setup: &Setup, words: &[&str], calls: &[&str]) -> Value {
    let mut command = command(setup, words);
    let mut cost = Process::spawn(command.args(["--json", "--for", "3s"]).stdout(Stdio::piped()));
    let mut pipe = cost.stdout();
    let socket = PathBuf::from(format!("/run/tailcalld-trace.{}/io.tailcalld", cost.id()));
    eventually("the measurement counts", || {
        let mut status = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
        status.args(["status", "--socket"]).arg(&socket).output().unwrap().status.success()
    });
    trigger(calls);
    let mut text = String::new();
    pipe.read_to_string(&mut text).unwrap();
    assert_eq!(cost.wait().code(), Some(0));
    assert!(!socket.exists());
    serde_json::from_str(&text).unwrap()
}

fn route<'a>(report: &'a Value, number: &str) -> &'a Value {
    let routes = report["routes"].as_array().unwrap();
    let name = format!("#{number}");
    routes.iter().find(|route| route["syscall"] == name && route["abi"] == "x86_64").unwrap()
}

/// Returns a rate as a count, which it is of a whole number of calls.
fn count(report: &Value, number: &str, rate: &str) -> u64 {
    let rate = route(report, number)[rate].as_f64().unwrap();
    let count = rate * report["seconds"].as_f64().unwrap();
    assert!((count - count.round()).abs() < 1e-6, "{count}");
    count.round() as u64
}

#[test]
fn cost_counts_each_call_once_beside_daemon_with_the_same_route() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\ngetpgrp = \"count\"\n{UNLIMITED}");
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    let entry = format!("{number} = \"args\"");
    let calls = CALLS.to_string();
    let words = ["times", &calls, "native", &number, "nth"];
    let report = measured(&daemon.setup, &["--if", &entry], &words);
    let routes = ask_json(&daemon.setup, &["routes", "--json"])["generation"].clone();
    let records = daemon.stop();

    assert_eq!(count(&report, &number, "calls_per_second"), CALLS);
    assert_eq!(count(&report, &number, "entries_per_second"), CALLS);
    assert_eq!(count(&report, &number, "lost_per_second"), 0);
    let bytes = route(&report, &number)["bytes_per_entry"].as_f64().unwrap();
    let per_day = CALLS as f64 / report["seconds"].as_f64().unwrap() * bytes * 86_400.0;
    assert!((report["bytes_per_day"].as_f64().unwrap() - per_day).abs() < 1.0, "{report}");
    let syscalls: Vec<_> = report["routes"].as_array().unwrap().iter().collect();
    assert!(syscalls.iter().all(|route| route["syscall"] != "getpgrp"), "{syscalls:?}");
    // The daemon has recorded them as well, and its table is as it was.
    let name = records.iter().find(|record| record["record"] == "syscall").unwrap()["comm"].clone();
    let events = events_of(&records, name.as_str().unwrap());
    assert_eq!(counted(&events, "0"), (0..CALLS).collect());
    assert_eq!(routes, 1);
}

/// The configuration's own routes, with its limits.
#[test]
fn cost_without_entry_measures_configuration_and_its_limits() {
    let number = unused_number();
    let config =
        format!("[routes]\n{number} = {{ handler = \"args\", limit = \"1/min\", burst = 20 }}\n");
    let Some(setup) = Setup::new(&config) else { return };
    let calls = CALLS.to_string();
    let report = measured(&setup, &[], &["times", &calls, "native", &number, "nth"]);
    assert_eq!(count(&report, &number, "calls_per_second"), CALLS);
    assert_eq!(count(&report, &number, "entries_per_second"), 20);
    assert_eq!(report["routes"].as_array().unwrap().len(), 1, "{report}");
}

#[test]
fn cost_of_faulty_entry_or_configuration_is_fault() {
    let Some(setup) = Setup::new("[routes]\ngetpgrp = \"count\"\n") else { return };
    let run = |words: &[&str]| -> Output {
        let mut command = command(&setup, words);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let folder = PathBuf::from(format!("/run/tailcalld-trace.{}", child.id()));
        let output = child.wait_with_output().unwrap();
        assert!(!folder.exists());
        output
    };
    let faulty = run(&["--if", "getpgrpp = \"args\""]);
    assert_eq!(faulty.status.code(), Some(78));
    let text = String::from_utf8(faulty.stderr).unwrap();
    assert!(text.contains("\"getpgrpp\" (did you mean \"getpgrp\"?)"), "{text}");
    let entries = ["--if", "\"kprobe:vfs_read\" = \"args\"", "--if", "read = \"agrs\""];
    let text = String::from_utf8(run(&entries).stderr).unwrap();
    assert!(
        text.contains("--if:2:8: unknown handler \"agrs\"") && !text.contains("/run/"),
        "{text}"
    );
    setup.write("[routes]\ngetpgrp = \"cuont\"\n");
    let faulty = run(&["--if", "getppid = \"args\""]);
    assert_eq!(faulty.status.code(), Some(78));
    let text = String::from_utf8(faulty.stderr).unwrap();
    assert!(text.contains(&*setup.config().to_string_lossy()), "{text}");
}
