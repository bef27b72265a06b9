//! Resident memory of a process, with and without the BPF maps that it has mapped.

use std::fs;

use anyhow::{Context as _, Result};

/// Megabytes (10^6 bytes).
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// All that is resident.
    pub rss: f64,
    /// Proportional set size: shared pages divided by the number of sharers.
    pub pss: f64,
    /// Proportional set size without the mappings of BPF maps: the ring is mapped twice.
    pub pss_beside_maps: f64,
}

/// Reads the current memory of the process.
pub fn of(pid: u32) -> Result<Memory> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps")).context("the process has gone")?;
    let mut memory = Memory::default();
    let mut is_map = false;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("Rss:") => memory.rss += megabytes(words.next()),
            Some("Pss:") => {
                let pss = megabytes(words.next());
                memory.pss += pss;
                memory.pss_beside_maps += if is_map { 0.0 } else { pss };
            }
            Some(head) if !head.ends_with(':') => is_map = line.contains("bpf-map"),
            _ => {}
        }
    }
    Ok(memory)
}

fn megabytes(kibibytes: Option<&str>) -> f64 {
    kibibytes.and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0 / 1e6
}
