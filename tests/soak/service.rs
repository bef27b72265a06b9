//! The daemon, life after life in the same folder, with a journald and a service manager of its own. The manager keeps
//! the kernel side for the next life, as systemd does.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;
use tailcalld::output::record::{RecordBody as _, Stopped};

use crate::entries::Entries;
use crate::fd_store::KeepingManager;
use crate::journald::Journald;
use crate::process::{Process, eventually};
use crate::rig::{Setup, reload_by_client};
use crate::routes::Routes;

pub struct Service {
    setup: Setup,
    pub journald: Journald,
    daemon: Process,
    manager: KeepingManager,
    generation: u32,
    pub slowest_start: Duration,
}

impl Service {
    /// Starts journald and the daemon; returns `None`, and prints so, without root.
    pub fn start(routes: &Routes) -> Option<Self> {
        let journald = Journald::start_with("RuntimeMaxUse=1G")?;
        let setup = Setup::alone("")?;
        let generation = 1;
        setup.write(&config(routes, generation, &journald));
        let manager = KeepingManager::new(&setup);
        let (daemon, slowest_start) = spawn(&setup, &manager);
        Some(Self { setup, journald, daemon, manager, generation, slowest_start })
    }

    pub fn pid(&self) -> u32 {
        self.daemon.id()
    }

    /// Loads other routes.
    pub fn reload(&mut self, routes: &Routes) {
        self.generation += 1;
        self.setup.write(&config(routes, self.generation, &self.journald));
        reload_by_client(&self.setup);
    }

    /// Returns the reply of `stats`.
    pub fn stats(&self) -> Value {
        let output = client(&self.setup, &["stats", "--json"]).stderr(Stdio::inherit()).output();
        serde_json::from_slice(&output.unwrap().stdout).unwrap()
    }

    /// Returns whether each call is accounted for.
    pub fn is_balanced(&self) -> bool {
        client(&self.setup, &["stats", "--check"]).status().unwrap().success()
    }

    /// Kills the daemon by force, and starts the next one.
    pub fn kill(&mut self) {
        self.daemon.signal(Signal::SIGKILL);
        self.daemon.wait();
        let (daemon, time) = spawn(&self.setup, &self.manager);
        self.daemon = daemon;
        self.slowest_start = self.slowest_start.max(time);
    }

    /// Stops the daemon, which must succeed, and reads the journal to its end.
    pub fn stop(&mut self, entries: &mut Entries) {
        self.daemon.signal(Signal::SIGTERM);
        assert_eq!(self.daemon.wait().code(), Some(0));
        eventually("the journal has the last record", || {
            entries.read(&self.journald);
            entries.of(&Stopped::KIND) == 1
        });
    }
}

fn config(routes: &Routes, generation: u32, journald: &Journald) -> String {
    let socket = journald.socket();
    format!(
        "{}[limits]\nper_uid = \"none\"\n[ring]\nsize = \"1MiB\"\n[journal]\nsocket = \"{}\"\n",
        routes.text(generation),
        socket.display()
    )
}

/// Longest wait for a daemon that starts.
const START_MAX: Duration = Duration::from_secs(300);

/// Starts a daemon and waits until it answers; returns how long that took. It has the priority that the unit gives it.
fn spawn(setup: &Setup, manager: &KeepingManager) -> (Process, Duration) {
    let kept = manager.prefix();
    let prefix: Vec<&str> = kept.iter().map(String::as_str).chain(["nice", "-n", "-10"]).collect();
    let mut command = setup.command(&prefix, "journal");
    manager.hand_over(&mut command);
    let mut daemon = Process::spawn(&mut command);
    let errors = || fs::read_to_string(setup.path("stderr")).unwrap_or_default();
    let begin = Instant::now();
    // Attaching waits for grace periods, which other work on the machine may delay.
    while !client(setup, &["status"]).status().unwrap().success() {
        assert!(daemon.is_running(), "the daemon ended: {}", errors());
        assert!(begin.elapsed() < START_MAX, "the daemon does not answer: {}", errors());
        sleep(Duration::from_millis(10));
    }
    (daemon, begin.elapsed())
}

fn client(setup: &Setup, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    command.args(words).env("RUNTIME_DIRECTORY", setup.path("run")).env_remove("JOURNAL_STREAM");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}
