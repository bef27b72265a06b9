//! Memory, CPU time and descriptors of the daemon.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Measurement that runs.
pub struct Usage {
    pid: u32,
    begin: Instant,
    cpu: Duration,
    first_kib: u64,
    is_over: Arc<AtomicBool>,
    highest_kib: JoinHandle<u64>,
}

/// Result of a measurement.
pub struct Measured {
    pub first_kib: u64,
    highest_kib: u64,
    pub cpu_share: f64,
}

impl Measured {
    pub fn growth_kib(&self) -> u64 {
        self.highest_kib.saturating_sub(self.first_kib)
    }
}

impl Usage {
    /// Begins to read the memory once a second, and prints when it grows.
    pub fn begin(pid: u32) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&is_over);
        let highest_kib = thread::spawn(move || {
            let (mut highest, begin) = (0, Instant::now());
            while !shared.load(SeqCst) {
                let now = resident_kib(pid);
                if now > highest {
                    println!("{} s: {now} KiB", begin.elapsed().as_secs());
                    highest = now;
                }
                thread::sleep(Duration::from_secs(1));
            }
            highest
        });
        let (begin, cpu, first_kib) = (Instant::now(), cpu_time(pid), resident_kib(pid));
        Self { pid, begin, cpu, first_kib, is_over, highest_kib }
    }

    pub fn end(self) -> Measured {
        self.is_over.store(true, SeqCst);
        let cpu = cpu_time(self.pid) - self.cpu;
        let cpu_share = cpu.as_secs_f64() / self.begin.elapsed().as_secs_f64();
        let highest_kib = self.highest_kib.join().unwrap();
        Measured { first_kib: self.first_kib, highest_kib, cpu_share }
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
