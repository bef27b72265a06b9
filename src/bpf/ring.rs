//! A ring as memory: the positions of both ends, and the records between them.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering::{Acquire, Release};

use super::mapping::{Mapping, WritableMapping};

/// Flag of a record that is not committed yet. A record's header is its length in 4 bytes, with the
/// flags `BPF_RINGBUF_BUSY_BIT` and `BPF_RINGBUF_DISCARD_BIT` (uapi/linux/bpf.h) as the two highest bits, and
/// 4 bytes for the kernel itself.
const BUSY: u32 = 1 << 31;
const DISCARDED: u32 = 1 << 30;
const HEADER_BYTES: usize = 8;
const HEADER: u64 = HEADER_BYTES as u64;

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

/// Most data of a ring that is mapped at one time, twice in a row. The kernel fills in each page of a mapping at once, and
/// takes each out again when the process ends, before its parent learns of that: 50 ms and 70 ms for a ring of 1 GiB.
const WINDOW: usize = 8 << 20;

/// Part of the data of a ring. The kernel shows the data twice in a row, so that no record is cut.
#[derive(Debug)]
struct Window {
    memory: Mapping,
    /// Offset of the part in the data.
    first: usize,
}

/// The reading end of a ring. Positions are bytes since the ring was created.
#[derive(Debug)]
pub struct RingMemory {
    ring: OwnedFd,
    /// The consumer's position.
    consumer: WritableMapping,
    /// The producer's page.
    producer: Mapping,
    /// Part of the data that has the record whose header was read last.
    window: Option<Window>,
    /// Bytes of a part in which records begin; they end within as many behind that.
    length: usize,
    page: usize,
    data: usize,
}

impl RingMemory {
    /// Maps a ring with that many bytes of data.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn open(ring: BorrowedFd<'_>, data: usize, page: usize) -> io::Result<Self> {
        Self::open_in_parts(ring, data, page, WINDOW)
    }

    /// Maps a ring in parts of that many bytes, in which a record has room.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn open_in_parts(
        ring: BorrowedFd<'_>,
        data: usize,
        page: usize,
        part: usize,
    ) -> io::Result<Self> {
        if !(data.is_power_of_two() && part.is_power_of_two()) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let length = part.min(data);
        let ring = ring.try_clone_to_owned()?;
        let consumer = WritableMapping::open(ring.as_fd(), size(page)?)?;
        let producer = Mapping::part(ring.as_fd(), page, size(page)?)?;
        Ok(Self { ring, consumer, producer, window: None, length, page, data })
    }

    /// Returns the position of the next record to be read.
    pub fn consumer(&self) -> u64 {
        self.consumer.word(0).map_or(0, |word| word.load(Acquire))
    }

    /// Returns the position at which the next record will begin.
    pub fn producer(&self) -> u64 {
        self.producer.word(0).map_or(0, |word| word.load(Acquire))
    }

    /// Returns the header of the record at a position, at which there is one, and maps the part of the ring that has it.
    /// If the kernel refuses that, the record cannot be read now: it counts as busy.
    pub fn header(&mut self, at: u64) -> RecordHeader {
        if let Err(error) = self.move_to(at) {
            tracing::debug!("failed to map a part of a ring: {error}");
            return RecordHeader { state: RecordState::Busy, length: 0 };
        }
        self.mapped_header(at)
    }

    fn mapped_header(&self, at: u64) -> RecordHeader {
        let bytes = self.word(at, 0).to_ne_bytes();
        let [a, b, c, d, ..] = bytes;
        let head = u32::from_ne_bytes([a, b, c, d]);
        let state = match head {
            _ if head & BUSY != 0 => RecordState::Busy,
            _ if head & DISCARDED != 0 => RecordState::Discarded,
            _ => RecordState::Committed,
        };
        RecordHeader { state, length: u64::from(head & !(BUSY | DISCARDED)) }
    }

    /// Returns a word of the content of the record whose header was read last.
    pub fn content_word(&self, at: u64, offset: usize) -> u64 {
        self.word(at, HEADER_BYTES + offset)
    }

    /// Returns the content of the record whose header was read last, if it is committed and the consumer has not passed
    /// it; otherwise nothing.
    pub fn content(&self, at: u64) -> &[u8] {
        let header = self.mapped_header(at);
        let length = usize::try_from(header.length).unwrap_or_default();
        if header.state != RecordState::Committed || at < self.consumer() || length > self.length {
            return &[];
        }
        let Some((memory, place)) = self.window(at) else { return &[] };
        // SAFETY: the kernel writes to a committed record only after the consumer has passed it, which takes `&mut self`.
        unsafe { memory.bytes(place + HEADER_BYTES, length) }.unwrap_or_default()
    }

    /// Moves the consumer to a position: the kernel may overwrite what is in front of it.
    pub fn advance(&mut self, to: u64) {
        if let Some(word) = self.consumer.word(0) {
            word.store(to, Release);
        }
    }

    /// Maps the part of the data in which the record at a position begins.
    fn move_to(&mut self, at: u64) -> io::Result<()> {
        if self.window(at).is_some() {
            return Ok(());
        }
        let first = self.offset(at) & !(self.length - 1);
        let (offset, bytes) = (2 * self.page + first, size(2 * self.length)?);
        self.window =
            Some(Window { memory: Mapping::part(self.ring.as_fd(), offset, bytes)?, first });
        Ok(())
    }

    /// Returns the offset in the data of a position.
    fn offset(&self, at: u64) -> usize {
        usize::try_from(at % self.data as u64).unwrap_or_default()
    }

    /// Returns the mapped part, and the offset in it of a position; `None` if that is in another one.
    fn window(&self, at: u64) -> Option<(&Mapping, usize)> {
        let Window { memory, first } = self.window.as_ref()?;
        let place = self.offset(at).checked_sub(*first).filter(|place| *place < self.length)?;
        Some((memory, place))
    }

    /// Returns a word at an offset from a position; 0 outside of the mapped part.
    fn word(&self, at: u64, offset: usize) -> u64 {
        let word = self
            .window(at)
            .and_then(|(memory, place)| memory.word((place + offset) / size_of::<u64>()));
        word.map_or(0, |word| word.load(Acquire))
    }
}

fn size(bytes: usize) -> io::Result<NonZeroUsize> {
    NonZeroUsize::new(bytes).ok_or(io::ErrorKind::InvalidInput.into())
}

#[cfg(test)]
mod tests;
