//! CPU time of processes, as the scheduler accounts it.

use std::fs;

use anyhow::{Context as _, Result};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// Seconds that all threads of a process have run, those that ended among them.
pub fn seconds(pid: u32) -> Result<f64> {
    let clock = clock_getcpuclockid(Pid::from_raw(pid.try_into()?));
    let time = clock.and_then(clock_gettime).context("the process has gone")?;
    Ok(std::time::Duration::from(time).as_secs_f64())
}

/// The kernel thread that hands audit records out. `None` where the kernel has no auditing.
pub fn kauditd() -> Option<u32> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.find(|pid| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm == "kauditd\n")
    })
}
