//! Signals and file changes during the start, which the daemon handles once it runs.

use std::fs;
use std::path::PathBuf;

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

/// Whoever may make cgroups may make many of them during the start: each is a record in the ring before that
/// of the daemon's own test call, and together they fill it.
#[test]
fn cgroups_made_during_start_do_not_hide_selftest() {
    for _ in 0..3 {
        let Some(setup) = Setup::alone("[routes]\n510 = \"count\"\n[ring]\nsize = \"64KiB\"\n")
        else {
            return;
        };
        let Some(hierarchy) = cgroup2() else { return };
        let command = setup.command(&[], "json");
        let mut daemon = setup.spawn(command);
        while !at(daemon.pid(), "bpf_link", &daemon.setup) {
            std::hint::spin_loop();
        }
        // The cgroups are followed from now on, and the ring is not read.
        daemon.signal(Signal::SIGSTOP);
        let cgroup = hierarchy.join(format!("tailcalld-test-{}", daemon.pid()));
        for _ in 0..1_000 {
            fs::create_dir(&cgroup).unwrap();
            fs::remove_dir(&cgroup).unwrap();
        }
        daemon.signal(Signal::SIGCONT);
        daemon.records.next("started");
        assert_eq!(daemon.stop().len(), 1);
    }
}

/// Returns the mount point of the v2 hierarchy; returns `None`, and prints so, where there is none.
fn cgroup2() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let of_v2 = mounts.lines().find(|line| line.contains(" - cgroup2 "));
    let Some(point) = of_v2.and_then(|line| line.split(' ').nth(4)) else {
        eprintln!("SKIPPED: no cgroup2 is mounted here");
        return None;
    };
    Some(point.into())
}
