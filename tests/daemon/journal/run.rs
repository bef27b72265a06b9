//! A daemon with its own journald, and the entries that the journal has in the end.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;
use tailcalld::output::record::{Kind, Lost, RecordBody, Stopped, Syscall};

use crate::builds;
use crate::fd_store::KeepingManager;
use crate::journald::{Journald, detail, labelled};
use crate::kill::ours;
use crate::notify::Manager;
use crate::process::{Process, eventually};
use crate::rig::{Setup, reload_by_client};

/// Name of the daemon's binary in these tests, which distinguishes it from other daemons.
pub const NAME: &str = "tailcalld-here";

/// Shortest outage of the output that is recorded: `ABSENCE_NS` in src/daemon/output.rs.
pub const ABSENCE: Duration = Duration::from_secs(1);

/// Datagrams that wait in journald's socket die with the process that holds it: as many as the
/// queue takes (net.unix.max_dgram_qlen of the rig), one beyond by the kernel's reckoning, and one
/// that journald has in its hands.
pub const IN_FLIGHT: u64 = 512 + 1 + 1;

/// A running daemon and its journald.
pub struct Run {
    pub journald: Journald,
    pub daemon: Process,
    setup: Setup,
}

impl Run {
    pub fn start(config: &str) -> Option<Self> {
        Self::managed(config).map(|(run, _)| run)
    }

    pub fn managed(config: &str) -> Option<(Self, Manager)> {
        // Counts are exact: nothing is aggregated because of its bytes.
        // The tests of `read_back` ask for it; elsewhere, the daemon sleeps until an event wakes it.
        let limits = "max_bytes_per_second = 0\nread_back = \"none\"\n";
        let config = format!("{config}[kernel]\nself_test = \"none\"\n");
        Self::with(Journald::start()?, |socket| format!("{config}[journal]\n{socket}{limits}"))
    }

    /// Starts with a journald that has these lines in its configuration, and looks for records each second.
    pub fn reading_back(config: &str, lines: &str) -> Option<(Self, Manager)> {
        let config = |socket: &str| format!("{config}[journal]\n{socket}read_back = \"1s\"\n");
        Self::with(Journald::start_with(lines)?, config)
    }

    /// Starts in the same way with a journald whose files have a file system of that size.
    pub fn reading_back_within(config: &str, size: &str) -> Option<(Self, Manager)> {
        let config = |socket: &str| format!("{config}[journal]\n{socket}read_back = \"1s\"\n");
        let mut journald = Journald::start()?;
        journald.limit(size);
        Self::with(journald, config)
    }

    /// Starts with the shipped configuration, and with a journal of at most 128 MB.
    pub fn shipped() -> Option<Self> {
        let shipped = fs::read_to_string("config/tailcalld.toml").expect("the shipped file");
        let (before, after) = shipped.split_once("[journal]\n").expect("the table");
        let config = |socket: &str| format!("{before}[journal]\n{socket}{after}");
        Self::with(Journald::start_with("RuntimeMaxUse=128M")?, config).map(|(run, _)| run)
    }

    fn with(journald: Journald, config: impl Fn(&str) -> String) -> Option<(Self, Manager)> {
        let setup = Setup::alone("")?;
        setup.write(&config(&format!("socket = \"{}\"\n", journald.socket().display())));
        symlink(Path::new(env!("CARGO_BIN_EXE_tailcalld")), setup.path(NAME)).unwrap();
        let (daemon, manager) = spawn(&setup);
        Some((Self { journald, daemon, setup }, manager))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.setup.path(name)
    }

    /// Stops the daemon while journald takes nothing, and starts it again after journald goes on.
    pub fn restart_while_journald_is_stopped(&mut self) {
        self.daemon.signal(Signal::SIGTERM);
        assert_eq!(self.daemon.wait().code(), Some(0));
        self.journald.signal(Signal::SIGCONT);
        self.daemon = spawn(&self.setup).0;
    }

    /// Waits until the journal has `count` entries that match `matched`.
    pub fn wait_for(&self, matched: &str, count: usize) {
        let found = || self.journald.query(&["-o", "json", "--output-fields=MESSAGE_ID", matched]);
        eventually(matched, || found().len() == count);
    }

    /// Waits until the journal has an entry that matches `matched`.
    pub fn wait_for_any(&self, matched: &str) {
        let found = || self.journald.query(&["-o", "json", "-n", "1", matched]);
        eventually(matched, || !found().is_empty());
    }

