//! A program that ships the journal: each record that it reads makes it call, each call makes a record.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tailcalld::sink::kind;

use super::column;
use super::run::Run;
use crate::number::unused_number;
use crate::process::{PATIENCE, Process, eventually, trigger};

/// Follows the journal and writes each line to a file of its own folder, by whatever calls `journalctl`
/// and a shell make for that.
fn shipper(run: &Run) -> Process {
    let script = "journalctl -f -n 0 -o cat | \
                  while read -r line; do echo \"$line\" >>/run/shipped; done";
    let mut command = run.journald.command("sh");
    command.args(["-c", script]).process_group(0);
    Process::spawn(command.stdin(Stdio::null()).stdout(Stdio::null()))
}

/// All of its processes.
fn end(shipper: Process) {
    let group = Pid::from_raw(-i32::try_from(shipper.id()).unwrap());
    kill(group, Signal::SIGKILL).unwrap();
}

/// As `eventually`, for what takes some trials; each look makes calls that are recorded.
fn seldom_asked(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < 6 * PATIENCE, "not within {:?}: {what}", 6 * PATIENCE);
        std::thread::park_timeout(Duration::from_millis(250));
    }
}

#[test]
fn a_shipper_of_the_journal_is_throttled_and_named_once() {
    const CALLS: u64 = 500;
    let number = unused_number();
    let calls = ["openat", "write", "sendmsg", "recvmsg"];
    let routes = calls.map(|name| format!("{name} = \"args\"\n")).concat();
    let config = format!(
        "[routes]\n{routes}{number} = \"args\"\n[limits]\nper_uid = \"2000/s\"\nper_uid_burst = 2000\n"
    );
    let Some(run) = Run::start(&config) else { return };
    let shipper = shipper(&run);
    // What it has shipped: looking into the journal would make more calls than it does.
    let shipped = || {
        let bytes = fs::read(run.journald.path("run/shipped")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    eventually("it ships", || {
        // The first of them may come before it follows.
        trigger(&["as", "7", "native", &number]);
        !shipped().is_empty()
    });
    seldom_asked("somebody is throttled", || shipped().contains("Throttled "));
    let name = trigger(&["as", "7", "times", &CALLS.to_string(), "native", &number, "nth"]);
    seldom_asked("what is left out is told", || shipped().contains("(governor)"));
    end(shipper);
    let entries = run.finish();

    // Others' events are all there, and the shipper is named.
    assert_eq!(entries.nths(&name), (0..CALLS).collect::<Vec<_>>());
    let named: Vec<_> = entries.of(&kind::GOVERNED);
    let pids: std::collections::BTreeSet<_> =
        named.iter().map(|entry| entry["SYSCALL_PID"].to_string()).collect();
    assert_eq!(pids.len(), named.len(), "each is told once: {named:?}");
    let comms: Vec<_> = named.iter().map(|entry| entry["SYSCALL_COMM"].as_str().unwrap()).collect();
    assert!(comms.iter().all(|comm| ["sh", "journalctl"].contains(comm)), "{comms:?}");
    let totals = entries.of(&kind::STOPPED)[0]["TAILCALLD_TOTAL"].clone();
    assert!(column(&totals, "throttled") > 0, "{totals}");
    assert_eq!(column(&totals, "written"), entries.of(&kind::SYSCALL).len() as u64);
}
