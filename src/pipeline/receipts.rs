//! Receipts for events that were taken out of the ring, in the ledger, which outlives the daemon.

use std::collections::BTreeMap;

use syscalls::Slot;

use super::entry_file::EntryFile;
use super::novel::Proof;
use super::writer::{FIRST_WAITING, SavedRecord, WaitingEvents};
use crate::decode::Header;
use crate::stats::{
    Counted, EventId, EventOutcomes, Ledger, LedgerRow, LedgerState, Portion, UserCounters,
};

/// Writer of the ledger. Without one, it writes nothing.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    files: Option<(Ledger, EntryFile)>,
    slots: BTreeMap<Slot, Received>,
    state: LedgerState,
    /// State that the ledger has.
    written: LedgerState,
    /// Number of the record that waits, as the writer counts them.
    waiting: Option<u64>,
    /// The event that the previous daemon was delivering when it was killed, and whether it had delivered it. Taken by
    /// the first event.
    interrupted: Option<(EventId, bool)>,
    /// Fate of the last record of the previous daemon.
    proof: Option<Proof>,
}

#[derive(Debug, Default)]
struct Received {
    count: u64,
    last: EventId,
    /// Number of the last record of the slot that was saved before it was written.
    saved: u64,
    /// Number of the last record of the slot that the output has refused.
    refused: u64,
}

/// Place from which an event is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The ring, which still has the event if the daemon is killed.
    Ring,
    /// The memory of the daemon.
    Memory,
}

/// Relation of an event to the deliveries of the previous daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The previous daemon has not delivered the event.
    New,
    /// The previous daemon was killed while it delivered the event: the output may have it.
    Interrupted,
    /// Delivered and counted; the daemon was killed before it could tell the ring.
    Done,
}

impl Receipts {
    /// Writes into a ledger from now on.
    pub fn open(&mut self, ledger: Ledger, entries: EntryFile) {
        self.files = Some((ledger, entries));
    }

    /// Goes on with the ledger of the previous daemon, of which the events that wait for results were saved as far as
    /// `saved` counts them. Returns the outcomes of its events, and the record that the output may not have. Events
    /// that were in its memory and are in neither count as lost in a crash.
    pub fn restore(
        &mut self,
        ledger: Ledger,
        mut entries: EntryFile,
        saved: &BTreeMap<Slot, u64>,
    ) -> (UserCounters, Option<SavedRecord>) {
        let state = ledger.read_state();
        let mut tally = UserCounters { undecodable: state.undecodable, ..UserCounters::default() };
        let (waiting, entry) = saved_record(&state, &ledger, &entries);
        entries.skip(state.waiting_number);
        let mut is_done = state.delivering == EventId::default();
        let (mut is_counted, mut last_refused) = (true, 0);
        for slot in (0..).map_while(Slot::from_index) {
            let mut row = ledger.read(slot);
            last_refused = last_refused.max(row.refused);
            if let Some(portion) = waiting.filter(|portion| portion.slot() == slot) {
                is_counted = !state.is_saved_first || row.saved == state.waiting_number;
                if !is_counted && entry.is_some() {
                    count(portion, &mut row);
                    row.saved = state.waiting_number;
                }
            }
            if row.received > 0 {
                is_done |= row.last == state.delivering;
                self.restore_row(slot, row, &mut tally, saved);
            }
        }
        // An event of the ring that is not done is still there, and no record of it waits.
        let waiting = waiting.filter(|_| state.is_saved_first || is_done);
        if let Some(lost) = waiting.filter(|_| entry.is_none() && is_counted) {
            tally.crash(lost);
        }
        self.interrupted = Some((state.delivering, is_done));
        self.proof = Some(Proof {
            delivering: state.delivering,
            is_done,
            saved: state.waiting_number,
            refused: last_refused,
            is_lost: state.waiting.is_some() && entry.is_none(),
        });
        self.open(ledger, entries);
        let saved = waiting.zip(entry);
        self.keep_state(&state, saved.is_some());
        let may_be_written = !state.is_unsent;
        (tally, saved.map(|(portion, entry)| SavedRecord { portion, entry, may_be_written }))
    }

    /// Goes on with the state of the previous daemon. If it left a record, that stays in its place under its number until
    /// the output has it: this daemon may be killed too. From now on the output may have it.
    fn keep_state(&mut self, state: &LedgerState, is_left: bool) {
        self.written = *state;
        self.state = LedgerState { is_unsent: false, ..*state };
        if state.is_unsent {
            self.put_state();
        }
        self.waiting = is_left.then_some(FIRST_WAITING);
        self.state.waiting = state.waiting.filter(|_| is_left);
        self.state.is_saved_first &= is_left;
    }

    /// Writes the state, if the ledger has another one.
    fn put_state(&mut self) {
        if let Some((ledger, _)) = self.files.as_ref().filter(|_| self.state != self.written) {
            ledger.write_state(&self.state);
            self.written = self.state;
        }
    }

    fn restore_row(
        &mut self,
        slot: Slot,
        row: LedgerRow,
        tally: &mut UserCounters,
        saved: &BTreeMap<Slot, u64>,
    ) {
        tally.slots.insert(slot, row.outcomes);
        tally.crash(Portion::Many(slot, row.aggregating));
        let known: u64 = tally.of(slot).outcomes().map(|(_, count)| count).sum();
        let waiting = saved.get(&slot).copied().unwrap_or_default();
        tally.slot(slot).lost_crash += row.received.saturating_sub(known + waiting);
        let LedgerRow { received: count, last, saved, refused, .. } = row;
        self.slots.insert(slot, Received { count, last, saved, refused });
    }

