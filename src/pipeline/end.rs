//! End of a pipeline: what waits in it is written, counted as lost, or left to the next daemon.

use syscalls::Slot;

use super::Pipeline;
use super::digests::Digests;
use super::pending::Pending;
use super::receipts::Source;
use super::writer::WriterState;

impl Pipeline {
    /// Delivers events whose result will not come, as far as the output accepts them. Returns whether any is
    /// left.
    pub fn deliver_abandoned(&mut self) -> bool {
        while self.delivery.writer_state() == WriterState::Open {
            let Some(call) = self.pending.next_abandoned() else { return false };
            self.deliver(&call.header, &call.bytes, None, Source::Memory);
            self.delivery.write_receipt(call.header.slot, Source::Memory);
        }
        true
    }

    /// Delivers all that waits when the daemon stops, as far as the output accepts it, without shedding. Returns
    /// whether any is left.
    pub fn finish(&mut self) -> bool {
        self.abandon(|_| true);
        let is_left = self.deliver_abandoned();
        self.finish_aggregates() || is_left
    }

    /// Writes all aggregates, as far as the output accepts them, without shedding. Returns whether any is left.
    pub fn finish_aggregates(&mut self) -> bool {
        self.digests.release_all();
        let is_left = self.deliver_ready();
        self.delivery.close_intervals();
        self.release_aggregates(true);
        self.delivery.waits_for_room() || is_left
    }

    /// Counts as lost, at the stop, all events that are not written: those in the ring, by slot, those that wait for
    /// a result, and those that the output has not accepted.
    pub fn give_up(&mut self, in_ring: impl Iterator<Item = (Slot, u64)>) {
        let waiting = self.waiting();
        (self.pending, self.digests) = (Pending::default(), Digests::default());
        for (slot, count) in in_ring.chain(waiting).filter(|(_, count)| *count > 0) {
            self.delivery.tally.slot(slot).lost_stop += count;
        }
        self.delivery.give_up();
        self.delivery.write_receipts();
    }

    /// Counts the aggregates that are not written as lost at the stop.
    pub fn give_up_aggregates(&mut self) {
        self.delivery.give_up_aggregates();
        self.delivery.write_receipts();
    }

    /// Leaves the event that waits for journald to the next daemon. Nothing is written any more.
    pub fn leave(&mut self) {
        self.delivery.receipts.leave();
    }
}
