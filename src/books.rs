//! The kernel's books in, sums by slot out. They only grow; what matters is the difference between
//! two readings.

use std::collections::BTreeMap;
use std::mem::{offset_of, size_of};

use anyhow::{Context as _, Result};
use libbpf_rs::{MapCore, MapFlags};

use crate::bpf::types::{self, counters};
use crate::load::Bpf;
use crate::syscalls::Slot;

/// How many reasons the kernel counts losses under: `enum loss`.
pub const KERNEL_REASONS: usize = types::loss::LOST_REASONS.0 as usize;

/// The books of one slot, all CPUs together:
/// `seen = excluded + counted + submitted + the sum of lost`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Books {
    /// Calls that reached the slot's handler.
    pub seen: u64,
    /// Made by the daemon itself.
    pub excluded_self: u64,
    /// Made by a program that our own output keeps busy.
    pub excluded_sink: u64,
    /// By a handler that only counts.
    pub counted: u64,
    /// Events put into the ring.
    pub submitted: u64,
    /// Events that were due and are not in the ring, by `enum loss`.
    pub lost: [u64; KERNEL_REASONS],
}

impl Books {
    /// Calls that were nobody's to record.
    pub fn excluded(&self) -> u64 {
        self.excluded_self + self.excluded_sink
    }

    /// Whether every call that was seen is accounted for.
    pub fn balance(&self) -> bool {
        let lost: u64 = self.lost.iter().sum();
        self.seen == self.excluded() + self.counted + self.submitted + lost
    }

    fn add(&mut self, cpu: &[u8]) {
        let word = |at: usize| {
            let bytes = cpu.get(at..at + size_of::<u64>());
            bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_ne_bytes)
        };
        self.seen += word(offset_of!(counters, seen));
        self.excluded_self += word(offset_of!(counters, excluded_self));
        self.excluded_sink += word(offset_of!(counters, excluded_sink));
        self.counted += word(offset_of!(counters, counted));
        self.submitted += word(offset_of!(counters, submitted));
        for (index, lost) in self.lost.iter_mut().enumerate() {
            *lost += word(offset_of!(counters, lost) + index * size_of::<u64>());
        }
    }
}

/// Reads the books of those slots.
///
/// # Errors
/// When the kernel refuses the reading.
pub fn read(bpf: &Bpf<'_>, slots: impl Iterator<Item = Slot>) -> Result<BTreeMap<Slot, Books>> {
    slots.map(|slot| Ok((slot, read_one(bpf, slot)?))).collect()
}

fn read_one(bpf: &Bpf<'_>, slot: Slot) -> Result<Books> {
    let mut books = Books::default();
    for cpu in per_cpu(bpf.books(), u32::from(slot.index()))? {
        books.add(&cpu);
    }
    Ok(books)
}

/// How often numbers that no table has were called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OddNumbers {
    /// -1: a tracer cancelled the call, or the caller passed it.
    pub minus_one: u64,
    /// Of the x32 ABI.
    pub x32: u64,
    /// Any other from 512 on.
    pub out_of_range: u64,
}

/// Reads the counts of odd numbers.
///
/// # Errors
/// When the kernel refuses the reading.
pub fn odd_numbers(bpf: &Bpf<'_>) -> Result<OddNumbers> {
    let count = |class: types::odd_number| -> Result<u64> {
        let cpus = per_cpu(bpf.odd_numbers(), class.0)?;
        Ok(cpus.iter().filter_map(|cpu| Some(u64::from_ne_bytes(*cpu.first_chunk()?))).sum())
    };
    Ok(OddNumbers {
        minus_one: count(types::odd_number::ODD_MINUS_ONE)?,
        x32: count(types::odd_number::ODD_X32)?,
        out_of_range: count(types::odd_number::ODD_OUT_OF_RANGE)?,
    })
}

fn per_cpu(map: &dyn MapCore, key: u32) -> Result<Vec<Vec<u8>>> {
    let found = map.lookup_percpu(&key.to_ne_bytes(), MapFlags::ANY);
    Ok(found.context("failed to read the kernel's counters")?.unwrap_or_default())
}
