//! Probes of several kinds in one table: a raw and a classic tracepoint that a process passes together, each time that it
//! changes its name. This kernel needs no kprobes for that.

use std::collections::BTreeMap;
use std::fs;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{CLASSIC, RAW, passes, prctl, rename, total};
use crate::control::{ask, ask_json};
use crate::gap::Run;
use crate::handler_object::{folder, install};
use crate::kill::ours;
use crate::pins::BpfFs;
use crate::process::{Steady, eventually, send, trigger};
use crate::records::{Total, of_kind};
use crate::rig::Setup;

const NAMED: &str = "task:task_rename";

fn filtered(probe: &str, argument: &str, name: &str) -> String {
    format!("\"{probe}\" = {{ handler = \"args\", argument = \"{argument} = {name}*\" }}\n")
}

/// Returns both probes, for processes that take a name.
fn both(name: &str) -> String {
    filtered(RAW, "comm", name) + &filtered(CLASSIC, "newcomm", name)
}

/// Returns how often both were passed by such a process.
fn counts(records: &[Value], name: &str) -> (usize, usize) {
    let raw = passes(records, "task_rename", ("comm", name));
    let classic = passes(records, NAMED, ("newcomm", name));
    assert!(raw.iter().all(|event| event["abi"] == "raw_tracepoint"));
    assert!(classic.iter().all(|event| event["abi"] == "tracepoint"));
    (raw.len(), classic.len())
}

