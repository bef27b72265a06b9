//! Faults of the daemon and of its surroundings: docs/architecture.md has the table "Faults". Each case counts its
//! calls, and leaves nothing in the kernel.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use crate::gap::Run;
use crate::kernel_objects::KernelObjects;
use crate::number::unused_number;
use crate::process::trigger;
use crate::records::{counted, events_of, of_kind};
use crate::rig::{Daemon, Setup};

/// Returns a configuration with one route.
fn route(number: &str) -> String {
    format!("[routes]\n{number} = \"args\"\n")
}

/// Asserts that each of 50 calls is one event of the daemon, which then stops and leaves nothing.
fn records_all_calls(daemon: Daemon, number: &str) {
    let objects = KernelObjects::of(daemon.pid());
    let name = trigger(&["times", "50", "native", number, "nth"]);
    let records = daemon.stop();
    assert_eq!(counted(&events_of(&records, &name), "0"), (0..50).collect());
    assert_eq!(of_kind(&records, "stopped").len(), 1);
    objects.are_gone();
}

#[test]
fn crash_leaves_no_programs_and_is_gap_of_next_start() {
    let number = unused_number();
    let Some(setup) = Setup::alone(&route(&number)) else { return };
    let mut expected = None;
    for signal in [Signal::SIGSEGV, Signal::SIGABRT, Signal::SIGBUS, Signal::SIGILL] {
        // Without a core file.
        let mut command = setup.command(&["prlimit", "--core=0:0"], "json");
        let mut run = Run::spawn(command.stdout(Stdio::piped()));
        let first = run.records.until("started");
        let gaps = of_kind(&first, "gap").iter().map(|gap| gap["reason"].clone()).next();
        assert_eq!(gaps, expected, "before {signal}");
        let objects = KernelObjects::of(run.pid());
        let name = trigger(&["times", "50", "native", &number, "nth"]);
        let events: Vec<_> = (0..50).map(|_| run.records.next("syscall")).collect();
        assert_eq!(counted(&events_of(&events, &name), "0"), (0..50).collect());
        assert_eq!(run.crash(signal).signal(), Some(signal as i32));
        objects.are_gone();
        expected = Some("crash".into());
    }
}

#[test]
fn stop_after_storm_of_reload_signals_is_clean() {
    let number = unused_number();
    let Some(setup) = Setup::alone(&route(&number)) else { return };
    let daemon = setup.start();
    let objects = KernelObjects::of(daemon.pid());
    for _ in 0..5_000 {
        daemon.signal(Signal::SIGHUP);
    }
    daemon.signal(Signal::SIGTERM);
    daemon.signal(Signal::SIGHUP);
    let (status, records) = daemon.rest();
    assert_eq!(status.code(), Some(0));
    let reloads = of_kind(&records, "reloaded").len();
    assert_eq!(of_kind(&records, "stopped").len(), 1);
    assert_eq!(records.len(), reloads + 1, "{records:?}");
    assert_eq!(records.last().unwrap()["generation"], 1 + reloads);
    objects.are_gone();
}

/// The lock is a file: with a runtime directory of its own, in a container for instance, a second daemon starts.
/// Each records every call once.
#[test]
fn second_daemon_in_mount_namespace_records_all_calls_too() {
    let number = unused_number();
    let Some(setup) = Setup::alone(&route(&number)) else { return };
    let mut first = Run::start(&setup);
    first.records.next("started");
    let script = "mount -t tmpfs -o mode=0700 tmpfs \"$0\" && exec \"$@\"";
    let run = setup.path("run").to_string_lossy().into_owned();
    let command = setup.command(&["unshare", "-m", "sh", "-c", script, &run], "json");
    let mut second = setup.spawn(command);
    second.records.next("started");
    let objects = [first.pid(), second.pid()].map(KernelObjects::of);
    let name = trigger(&["times", "50", "native", &number, "nth"]);
    let of_second = second.stop();
    let of_first: Vec<_> = (0..50).map(|_| first.records.next("syscall")).collect();
    for events in [of_first, of_second] {
        assert_eq!(counted(&events_of(&events, &name), "0"), (0..50).collect());
    }
    assert_eq!(first.end_with_status(Signal::SIGTERM).code(), Some(0));
    objects.into_iter().for_each(KernelObjects::are_gone);
}

#[test]
fn read_only_root_needs_runtime_directory_only() {
    let number = unused_number();
    let Some(setup) = Setup::new(&route(&number)) else { return };
    fs::create_dir(setup.path("run")).unwrap();
    let run = setup.path("run").to_string_lossy().into_owned();
    let script = "mount -t tmpfs -o mode=0700 tmpfs \"$0\" && mount -o remount,bind,ro / && \
                  ! touch /read-only 2>/dev/null && exec \"$@\"";
    let command = setup.command(&["unshare", "-m", "sh", "-c", script, &run], "json");
    let mut daemon = setup.spawn(command);
    daemon.records.next("started");
    records_all_calls(daemon, &number);
}

/// From Linux 5.11 on this limit does not concern BPF.
#[test]
fn start_without_lockable_memory_succeeds() {
    let number = unused_number();
    let Some(setup) = Setup::new(&route(&number)) else { return };
    let command = setup.command(&["prlimit", "--memlock=0:0"], "json");
    let mut daemon = setup.spawn(command);
    daemon.records.next("started");
    records_all_calls(daemon, &number);
}

/// A full runtime directory stops no daemon that runs: its sign of life needs no new blocks.
#[test]
fn runtime_directory_that_becomes_full_loses_nothing() {
    let number = unused_number();
    let Some(setup) = Setup::new(&route(&number)) else { return };
    fs::create_dir(setup.path("run")).unwrap();
    let run = setup.path("run").to_string_lossy().into_owned();
    let script = "mount -t tmpfs -o size=64k,mode=0700 tmpfs \"$0\" && exec \"$@\"";
    let command = setup.command(&["unshare", "-m", "sh", "-c", script, &run], "json");
    let mut daemon = setup.spawn(command);
    daemon.records.next("started");
    let mut fill = Command::new("nsenter");
    fill.args(["-t", &daemon.pid().to_string(), "-m", "sh", "-c"]);
    fill.args(["! head -c 65536 /dev/zero >\"$0/full\" 2>/dev/null", &run]);
    assert!(fill.status().unwrap().success(), "the directory has no block left");
    records_all_calls(daemon, &number);
}
