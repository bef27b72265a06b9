//! Parameters of all sections: how much to do, on which CPUs, where files go, and whether
//! somebody wants us to stop.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use signal_hook::consts::{SIGINT, SIGTERM};
use tempfile::TempDir;

/// One run.
#[derive(Clone)]
pub struct Bench {
    /// Number of rounds of a cheap measurement; expensive ones have fewer.
    pub rounds: usize,
    /// `FULL=1`: longer, for figures that few rounds do not settle.
    pub full: bool,
    /// The CPU of the process that makes the calls: the last one.
    pub caller_cpu: usize,
    /// The CPUs of whoever consumes events, as taskset(1) takes them: the first one.
    pub tool_cpus: String,
    folder: Arc<TempDir>,
    interrupted: Arc<AtomicBool>,
}

impl Bench {
    /// From the environment: `ROUNDS`, `FULL`.
    pub fn new() -> Result<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
        }
        let full = std::env::var("FULL").is_ok_and(|full| full == "1");
        let rounds = match std::env::var("ROUNDS") {
            Ok(rounds) => rounds.parse().context("ROUNDS is not a number")?,
            Err(_) => 6,
        };
        let cpus = std::thread::available_parallelism()?.get();
        let folder = Arc::new(memory_folder().context("failed to make a folder for files")?);
        let tool_cpus = "0".to_owned();
        Ok(Self { rounds, full, caller_cpu: cpus - 1, tool_cpus, folder, interrupted })
    }

    /// Returns the same run with tools that have all CPUs, as a service manager starts them.
    pub fn on_all_cpus(&self) -> Self {
        Self { tool_cpus: format!("0-{}", self.caller_cpu), ..self.clone() }
    }

    /// Rounds of a measurement that takes seconds.
    pub fn few(&self) -> usize {
        self.rounds.div_ceil(3)
    }

    /// `usual`, or with `FULL=1` six times as long.
    pub fn seconds(&self, usual: f64) -> Duration {
        Duration::from_secs_f64(if self.full { usual * 6.0 } else { usual })
    }

    /// For files, in memory: no disk takes part in what is measured.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// An error once a signal asked us to stop; everything started ends by being dropped.
    pub fn go_on(&self) -> Result<()> {
        if self.interrupted.load(SeqCst) {
            bail!("interrupted");
        }
        Ok(())
    }
}

fn memory_folder() -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("tailcalld-bench-");
    builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir())
}

/// `SECTIONS="a b"`; empty for all.
pub fn sections() -> Vec<char> {
    let wanted = std::env::var("SECTIONS").unwrap_or_default();
    wanted.chars().filter(char::is_ascii_lowercase).collect()
}
