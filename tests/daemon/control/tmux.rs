//! A terminal in which tests press keys and read the screen: a server of tmux with one shell.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::eventually;
use crate::rig::Setup;
use crate::root::needs;

/// Terminal of 100 columns and 20 lines, which is closed when dropped.
pub struct Tmux {
    socket: PathBuf,
    folder: PathBuf,
}

impl Tmux {
    /// Opens the terminal with a shell whose commands call the daemon of that folder; `None` without tmux.
    pub fn open(setup: &Setup) -> Option<Self> {
        let found = Command::new("tmux").arg("-V").stdout(Stdio::null()).status();
        if !needs(found.is_ok_and(|status| status.success()), "tmux") {
            return None;
        }
        let terminal = Self { socket: setup.path("tmux"), folder: setup.path("terminal") };
        fs::create_dir(&terminal.folder).unwrap();
        fs::write(terminal.folder.join("rc"), "PS1='ready> '\n").unwrap();
        let mut command = terminal.command();
        command.args(["-u", "-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "20"]);
        command.args(["sh", "-i"]).current_dir(&terminal.folder).stdin(Stdio::null());
        command.env("ENV", terminal.folder.join("rc")).env("RUNTIME_DIRECTORY", setup.path("run"));
        command.env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR").env_remove("TMUX");
        assert!(command.status().unwrap().success());
        terminal.has("ready>");
        Some(terminal)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket);
        command
    }

    fn run(&self, words: &[&str]) -> String {
        let output = self.command().args(words).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Presses keys, by the names of tmux.
    pub fn press(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    /// Types a command and the key Enter.
    pub fn enter(&self, line: &str) {
        self.run(&["send-keys", "-l", line]);
        self.press(&["Enter"]);
    }

    pub fn resize(&self, columns: &str, lines: &str) {
        self.run(&["resize-window", "-x", columns, "-y", lines]);
    }

    /// Returns what is on the screen.
    pub fn screen(&self) -> String {
        self.run(&["capture-pane", "-p"])
    }

    /// Returns what is on the screen, with the sequences for colours.
    pub fn styled(&self) -> String {
        self.run(&["capture-pane", "-p", "-e"])
    }

    /// Returns whether a program has the second screen of the terminal.
    pub fn is_alternate(&self) -> bool {
        self.run(&["display-message", "-p", "#{alternate_on}"]).trim() == "1"
    }

    /// Waits until the screen has a text, and returns the screen.
    pub fn has(&self, text: &str) -> String {
        self.shows(text, |screen| screen.contains(text))
    }

    /// Waits until the screen is as wanted, and returns it.
    pub fn shows(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let mut screen = String::new();
        let shown = std::panic::AssertUnwindSafe(|| {
            eventually(what, || {
                screen = self.screen();
                is_so(&screen)
            });
        });
        if let Err(panic) = std::panic::catch_unwind(shown) {
            eprintln!("the screen:\n{}", self.screen());
            std::panic::resume_unwind(panic);
        }
        screen
    }

    /// Returns the settings of the terminal, after a prompt.
    pub fn settings(&self, file: &str) -> String {
        self.enter(&format!("clear; stty -a > {file}; echo settings $?"));
        self.has("settings 0");
        fs::read_to_string(self.path(file)).unwrap()
    }

    /// Returns the path of a file in the directory of the shell.
    pub fn path(&self, file: impl AsRef<Path>) -> PathBuf {
        self.folder.join(file)
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.command().arg("kill-server").status();
    }
}
