//! Ledger of the daemon: the outcomes of the events that it has taken out of the ring, in a map that outlives it. It
//! is written after each event, so that the daemon that follows one that was killed knows which events were in its
//! memory, and whether the first one in the ring is already in the output.

use std::num::NonZeroUsize;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use anyhow::{Context as _, Result};
use syscalls::Slot;

use super::table::Counted;
use super::{EventOutcomes, Portion};
use crate::bpf::WritableMapping;
use crate::bpf::types::ledger_size;

const COPIES: usize = ledger_size::LEDGER_COPIES.0 as usize;
const COPY_WORDS: usize = ledger_size::LEDGER_WORDS.0 as usize;
const ROW_WORDS: usize = COPIES * COPY_WORDS;
const ROWS: usize = ledger_size::LEDGER_ROWS.0 as usize;
/// Row of the state of the whole daemon, behind those of the slots.
const STATE_ROW: usize = ROWS - 1;
/// Words of a row; the last one of a copy is its number.
const WORDS: usize = COPY_WORDS - 1;

/// Identity of an event: a thread makes one call at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventId {
    /// Time of the call, ns of CLOCK_BOOTTIME.
    pub boottime_ns: u64,
    /// Thread that made the call.
    pub tid: u32,
}

/// Events of one slot that the daemon has taken out of the ring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerRow {
    /// Outcomes of the events.
    pub outcomes: EventOutcomes,
    /// All events: the outcomes, and those that wait for a result.
    pub received: u64,
    /// Events of aggregates that are not written yet. They are among the outcomes.
    pub aggregating: u64,
    /// The last one.
    pub last: EventId,
    /// Number of the last record among these that was saved before it was written.
    pub saved: u64,
    /// Number of the last record among these that the output has refused. The row counts its events as lost.
    pub refused: u64,
}

/// State of the whole daemon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerState {
    /// Records of the ring that could not be decoded.
    pub undecodable: u64,
    /// Event that is being delivered. The output may have it.
    pub delivering: EventId,
    /// Events of a record that the output has not accepted, as far as is known.
    pub waiting: Option<Portion>,
    /// Number of that record. The file has it under that number, unless it could not be written.
    pub waiting_number: u64,
    /// The events of that record were in memory only, so it was saved before it was written: the output may have it, and
    /// the row of its slot says whether it counts.
    pub is_saved_first: bool,
    /// The daemon has ended in order, and the output has not got that record.
    pub is_unsent: bool,
    /// Number of the file in which a line has its beginning only.
    pub cut_in: Option<u64>,
}

/// The map, as memory.
#[derive(Debug)]
pub struct Ledger {
    words: WritableMapping,
}

impl Ledger {
    /// Maps the ledger.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn open(map: BorrowedFd<'_>) -> Result<Self> {
        let bytes = NonZeroUsize::new(ROWS * ROW_WORDS * size_of::<u64>());
        let bytes = bytes.context("a ledger without rows")?;
        let words = WritableMapping::open(map, bytes).context("failed to map the ledger")?;
        Ok(Self { words })
    }

    /// Writes the row of a slot.
    pub fn write(&self, slot: Slot, row: &LedgerRow) {
        let counts = EventOutcomes::TABLE.iter().map(|entry| (entry.of)(&row.outcomes));
        let EventId { boottime_ns, tid } = row.last;
        let rest = [row.received, row.aggregating, boottime_ns, tid.into(), row.saved];
        let words = rest.into_iter().chain(counts).chain([row.refused]);
        self.write_row(usize::from(slot.index()), words);
    }

    /// Returns the row of a slot.
    pub fn read(&self, slot: Slot) -> LedgerRow {
        let [received, aggregating, boottime_ns, tid, saved, counts @ ..] =
            self.read_row(usize::from(slot.index()));
        let mut outcomes = EventOutcomes::default();
        for (entry, count) in EventOutcomes::TABLE.iter().zip(counts) {
            *(entry.of_mut)(&mut outcomes) = count;
        }
        let refused = counts.get(EventOutcomes::TABLE.len()).copied().unwrap_or_default();
        let last = event_id(boottime_ns, tid);
        LedgerRow { outcomes, received, aggregating, last, saved, refused }
    }

    /// Writes the state of the whole daemon.
    pub fn write_state(&self, state: &LedgerState) {
        let LedgerState { undecodable, delivering: EventId { boottime_ns, tid }, .. } = *state;
        let (kind, slot, count) = match state.waiting {
            None => (0, 0, 0),
            Some(Portion::One(slot)) => (1, slot.index(), 1),
            Some(Portion::Many(slot, count)) => (2, slot.index(), count),
            Some(Portion::End(slot)) => (3, slot.index(), 1),
        };
        let (kind, number) = (kind, state.waiting_number);
        let (is_first, cut_in) = (state.is_saved_first.into(), state.cut_in.unwrap_or_default());
        let is_unsent = state.is_unsent.into();
        let words = [
            undecodable,
            boottime_ns,
            tid.into(),
            kind,
            slot.into(),
            count,
            number,
            is_first,
            cut_in,
            is_unsent,
        ];
        self.write_row(STATE_ROW, words.into_iter());
    }

    /// Returns the state of the whole daemon.
    pub fn read_state(&self) -> LedgerState {
        let [
            undecodable,
            boottime_ns,
            tid,
            kind,
            slot,
            count,
            waiting_number,
            is_first,
            cut_in,
            is_unsent,
            ..,
        ] = self.read_row(STATE_ROW);
        let slot = u16::try_from(slot).ok().and_then(Slot::from_index);
        let waiting = slot.and_then(|slot| match kind {
            1 => Some(Portion::One(slot)),
            2 => Some(Portion::Many(slot, count)),
            3 => Some(Portion::End(slot)),
            _ => None,
        });
        let delivering = event_id(boottime_ns, tid);
        let [is_saved_first, is_unsent] = [is_first, is_unsent].map(|word| word != 0);
        let cut_in = Some(cut_in).filter(|inode| *inode != 0);
        LedgerState {
            undecodable,
            delivering,
            waiting,
            waiting_number,
            is_saved_first,
            is_unsent,
            cut_in,
        }
    }

    /// Writes a row into the copy that is not valid, and makes it the valid one with the last store: a daemon that is
    /// killed in between leaves the row as it was.
    fn write_row(&self, row: usize, words: impl Iterator<Item = u64>) {
        #[cfg(test)]
        steps::end();
        let numbers = [0, 1].map(|copy| self.number(row, copy));
        let [first, second] = numbers;
        let copy = usize::from(first > second);
        for (at, word) in words.take(WORDS).enumerate() {
            if let Some(place) = self.words.word(index(row, copy, at)) {
                place.store(word, Relaxed);
            }
        }
        if let Some(number) = self.words.word(index(row, copy, WORDS)) {
            number.store(first.max(second) + 1, Release);
        }
        #[cfg(test)]
        steps::end();
    }

    fn read_row(&self, row: usize) -> [u64; WORDS] {
        let copy = usize::from(self.number(row, 1) > self.number(row, 0));
        std::array::from_fn(|at| self.load(index(row, copy, at)))
    }

    fn number(&self, row: usize, copy: usize) -> u64 {
        self.load(index(row, copy, WORDS))
    }

    fn load(&self, index: usize) -> u64 {
        self.words.word(index).map_or(0, |word| word.load(Acquire))
    }
}

