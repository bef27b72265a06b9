//! Lines that have not left when the daemon is killed count as lost in the next one, and no others.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::fd::OwnedFd;
use std::process::Command;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::fd_store::KeepingManager;
use crate::number::unused_number;
use crate::process::{Process, eventually, trigger};
use crate::records::{Total, counted, declared_lost, events_of, of_kind, record};
use crate::rig::{Setup, UNLIMITED};

/// Starts a daemon that finds what the manager keeps, and writes to that pipe.
fn start(setup: &Setup, manager: &KeepingManager, pipe: &OwnedFd) -> Process {
    let prefix = manager.prefix();
    let prefix: Vec<&str> = prefix.iter().map(String::as_str).collect();
    let mut command = setup.command(&prefix, "json");
    manager.hand_over(&mut command);
    let ready = manager.ready();
    let daemon = Process::spawn(command.stdout(pipe.try_clone().unwrap()));
    manager.wait_for_ready(ready + 1);
    daemon
}

/// Waits until the pipe is full, and the daemon has taken what it takes.
fn until_pipe_is_full(setup: &Setup) {
    eventually("the output is full", || {
        let mut client = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
        let client = client.args(["status", "--json"]);
        let reply = client.env("RUNTIME_DIRECTORY", setup.path("run")).output().unwrap();
        let status: Value = serde_json::from_slice(&reply.stdout).unwrap();
        status["output"]["state"] == "blocked"
    });
}

/// Reads the records until the last daemon closes the pipe. The first one was killed within a line, which stands alone.
fn records(pipe: OwnedFd) -> Vec<Value> {
    let lines: Vec<String> = BufReader::new(File::from(pipe)).lines().map(Result::unwrap).collect();
    let is_whole = |line: &&String| serde_json::from_str::<Value>(line).is_ok();
    let (whole, cut): (Vec<_>, Vec<_>) = lines.iter().partition(is_whole);
    assert!(cut.len() <= 1, "{cut:?}");
    whole.into_iter().map(|line| record(line)).collect()
}

/// Kills a daemon that cannot write what it has, and lets the next one go on at the same pipe. Each of `calls` must be
/// in a line or counted as lost.
fn adds_up(calls: u64) {
    let number = unused_number();
    let rest = format!("[ring]\nsize = \"64KiB\"\n[kernel]\nself_test = \"none\"\n{UNLIMITED}");
    let Some(setup) = Setup::alone(&format!("[routes]\n{number} = \"args\"\n{rest}")) else {
        return;
    };
    let manager = KeepingManager::new(&setup);
    let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC).unwrap();
    // The smallest pipe, filled by few lines.
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    let mut first = start(&setup, &manager, &writer);
    let name = trigger(&["times", &calls.to_string(), "native", &number, "nth"]);
    until_pipe_is_full(&setup);
    first.signal(Signal::SIGKILL);
    first.wait();

    let reading = std::thread::spawn(|| records(reader));
    let mut second = start(&setup, &manager, &writer);
    drop(writer);
    second.signal(Signal::SIGTERM);
    assert_eq!(second.wait().code(), Some(0));
    let records = reading.join().unwrap();
    let written = counted(&events_of(&records, &name), "0").len() as u64;
    let lost = declared_lost(&records);
    assert_eq!(written + lost, calls, "{written} written");
    assert!(lost > 0, "the pipe is too small for all");
    assert_eq!(of_kind(&records, "adopted").len(), 1);
    let totals = Total::of(records.last().unwrap(), &format!("#{number}"));
    assert_eq!(totals, Total { seen: calls, written, lost, ..Total::default() });
}

#[test]
fn lines_in_buffer_at_kill_count_as_lost() {
    // Some 40 KiB of lines.
    adds_up(100);
}

#[test]
fn lines_behind_full_buffer_at_kill_are_written_or_count_as_lost() {
    adds_up(2_000);
}