#[test]
fn probes_of_two_kinds_are_recorded_beside_calls() {
    let config = format!("[routes]\nprctl = \"count\"\n[probes]\n{}", both("mixed"));
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    rename(40, "mixed");
    rename(5, "other");
    let (_, out, _) = ask(&daemon.setup, &["routes"]);
    let kind_of = |name: &str| {
        let line = out.lines().find(|line| line.starts_with(&format!("{name} "))).expect(&out);
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(
        (kind_of("task_rename"), kind_of(NAMED)),
        ("raw_tracepoint".into(), "tracepoint".into())
    );
    assert_eq!(ask(&daemon.setup, &["stats", "--check"]).0, 0);
    let records = daemon.stop();

    assert_eq!(counts(&records, "mixed"), (40, 40));
    assert_eq!(counts(&records, "other"), (0, 0));
    let classic = Total::of_abi(records.last().unwrap(), NAMED, "tracepoint");
    let calls = Total::of(records.last().unwrap(), "prctl");
    assert!(total(&records, "task_rename").seen >= 45 && classic.seen >= 45 && calls.seen >= 45);
}

/// Returns the ids of the programs by name.
fn ids(live: &Value) -> BTreeMap<&str, u64> {
    let programs = live["programs"].as_array().unwrap().iter();
    programs.map(|one| (one["name"].as_str().unwrap(), one["id"].as_u64().unwrap())).collect()
}

/// The classic tracepoint can serve calls as well, so those probes share the programs of calls.
#[test]
fn routes_lists_programs_of_kind_with_type_of_its_own() {
    let config = format!("[routes]\nprctl = \"args\"\n[probes]\n{}", both("listed"));
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    let live = ask_json(&daemon.setup, &["routes", "--json"]);
    let routes = live["routes"].as_array().unwrap();
    let programs = |name: &str| {
        let route = routes.iter().find(|route| route["syscall"] == name).unwrap();
        json!(route["programs"])
    };
    let (_, text, _) = ask(&daemon.setup, &["routes"]);
    daemon.stop();

    let of = |kind: &str| {
        let names = ["filter", "filter_match", "filter_resume", "handle_args", "probe"];
        names.map(|name| format!("{name}{kind}"))
    };
    assert_eq!(programs(NAMED), json!(of("")));
    assert_eq!(programs("task_rename"), json!(of(".raw_tracepoint")));
    let ids = ids(&live);
    assert_ne!(ids["handle_args"], ids["handle_args.raw_tracepoint"]);
    let begin = "handle_args.raw_tracepoint ";
    let line = text.lines().find(|line| line.starts_with(begin)).expect(&text);
    assert_eq!(line.split_whitespace().nth(1), Some("handle_args"));
}

/// The first kind is added to a table without probes, the second one to that; then the first goes, and comes back.
#[test]
fn reload_adds_and_removes_kinds() {
    let routes = "[routes]\ngetpgrp = \"count\"\n[probes]\n";
    let (raw, classic) = (filtered(RAW, "comm", "re"), filtered(CLASSIC, "newcomm", "re"));
    let Some(setup) = Setup::new("[routes]\ngetpgrp = \"count\"\n") else { return };
    let mut daemon = setup.start();
    let mut records = Vec::new();
    for (probes, name) in [
        (classic.clone(), "re1"),
        (raw.clone() + &classic, "re2"),
        (raw.clone(), "re3"),
        (raw + &classic, "re4"),
        (String::new(), "re5"),
    ] {
        daemon.setup.write(&format!("{routes}{probes}"));
        records.extend(daemon.records.until("reloaded"));
        rename(20, name);
    }
    records.extend(daemon.stop());
    let found = ["re1", "re2", "re3", "re4", "re5"].map(|name| counts(&records, name));
    assert_eq!(found, [(0, 20), (20, 20), (20, 0), (20, 20), (0, 0)]);
}

/// A process passes both kinds all the time; one of them is added and removed beside the other.
#[test]
fn kind_that_comes_and_goes_loses_no_pass_of_another() {
    let config = |others: &str| {
        format!(
            "[probes]\n\"{RAW}\" = {{ handler = \"count\", argument = \"comm = steady\" }}\n{others}"
        )
    };
    let with_classic = config(&filtered(CLASSIC, "newcomm", "once"));
    let without = config("");
    let Some(setup) = Setup::new(&without) else { return };
    let mut daemon = setup.start();
    let passing = Steady::with(&["endless", "native", &prctl(), "15", "text:steady"]);
    let mut records = Vec::new();
    for round in 0..10 {
        daemon.setup.write(if round % 2 == 0 { &with_classic } else { &without });
        records.extend(daemon.records.until("reloaded"));
        rename(3, "once");
    }
    let (_, passed) = passing.end();
    let stats = ask_json(&daemon.setup, &["stats", "--json"]);
    let routes = stats["routes"].as_array().unwrap();
    let raw = routes.iter().find(|route| route["syscall"] == "task_rename").unwrap();
    let counted = raw["outcomes"]["counted"].as_u64().unwrap();
    let check = ask_json(&daemon.setup, &["stats", "--check", "--json"]);
    records.extend(daemon.stop());
    assert_eq!(counted, passed);
    assert_eq!(check, json!({"balanced": true, "differences": []}));
    assert_eq!(passes(&records, NAMED, ("newcomm", "once")).len(), 15);
}

#[test]
fn probes_of_two_kinds_of_killed_daemon_lose_no_pass() {
    let config = format!("[routes]\ngetpgrp = \"count\"\n[probes]\n{}", both("kept"));
    let Some(setup) = Setup::alone(&config) else { return };
    let before = ours();
    let pins = BpfFs::mount(&setup);
    let mut first = pins.start(&setup);
    first.records.until("started");
    first.end_with_status(Signal::SIGKILL);
    rename(20, "kept_between");
    let mut second: Run = pins.start(&setup);
    let mut records = second.records.until("started");
    assert_eq!(of_kind(&records, "adopted").len(), 1, "{records:?}");
    rename(6, "kept_after");
    // Programs of the second daemon take the slots.
    send(second.pid(), Signal::SIGHUP);
    records.extend(second.records.until("reloaded"));
    rename(7, "kept_reload");
    while counts(&records, "kept_reload") != (7, 7) {
        records.push(second.records.next("syscall"));
    }
    let found = ["kept_between", "kept_after", "kept_reload"].map(|name| counts(&records, name));
    assert_eq!(found, [(20, 20), (6, 6), (7, 7)]);
    assert_eq!(second.end_with_status(Signal::SIGTERM).code(), Some(0));
    assert_eq!(fs::read_dir(setup.path("bpf/tailcalld")).map_or(0, Iterator::count), 0);
    eventually("nothing of ours is left", || ours().is_subset(&before));
}

/// The programs of one object are loaded once for each type.
#[test]
fn own_handler_stands_behind_probes_of_two_kinds() {
    let Some(setup) = Setup::new("") else { return };
    install("of_probes", &folder(&setup.config()));
    let chain = |probe: &str, argument: &str| {
        format!(
            "\"{probe}\" = {{ handler = [\"args\", \"any\"], argument = \"{argument} = twice\" }}\n"
        )
    };
    setup.write(&format!("[probes]\n{}{}", chain(RAW, "comm"), chain(CLASSIC, "newcomm")));
    let daemon = setup.start();
    rename(10, "twice");
    let records = daemon.stop();
    assert_eq!(counts(&records, "twice"), (10, 10));
    for (probe, argument, kind) in [("task_rename", "comm", 5), (NAMED, "newcomm", 4)] {
        for event in passes(&records, probe, (argument, "twice")) {
            assert_eq!(
                (&event["args"]["version"], &event["chain"]),
                (&json!(kind), &json!(["any"]))
            );
        }
    }
}

/// Calls are handled at the raw tracepoint here, where nothing but the programs themselves keeps a classic one from running
/// in the middle of them: a handler that reads memory that is not there passes the tracepoint of page faults.
#[test]
fn pass_within_own_program_is_not_recorded() {
    const FAULT: &str = "exceptions:page_fault_kernel";
    let others = "[routes]\ngetpgrp = \"count\"\n";
    let probe = format!(
        "[probes]\n\"tracepoint:{FAULT}\" = {{ handler = \"args\", argument = \"address = 4660\" }}\n"
    );
    let Some(setup) = Setup::new(others) else { return };
    let mut daemon = setup.spawn_probed();
    let started = daemon.records.next("started");
    if started["attached"] != "raw_tp/sys_enter" {
        println!("SKIPPED: calls are not handled at the raw tracepoint");
        return;
    }
    let number = syscalls::number(syscalls::Abi::Native, "chroot").unwrap().to_string();
    let mut passed = |routes: &str| {
        daemon.setup.write(&format!("{routes}{probe}"));
        daemon.records.until("reloaded");
        let name = trigger(&["times", "20", "native", &number, "0x1234"]);
        daemon.setup.write(others);
        let records = daemon.records.until("reloaded");
        let of_process = |event: &&Value| event["comm"] == *name;
        let events = of_kind(&records, "syscall").into_iter().filter(of_process);
        let (faults, calls): (Vec<_>, Vec<_>) = events.partition(|event| event["syscall"] == FAULT);
        (faults.len(), calls.len())
    };
    // The kernel reads the path by itself, with one fault or more.
    let (of_kernel, none) = passed(others);
    assert!(of_kernel >= 20 && none == 0, "{of_kernel} {none}");
    assert_eq!(passed(&format!("{others}chroot = \"args\"\n")), (of_kernel, 20));
    daemon.stop();
}

/// A table of another object takes over, which empties all arrays of the first one, while a process passes both.
#[test]
fn probes_of_two_kinds_are_handed_over_to_other_object() {
    let config = format!("[routes]\ngetpgrp = \"count\"\n[probes]\n{}", both("handed"));
    let Some(setup) = Setup::alone(&config) else { return };
    let before = ours();
    let pins = BpfFs::mount(&setup);
    let mut first = pins.start(&setup);
    first.records.until("started");
    // Both banks have the programs.
    send(first.pid(), Signal::SIGHUP);
    first.records.until("reloaded");
    first.end_with_status(Signal::SIGKILL);
    let passing = Steady::with(&["steady", "native", &prctl(), "15", "text:handed"]);
    setup.write(&format!("{config}[ring]\nsize = \"4MiB\"\n"));
    let mut second: Run = pins.start(&setup);
    let mut records = second.records.until("started");
    let [adopted] = of_kind(&records, "adopted")[..] else { panic!("{records:?}") };
    assert!(adopted["replaced"].is_string(), "{adopted}");
    let (_, passed) = passing.end();
    send(second.pid(), Signal::SIGTERM);
    records.extend(second.records.until("stopped"));
    let passed = usize::try_from(passed).unwrap();
    assert_eq!(counts(&records, "handed"), (passed, passed));
    assert!(second.wait().success());
    eventually("nothing of ours is left", || ours().is_subset(&before));
}
