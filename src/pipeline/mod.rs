//! Pipeline: one record of the ring after the other, from its bytes to the writer. Stages in flow order: pending
//! results, rule lookup, rate limits, redaction, first times, aggregation, shedding, writer. It owns no BPF object and knows
//! nothing of the daemon's loop.

pub mod activity;
pub mod aggregate;
mod black_box;
pub mod delivery;
mod digests;
mod end;
mod entry_file;
mod executed;
pub mod feedback;
mod handover;
pub mod novel;
pub mod owner;
mod pending;
pub mod ratelimit;
mod receipts;
pub mod redact;
mod room;
pub mod rule_lookup;
pub mod shed;
mod unsent;
mod waiting_calls;
pub mod writer;

use std::collections::{BTreeMap, VecDeque};

use syscalls::Slot;

pub use self::black_box::BoxDump;
use self::delivery::Delivery;
use self::digests::Digests;
pub use self::digests::{Digest, DigestRequest, HOLD_NS};
pub use self::entry_file::EntryFile;
use self::handover::Handover;
pub use self::handover::LastCalls;
use self::pending::{Pending, PendingCall};
use self::receipts::{Source, Standing};
use self::rule_lookup::{MatchedRule, RuleLookup};
pub use self::waiting_calls::{SavedCall, WaitingCalls};
use self::writer::WriterState;
use crate::clock;
use crate::decode::{Error, Event, Header, Outcome, RingRecord, SyscallExit};
use crate::handlers::{HandlerObject, Handlers};
use crate::output::Output;
use crate::output::record::OutputLimits;
use crate::pipeline::feedback::{Detector, Suspect};
use crate::plan::Plan;
use crate::ring::{EventKey, Flow};
use crate::stats::Ledger;

/// Decoder and output, and what went through them.
#[derive(Debug)]
pub struct Pipeline {
    /// Stages after the rule lookup.
    pub delivery: Delivery,
    handlers: Handlers,
    selftest: Option<u64>,
    /// Events that came through the ring.
    received: u64,
    pending: Pending,
    digests: Digests,
    /// Handovers whose events may still come.
    handovers: Vec<Handover>,
    /// Handover to a daemon with other types.
    successor: Option<Handover>,
    feedback: Detector,
    rules: RuleLookup,
    /// Dumps of black boxes that are being written.
    dumps: VecDeque<BoxDump>,
    /// `CLOCK_BOOTTIME` of the newest record of the ring, ns: what happened before is known.
    newest_ns: u64,
}

impl Pipeline {
    /// Makes a pipeline without a table, which has received nothing.
    pub fn new(handlers: Handlers, delivery: Delivery) -> Self {
        Self {
            delivery,
            handlers,
            selftest: None,
            received: 0,
            pending: Pending::default(),
            digests: Digests::default(),
            handovers: Vec::new(),
            successor: None,
            feedback: Detector::default(),
            rules: RuleLookup::default(),
            dumps: VecDeque::new(),
            newest_ns: 0,
        }
    }

    /// Decodes and handles one record of the ring.
    pub fn receive(&mut self, bytes: &[u8]) -> Flow {
        match RingRecord::decode(bytes) {
            Ok(RingRecord::Syscall(header)) => self.receive_entry(header, bytes),
            Ok(RingRecord::Exit(exit)) => self.receive_exit(&exit, bytes),
            Ok(RingRecord::Unexecuted(exit)) => self.drop_unexecuted(&exit),
            Ok(RingRecord::Cgroup(event)) => self.delivery.units.follow(&event),
            Ok(RingRecord::Selftest(nonce)) => self.selftest = Some(nonce),
            Err(error) => self.drop_undecodable(error),
        }
        if self.delivery.writer_state() == WriterState::Open { Flow::Continue } else { Flow::Pause }
    }

