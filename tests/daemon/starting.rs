//! What comes while the daemon starts: signals and changes are answered once it runs.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::number::unused_number;
use crate::process::eventually;
use crate::records::of_kind;
use crate::rig::Setup;

const GOOD: &str = "[routes]\n510 = \"count\"\n";

/// What a starting process has shown so far, in the order in which it comes. At the first it begins
/// to listen: a signal may come a moment too early, but its configuration is not read yet either.
pub const STAGES: [&str; 6] = ["signals", "lock", "bpf-map", "bpf-prog", "eventpoll", "bpf_link"];

/// Whether that process has got there.
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
fn a_reload_asked_for_during_the_start_comes_after_it() {
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

/// A daemon that is held just after it has read its configuration, as far as can be told from
/// outside, while somebody saves a new one.
#[test]
fn a_change_during_the_start_is_seen() {
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
fn an_end_asked_for_during_the_start_comes_after_it() {
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
