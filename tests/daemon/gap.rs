//! A time in which no daemon recorded is reported by the next one.

use std::process::{Command, ExitStatus, Stdio};

use jiff::Timestamp;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::kernel_objects::KernelObjects;
use crate::process::{Process, eventually};
use crate::records::Records;
use crate::rig::Setup;

/// One of several daemons that run in the same folder, one after the other.
pub struct Run {
    process: Process,
    pub records: Records,
}

impl Run {
    pub fn start(setup: &Setup) -> Self {
        Self::spawn(setup.command(&[], "json").stdout(Stdio::piped()))
    }

    pub fn spawn(command: &mut Command) -> Self {
        let mut process = Process::spawn(command);
        let records = Records::read(process.stdout());
        Self { process, records }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until the run ends by itself, and returns its exit status.
    pub fn wait(mut self) -> ExitStatus {
        self.process.wait()
    }

    /// Ends the run and returns its exit status.
    pub fn end_with_status(mut self, signal: Signal) -> ExitStatus {
        self.process.signal(signal);
        self.process.wait()
    }

    /// Ends the run by a signal of a crash and returns its exit status. The handler of Rust's standard library
    /// takes the first SIGSEGV or SIGBUS, and expects that the fault comes again.
    pub fn crash(mut self, signal: Signal) -> ExitStatus {
        eventually("the process ends", || {
            self.process.signal(signal);
            !self.process.is_running()
        });
        self.process.wait()
    }

    /// Ends the run, which leaves nothing in the kernel, and returns the time of its last record.
    fn end(mut self, signal: Signal) -> String {
        let objects = KernelObjects::of(self.pid());
        self.process.signal(signal);
        let records = self.records.rest();
        self.process.wait();
        objects.are_gone();
        let last = records.last().map(|record| record["time"].as_str().unwrap().to_owned());
        last.unwrap_or_default()
    }
}

/// Returns the gap that the next run reports, and its time of start.
fn gap_and_start(setup: &Setup) -> (Run, Value, String) {
    let mut run = Run::start(setup);
    let gap = run.records.next("gap");
    let started = run.records.next("started");
    (run, gap, started["time"].as_str().unwrap().to_owned())
}

#[test]
fn gap_after_kill_and_stop_is_reported_by_next_start() {
    let Some(setup) = Setup::new("[routes]\n510 = \"count\"\n") else { return };
    let mut first = Run::start(&setup);
    first.records.next("started");
    first.end(Signal::SIGKILL);
    let killed = Timestamp::now();

    let (second, gap, restarted) = gap_and_start(&setup);
    assert_eq!((&gap["reason"], &gap["priority"]), (&"crash".into(), &4.into()), "{gap}");
    let [from, to] = ["from", "to"].map(|key| gap[key].as_str().unwrap().to_owned());
    // The last sign of life is one before the kill. Times of one format compare as text.
    assert!(
        from.parse::<Timestamp>().unwrap() <= killed && from < to && to <= restarted,
        "{gap} {killed}"
    );
    let stopped = second.end(Signal::SIGTERM);

    let (third, gap, _) = gap_and_start(&setup);
    assert_eq!((&gap["reason"], &gap["priority"]), (&"stop".into(), &5.into()), "{gap}");
    assert!(gap["from"].as_str().unwrap() <= stopped.as_str(), "{gap} {stopped}");
    let mut stats = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    let stats = stats.arg("stats").env("RUNTIME_DIRECTORY", setup.path("run")).output().unwrap();
    let [from, to] = ["from", "to"].map(|key| gap[key].as_str().unwrap());
    let line = format!("\nnothing was recorded from {from} to {to} (stop)\n");
    assert!(String::from_utf8_lossy(&stats.stdout).contains(&line), "{stats:?} {gap}");
    third.end(Signal::SIGTERM);
}

#[test]
fn start_that_fails_leaves_gap_to_next_one() {
    let routes = "[routes]\n510 = \"count\"\n";
    let Some(setup) = Setup::new(routes) else { return };
    let mut first = Run::start(&setup);
    first.records.next("started");
    first.end(Signal::SIGKILL);
    setup.write("[routes]\n510 = \"nothing\"\n");
    assert_eq!(Run::start(&setup).wait().code(), Some(78));
    setup.write(routes);
    let (last, gap, _) = gap_and_start(&setup);
    assert_eq!(gap["reason"], "crash");
    last.end(Signal::SIGTERM);
}
