//! Memory, CPU time and descriptors of the daemon.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// Measurement of one life.
pub struct Usage {
    pid: u32,
    begin: Instant,
    cpu: Duration,
    pub first_kib: u64,
    highest_kib: u64,
}

impl Usage {
    pub fn begin(pid: u32) -> Self {
        let kib = resident_kib(pid);
        Self { pid, begin: Instant::now(), cpu: cpu_time(pid), first_kib: kib, highest_kib: kib }
    }

    /// Reads the memory, in a quiet time: while the daemon answers `stats`, it has the ring mapped once more.
    pub fn look(&mut self) {
        self.highest_kib = self.highest_kib.max(resident_kib(self.pid));
    }

    pub fn growth_kib(&self) -> u64 {
        self.highest_kib - self.first_kib
    }

    pub fn cpu_share(&self) -> f64 {
        let cpu = cpu_time(self.pid) - self.cpu;
        cpu.as_secs_f64() / self.begin.elapsed().as_secs_f64()
    }
}

/// Time in which the daemon closes a connection.
const CLOSING: Duration = Duration::from_secs(1);

/// Number of open descriptors in quiet times.
#[derive(Default)]
pub struct Descriptors {
    first: Option<u64>,
    /// Largest difference from the first number.
    pub off: u64,
}

impl Descriptors {
    /// Forgets the first number: a daemon that adopts the kernel side holds some programs more.
    pub fn begin(&mut self) {
        self.first = None;
    }

    /// Compares the number with the first one. The connection of a client that has ended is closed soon.
    pub fn look(&mut self, pid: u32) {
        thread::sleep(CLOSING);
        let now = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as u64;
        let first = *self.first.get_or_insert(now);
        self.off = self.off.max(now.abs_diff(first));
    }
}

/// Returns the resident memory of a process.
fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// Returns the time that the only thread of a process has run, as the scheduler accounts it.
fn cpu_time(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}
