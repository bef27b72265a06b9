//! Temporary routes: added, listed and removed by commands, and gone when their time is over.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use syscalls::Abi;

use super::{ask, ask_json, is_not_routed, started, works};
use crate::number::{Number, unused_number};
use crate::process::Process;
use crate::records::Records;
use crate::rig::Setup;

const CONFIG: i32 = 78;

/// Adds a route that records a number; returns what the command prints.
fn add(setup: &Setup, number: &Number, time: &str) -> String {
    let entry = format!("{} = \"args\"", &**number);
    let (code, out, err) = ask(setup, &["route", "add", &entry, "--for", time]);
    assert_eq!((code, &*err), (0, ""));
    out
}

/// Returns the numbers and entries of the temporary routes.
fn listed(setup: &Setup) -> Vec<(u64, String)> {
    let all = ask_json(setup, &["route", "list", "--json"]);
    let route = |route: &Value| {
        (route["number"].as_u64().unwrap(), route["entry"].as_str().unwrap().to_owned())
    };
    all["routes"].as_array().unwrap().iter().map(route).collect()
}

/// Returns the files of temporary routes.
fn files(setup: &Setup) -> Vec<PathBuf> {
    let entries = fs::read_dir(setup.path("run")).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("route-"));
    files.map(|entry| entry.path()).collect()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn route_add_records_calls_until_its_time_is_over() {
    let [kept, number] = [(); 2].map(|()| unused_number());
    let Some(mut daemon) = started(&kept, "args") else { return };
    // Time enough for the calls, on any machine.
    let out = add(&daemon.setup, &number, "10s");
    let abi = Abi::Native.name();
    assert!(
        out.starts_with("1  until 20") && out.contains(&format!("Z  {} = ", &*number)),
        "{out}"
    );
    assert!(out.ends_with(&format!("\ngeneration 2\nadded  #{}({abi})=args\n", &*number)), "{out}");
    assert_eq!(daemon.records.next("reloaded")["generation"], 2);
    works(&mut daemon, &number);
    let ended = daemon.records.next("reloaded");
    let removed = json!([format!("#{}({abi})", &*number)]);
    assert_eq!((&ended["generation"], &ended["removed"]), (&json!(3), &removed));
    assert_eq!((listed(&daemon.setup), files(&daemon.setup)), (vec![], vec![]));
    works(&mut daemon, &kept);
    is_not_routed(daemon, &number);
}

#[test]
fn route_of_configuration_is_overridden_and_comes_back() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "count") else { return };
    add(&daemon.setup, &number, "30d");
    daemon.records.next("reloaded");
    works(&mut daemon, &number);
    let (code, out, _) = ask(&daemon.setup, &["route", "remove", "1"]);
    let abi = Abi::Native.name();
    assert_eq!(
        (code, out),
        (0, format!("generation 3\nchanged  #{}({abi}) (args -> count)\n", &*number))
    );
    let (code, out, err) = ask(&daemon.setup, &["route", "remove", "1"]);
    assert_eq!((code, &*out), (1, ""));
    assert!(err.contains("no temporary route 1") && err.contains("tailcalld route list"), "{err}");
    is_not_routed(daemon, &number);
}

/// Completions of shells ask for these names, and get none rather than a fault.
#[test]
fn complete_names_has_routes_of_daemon() {
    let number = unused_number();
    let Some(daemon) = started(&number, "args") else { return };
    let names = |kind: &str| {
        let (code, out, err) = ask(&daemon.setup, &["complete-names", kind]);
        assert_eq!((code, &*err), (0, ""), "{kind}");
        out
    };
    assert_eq!(names("temporary"), "");
    for entry in ["getpgrp = \"count\"", "getsid = \"count\""] {
        let (code, _, err) = ask(&daemon.setup, &["route", "add", entry, "--for", "1min"]);
        assert_eq!(code, 0, "{err}");
    }
    assert_eq!(names("temporary"), "1\n2\n");
    assert_eq!(names("boxes"), "");
    let routes = names("routes");
    let expected = format!("#{}", &*number);
    assert!(routes.lines().any(|name| name == expected), "{routes}");
    assert!(routes.lines().any(|name| name == "getsid"), "{routes}");
    daemon.stop();
}

