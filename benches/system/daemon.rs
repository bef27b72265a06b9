//! The real daemon under test: the release binary with a configuration, a lock and a notification
//! socket of its own, ended when dropped.

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use crate::bench::Bench;
use crate::maps::CountersMap;
use crate::running::{Running, TIMEOUT, pinned, wait_until};

/// For configurations of floods: every user may have any number of events.
pub const UNLIMITED: &str = "[limits]\nper_uid = \"none\"\n";

/// Name of the threads that load programs.
const LOADER: &str = "tailcalld-load";

/// Destination of the daemon's records.
#[derive(Clone, Copy)]
pub enum Output<'a> {
    Journal,
    /// JSON lines.
    Json(&'a Path),
    /// Entries in the journal export format.
    Export(&'a Path),
}

const NULL: &str = "/dev/null";

impl<'a> Output<'a> {
    /// Returns the destination of JSON lines that nobody reads.
    pub fn unread() -> Self {
        Self::Json(NULL.as_ref())
    }

    fn name_and_file(self) -> (&'static str, &'a Path) {
        match self {
            Self::Journal => ("journal", NULL.as_ref()),
            Self::Json(path) => ("json", path),
            Self::Export(path) => ("export", path),
        }
    }
}

/// A daemon that is attached.
pub struct Daemon {
    pub running: Running,
    /// From the start of the process to its word that it is attached.
    pub start: Duration,
    _folder: TempDir,
}

impl Daemon {
    /// Starts it with that configuration.
    pub fn start(bench: &Bench, configuration: &str, output: Output<'_>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        fs::write(path("tailcalld.toml"), configuration)?;
        let word = UnixDatagram::bind(path("notify"))?;
        word.set_read_timeout(Some(TIMEOUT))?;
        let mut command = pinned(&bench.tool_cpus, env!("CARGO_BIN_EXE_tailcalld"));
        command.arg("--config").arg(path("tailcalld.toml"));
        let (name, file) = output.name_and_file();
        command.args(["--output", name]);
        command.env("RUNTIME_DIRECTORY", path("run")).env("NOTIFY_SOCKET", path("notify"));
        command.stdin(Stdio::null()).stderr(File::create(path("errors"))?);
        command.stdout(OpenOptions::new().write(true).create(true).truncate(true).open(file)?);
        let begin = Instant::now();
        let running = Running::spawn(&mut command)?;
        if let Err(error) = wait_for_ready(&word) {
            bail!("{error:#}: {}", fs::read_to_string(path("errors"))?.trim());
        }
        Ok(Self { running, start: begin.elapsed(), _folder: folder })
    }

    /// Waits until the programs that no route needed at the start are loaded, which threads of their own do.
    pub fn wait_for_programs(&self) -> Result<()> {
        let is_loaded =
            || self.threads().is_ok_and(|names| !names.iter().any(|name| name == LOADER));
        ensure!(wait_until(is_loaded, TIMEOUT), "the daemon goes on loading programs");
        Ok(())
    }

    fn threads(&self) -> io::Result<Vec<String>> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid()))?;
        let name = |task: io::Result<DirEntry>| fs::read_to_string(task?.path().join("comm"));
        tasks.map(name).map(|name| Ok(name?.trim_end().to_owned())).collect()
    }

    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Counters of the kernel for the slot.
    pub fn counters(&self) -> Result<CountersMap> {
        CountersMap::of(self.pid())
    }
}

fn wait_for_ready(word: &UnixDatagram) -> Result<()> {
    let mut bytes = [0; 4096];
    loop {
        let size = word.recv(&mut bytes).context("the daemon did not get ready")?;
        let text = String::from_utf8_lossy(&bytes[..size]);
        if text.lines().any(|line| line == "READY=1") {
            return Ok(());
        }
    }
}
