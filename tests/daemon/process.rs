//! Processes that end with the test. Waits are for a record, a datagram or an exit, never for a fixed
//! time, up to a deadline that only a broken daemon reaches.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering::SeqCst};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Longest wait for a condition: generous for a loaded machine, finite so that a test never hangs.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A process that is killed when dropped.
pub struct Process(Child);

impl Process {
    pub fn spawn(command: &mut Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn signal(&self, signal: Signal) {
        send(self.id(), signal);
    }

    pub fn stdout(&mut self) -> ChildStdout {
        self.0.stdout.take().expect("a pipe")
    }

    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Waits until the process exits.
    pub fn wait(&mut self) -> ExitStatus {
        eventually("the process ends", || !self.is_running());
        self.0.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

/// A process that makes calls and is killed when dropped. Its events are identified by its name, which
/// is the same in every PID namespace.
pub struct Trigger {
    process: Process,
    name: String,
}

impl Trigger {
    pub fn start(words: &[&str]) -> Self {
        Self::start_as(nix::unistd::geteuid().as_raw(), words)
    }

    /// Starts a trigger that runs as the user `uid`.
    pub fn start_as(user: u32, words: &[&str]) -> Self {
        let (name, mut command) = Self::command(words);
        command.stdout(Stdio::null()).uid(user);
        Self::spawn((name, command))
    }

    /// Returns a name that no other trigger has, and the command that has it.
    fn command(words: &[&str]) -> (String, Command) {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let name = format!("trigger-{}", NEXT.fetch_add(1, SeqCst));
        let mut command = Command::new(trigger_path());
        command.args(words).env("TRIGGER_NAME", &name);
        (name, command)
    }

    fn spawn((name, mut command): (String, Command)) -> Self {
        Self { process: Process::spawn(&mut command), name }
    }

    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until the trigger exits and returns its name.
    pub fn end(mut self) -> String {
        assert!(self.process.wait().success(), "the trigger knows its words");
        self.name
    }
}

/// A trigger that makes calls until it is ended: one a millisecond, with the number of the call as argument.
pub struct Steady(Trigger);

impl Steady {
    pub fn start(number: &str) -> Self {
        Self::with(&["steady", "native", number, "nth"])
    }

    /// Starts one that stays on a CPU.
    pub fn on_cpu(cpu: u64, number: &str) -> Self {
        Self::with(&["on-cpu", &cpu.to_string(), "steady", "native", number, "nth"])
    }

    /// Starts one whose words say that it goes on to the end of its input.
    pub fn with(words: &[&str]) -> Self {
        let mut command = Trigger::command(words);
        command.1.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(Trigger::spawn(command))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Ends the trigger. Returns its name and the number of its calls.
    pub fn end(mut self) -> (String, u64) {
        let mut made = String::new();
        drop(self.0.process.0.stdin.take());
        self.0.process.stdout().read_to_string(&mut made).unwrap();
        (self.0.end(), made.trim().parse().unwrap())
    }
}

/// Returns the trigger's binary, built by `cargo build --examples`.
pub fn trigger_path() -> PathBuf {
    example("trigger")
}

/// Returns the path of a program of tests/support.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_tailcalld")).with_file_name("examples").join(name)
}

/// Runs a trigger to its end and returns the name in its events.
pub fn trigger(words: &[&str]) -> String {
    Trigger::start(words).end()
}

/// Polls a condition until it holds, yielding the processor in between.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}
