//! CPU time of processes, as the scheduler accounts it.

use std::fs;

use anyhow::{Context as _, Result};

/// Seconds that all threads of a process have run.
pub fn seconds(pid: u32) -> Result<f64> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).context("the process has gone")?;
    let ns: f64 = threads.flatten().filter_map(|thread| ns(&thread.path().join("schedstat"))).sum();
    Ok(ns / 1e9)
}

fn ns(path: &std::path::Path) -> Option<f64> {
    fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
}

/// The kernel thread that hands audit records out. `None` where the kernel has no auditing.
pub fn kauditd() -> Option<u32> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.find(|pid| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm == "kauditd\n")
    })
}
