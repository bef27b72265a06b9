//! The daemon, life after life in the same folder, with a journald of its own.

use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::Value;
use tailcalld::output::record::{RecordBody as _, Stopped};

use crate::entries::Entries;
use crate::journald::Journald;
use crate::process::{Process, eventually};
use crate::rig::{Setup, reload_by_client};
use crate::routes::Routes;

pub struct Service {
    setup: Setup,
    pub journald: Journald,
    daemon: Process,
    generation: u32,
}

impl Service {
    /// Starts journald and the daemon; returns `None`, and prints so, without root.
    pub fn start(routes: &Routes) -> Option<Self> {
        let journald = Journald::start_with("RuntimeMaxUse=1G")?;
        let setup = Setup::alone("")?;
        let generation = 1;
        setup.write(&config(routes, generation, &journald));
        let daemon = spawn(&setup);
        Some(Self { setup, journald, daemon, generation })
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

    pub fn kill(&mut self) {
        self.daemon.signal(Signal::SIGKILL);
        self.daemon.wait();
    }

    /// Starts the next daemon.
    pub fn restart(&mut self) {
        self.daemon = spawn(&self.setup);
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

/// Starts a daemon and waits until it answers. It has the priority that the unit gives it.
fn spawn(setup: &Setup) -> Process {
    let daemon = Process::spawn(&mut setup.command(&["nice", "-n", "-10"], "journal"));
    let is_live = || client(setup, &["status"]).status().unwrap().success();
    eventually("the daemon answers", is_live);
    daemon
}

fn client(setup: &Setup, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    command.args(words).env("RUNTIME_DIRECTORY", setup.path("run")).env_remove("JOURNAL_STREAM");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}
