//! Count of the events in the ring that are not consumed yet, taken without consuming them. It is valid
//! only between two turns of the consumer, which runs in the same thread and so stays in place meanwhile.

use std::collections::BTreeMap;
use std::mem::{offset_of, size_of};
use std::num::NonZeroUsize;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering::Acquire;

use anyhow::{Context as _, Result};
use syscalls::Slot;

use super::page_bytes;
use crate::bpf::Mapping;
use crate::bpf::types::{self, event_kind};
use crate::load::{Bpf, Predecessor};

/// A ring as memory.
#[derive(Debug)]
pub(super) struct Layout {
    ring: Mapping,
    /// Sizes of a page and of the data, in words.
    page: usize,
    data: usize,
}

impl Layout {
    /// Maps a ring as libbpf does: the consumer's page, the producer's page, and the data.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn open(ring: BorrowedFd<'_>, data: usize) -> Result<Self> {
        let page = page_bytes()?;
        let bytes = NonZeroUsize::new(2 * page + data).context("a ring without data")?;
        let ring = Mapping::open(ring, bytes).context("failed to map the ring")?;
        Ok(Self { ring, page: page / WORD, data: data / WORD })
    }

    /// Returns the length and flags of the record at a position; `None` at the end.
    pub fn record(&self, at: u64) -> Option<u32> {
        (at < self.word(self.page)).then(|| u32_at(self.datum(at), 0))
    }

    /// Returns the bytes of the record at a position.
    pub fn copy(&self, at: u64, length: u64) -> Vec<u8> {
        let words = (at + HEADER..at + HEADER + length).step_by(WORD);
        let mut bytes: Vec<u8> = words.flat_map(|at| self.datum(at).to_ne_bytes()).collect();
        bytes.truncate(usize::try_from(length).unwrap_or_default());
        bytes
    }

    /// Returns a word of the data, which wraps around at its end.
    fn datum(&self, at: u64) -> u64 {
        let at = usize::try_from(at / WORD as u64).unwrap_or_default();
        self.word(2 * self.page + at % self.data.max(1))
    }

    fn word(&self, index: usize) -> u64 {
        self.ring.word(index).map_or(0, |word| word.load(Acquire))
    }
}

/// A walk from the consumer's position towards the producer's.
#[derive(Debug)]
pub struct Unread {
    layout: Layout,
    /// Position of the walk, in bytes since the ring was created.
    at: u64,
    events: BTreeMap<Slot, u64>,
}

const WORD: usize = size_of::<u64>();
/// Flag of a record that is not committed yet. A record's header is its length in 4 bytes, with the
/// flags BPF_RINGBUF_BUSY_BIT and BPF_RINGBUF_DISCARD_BIT (uapi/linux/bpf.h) as the two highest bits, and
/// 4 bytes for the kernel itself.
pub(super) const BUSY: u32 = 1 << 31;
pub(super) const DISCARDED: u32 = 1 << 30;
pub(super) const HEADER: u64 = 8;

impl Unread {
    /// Begins a walk at the consumer's position.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn begin(bpf: &Bpf<'_>) -> Result<Self> {
        Self::of(bpf.events().as_fd(), bpf.events().max_entries() as usize)
    }

    /// Begins a walk in the ring of a predecessor.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn begin_leftover(predecessor: &Predecessor) -> Result<Self> {
        let (ring, bytes) = predecessor.ring()?;
        Self::of(ring, bytes)
    }

    fn of(ring: BorrowedFd<'_>, bytes: usize) -> Result<Self> {
        let layout = Layout::open(ring, bytes)?;
        let at = layout.word(0);
        Ok(Self { layout, at, events: BTreeMap::new() })
    }

    /// Advances to the end or to the first record that is not committed; returns whether it reached the
    /// end.
    pub fn advance(&mut self) -> bool {
        let end = self.layout.word(self.layout.page);
        while let Some(length) = self.layout.record(self.at).filter(|_| self.at < end) {
            if length & BUSY != 0 {
                return false;
            }
            if length & DISCARDED == 0 {
                self.count();
            }
            let bytes = u64::from(length & !(BUSY | DISCARDED)) + HEADER;
            self.at += bytes.next_multiple_of(WORD as u64);
        }
        true
    }

    /// Returns the number of events of a slot that the walk has passed.
    pub fn events(&self, slot: Slot) -> u64 {
        self.events.get(&slot).copied().unwrap_or_default()
    }

    /// Returns the number of events that the walk has passed.
    pub fn total(&self) -> u64 {
        self.events.values().sum()
    }

    fn count(&mut self) {
        let field = |offset: usize| {
            let word = self.layout.datum(self.at + HEADER + (offset - offset % WORD) as u64);
            u16_at(word, offset % WORD)
        };
        let kind = event_kind(u32::from(field(offset_of!(types::event, kind))));
        let slot = Slot::from_index(field(offset_of!(types::event, slot)));
        if let (event_kind::EVENT_SYSCALL, Some(slot)) = (kind, slot) {
            *self.events.entry(slot).or_default() += 1;
        }
    }
}

fn u32_at(word: u64, at: usize) -> u32 {
    let bytes = word.to_ne_bytes();
    bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_ne_bytes)
}

fn u16_at(word: u64, at: usize) -> u16 {
    let bytes = word.to_ne_bytes();
    bytes.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).map_or(0, u16::from_ne_bytes)
}
