//! Daemons with their own configuration, lock and output, which end with the test.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::process::Process;
use crate::records::Records;
use crate::root::privileged;

/// Configuration for tests that flood: no rate limit per user.
pub const UNLIMITED: &str = "[limits]\nper_uid = \"none\"\n";

static TURNS: RwLock<()> = RwLock::new(());

/// Guard that a test holds while it runs.
#[allow(dead_code)] // what matters is when they are dropped
enum Turn {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

/// A folder with a configuration for a daemon.
pub struct Setup {
    folder: tempfile::TempDir,
    _turn: Turn,
}

impl Setup {
    /// Creates the folder; returns `None`, and prints so, without root.
    pub fn new(config: &str) -> Option<Self> {
        Self::in_turn(config, || Turn::Shared(TURNS.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Creates the folder and excludes the other tests of this binary: for routes on calls that daemons
    /// make all the time, since two daemons would record each other without end, and for tests that
    /// inspect the whole kernel.
    pub fn alone(config: &str) -> Option<Self> {
        Self::in_turn(config, || Turn::Alone(TURNS.write().unwrap_or_else(PoisonError::into_inner)))
    }

    fn in_turn(config: &str, turn: impl FnOnce() -> Turn) -> Option<Self> {
        if !privileged() {
            return None;
        }
        one_run_at_a_time();
        let setup = Self { _turn: turn(), folder: tempfile::tempdir().unwrap() };
        // For daemons of other users.
        fs::set_permissions(setup.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        setup.write(config);
        Some(setup)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self) -> PathBuf {
        self.path("tailcalld.toml")
    }

    /// Writes the configuration in place.
    pub fn write(&self, config: &str) {
        fs::write(self.config(), config).unwrap();
    }

    /// Returns the daemon's command line behind `prefix`, which must exec it.
    pub fn command(&self, prefix: &[&str], output: &str) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_tailcalld")), prefix, output)
    }

    /// Returns the command line with another path of the binary.
    pub fn command_of(&self, binary: &Path, prefix: &[&str], output: &str) -> Command {
        let prefix = prefix.iter().map(Path::new);
        let mut words: Vec<&Path> = prefix.chain([binary]).collect();
        let config = self.config();
        words.extend([Path::new("--config"), &config, Path::new("--output"), Path::new(output)]);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).stdin(Stdio::null());
        for name in ["JOURNAL_STREAM", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] {
            command.env_remove(name);
        }
        command.env("RUNTIME_DIRECTORY", self.path("run"));
        command.env("STATE_DIRECTORY", self.path("state"));
        command.stderr(File::create(self.path("stderr")).unwrap());
        command
    }

    /// Starts a daemon that writes JSON lines and waits for its `started` record.
    pub fn start(self) -> Daemon {
        let command = self.command(&[], "json");
        let mut daemon = self.spawn(command);
        daemon.records.next("started");
        daemon
    }

    /// Starts a command with a pipe for its records.
    pub fn spawn(self, mut command: Command) -> Daemon {
        let mut process = Process::spawn(command.stdout(Stdio::piped()));
        let records = Records::read(process.stdout());
        Daemon { process, records, setup: self }
    }
}

/// Makes the daemon of that folder reload, and waits for the outcome.
pub fn reload_by_client(setup: &Setup) {
    let mut client = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    client.arg("reload").env("RUNTIME_DIRECTORY", setup.path("run")).stdout(Stdio::null());
    assert!(client.status().unwrap().success());
}

/// A running daemon and the records from its pipe.
pub struct Daemon {
    process: Process,
    pub records: Records,
    pub setup: Setup,
}

impl Daemon {
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits until the daemon exits; returns its status and the remaining records.
    pub fn rest(mut self) -> (ExitStatus, Vec<Value>) {
        let records = self.records.rest();
        (self.process.wait(), records)
    }

    /// Stops the daemon, which must succeed, and returns the remaining records.
    pub fn stop(self) -> Vec<Value> {
        self.signal(Signal::SIGTERM);
        let (status, records) = self.rest();
        assert_eq!(status.code(), Some(0), "signal {:?}", status.signal());
        records
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let errors = fs::read_to_string(self.setup.path("stderr")).unwrap_or_default();
            eprintln!("the daemon's standard error:\n{errors}");
        }
    }
}

/// Lock against a second run of these tests, whose calls the counters would include: they count the
/// whole machine.
fn one_run_at_a_time() {
    static LOCK: OnceLock<Flock<File>> = OnceLock::new();
    LOCK.get_or_init(|| {
        let file = File::create(std::env::temp_dir().join("tailcalld-daemon-tests.lock")).unwrap();
        Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno).unwrap()
    });
}