    fn receive_entry(&mut self, header: Header, bytes: &[u8]) {
        match self.delivery.receipts.begin(&header) {
            Standing::New => {}
            Standing::Interrupted => self.delivery.mark_next_event(),
            Standing::Done => return,
        }
        if self.may_be_duplicate(&header) {
            self.delivery.mark_next_event();
        }
        let slot = header.slot;
        self.take_entry(header, bytes);
        self.delivery.write_receipt(slot, Source::Ring);
    }

    fn may_be_duplicate(&mut self, header: &Header) -> bool {
        if let Some(successor) = &mut self.successor {
            successor.may_be_duplicate(header);
        }
        // Each of them has to learn of the event.
        let handovers = self.handovers.iter_mut();
        handovers.filter_map(|handover| handover.may_be_duplicate(header).then_some(())).count() > 0
    }

    fn take_entry(&mut self, header: Header, bytes: &[u8]) {
        self.newest_ns = self.newest_ns.max(header.boottime_ns);
        self.received += 1;
        if !header.is_open() {
            self.deliver(&header, bytes, None, Source::Ring);
            return;
        }
        if !self.pending.hold(header, bytes) {
            self.delivery.tally.slot(header.slot).results_lost += 1;
            self.deliver(&header, bytes, None, Source::Ring);
        }
        self.deliver_abandoned();
    }

    fn receive_exit(&mut self, exit: &SyscallExit<'_>, bytes: &[u8]) {
        self.newest_ns = self.newest_ns.max(exit.boottime_ns);
        let Some(call) = self.pending.take(exit) else { return };
        if call.is_recorded {
            self.deliver_end(&call, exit);
            self.delivery.write_receipt(call.header.slot, Source::Memory);
            return;
        }
        let file = if call.header.awaits_executable { exit.executable() } else { None };
        match file {
            Some(file) => self.deliver_executed(call, exit, bytes, file),
            None => self.deliver_returned(&call, exit),
        }
    }

    fn deliver_returned(&mut self, call: &PendingCall, exit: &SyscallExit<'_>) {
        self.deliver(&call.header, &call.bytes, Some(exit), Source::Memory);
        self.delivery.write_receipt(call.header.slot, Source::Memory);
    }

    /// Drops the event of a call whose rule asks for executed programs only.
    fn drop_unexecuted(&mut self, exit: &SyscallExit<'_>) {
        self.newest_ns = self.newest_ns.max(exit.boottime_ns);
        if let Some(call) = self.pending.take(exit) {
            self.count_filtered_by_result(call.header.slot);
        }
    }

    fn count_filtered_by_result(&mut self, slot: Slot) {
        self.delivery.tally.slot(slot).filtered_by_result += 1;
        self.delivery.write_receipt(slot, Source::Memory);
    }

    /// Takes the events that follow for those of a predecessor that was silenced at that time, ns of `CLOCK_BOOTTIME`.
    pub fn begin_handover(&mut self, silenced_ns: u64) {
        self.handovers.push(Handover::new(silenced_ns));
    }

    /// Marks events that follow and that may be the same calls as those of a predecessor that was silenced at that time.
    /// `last` are its last calls; `None` if they are unknown.
    pub fn expect_duplicates(&mut self, silenced_ns: u64, last: Option<LastCalls>) {
        self.handovers.push(Handover::after(silenced_ns, last));
    }

    /// Notes the last calls before a daemon with other types took over, at that time in ns of `CLOCK_BOOTTIME`.
    pub fn begin_succession(&mut self, silenced_ns: u64) {
        self.successor = Some(Handover::new(silenced_ns));
    }

    /// Removes and returns the last calls before a daemon with other types took over.
    pub fn take_last_calls(&mut self) -> LastCalls {
        self.successor.take().map(Handover::into_last).unwrap_or_default()
    }

    /// Takes the events that follow for those of this daemon.
    pub fn end_leftover(&mut self) {
        self.handovers.iter_mut().for_each(Handover::end_reading);
    }

