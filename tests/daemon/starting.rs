//! Signals and file changes during the start, which the daemon handles once it runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::JoinHandle;

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

/// Whoever may make cgroups may make them all the time: each is a record in the ring before that of the daemon's
/// own test call, and together they fill a small ring.
#[test]
fn cgroups_made_during_start_do_not_hide_selftest() {
    let Some(hierarchy) = cgroup2() else { return };
    for ring in ["64KiB", "4MiB"] {
        for _ in 0..3 {
            let config = format!("{GOOD}[ring]\nsize = \"{ring}\"\n");
            let Some(setup) = Setup::alone(&config) else { return };
            let command = setup.command(&[], "json");
            let churn = Churn::start(&hierarchy);
            let mut daemon = setup.spawn(command);
            daemon.records.next("started");
            drop(churn);
            let records = daemon.stop();
            assert_eq!(of_kind(&records, "untracked"), Vec::<&Value>::new());
        }
    }
}

/// Threads that create and remove cgroups until it is dropped.
struct Churn {
    is_done: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Churn {
    fn start(hierarchy: &Path) -> Self {
        let is_done = Arc::new(AtomicBool::new(false));
        let thread = |nth| {
            let cgroup = hierarchy.join(format!("tailcalld-test-{}-{nth}", std::process::id()));
            let is_done = Arc::clone(&is_done);
            std::thread::spawn(move || {
                while !is_done.load(SeqCst) {
                    fs::create_dir(&cgroup).unwrap();
                    fs::remove_dir(&cgroup).unwrap();
                }
            })
        };
        let threads = (0..4).map(thread).collect();
        Self { is_done, threads }
    }
}

impl Drop for Churn {
    fn drop(&mut self) {
        self.is_done.store(true, SeqCst);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
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