fn index(row: usize, copy: usize, at: usize) -> usize {
    row * ROW_WORDS + copy * COPY_WORDS + at
}

fn event_id(boottime_ns: u64, tid: u64) -> EventId {
    EventId { boottime_ns, tid: u32::try_from(tid).unwrap_or_default() }
}

/// Steps of the protocol at which tests kill the daemon.
#[cfg(test)]
pub(crate) mod steps {
    use std::cell::RefCell;

    thread_local!(static WATCH: RefCell<Option<Box<dyn FnMut()>>> = const { RefCell::new(None) });

    /// Calls `watch` before and after each write of a row by this thread from now on.
    pub(crate) fn watch(watch: impl FnMut() + 'static) {
        WATCH.set(Some(Box::new(watch)));
    }

    pub(super) fn end() {
        WATCH.with_borrow_mut(|watch| watch.iter_mut().for_each(|watch| watch()));
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use super::*;

    fn ledger() -> Ledger {
        let file = tempfile::tempfile().unwrap();
        file.set_len((ROWS * ROW_WORDS * size_of::<u64>()) as u64).unwrap();
        Ledger::open(file.as_fd()).unwrap()
    }

    #[test]
    fn read_returns_what_was_written_last() {
        let ledger = ledger();
        let slot = Slot::from_index(59).unwrap();
        assert_eq!(ledger.read(slot), LedgerRow::default());
        for received in 1..5 {
            let mut outcomes = EventOutcomes::default();
            for (value, entry) in (received..).zip(EventOutcomes::TABLE) {
                *(entry.of_mut)(&mut outcomes) = value;
            }
            let last = EventId { boottime_ns: received << 40, tid: u32::MAX };
            let row = LedgerRow { outcomes, received, aggregating: 7, last, saved: 8, refused: 9 };
            ledger.write(slot, &row);
            assert_eq!(ledger.read(slot), row);
        }
        let last = Slot::from_index(1023).unwrap();
        assert_eq!(ledger.read(last), LedgerRow::default());
    }

    #[test]
    fn read_state_returns_portion_that_waits() {
        let ledger = ledger();
        let slot = Slot::from_index(1023).unwrap();
        let portions = [Portion::One(slot), Portion::Many(slot, 1 << 40), Portion::End(slot)];
        for (waiting, is_saved_first) in
            portions.map(Some).into_iter().chain([None]).zip([false, true, false, true])
        {
            let delivering = EventId { boottime_ns: 7, tid: 8 };
            let (undecodable, waiting_number) = (9, 10);
            let state = LedgerState {
                undecodable,
                delivering,
                waiting,
                waiting_number,
                is_saved_first,
                is_unsent: !is_saved_first,
                cut_in: waiting.map(|_| 11),
            };
            ledger.write_state(&state);
            assert_eq!(ledger.read_state(), state);
        }
    }

    #[test]
    fn write_that_is_not_finished_leaves_row() {
        let ledger = ledger();
        ledger.write_row(3, [1, 2, 3].into_iter());
        let stale = index(3, usize::from(ledger.number(3, 0) > ledger.number(3, 1)), 0);
        ledger.words.word(stale).unwrap().store(9, Relaxed);
        assert_eq!(ledger.read_row(3).get(..3), Some(&[1, 2, 3][..]));
    }
}
