//! Receipts for events that were taken out of the ring, in the ledger, which outlives the daemon.

use std::collections::BTreeMap;

use syscalls::Slot;

use super::entry_file::EntryFile;
use super::writer::WaitingEvents;
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
    /// Number of the record that waits, as the writer counts them.
    waiting: Option<u64>,
    /// The event that the previous daemon was delivering when it was killed, and whether it had delivered it. Taken by
    /// the first event.
    interrupted: Option<(EventId, bool)>,
}

#[derive(Debug, Default)]
struct Received {
    count: u64,
    last: EventId,
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
    /// `saved` counts them. Returns the outcomes of its events, and the record that the output had not accepted. Events
    /// that were in its memory and are in neither count as lost in a crash.
    pub fn restore(
        &mut self,
        ledger: Ledger,
        entries: EntryFile,
        saved: &BTreeMap<Slot, u64>,
    ) -> (UserCounters, Option<(Portion, Vec<u8>)>) {
        let state = ledger.read_state();
        let mut tally = UserCounters { undecodable: state.undecodable, ..UserCounters::default() };
        let mut is_done = state.delivering == EventId::default();
        for slot in (0..).map_while(Slot::from_index) {
            let row = ledger.read(slot);
            if row.received > 0 {
                is_done |= row.last == state.delivering;
                self.restore_row(slot, row, &mut tally, saved);
            }
        }
        // An event that is not done is still in the ring, and no record of it waits.
        let waiting = state.waiting.filter(|_| is_done);
        let record =
            waiting.and_then(|portion| Some((portion, entries.read(state.waiting_number)?)));
        if let Some(lost) = waiting.filter(|_| record.is_none()) {
            tally.crash(lost);
        }
        self.interrupted = Some((state.delivering, is_done));
        self.state = LedgerState { waiting: None, ..state };
        self.open(ledger, entries);
        (tally, record)
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
        let saved = saved.get(&slot).copied().unwrap_or_default();
        tally.slot(slot).lost_crash += row.received.saturating_sub(known + saved);
        self.slots.insert(slot, Received { count: row.received, last: row.last });
    }

    /// Returns the number of the file in which the previous daemon left the beginning of a line.
    pub fn cut_in(&self) -> Option<u64> {
        self.state.cut_in
    }

    /// Notes that the delivery of an event begins.
    pub fn begin(&mut self, header: &Header) -> Standing {
        let Some((ledger, _)) = &self.files else { return Standing::New };
        let id = EventId { boottime_ns: header.boottime_ns, tid: header.tid };
        match self.interrupted.take() {
            Some((delivering, true)) if delivering == id => return Standing::Done,
            Some((delivering, false)) if delivering == id => return self.receive(header.slot, id),
            _ => {}
        }
        self.state.delivering = id;
        ledger.write_state(&self.state);
        self.receive(header.slot, id);
        Standing::New
    }

    fn receive(&mut self, slot: Slot, id: EventId) -> Standing {
        let received = self.slots.entry(slot).or_default();
        received.count += 1;
        received.last = id;
        Standing::Interrupted
    }

    /// Writes what became of the events of a slot.
    pub fn write(&self, slot: Slot, outcomes: EventOutcomes, aggregating: u64) {
        if let (Some((ledger, _)), Some(received)) = (&self.files, self.slots.get(&slot)) {
            let Received { count: received, last } = *received;
            ledger.write(slot, &LedgerRow { outcomes, received, aggregating, last });
        }
    }

    /// Writes what concerns no slot, if it has changed. To be called before the rows are written: as long as the row of
    /// an event is not, the event counts as not delivered.
    pub fn write_state(
        &mut self,
        undecodable: u64,
        waiting: Option<WaitingEvents<'_>>,
        cut_in: Option<u64>,
    ) {
        let Some((ledger, entries)) = &mut self.files else { return };
        let number = waiting.as_ref().map(|waiting| waiting.number);
        let known = (self.state.undecodable, self.waiting, self.state.cut_in);
        if known == (undecodable, number, cut_in) {
            return;
        }
        if self.waiting != number {
            let entry = waiting.as_ref().and_then(|waiting| waiting.entry);
            let saved = entry.map_or(Ok(0), |entry| entries.write(entry));
            self.state.waiting_number = saved.unwrap_or_else(|error| {
                tracing::warn!("{error:#}; it is lost if the daemon is killed now");
                0
            });
        }
        self.waiting = number;
        self.state.waiting = waiting.map(|waiting| waiting.portion);
        self.state.undecodable = undecodable;
        self.state.cut_in = cut_in;
        ledger.write_state(&self.state);
    }
}