    /// Writes into a ledger from now on, and calls that wait into a file, if there is one.
    pub fn open_ledger(
        &mut self,
        ledger: Ledger,
        entries: EntryFile,
        waiting: Option<WaitingCalls>,
    ) {
        self.pending.save_in(waiting);
        self.delivery.receipts.open(ledger, entries);
    }

    /// Goes on with the ledger of the previous daemon and with the calls that it saved. Events that were in its memory
    /// and are not among those count as lost in a crash. Writes the record that waited in the output, which may have it:
    /// to `journal`, if the output of this daemon is another one.
    pub fn adopt(
        &mut self,
        ledger: Ledger,
        entries: EntryFile,
        calls: Vec<SavedCall>,
        waiting: Option<WaitingCalls>,
        journal: Option<Output>,
    ) {
        self.pending.save_in(waiting);
        for call in calls {
            self.pending.restore(call);
        }
        let (tally, waiting) =
            self.delivery.receipts.restore(ledger, entries, &self.pending.count());
        self.delivery.tally = tally;
        let proof = self.delivery.receipts.proof();
        self.delivery.first_times.prove(proof);
        if let Some(inode) = self.delivery.receipts.cut_in() {
            self.delivery.end_line(inode);
        }
        if let Some(record) = waiting {
            self.delivery.write_waiting(record, journal);
        }
        self.delivery.write_restored_receipts();
    }

    /// Returns time and thread of the event that the previous daemon was delivering when it was killed.
    pub fn interrupted(&self) -> Option<EventKey> {
        self.delivery.receipts.interrupted()
    }

    /// Returns the events of a slot that this daemon and those before it have taken out of the ring, if there is a ledger.
    pub fn received_of(&self, slot: Slot) -> u64 {
        self.delivery.receipts.received(slot)
    }

    /// Removes and returns the calls that wait for their result, for the next daemon.
    pub fn take_pending(&mut self) -> Vec<SavedCall> {
        self.pending.take_all()
    }

    /// Decodes and delivers the event of `entry`, unless its rule does not want the outcome of the call. An
    /// open event without an `exit` has an unknown outcome. Returns whether the event has a record of its own.
    fn deliver(
        &mut self,
        header: &Header,
        entry: &[u8],
        exit: Option<&SyscallExit<'_>>,
        source: Source,
    ) -> bool {
        let matched = self.rules.find(header);
        let result =
            exit.and_then(|exit| header.outcome(Some(exit.outcome))).and_then(Outcome::result);
        if matched.is_some_and(|matched| header.is_open() && !matched.rule.results.wants(result)) {
            self.delivery.tally.slot(header.slot).filtered_by_result += 1;
            return false;
        }
        match Event::decode(header, entry, exit, &self.handlers) {
            Ok(mut event) => {
                event.explain(chain_of(matched));
                self.feedback.count(&event);
                self.delivery.deliver(&event, matched, source)
            }
            Err(error) => {
                self.drop_undecodable(error);
                false
            }
        }
    }

    /// Delivers the end of a call that was recorded as still running. Its rule is not asked again: it has no
    /// second event, and whoever reads the first record waits for this one.
    fn deliver_end(&mut self, call: &PendingCall, exit: &SyscallExit<'_>) {
        match Event::decode(&call.header, &call.bytes, Some(exit), &self.handlers) {
            Ok(mut event) => {
                let matched = self.rules.find(&call.header);
                event.explain(chain_of(matched));
                self.delivery.deliver_end(&event, exit.boottime_ns, matched);
            }
            Err(error) => {
                tracing::warn!("the end of a call cannot be decoded: {error}");
                self.delivery.tally.slot(call.header.slot).results_lost += 1;
            }
        }
    }