#[test]
fn route_add_with_fault_changes_nothing() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "args") else { return };
    for (entry, fault, advice) in [
        ("openatt = \"args\"", "ENTRY:1:1: unknown syscall \"openatt\"", "1 | openatt = "),
        ("openat = \"agrs\"", "ENTRY:1:10: unknown handler \"agrs\"", "args"),
        ("openat", "ENTRY:1:", "="),
        ("\"kprobe:no_such_function\" = \"args\"", "no_such_function", "ENTRY:1:1: "),
    ] {
        let (code, out, err) = ask(&daemon.setup, &["route", "add", entry, "--for", "1min"]);
        assert_eq!((code, &*out), (CONFIG, ""), "{entry}: {err}");
        assert!(err.contains(fault) && err.contains(advice), "{err}");
        assert!(!err.contains("route-"), "{err}");
    }
    for (entry, fault) in [("read = \"args\"\n[ring]", "not one line"), ("", "routes nothing")] {
        let (code, _, err) = ask(&daemon.setup, &["route", "add", entry, "--for", "1min"]);
        assert!(code == 1 && err.contains(fault), "{err}");
    }
    for time in ["0s", "31d", "soon"] {
        let (code, _, err) =
            ask(&daemon.setup, &["route", "add", "read = \"args\"", "--for", time]);
        assert_eq!(code, 2, "{time}: {err}");
    }
    assert_eq!((listed(&daemon.setup), files(&daemon.setup)), (vec![], vec![]));
    works(&mut daemon, &number);
    let status = ask_json(&daemon.setup, &["status", "--json"]);
    assert_eq!((&status["generation"], &status["refused_reload"]), (&json!(1), &Value::Null));
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn route_outlives_killed_daemon_until_its_time() {
    let [kept, number, ended] = [(); 3].map(|()| unused_number());
    let Some(setup) = Setup::new(&format!("[routes]\n{} = \"args\"\n", &*kept)) else { return };
    let mut first = Process::spawn(setup.command(&[], "json").stdout(Stdio::piped()));
    Records::read(first.stdout()).next("started");
    add(&setup, &ended, "10min");
    let [file] = files(&setup).try_into().unwrap();
    add(&setup, &number, "10min");
    first.signal(Signal::SIGKILL);
    first.wait();
    // The first is over while no daemon runs.
    fs::rename(&file, setup.path(&format!("run/route-1-{}.toml", now() - 1))).unwrap();
    let command = setup.command(&[], "json");
    let mut daemon = setup.spawn(command);
    daemon.records.until("started");
    assert_eq!(listed(&daemon.setup), [(2, format!("{} = \"args\"", &*number))]);
    assert_eq!(files(&daemon.setup).len(), 1);
    works(&mut daemon, &number);
    is_not_routed(daemon, &ended);
}

#[test]
fn start_with_faulty_temporary_route_leaves_it_out() {
    let number = unused_number();
    let Some(setup) = Setup::new(&format!("[routes]\n{} = \"args\"\n", &*number)) else { return };
    fs::create_dir(setup.path("run")).unwrap();
    let file = setup.path(&format!("run/route-4-{}.toml", now() + 600));
    fs::write(file, "[routes]\nread = \"gone\"\n").unwrap();
    let mut daemon = setup.start();
    works(&mut daemon, &number);
    let errors = fs::read_to_string(daemon.setup.path("stderr")).unwrap();
    assert!(
        errors.contains("temporary routes are left out") && errors.contains("gone"),
        "{errors}"
    );
    assert_eq!(ask(&daemon.setup, &["route", "remove", "4"]).0, 0);
    assert_eq!(files(&daemon.setup), Vec::<PathBuf>::new());
    daemon.stop();
}
