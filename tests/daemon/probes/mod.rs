//! Probes from the configuration to the record: a tracepoint that a process passes as often as it likes, when it changes
//! its name.

mod books;
mod chains;
mod kinds;
mod structures;

use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::gap::Run;
use crate::process::trigger;
use crate::records::{Total, of_kind};
use crate::rig::{Daemon, Setup};

const RAW: &str = "raw_tracepoint:task_rename";
const CLASSIC: &str = "tracepoint:task:task_rename";

/// Returns the number of the call by which a process changes its name.
fn prctl() -> String {
    syscalls::number(syscalls::Abi::Native, "prctl").unwrap().to_string()
}

/// Lets a process change its name so many times.
fn rename(times: u32, name: &str) {
    trigger(&["times", &times.to_string(), "native", &prctl(), "15", &format!("text:{name}")]);
}

/// Returns the events of a probe in which an argument has that value.
fn passes<'a>(records: &'a [Value], probe: &str, argument: (&str, &str)) -> Vec<&'a Value> {
    let (name, value) = argument;
    let events = of_kind(records, "syscall").into_iter().filter(|event| event["syscall"] == probe);
    events.filter(|event| event["args"][name] == value).collect()
}

/// Returns the row of a raw tracepoint in the totals, all of which balance.
fn total(records: &[Value], probe: &str) -> Total {
    Total::of_abi(records.last().unwrap(), probe, "raw_tracepoint")
}

#[test]
fn raw_tracepoint_is_recorded_by_filter_of_its_text_and_not_after_reload_without_it() {
    let routes = "[routes]\ngetpgrp = \"count\"\n";
    let probe = format!(
        "{routes}[probes]\n\"{RAW}\" = {{ handler = \"args\", argument = \"comm = prob*\" }}\n"
    );
    let Some(setup) = Setup::new(&probe) else { return };
    let mut daemon = setup.start();
    rename(40, "probed");
    rename(5, "other");
    daemon.setup.write(routes);
    let mut records = daemon.records.until("reloaded");
    let reloaded = records.last().unwrap();
    assert_eq!(reloaded["removed"][0], "task_rename(raw_tracepoint)", "{reloaded}");
    rename(3, "probed");
    daemon.setup.write(&probe);
    records.extend(daemon.records.until("reloaded"));
    rename(2, "probed");
    records.extend(daemon.stop());

    let events = passes(&records, "task_rename", ("comm", "probed"));
    assert_eq!(events.len(), 42);
    assert_eq!(passes(&records, "task_rename", ("comm", "other")).len(), 0);
    let event = events[0];
    assert_eq!((&event["abi"], &event["nr"]), (&"raw_tracepoint".into(), &Value::Null), "{event}");
    assert!(event["args"]["task"].as_str().unwrap().starts_with('{'), "{event}");
    assert!(total(&records, "task_rename").seen >= 47);
}

#[test]
fn tracepoint_is_recorded_with_fields_of_its_record() {
    let config = format!("[probes]\n\"{CLASSIC}\" = \"args\"\n");
    let Some(setup) = Setup::new(&config) else { return };
    let mut daemon = setup.spawn_probed();
    let started = daemon.records.next("started");
    assert_eq!(started["attached"], "tp/raw_syscalls/sys_enter", "{started}");
    rename(30, "classic");
    let records = daemon.stop();
    let events = passes(&records, "task:task_rename", ("newcomm", "classic"));
    assert_eq!(events.len(), 30);
    let again = passes(&records, "task:task_rename", ("oldcomm", "classic"));
    assert_eq!((again.len(), &again[0]["abi"]), (29, &"tracepoint".into()));
}

#[test]
fn probe_of_killed_daemon_with_pins_loses_no_pass() {
    let config = format!(
        "[probes]\n\"raw_tracepoint:sched_process_exec\" = \"count\"\n\"{RAW}\" = \"args\"\n"
    );
    let Some(setup) = Setup::alone(&config) else { return };
    let pins = crate::pins::BpfFs::mount(&setup);
    let mut first = pins.start(&setup);
    first.records.until("started");
    first.end_with_status(Signal::SIGKILL);
    rename(20, "between");
    // The slots of the killed daemon stay, whatever the order of the file.
    setup.write(&format!("[probes]\n\"{RAW}\" = \"args\"\n"));
    let mut second: Run = pins.start(&setup);
    let mut records = second.records.until("started");
    rename(6, "after");
    // Processes that begin pass the probe, too.
    while passes(&records, "task_rename", ("comm", "after")).len() < 6 {
        records.push(second.records.next("syscall"));
    }
    assert_eq!(passes(&records, "task_rename", ("comm", "between")).len(), 20);
    assert_eq!(passes(&records, "task_rename", ("comm", "after")).len(), 6);
    assert_eq!(second.end_with_status(Signal::SIGTERM).code(), Some(0));
}

impl Setup {
    fn spawn_probed(self) -> Daemon {
        let mut command = self.command(&[], "json");
        command.stdout(Stdio::piped());
        self.spawn(command)
    }
}
