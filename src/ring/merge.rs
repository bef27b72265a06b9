//! Records of several rings, in the order of their times.
//!
//! A program takes the time of a record before it reserves room for it. So a call whose event is in one ring, and
//! whose end is in another one, because the task has changed its CPU in between, has its event first in time. That is
//! not enough: the end may be in its ring before the reader has looked into the other one. Each pass therefore reads
//! where all rings end, and then once more. Whatever happened before a record of the first reading is in the second one.
//! Of the records of the second reading the earliest one is taken, as long as one of the first is left. So nothing
//! depends on the clock of the daemon.
//!
//! Events that have nothing to do with each other are almost in order only: a record may get its place late, when its
//! CPU was taken away after its time, and others of a later time may have been read by then. A ring is never reordered:
//! what is behind a record happened after the time of it.
//!
//! A record that is not committed hides those behind it. Nothing is taken until it is, of no ring, because what is
//! hidden may be the earliest. Programs commit within a microsecond.

use std::mem::offset_of;

use super::Flow;
use crate::bpf::types::{self, event_kind};
use crate::bpf::{RecordState, RingMemory};

/// Identity of an event: time and thread.
pub type EventKey = (u64, u32);

/// Several rings with one reader.
#[derive(Debug)]
pub(super) struct Merge {
    rings: Vec<MergedRing>,
    /// Event that is taken before all others, whatever their times are.
    first: Option<EventKey>,
}

/// Outcome of a pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pass {
    /// Records that were passed on.
    pub records: usize,
    /// The receiver can take no more.
    pub is_paused: bool,
    /// Records are left that can be read, as far as the pass has seen.
    pub has_more: bool,
    /// No record is left, as far as the pass has seen.
    pub is_empty: bool,
}

/// One of the rings.
#[derive(Debug)]
struct MergedRing {
    memory: RingMemory,
    /// Ends of the ring at the two readings.
    first_end: u64,
    end: u64,
    head: Head,
}

/// Next record of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// No record before the end.
    None,
    /// It is not committed.
    Busy,
    /// A record, with its position, the one behind it, and its time.
    Record { at: u64, end: u64, time_ns: u64 },
}

impl Merge {
    /// Makes the reader of these rings.
    pub fn new(rings: impl IntoIterator<Item = RingMemory>) -> Self {
        let source = |memory| MergedRing { memory, first_end: 0, end: 0, head: Head::None };
        Self { rings: rings.into_iter().map(source).collect(), first: None }
    }

    /// Takes an event before all others, if it is at the head of a ring when the first record is taken.
    pub fn begin_with(&mut self, event: EventKey) {
        self.first = Some(event);
    }

    /// Passes on `most` records at most. Each one counts as consumed after it was passed on: a daemon that is killed
    /// meanwhile leaves it to the next one.
    pub fn pass(&mut self, most: usize, receive: &mut dyn FnMut(&[u8]) -> Flow) -> Pass {
        self.look();
        let mut pass = Pass::default();
        while pass.records < most && !pass.is_paused {
            let Some(next) = self.next() else { break };
            pass.is_paused = self.take(next, receive) == Flow::Pause;
            pass.records += 1;
        }
        let heads = || self.rings.iter().map(|ring| ring.head);
        pass.is_empty = heads().all(|head| head == Head::None);
        pass.has_more = !pass.is_empty && heads().all(|head| head != Head::Busy);
        pass
    }

    /// Reads where the rings end, and their heads.
    fn look(&mut self) {
        for ring in &mut self.rings {
            ring.first_end = ring.memory.producer();
        }
        let is_alone = self.rings.len() == 1;
        for ring in &mut self.rings {
            ring.end = if is_alone { ring.first_end } else { ring.memory.producer() };
        }
        self.rings.iter_mut().for_each(MergedRing::find_head);
    }

    /// Returns the ring whose head is to be taken.
    fn next(&mut self) -> Option<usize> {
        let mut earliest: Option<(u64, usize)> = None;
        let mut is_one_of_first = false;
        for (index, ring) in self.rings.iter().enumerate() {
            match ring.head {
                Head::None => {}
                Head::Busy => return None,
                Head::Record { at, time_ns, .. } => {
                    is_one_of_first |= at < ring.first_end;
                    if earliest.is_none_or(|(earliest_ns, _)| time_ns < earliest_ns) {
                        earliest = Some((time_ns, index));
                    }
                }
            }
        }
        let (_, earliest) = earliest.filter(|_| is_one_of_first)?;
        Some(self.take_first().unwrap_or(earliest))
    }

    /// Returns the ring that has the event that comes first.
    fn take_first(&mut self) -> Option<usize> {
        let first = self.first.take()?;
        self.rings.iter().position(|ring| ring.event() == Some(first))
    }

    fn take(&mut self, index: usize, receive: &mut dyn FnMut(&[u8]) -> Flow) -> Flow {
        let Some(ring) = self.rings.get_mut(index) else { return Flow::Continue };
        let Head::Record { at, end, .. } = ring.head else { return Flow::Continue };
        let flow = receive(ring.memory.content(at));
        ring.memory.advance(end);
        ring.find_head();
        flow
    }
}

impl MergedRing {
    /// Finds the next record that has content, and passes over those before it.
    fn find_head(&mut self) {
        let begin = self.memory.consumer();
        let mut at = begin;
        self.head = loop {
            if at >= self.end {
                break Head::None;
            }
            let header = self.memory.header(at);
            match header.state {
                RecordState::Busy => break Head::Busy,
                RecordState::Discarded => at = header.end(at),
                RecordState::Committed => {
                    let time_ns = self.memory.content_word(at, TIME);
                    break Head::Record { at, end: header.end(at), time_ns };
                }
            }
        };
        if at != begin {
            self.memory.advance(at);
        }
    }

    /// Returns the event at the head.
    fn event(&self) -> Option<EventKey> {
        let Head::Record { at, time_ns, .. } = self.head else { return None };
        let content = self.memory.content(at);
        let kind = content.get(KIND..KIND + 2)?.try_into().map(u16::from_ne_bytes).ok()?;
        let tid = content.get(THREAD..THREAD + 4)?.try_into().map(u32::from_ne_bytes).ok()?;
        (event_kind(kind.into()) == event_kind::EVENT_SYSCALL).then_some((time_ns, tid))
    }
}

/// Place of the time in any record.
const TIME: usize = offset_of!(types::event, boottime_ns);
const KIND: usize = offset_of!(types::event, kind);
const THREAD: usize = offset_of!(types::event, tid);

#[cfg(test)]
mod tests;