    /// Waits until the daemon sleeps with a timeout of minutes (the next `stats` record), so that only an
    /// event can wake it.
    pub fn daemon_sleeps(&self) {
        let path = format!("/proc/{}/syscall", self.daemon.id());
        eventually("the daemon sleeps", || {
            // Number and arguments; the fourth of epoll_wait and its kin is the timeout, an int, in ms.
            let call = std::fs::read_to_string(&path).unwrap();
            let timeout = call.split(' ').nth(4).and_then(|word| word.strip_prefix("0x"));
            let timeout = timeout.map(|digits| u64::from_str_radix(digits, 16).unwrap());
            timeout.is_some_and(|timeout| timeout as u32 > 60_000)
        });
    }

    /// Stops the daemon and returns all of its entries in the journal.
    pub fn finish(mut self) -> Entries {
        self.daemon.signal(Signal::SIGTERM);
        assert_eq!(self.daemon.wait().code(), Some(0));
        // journald takes them in order: behind the last one there is none.
        self.entries(1)
    }

    /// Returns all entries in the journal once it has so many `stopped` records.
    pub fn entries(&self, stops: usize) -> Entries {
        self.wait_for(&stopped(), stops);
        self.all_entries()
    }

    fn all_entries(&self) -> Entries {
        Entries(self.journald.query(&[
            "-o",
            "json",
            "--all",
            "SYSLOG_IDENTIFIER=tailcalld",
            "+",
            OTHER,
        ]))
    }
}

/// A daemon whose service manager keeps descriptors for the next one.
pub struct KeptRun {
    _errors: ErrorsOnPanic,
    pub run: Run,
    pub manager: KeepingManager,
    /// Programs of other daemons that were there before.
    pub before: BTreeSet<(String, u32)>,
}

impl KeptRun {
    pub fn start(config: &str) -> Option<Self> {
        let (journald, setup) = (Journald::start()?, Setup::alone("")?);
        let limits = "max_bytes_per_second = 0\nread_back = \"none\"\n";
        let socket = journald.socket();
        let journal = format!("[journal]\nsocket = \"{}\"\n{limits}", socket.display());
        setup.write(&format!("{config}[kernel]\nself_test = \"none\"\n{journal}"));
        symlink(Path::new(env!("CARGO_BIN_EXE_tailcalld")), setup.path(NAME)).unwrap();
        let before = ours();
        let manager = KeepingManager::new(&setup);
        let daemon = spawn_kept(&setup, &manager);
        let errors = ErrorsOnPanic(setup.path("errors"));
        let run = Self { _errors: errors, run: Run { journald, daemon, setup }, manager, before };
        run.manager.wait_for_ready(1);
        Some(run)
    }

    /// Puts another build in the place of the binary: one whose types have this number. 0 is the real one.
    pub fn install(&self, build: u8) {
        let binary = self.run.path(&format!("build-{build}"));
        builds::write(build, &binary);
        // Replaces the file by a rename, as the upgrade of a package does.
        let (link, new) = (self.run.path(NAME), self.run.path("new"));
        symlink(&binary, &new).unwrap();
        fs::rename(&new, &link).unwrap();
    }

    /// Returns the process that reads the ring of another build, while there is one.
    pub fn drainer(&self) -> Option<u32> {
        let id = self.run.daemon.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    }

    /// Waits until no ring of another build is left.
    pub fn until_drained(&self) {
        let is_left =
            |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with("drain-");
        let folder = self.run.path("run");
        eventually("all rings are read", || !fs::read_dir(&folder).unwrap().flatten().any(is_left));
    }

    /// Stops the last daemon and returns all entries in the journal, whatever number of daemons stopped before.
    pub fn finish_last(&mut self) -> Entries {
        let pid = format!("_PID={}", self.run.daemon.id());
        self.run.daemon.signal(Signal::SIGTERM);
        assert_eq!(self.run.daemon.wait().code(), Some(0));
        let found = || self.run.journald.query(&["-o", "json", &stopped(), &pid]);
        eventually("the last record", || !found().is_empty());
        self.run.all_entries()
    }

    /// Kills the daemon by force.
    pub fn kill(&mut self) {
        self.run.daemon.signal(Signal::SIGKILL);
        self.run.daemon.wait();
    }

    /// Stops the daemon as systemd does for a restart (`ExecStop=` of the unit).
    pub fn leave(&mut self) {
        fs::write(self.run.path("run/restart"), "").unwrap();
        self.run.daemon.signal(Signal::SIGTERM);
        assert_eq!(self.run.daemon.wait().code(), Some(0));
    }

    /// Starts a daemon and does not wait for it.
    pub fn start_unfinished(&mut self) {
        self.run.daemon = spawn_kept(&self.run.setup, &self.manager);
    }

    /// Starts the next daemon and waits until it is ready.
    pub fn restart(&mut self) {
        let ready = self.manager.ready();
        self.start_unfinished();
        self.manager.wait_for_ready(ready + 1);
    }

    /// Returns the standard error of all daemons.
    pub fn errors(&self) -> String {
        fs::read_to_string(self.run.path("errors")).unwrap()
    }

