//! `reload --confirm`: another configuration is live for some time, and gone then unless it was copied over that of the
//! daemon.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use syscalls::Abi;

use super::{ask, ask_json, is_not_routed, started, works};
use crate::number::{Number, unused_number};
use crate::process::Process;
use crate::records::Records;
use crate::rig::Setup;

const CONFIG: i32 = 78;

/// Writes a configuration that routes a number.
fn candidate(setup: &Setup, number: &Number) -> PathBuf {
    let path = setup.path("candidate.toml");
    fs::write(&path, format!("[routes]\n{} = \"args\"\n", &**number)).unwrap();
    path
}

/// Tries the candidate; returns what the command prints.
fn attempt(setup: &Setup, candidate: &Path, time: &str) -> String {
    let words = ["reload", "--confirm", time, candidate.to_str().unwrap()];
    let (code, out, err) = ask(setup, &words);
    assert_eq!((code, &*err), (0, ""));
    out
}

fn trial(setup: &Setup) -> Value {
    ask_json(setup, &["status", "--json"])["trial"].clone()
}

#[test]
fn reload_with_confirm_goes_back_when_time_is_over() {
    let [kept, number] = [(); 2].map(|()| unused_number());
    let Some(mut daemon) = started(&kept, "args") else { return };
    let file = candidate(&daemon.setup, &number);
    // Time enough for the calls, on any machine.
    let out = attempt(&daemon.setup, &file, "10s");
    let abi = Abi::Native.name();
    let added =
        format!("generation 2\nadded  #{}({abi})=args\nchanged  on trial until 20", &*number);
    let removed = format!(": {}\nremoved  #{}({abi})\n", file.display(), &*kept);
    assert!(out.starts_with(&added) && out.contains(&removed), "{out}");
    let how = format!(
        "Z, unless: cp {} {}\n",
        file.display(),
        daemon.setup.path("tailcalld.toml").display()
    );
    assert!(out.contains("goes back at 20") && out.ends_with(&how), "{out}");
    let begun = daemon.records.next("reloaded");
    let text = begun["changed"][0].as_str().unwrap();
    assert!(text.starts_with("on trial until 20") && text.ends_with("candidate.toml"), "{text}");
    assert_eq!(trial(&daemon.setup)["config"], file.to_str().unwrap());
    works(&mut daemon, &number);
    let ended = daemon.records.next("reloaded");
    assert_eq!(ended["changed"], json!([format!("no longer on trial: {}", file.display())]));
    assert_eq!(ended["removed"], json!([format!("#{}({abi})", &*number)]));
    assert_eq!(trial(&daemon.setup), Value::Null);
    works(&mut daemon, &kept);
    is_not_routed(daemon, &number);
}

#[test]
fn reload_with_confirm_stays_when_candidate_becomes_configuration() {
    let [kept, number] = [(); 2].map(|()| unused_number());
    let Some(mut daemon) = started(&kept, "args") else { return };
    let file = candidate(&daemon.setup, &number);
    attempt(&daemon.setup, &file, "1h");
    daemon.records.next("reloaded");
    fs::copy(&file, daemon.setup.path("tailcalld.toml")).unwrap();
    let kept_record = daemon.records.next("reloaded");
    assert_eq!((&kept_record["added"], &kept_record["removed"]), (&json!([]), &json!([])));
    assert_eq!(trial(&daemon.setup), Value::Null);
    works(&mut daemon, &number);
    is_not_routed(daemon, &kept);
}

#[test]
fn temporary_routes_begin_and_end_without_end_of_trial() {
    let [kept, number, added] = [(); 3].map(|()| unused_number());
    let Some(mut daemon) = started(&kept, "args") else { return };
    let file = candidate(&daemon.setup, &number);
    attempt(&daemon.setup, &file, "1h");
    daemon.records.next("reloaded");
    let entry = format!("{} = \"args\"", &*added);
    assert_eq!(ask(&daemon.setup, &["route", "add", &entry, "--for", "1h"]).0, 0);
    daemon.records.next("reloaded");
    works(&mut daemon, &added);
    assert_eq!(ask(&daemon.setup, &["route", "remove", "1"]).0, 0);
    daemon.records.next("reloaded");
    works(&mut daemon, &number);
    assert_eq!(ask(&daemon.setup, &["reload"]).0, 0);
    daemon.records.next("reloaded");
    works(&mut daemon, &kept);
    is_not_routed(daemon, &number);
}

#[test]
fn reload_with_confirm_of_faulty_candidate_changes_nothing() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "args") else { return };
    let file = daemon.setup.path("candidate.toml");
    fs::write(&file, "[routes]\nopenatt = \"args\"\n").unwrap();
    let words = ["reload", "--confirm", "60s", file.to_str().unwrap()];
    let (code, out, err) = ask(&daemon.setup, &words);
    assert_eq!((code, &*out), (CONFIG, ""), "{err}");
    assert!(err.contains("candidate.toml:2") && err.contains("openat"), "{err}");
    for words in [&["reload", "--confirm", "60s"][..], &["reload", "candidate.toml"]] {
        assert_eq!(ask(&daemon.setup, words).0, 2, "{words:?}");
    }
    let status = ask_json(&daemon.setup, &["status", "--json"]);
    assert_eq!((&status["generation"], &status["trial"]), (&json!(1), &Value::Null));
    works(&mut daemon, &number);
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn daemon_after_kill_during_trial_has_its_own_configuration() {
    let [kept, number] = [(); 2].map(|()| unused_number());
    let Some(setup) = Setup::new(&format!("[routes]\n{} = \"args\"\n", &*kept)) else { return };
    let mut first = Process::spawn(setup.command(&[], "json").stdout(Stdio::piped()));
    Records::read(first.stdout()).next("started");
    attempt(&setup, &candidate(&setup, &number), "1h");
    first.signal(Signal::SIGKILL);
    first.wait();
    let command = setup.command(&[], "json");
    let mut daemon = setup.spawn(command);
    daemon.records.until("started");
    assert_eq!(trial(&daemon.setup), Value::Null);
    works(&mut daemon, &kept);
    is_not_routed(daemon, &number);
}
