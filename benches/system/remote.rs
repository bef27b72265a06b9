//! `systemd-journal-remote`, which stores entries that it reads in the journal export format: the way past journald
//! for high rates, and for another machine.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use nix::sys::stat::Mode;
use tempfile::TempDir;

use crate::running::Running;

const PROGRAM: &str = "/lib/systemd/systemd-journal-remote";

/// A reader of entries, with its files in memory.
pub struct Remote {
    pub running: Running,
    input: PathBuf,
    folder: TempDir,
    /// Keeps the pipe open while the daemon opens it.
    _pipe: File,
}

impl Remote {
    /// Starts it on a pipe with a name, in that folder.
    pub fn start(parent: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("remote-").tempdir_in(parent)?;
        let input = folder.path().join("entries");
        nix::unistd::mkfifo(&input, Mode::S_IRWXU)?;
        let pipe = OpenOptions::new().read(true).write(true).open(&input)?;
        let mut command = Command::new(PROGRAM);
        command
            .arg(format!("--output={}", folder.path().join("remote.journal").display()))
            .arg("-");
        command.stdin(File::open(&input)?).stderr(Stdio::null());
        let running = Running::spawn(&mut command)
            .with_context(|| format!("{PROGRAM}, of the package systemd-journal-remote"))?;
        Ok(Self { running, input, folder, _pipe: pipe })
    }

    /// Returns the pipe that entries are to be written to.
    pub fn input(&self) -> &Path {
        &self.input
    }

    /// Returns the folder of its journal.
    pub fn journal(&self) -> &Path {
        self.folder.path()
    }
}