    /// Returns the reply to a command at the control socket.
    pub fn ask(&self, command: &str) -> Value {
        let mut client = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
        let client = client.args([command, "--json"]);
        let reply = client.env("RUNTIME_DIRECTORY", self.run.path("run")).output().unwrap();
        serde_json::from_slice(&reply.stdout).unwrap()
    }

    /// Waits until journald's queue is full and an event waits in the daemon.
    pub fn until_output_is_full(&self) {
        let is_full = || self.ask("status")["output"]["state"] == "blocked";
        eventually("the output is full", is_full);
    }

    /// Waits until all events of the ring have been taken.
    pub fn until_ring_is_empty(&self) {
        let is_empty = |route: &Value| route["events"]["in_ring"] == 0;
        eventually("the ring is empty", || {
            self.ask("stats")["routes"].as_array().unwrap().iter().all(is_empty)
        });
    }

    /// Makes the daemon reload, and waits for the outcome.
    pub fn reload(&self) {
        reload_by_client(&self.run.setup);
    }

    /// Replaces the first text in the configuration by the second one.
    pub fn reconfigure(&self, from: &str, to: &str) {
        let config = fs::read_to_string(self.run.setup.config()).unwrap();
        assert!(config.contains(from), "{config}");
        self.run.setup.write(&config.replace(from, to));
    }

    /// Stops the daemon and returns all entries in the journal.
    pub fn finish(&mut self) -> Entries {
        self.finish_after(0)
    }

    /// Stops the last daemon and returns all entries in the journal, in which `stops` daemons before it were restarted.
    pub fn finish_after(&mut self, stops: usize) -> Entries {
        self.run.daemon.signal(Signal::SIGTERM);
        assert_eq!(self.run.daemon.wait().code(), Some(0));
        self.run.entries(stops + 1)
    }
}

fn stopped() -> String {
    format!("MESSAGE_ID={}", Stopped::KIND.id)
}

/// Prints the daemon's standard error if the test fails.
struct ErrorsOnPanic(PathBuf);

impl Drop for ErrorsOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "the daemon's standard error:\n{}",
                fs::read_to_string(&self.0).unwrap_or_default()
            );
        }
    }
}

fn spawn_kept(setup: &Setup, manager: &KeepingManager) -> Process {
    let prefix = manager.prefix();
    let prefix: Vec<&str> =
        prefix.iter().map(String::as_str).chain(["nice", "-n", "-10"]).collect();
    let mut command = setup.command_of(&setup.path(NAME), &prefix, "journal");
    manager.hand_over(&mut command);
    let errors = File::options().create(true).append(true).open(setup.path("errors"));
    Process::spawn(command.stderr(errors.unwrap()))
}

fn spawn(setup: &Setup) -> (Process, Manager) {
    let manager = Manager::new(setup);
    // The unit has the same priority: some tests have many busy processes.
    let mut command = setup.command_of(&setup.path(NAME), &["nice", "-n", "-10"], "journal");
    let daemon = Process::spawn(command.env("NOTIFY_SOCKET", manager.path()));
    manager.until("READY=1");
    (daemon, manager)
}

/// Matches entries of another service.
pub const OTHER: &str = "SYSLOG_IDENTIFIER=sshd";

pub struct Entries(Vec<Value>);

impl Entries {
    pub fn of(&self, kind: &Kind) -> Vec<&Value> {
        self.0.iter().filter(|entry| entry["MESSAGE_ID"] == kind.id).collect()
    }

    /// Returns the events of tasks named `comm`.
    pub fn by(&self, comm: &str) -> Vec<&Value> {
        let events = self.of(&Syscall::KIND).into_iter();
        events.filter(|event| event["SYSCALL_COMM"] == comm).collect()
    }

    /// Returns the values of the trigger's `nth` argument, in the journal's order.
    pub fn nths(&self, name: &str) -> Vec<u64> {
        let nth = |event: &Value| {
            let text = labelled(event, "SYSCALL_ARG", "0").unwrap();
            u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).unwrap()
        };
        self.by(name).into_iter().map(nth).collect()
    }

    /// Returns the names of the tasks of all events, in the journal's order.
    pub fn comms(&self) -> impl Iterator<Item = String> {
        let events = self.of(&Syscall::KIND).into_iter();
        events.filter_map(|event| event["SYSCALL_COMM"].as_str().map(str::to_owned))
    }

    /// Returns the number of entries of the other service.
    pub fn others(&self) -> usize {
        self.0.iter().filter(|entry| entry["SYSLOG_IDENTIFIER"] == "sshd").count()
    }

    pub fn declared_lost(&self) -> u64 {
        self.of(&Lost::KIND).into_iter().map(lost).sum()
    }
}

pub fn lost(entry: &Value) -> u64 {
    detail(entry, "lost").unwrap().parse().unwrap()
}
