//! A ring as memory: the positions of both ends, and the records between them.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering::{Acquire, Release};

use super::mapping::{Mapping, WritableMapping};

/// Flag of a record that is not committed yet. A record's header is its length in 4 bytes, with the
/// flags `BPF_RINGBUF_BUSY_BIT` and `BPF_RINGBUF_DISCARD_BIT` (uapi/linux/bpf.h) as the two highest bits, and
/// 4 bytes for the kernel itself.
const BUSY: u32 = 1 << 31;
const DISCARDED: u32 = 1 << 30;
const HEADER: u64 = 8;

/// State of the record at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordState {
    /// A program is still writing it.
    Busy,
    /// It has no content.
    Discarded,
    /// It can be read.
    Committed,
}

/// Header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// State of the record.
    pub state: RecordState,
    /// Bytes of the content.
    length: u64,
}

impl RecordHeader {
    /// Returns the position behind the record that begins at `at`.
    pub const fn end(self, at: u64) -> u64 {
        at.saturating_add((self.length + HEADER).next_multiple_of(HEADER))
    }
}

/// The reading end of a ring. Positions are bytes since the ring was created.
#[derive(Debug)]
pub struct RingMemory {
    /// The consumer's position.
    consumer: WritableMapping,
    /// The consumer's page, the producer's page, and the data twice in a row, so that no record is cut.
    ring: Mapping,
    page: usize,
    data: usize,
}

impl RingMemory {
    /// Maps a ring with that many bytes of data.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn open(ring: BorrowedFd<'_>, data: usize, page: usize) -> io::Result<Self> {
        let size = |bytes| NonZeroUsize::new(bytes).ok_or(io::ErrorKind::InvalidInput);
        let consumer = WritableMapping::open(ring, size(page)?)?;
        let ring = Mapping::open(ring, size(2 * page + 2 * data)?)?;
        if !data.is_power_of_two() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(Self { consumer, ring, page, data })
    }

    /// Returns the position of the next record to be read.
    pub fn consumer(&self) -> u64 {
        self.consumer.word(0).map_or(0, |word| word.load(Acquire))
    }

    /// Returns the position at which the next record will begin.
    pub fn producer(&self) -> u64 {
        self.word(self.page)
    }

    /// Returns the header of the record at a position, at which there is one.
    pub fn header(&self, at: u64) -> RecordHeader {
        let bytes = self.word(self.place(at)).to_ne_bytes();
        let [a, b, c, d, ..] = bytes;
        let head = u32::from_ne_bytes([a, b, c, d]);
        let state = match head {
            _ if head & BUSY != 0 => RecordState::Busy,
            _ if head & DISCARDED != 0 => RecordState::Discarded,
            _ => RecordState::Committed,
        };
        RecordHeader { state, length: u64::from(head & !(BUSY | DISCARDED)) }
    }

    /// Returns a word of the content of a record.
    pub fn content_word(&self, at: u64, offset: usize) -> u64 {
        self.word(self.place(at + HEADER) + offset)
    }

    /// Returns the content of the record that begins at a position, if it is committed and the consumer has not passed
    /// it; otherwise nothing.
    pub fn content(&self, at: u64) -> &[u8] {
        let header = self.header(at);
        let length = usize::try_from(header.length).unwrap_or_default();
        let place = self.place(at + HEADER);
        if header.state != RecordState::Committed || at < self.consumer() || length > self.data {
            return &[];
        }
        // SAFETY: the kernel writes to a committed record only after the consumer has passed it, which takes `&mut self`.
        unsafe { self.ring.bytes(place, length) }.unwrap_or_default()
    }

    /// Moves the consumer to a position: the kernel may overwrite what is in front of it.
    pub fn advance(&mut self, to: u64) {
        if let Some(word) = self.consumer.word(0) {
            word.store(to, Release);
        }
    }

    /// Returns the offset in the mapping of a position.
    fn place(&self, at: u64) -> usize {
        let at = usize::try_from(at % self.data as u64).unwrap_or_default();
        2 * self.page + at
    }

    fn word(&self, offset: usize) -> u64 {
        self.ring.word(offset / size_of::<u64>()).map_or(0, |word| word.load(Acquire))
    }
}