    /// Returns time and thread of the event that the previous daemon was delivering when it was killed, until the first
    /// event comes.
    pub fn interrupted(&self) -> Option<(u64, u32)> {
        self.interrupted.map(|(EventId { boottime_ns, tid }, _)| (boottime_ns, tid))
    }

    /// Returns the fate of the last record of the previous daemon, if it left a ledger.
    pub fn proof(&self) -> Option<Proof> {
        self.proof
    }

    /// Returns the number of the record that was saved last.
    pub fn saved_number(&self) -> u64 {
        self.state.waiting_number
    }

    /// Returns the number of the next record that is saved, if records are saved.
    pub fn next_number(&self) -> Option<u64> {
        self.files.as_ref().map(|(_, entries)| entries.number() + 1)
    }

    /// Returns the events of a slot that were taken out of the ring.
    pub fn received(&self, slot: Slot) -> u64 {
        self.slots.get(&slot).map_or(0, |received| received.count)
    }

    /// Returns the number of the file in which the previous daemon left the beginning of a line.
    pub fn cut_in(&self) -> Option<u64> {
        self.state.cut_in
    }

    /// Notes that the delivery of an event begins.
    pub fn begin(&mut self, header: &Header) -> Standing {
        if self.files.is_none() {
            return Standing::New;
        }
        let id = EventId { boottime_ns: header.boottime_ns, tid: header.tid };
        match self.interrupted.take() {
            Some((delivering, true)) if delivering == id => return Standing::Done,
            Some((delivering, false)) if delivering == id => return self.receive(header.slot, id),
            _ => {}
        }
        self.state.delivering = id;
        self.put_state();
        self.receive(header.slot, id);
        Standing::New
    }

    fn receive(&mut self, slot: Slot, id: EventId) -> Standing {
        let received = self.slots.entry(slot).or_default();
        received.count += 1;
        received.last = id;
        Standing::Interrupted
    }

    /// Saves a record whose events are in memory only, before it is written; returns whether it could. To be followed by
    /// `write` for their slot, and then by `write_state`: a daemon that is killed before the first has not counted them.
    pub fn save(&mut self, portion: Portion, entry: &[u8]) -> bool {
        let Some((_, entries)) = &mut self.files else { return false };
        if !try_save(entries, entry) {
            return false;
        }
        let number = entries.number();
        self.state.waiting = Some(portion);
        (self.state.waiting_number, self.state.is_saved_first) = (number, true);
        self.put_state();
        self.slots.entry(portion.slot()).or_default().saved = number;
        true
    }

    /// Notes that the output has refused the record that waits, or that was saved last. To be followed by `write` for its
    /// slot, and then by `write_state`: with the first it counts as lost, and nobody writes it again.
    pub fn refuse(&mut self, slot: Slot) {
        self.slots.entry(slot).or_default().refused = self.state.waiting_number;
    }

    /// Notes that the record that waits is not sent before the daemon ends.
    pub fn leave(&mut self) {
        self.state.is_unsent = true;
        self.put_state();
    }

    /// Writes what became of the events of a slot.
    pub fn write(&self, slot: Slot, outcomes: EventOutcomes, aggregating: u64) {
        if let (Some((ledger, _)), Some(received)) = (&self.files, self.slots.get(&slot)) {
            let Received { count: received, last, saved, refused } = *received;
            ledger
                .write(slot, &LedgerRow { outcomes, received, aggregating, last, saved, refused });
        }
    }

    /// Writes what concerns no slot, if it has changed. For an event of the ring to be called before its row is written:
    /// as long as that is not, the event counts as not delivered.
    pub fn write_state(
        &mut self,
        undecodable: u64,
        waiting: Option<WaitingEvents<'_>>,
        cut_in: Option<u64>,
    ) {
        let Some((_, entries)) = &mut self.files else { return };
        let number = waiting.as_ref().map(|waiting| waiting.number);
        if self.waiting != number && !self.state.is_saved_first {
            if let Some(entry) = waiting.as_ref().and_then(|waiting| waiting.entry) {
                try_save(entries, entry);
                self.state.waiting_number = entries.number();
            }
        }
        self.waiting = number;
        self.state.is_saved_first &= waiting.is_some();
        self.state.waiting = waiting.map(|waiting| waiting.portion);
        (self.state.undecodable, self.state.cut_in) = (undecodable, cut_in);
        self.put_state();
    }
}

/// Saves an encoded record; returns whether it could.
fn try_save(entries: &mut EntryFile, entry: &[u8]) -> bool {
    let saved = entries.write(entry);
    saved
        .map_err(|error| tracing::warn!("{error:#}; it is lost if the daemon is killed now"))
        .is_ok()
}

/// Returns the events of the record that the output may not have, and the record. One that the output has refused is
/// counted already.
fn saved_record(
    state: &LedgerState,
    ledger: &Ledger,
    entries: &EntryFile,
) -> (Option<Portion>, Option<Vec<u8>>) {
    let number = state.waiting_number;
    let is_refused = |portion: Portion| number > 0 && ledger.read(portion.slot()).refused == number;
    let waiting = state.waiting.filter(|portion| !is_refused(*portion));
    (waiting, waiting.and_then(|_| entries.read(number)))
}

/// Counts the events of a record that was not counted.
fn count(portion: Portion, row: &mut LedgerRow) {
    match portion {
        Portion::One(_) => row.outcomes.written += 1,
        // They are counted since they were added to the aggregate, and do not wait in it any more.
        Portion::Many(_, count) => row.aggregating = row.aggregating.saturating_sub(count),
        Portion::End(_) => {}
    }
}
