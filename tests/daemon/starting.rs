//! Signals and file changes during the start, which the daemon handles once it runs.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::number::unused_number;
use crate::process::eventually;
use crate::records::of_kind;
use crate::rig::Setup;

const GOOD: &str = "[routes]\n510 = \"count\"\n";

/// Visible stages of a start, in order. At the first, the daemon begins to catch signals: a signal may
/// arrive a moment too early, but the configuration has not been read by then either.
pub const STAGES: [&str; 6] = ["signals", "lock", "bpf-map", "bpf-prog", "eventpoll", "bpf_link"];

/// Returns whether the process has reached `stage`.
pub fn at(pid: u32, stage: &str, setup: &Setup) -> bool {
    match stage {
        "signals" => catches_hup(pid),
        "lock" => setup.path("run/lock").exists(),
        descriptor => fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|links| {
            let target = |link: fs::DirEntry| fs::read_link(link.path()).ok();
            let mut targets = links.flatten().filter_map(target);
            targets.any(|target| target.to_string_lossy().contains(descriptor))
        }),
    }
}

fn catches_hup(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & 1 != 0)
}

#[test]
fn reload_signal_during_start_is_handled_after_start() {
    for stage in &STAGES[1..] {
        let Some(setup) = Setup::new(GOOD) else { return };
        let command = setup.command(&[], "json");
        let mut daemon = setup.spawn(command);
        eventually(stage, || at(daemon.pid(), stage, &daemon.setup));
        daemon.signal(Signal::SIGHUP);
        assert_eq!(daemon.records.next("started")["generation"], 1, "{stage}");
        assert_eq!(daemon.records.next("reloaded")["generation"], 2, "{stage}");
        assert_eq!(daemon.stop().len(), 1, "{stage}");
    }
}

/// Stops the daemon just after it has read its configuration, as far as is visible from outside, and
/// saves a new one meanwhile.
#[test]
fn file_change_during_start_is_loaded() {
    let number = unused_number();
    for _ in 0..10 {
        let Some(setup) = Setup::new(GOOD) else { return };
        let command = setup.command(&[], "json");
        let mut daemon = setup.spawn(command);
        while !daemon.setup.path("run/lock").exists() {
            std::hint::spin_loop();
        }
        daemon.signal(Signal::SIGSTOP);
        daemon.setup.write(&format!("{GOOD}{number} = \"args\"\n"));
        daemon.signal(Signal::SIGCONT);
        let mut records: Vec<Value> = daemon.records.until("started");
        if records[0]["routes"] == 1 {
            records = daemon.records.until("reloaded");
            assert_eq!(records.len(), 1);
        }
        let records = daemon.stop();
        assert_eq!(of_kind(&records, "stopped").len(), records.len());
    }
}

#[test]
fn stop_signal_during_start_is_handled_after_start() {
    for stage in &STAGES[1..] {
        let Some(setup) = Setup::new(GOOD) else { return };
        let command = setup.command(&[], "json");
        let daemon = setup.spawn(command);
        eventually(stage, || at(daemon.pid(), stage, &daemon.setup));
        daemon.signal(Signal::SIGTERM);
        let (status, records) = daemon.rest();
        assert_eq!(status.code(), Some(0), "{stage}");
        let kinds: Vec<_> = records.iter().map(|record| &record["record"]).collect();
        assert_eq!(kinds, ["started", "stopped"], "{stage}");
    }
}
