//! The counters of a daemon in another process: its maps are found by the descriptors that it holds.

use std::fs;
use std::mem::{offset_of, size_of};

use anyhow::{Context as _, Result};
use libbpf_rs::{MapCore as _, MapFlags, MapHandle};
use syscalls::Slot;
use tailcalld::bpf::types::{counter, counters, counters_size};
use tailcalld::stats::KernelCounters;

/// The map of the daemon's counters.
pub struct CountersMap(MapHandle);

impl CountersMap {
    pub fn of(pid: u32) -> Result<Self> {
        let folder = format!("/proc/{pid}/fdinfo");
        let infos = fs::read_dir(&folder).context("the daemon has gone")?.flatten();
        let mut texts = infos.filter_map(|info| fs::read_to_string(info.path()).ok());
        let found = texts.find_map(|text| {
            let is_books = number(&text, "value_size:")? as usize == size_of::<counters>()
                && number(&text, "map_type:")? == ARRAY;
            is_books.then(|| number(&text, "map_id:"))?
        });
        Ok(Self(MapHandle::from_map_id(found.context("the daemon has no counters")?)?))
    }

    /// All CPUs together.
    pub fn read(&self, slot: Slot) -> Result<KernelCounters> {
        let rows = (u32::from(slot.index())..self.0.max_entries()).step_by(CPU_ROWS);
        let row = |row: u32| self.0.lookup(&row.to_ne_bytes(), MapFlags::ANY);
        let cpus = rows.filter_map(|at| row(at).transpose()).collect::<Result<Vec<_>, _>>()?;
        let sum = |which: counter| {
            let at = offset_of!(counters, counts) + which.0 as usize * size_of::<u64>();
            cpus.iter().map(|cpu| word(cpu, at)).sum::<u64>()
        };
        Ok(KernelCounters::read(sum))
    }
}

/// `BPF_MAP_TYPE_ARRAY` in linux/bpf.h.
const ARRAY: u32 = 2;
/// Each CPU has rows of its own.
const CPU_ROWS: usize = counters_size::COUNTERS_ROWS.0 as usize;

fn number(info: &str, name: &str) -> Option<u32> {
    info.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

fn word(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.map_or(0, |word| u64::from_ne_bytes(*word))
}
