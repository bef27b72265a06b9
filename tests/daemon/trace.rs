//! `tailcalld trace`: the calls of a command and of a process, beside a daemon, and what is left of a trace that is killed.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use nix::sys::signal::Signal;

use crate::kill::ours;
use crate::number::{Number, unused_number};
use crate::process::{Process, Steady, eventually, trigger, trigger_path};
use crate::records::{counted, events_of};
use crate::rig::Setup;

/// Calls of a trigger.
const CALLS: u64 = 50;

/// A trace whose lines go to a file.
struct Traced {
    setup: Setup,
    number: Number,
}

impl Traced {
    fn new() -> Option<Self> {
        let number = unused_number();
        Some(Self { setup: Setup::new("")?, number })
    }

    /// Returns the command line of a trace of the number, with further words.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
        command.args(["trace", &*self.number, "-o"]).arg(self.setup.path("lines")).args(words);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Runs a trace to its end.
    fn run(&self, words: &[&str]) -> ExitStatus {
        Process::spawn(&mut self.command(words)).wait()
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.setup.path("lines")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Returns the shell's words for a trigger that makes the calls.
    fn calls(&self) -> String {
        format!("{} times {CALLS} native {} nth", trigger_path().display(), self.number)
    }

    /// Returns the beginning of the line of a call behind its time.
    fn line(&self, nth: u64) -> String {
        format!("#{}({nth:#x}, 0, 0, 0, 0, 0) by trigger", self.number)
    }

    /// Asserts that the lines are those of the calls, in order.
    fn has_calls(&self) {
        let lines = self.lines();
        assert_eq!(lines.len() as u64, CALLS, "{lines:#?}");
        for (line, nth) in lines.iter().zip(0..) {
            let (_, call) = line.split_once(' ').unwrap();
            assert!(call.starts_with(&self.line(nth).replace("0x0,", "0,")), "{line}");
            assert!(call.contains(" = -1 ENOSYS <0."), "{line}");
        }
    }
}

#[test]
fn trace_of_command_has_each_call_and_its_exit_code() {
    let Some(traced) = Traced::new() else { return };
    let calls = traced.calls();
    let words: Vec<&str> = calls.split(' ').collect();
    assert!(traced.run(&[&["--"], &words[..]].concat()).success());
    traced.has_calls();
    let status = traced.run(&["--", "sh", "-c", &format!("{calls}; exit 7")]);
    assert_eq!(status.code(), Some(7));
    traced.has_calls();
    let status = traced.run(&["--", "sh", "-c", &format!("{calls}; kill -KILL $$")]);
    assert_eq!(status.code(), Some(128 + Signal::SIGKILL as i32));
    traced.has_calls();
}

#[test]
fn trace_of_command_begins_with_its_execution() {
    let Some(traced) = Traced::new() else { return };
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    command.args(["trace", "execve", "-o"]).arg(traced.setup.path("lines"));
    assert!(Process::spawn(command.args(["--", "true"])).wait().success());
    let lines = traced.lines();
    let [line] = &lines[..] else { panic!("one line: {lines:#?}") };
    assert!(line.contains("/true\", [\"true\"], ") && line.contains(" = 0 <"), "{line}");
}

#[test]
fn trace_with_summary_counts_calls_and_errors() {
    let Some(traced) = Traced::new() else { return };
    let calls = traced.calls();
    // Several processes, at the same time.
    assert!(traced.run(&["-c", "--", "sh", "-c", &format!("{calls} & {calls}; wait")]).success());
    let lines = traced.lines();
    let columns: Vec<_> =
        lines.iter().map(|line| line.split_whitespace().collect()).collect::<Vec<Vec<_>>>();
    let name = format!("#{}", traced.number);
    let row = columns.iter().find(|row| row.last() == Some(&&*name)).unwrap();
    assert_eq!(row[3..], ["100", "100", &name], "{lines:#?}");
    assert_eq!(columns.last().unwrap()[3..], ["100", "100", "total"]);
}

#[test]
fn trace_of_process_ends_with_signal() {
    let Some(traced) = Traced::new() else { return };
    let steady = Steady::start(&traced.number);
    let mut trace = Process::spawn(&mut traced.command(&["--pid", &steady.id().to_string()]));
    eventually("calls are traced", || traced.lines().len() > 10);
    trace.signal(Signal::SIGINT);
    assert_eq!(trace.wait().code(), Some(0));
    let (name, _) = steady.end();
    let lines = traced.lines();
    assert!(lines.iter().all(|line| line.contains(&format!(" by {name} "))), "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains(" = -1 ENOSYS <0.")), "{lines:#?}");
}

#[test]
fn trace_beside_daemon_leaves_its_records_alone() {
    let Some(traced) = Traced::new() else { return };
    let daemon = Setup::new(&format!("[routes]\n{} = \"args\"\n", traced.number)).unwrap().start();
    let calls = traced.calls();
    let words: Vec<&str> = calls.split(' ').collect();
    assert!(traced.run(&[&["--"], &words[..]].concat()).success());
    traced.has_calls();
    let name = trigger(&["times", "50", "native", &traced.number, "nth"]);
    let records = daemon.stop();
    assert_eq!(counted(&events_of(&records, &name), "0"), (0..CALLS).collect());
    // The daemon records the traced command as well.
    assert_eq!(records.len() as u64, 2 * CALLS + 1);
}

#[test]
fn trace_with_failed_leaves_out_calls_that_succeed() {
    let Some(traced) = Traced::new() else { return };
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    command.args(["trace", "chdir", "--failed", "-o"]).arg(traced.setup.path("lines"));
    command.args(["--", "sh", "-c", "cd /; cd /nonexistent || cd /tmp"]).stderr(Stdio::null());
    assert!(Process::spawn(&mut command).wait().success());
    let lines = traced.lines();
    let [line] = &lines[..] else { panic!("one line: {lines:#?}") };
    assert!(line.contains("chdir(\"/nonexistent\")") && line.contains(" = -1 ENOENT <"), "{line}");
}

#[test]
fn trace_of_unknown_syscall_is_refused_and_leaves_nothing() {
    let Some(traced) = Traced::new() else { return };
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    command.args(["trace", "opnat", "--", "touch"]).arg(traced.setup.path("touched"));
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{text}");
    assert!(text.contains("unknown syscall \"opnat\" (did you mean \"openat\"?)"), "{text}");
    assert!(!traced.setup.path("touched").exists(), "the command ran");
}

#[test]
fn killed_trace_leaves_command_and_no_programs() {
    let number = unused_number();
    let Some(setup) = Setup::alone("") else { return };
    let traced = Traced { setup, number };
    let before = ours();
    let mut command = traced.command(&["--", "sh", "-c", "echo; exec sleep 1000"]);
    let mut trace = Process::spawn(command.stdout(Stdio::piped()));
    // The command runs: its calls are recorded.
    std::io::Read::read_exact(&mut trace.stdout(), &mut [0]).unwrap();
    let children = format!("/proc/{0}/task/{0}/children", trace.id());
    let children = fs::read_to_string(children).unwrap();
    let ids: Vec<&str> = children.split_whitespace().collect();
    trace.signal(Signal::SIGKILL);
    assert_eq!(trace.wait().signal(), Some(Signal::SIGKILL as i32));
    eventually("nothing of ours is left", || ours().is_subset(&before));
    let is_sleep = |id: &&&str| {
        fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|comm| comm == "sleep\n")
    };
    let [sleep] = ids.iter().filter(is_sleep).collect::<Vec<_>>()[..] else {
        panic!("the command has ended")
    };
    crate::process::send(sleep.parse().unwrap(), Signal::SIGKILL);
    let folder = format!("/run/tailcalld-trace.{}", trace.id());
    eventually("its directory is removed", || !Path::new(&folder).exists());
}