    /// Records the calls that still run long after their entry, as far as the output accepts them. With
    /// `is_drained`, all that happened until now is known; otherwise their exits may be in the ring.
    fn report_running(&mut self, is_drained: bool) {
        if self.pending.next_running_ns().is_none() {
            return;
        }
        let now_ns = if is_drained { clock::boot_now_ns() } else { self.newest_ns };
        while self.delivery.writer_state() == WriterState::Open {
            let Some(call) = self.pending.take_running(now_ns) else { return };
            let Header { tid, boottime_ns, .. } = call.header;
            let outcome = Outcome::Running { for_ns: now_ns - boottime_ns };
            let header = Header { awaits_result: true, ..call.header };
            let running = SyscallExit::bare(tid, boottime_ns, now_ns, outcome);
            if self.deliver(&header, &call.bytes, Some(&running), Source::Memory) {
                self.pending.hold_recorded(&call);
            }
            self.delivery.write_receipt(header.slot, Source::Memory);
        }
    }

    /// Returns the `CLOCK_BOOTTIME` at which the next call is to be recorded as still running, in ns.
    pub fn next_running_ns(&self) -> Option<u64> {
        self.pending.next_running_ns()
    }

    fn drop_undecodable(&mut self, error: Error) {
        tracing::warn!("a record in the ring cannot be decoded: {error}");
        self.delivery.tally.undecodable += 1;
    }

    /// Stops waiting for the results of calls of these slots.
    pub fn abandon(&mut self, is_abandoned: impl Fn(Slot) -> bool) {
        for slot in self.pending.take_unexecuted(clock::boot_now_ns(), &is_abandoned) {
            self.count_filtered_by_result(slot);
        }
        self.pending.abandon(is_abandoned);
    }

    /// Returns the number of events that wait for a result, by slot.
    pub fn waiting(&self) -> BTreeMap<Slot, u64> {
        let mut counts = self.pending.count();
        for slot in self.digests.slots() {
            *counts.entry(slot).or_default() += 1;
        }
        counts
    }

    /// Returns a process that made limits of the events of the last interval, once for each interval.
    pub fn take_suspect(&mut self) -> Option<Suspect> {
        self.feedback.take()
    }

    /// Delivers abandoned events and calls that still run, writes the aggregates that are due, and flushes;
    /// returns the state of the output. `is_drained`: the turn left nothing in the ring.
    pub fn end_turn(&mut self, is_drained: bool) -> WriterState {
        self.deliver_abandoned();
        self.digests.expire(clock::boot_now_ns());
        self.deliver_ready();
        self.report_running(is_drained);
        self.deliver_dumps();
        self.release_aggregates(false);
        self.delivery.report_shed_changes();
        self.flush()
    }

    /// Writes what waits in the output and returns its state.
    pub fn flush(&mut self) -> WriterState {
        let state = self.delivery.flush();
        self.delivery.write_receipts();
        state
    }

    /// Writes the aggregates that are ready. Each has its receipt at once: a daemon that is killed has written one at
    /// most that counts as lost.
    fn release_aggregates(&mut self, all: bool) {
        while let Some(slot) = self.delivery.release_aggregate(all) {
            self.delivery.write_receipt(slot, Source::Memory);
        }
    }

    /// Adds the table that is live from now on, and closes the aggregates of the previous one.
    pub fn begin(&mut self, generation: u32, plan: &Plan) {
        self.rules.begin(generation, plan);
        self.delivery.set_clock();
        self.delivery.close_intervals_before(generation);
        let bytes = plan.max_bytes_per_second.bytes(self.delivery.output().is_journal());
        self.delivery.set_limits(OutputLimits { records: plan.max_per_second, bytes });
    }

    /// Returns the number of events that came through the ring.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Returns the first argument of the self-test call whose record came through the ring.
    pub fn selftest(&self) -> Option<u64> {
        self.selftest
    }
}

/// Returns the further handlers of the chain of a rule.
fn chain_of(matched: Option<MatchedRule<'_>>) -> &[HandlerObject] {
    matched.map_or(&[], |matched| &matched.rule.chain)
}

#[cfg(test)]
mod tests;
