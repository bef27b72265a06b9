//! The stages after the rule lookup: rate limits that the daemon enforces, redaction, first times, aggregation, shedding
//! and the writer. Each event ends in exactly one counter.

mod activity;
mod aggregates;
mod boxed;
mod end;
mod first_times;
mod self_records;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use syscalls::Slot;

use self::first_times::{FirstTime, Judged, NO_ROOM_AGGREGATION};
use super::receipts::{Receipts, Source};
use super::rule_lookup::MatchedRule;
use super::writer::{MarkedRecord, SavedRecord, WriteResult, Writer, WriterState};
use crate::clock::Clock;
use crate::config::{Aggregate, Keep, Redact};
use crate::decode::{Event, Outcome};
use crate::output::Output;
use crate::output::record::aggregate::Cause;
use crate::output::record::{Body, OutputLimits, Record, Syscall};
use crate::pipeline::activity::{ActivityCounter, ActivityCounts};
use crate::pipeline::aggregate::Aggregator;
use crate::pipeline::novel::FirstTimes;
use crate::pipeline::owner::UserOwner;
use crate::pipeline::ratelimit::{BucketKey, Refusals, UserLimiter};
use crate::pipeline::redact::secrets;
use crate::pipeline::shed::{Decision, Shedder};
use crate::stats::{EventOutcomes, Portion, UserCounters};
use crate::table::SettledCall;
use crate::units::Units;

/// Stages between an event with its rule and the output.
#[derive(Debug)]
pub struct Delivery {
    /// Units and containers by cgroup.
    pub units: Units,
    /// Events that rate limits refused and that are still to be reported.
    pub suppressed: Refusals,
    /// Outcomes of the events.
    pub tally: UserCounters,
    /// First times that are known.
    pub first_times: FirstTimes,
    /// Counts by owner, while a client asks for them.
    activity: Option<Box<ActivityCounter>>,
    /// Calls that the kernel may count from now on.
    known_calls: Vec<SettledCall>,
    /// Receipts for the events.
    pub(super) receipts: Receipts,
    limiter: UserLimiter,
    aggregator: Aggregator,
    shedder: Shedder,
    writer: Writer,
    clock: Clock,
    /// Events of aggregates that are not written yet.
    aggregating: BTreeMap<Slot, u64>,
    /// The output may have the next event already.
    may_be_duplicate: bool,
    /// Time at the beginning of the turn.
    now: Instant,
}

/// Redaction of events whose rule is unknown.
static DEFAULT_REDACTION: Redact = Redact::Obvious;

/// Aggregation of events above the output limits.
static SHED_AGGREGATION: Aggregate = Aggregate { every: ROOM_WAIT_MAX, by: Vec::new() };

/// Time for which an aggregate may wait for room below the output limits.
const ROOM_WAIT_MAX: Duration = Duration::from_secs(10);

impl Delivery {
    /// Makes the stages with no limits, which have counted and written nothing.
    pub fn new(units: Units, output: Output) -> Self {
        let now = Instant::now();
        Self {
            units,
            suppressed: Refusals::default(),
            tally: UserCounters::default(),
            first_times: FirstTimes::default(),
            activity: None,
            known_calls: Vec::new(),
            receipts: Receipts::default(),
            limiter: UserLimiter::default(),
            aggregator: Aggregator::default(),
            shedder: Shedder::new(OutputLimits::default(), now),
            writer: Writer::new(output),
            clock: Clock::now(),
            aggregating: BTreeMap::new(),
            may_be_duplicate: false,
            now,
        }
    }

    /// Delivers an event. Without a rule, because the daemon has forgotten its table, the event is written.
    /// Returns whether it has a record of its own.
    pub fn deliver(
        &mut self,
        event: &Event<'_>,
        matched: Option<MatchedRule<'_>>,
        source: Source,
    ) -> bool {
        if self.is_limited(event, matched) {
            self.tally.slot(event.slot).limited_by_result += 1;
            return false;
        }
        let redact = redaction(matched);
        let secrets = secrets(event, redact);
        let redacted = (!secrets.is_empty()).then(|| secrets.redacted(event));
        let event = redacted.as_ref().unwrap_or(event);
        let judged = self.judge(event, matched);
        if matches!(judged, Judged::Known) {
            self.tally.slot(event.slot).known += 1;
            return false;
        }
        let suppressed = self.take_suppressed(event, matched);
        let keep = matched.map_or(Keep::default(), |matched| matched.rule.keep);
        let configured = match judged {
            Judged::NoRoom => Some(&NO_ROOM_AGGREGATION),
            _ => matched.and_then(|matched| matched.rule.aggregate.as_ref()),
        };
        match configured {
            Some(option) => self.aggregate(event, keep, option, Cause::Configured, suppressed),
            None if self.shedder.decide(keep, UserOwner::of(event), self.now)
                == Decision::Aggregate =>
            {
                self.aggregate(event, keep, &SHED_AGGREGATION, Cause::Shed, suppressed);
            }
            None => {
                let first = match judged {
                    Judged::First(first) => Some(first),
                    Judged::Any | Judged::Known | Judged::NoRoom => None,
                };
                self.write_event(event, keep, suppressed, first, source);
                return true;
            }
        }
        false
    }

    /// Returns whether a limit that the kernel cannot enforce refuses the event: the limit of a rule that chooses
    /// by result counts at the time of the result.
    fn is_limited(&mut self, event: &Event<'_>, matched: Option<MatchedRule<'_>>) -> bool {
        let by_result = matched.filter(|matched| matched.rule.chooses_by_result());
        let Some(limit) = by_result.and_then(|matched| matched.limit) else { return false };
        let duration_ns = match event.outcome {
            Some(Outcome::Returned { duration_ns, .. }) => duration_ns,
            Some(Outcome::Running { for_ns }) => for_ns,
            Some(Outcome::Died | Outcome::Unknown) | None => 0,
        };
        let refused = self
            .limiter
            .admit(BucketKey::of(limit, event), event.boottime_ns.saturating_add(duration_ns))
            .err();
        if let Some(key) = refused {
            self.suppressed.add(key, event.comm, 1);
            return true;
        }
        false
    }

    /// Returns and clears the number of events that the same limits refused before this one.
    fn take_suppressed(&mut self, event: &Event<'_>, matched: Option<MatchedRule<'_>>) -> u64 {
        let Some(matched) = matched else { return 0 };
        let limits = [matched.limit, matched.per_uid].into_iter().flatten();
        limits.map(|limit| self.suppressed.take_unreported(|| BucketKey::of(limit, event))).sum()
    }

    fn write_event(
        &mut self,
        event: &Event<'_>,
        keep: Keep,
        suppressed: u64,
        first: Option<FirstTime>,
        source: Source,
    ) {
        let place = self.units.place(event.cgroup);
        let may_be_duplicate = std::mem::take(&mut self.may_be_duplicate);
        let novel = first.as_ref().map(|first| first.subject);
        let call = Syscall { event, place: place.as_deref(), suppressed, may_be_duplicate, novel };
        let body = Body::Syscall(call);
        if let Some(first) = first {
            self.note(event, first, source);
        }
        let record = Record { time_ns: self.clock.real_ns(event.boottime_ns), body };
        self.tally.slot(event.slot).written += 1;
        let written = self.write_record(&record, Portion::One(event.slot), source);
        if novel.is_some() {
            self.end_first_time(written, source);
        }
        self.shedder.charge_event(keep, UserOwner::of(event), written.bytes, self.now);
        self.count_activity(event, place.as_deref(), || ActivityCounts {
            bytes: written.bytes,
            lost: written.is_lost.into(),
            ..ActivityCounts::event(event.outcome)
        });
    }

    fn write_record(
        &mut self,
        record: &Record<'_>,
        portion: Portion,
        source: Source,
    ) -> WriteResult {
        let (receipts, mut is_saved) = (&mut self.receipts, false);
        let save = |entry: &[u8]| {
            is_saved = source == Source::Memory && receipts.save(portion, entry);
        };
        let written = self.writer.write(record, portion, save);
        if written.is_lost {
            self.tally.refuse(portion);
            if is_saved {
                self.receipts.refuse(portion.slot());
            }
        }
        written
    }

    /// Marks the next event: a daemon that was killed may have written it already.
    pub fn mark_next_event(&mut self) {
        self.may_be_duplicate = true;
    }

    /// Returns the outcomes of a slot's events without those whose lines have not left.
    fn settled(&self, slot: Slot) -> EventOutcomes {
        self.writer.unsent(slot).without(self.tally.of(slot))
    }

    /// Returns the events of a slot in aggregates that have not left the daemon's memory.
    fn in_memory(&self, slot: Slot) -> u64 {
        let open = self.aggregating.get(&slot).copied().unwrap_or_default();
        open + self.writer.unsent(slot).aggregated
    }

    /// Ends the line that the previous daemon has begun in the file of that number.
    pub fn end_line(&mut self, inode: u64) {
        self.writer.end_line(inode);
    }

    /// Writes into the ledger what became of an event of a slot or of an aggregate, or, where lines have left, of all.
    pub(super) fn write_receipt(&mut self, slot: Slot, source: Source) {
        if self.writer.take_sent() {
            self.write_receipts();
        } else if source == Source::Memory {
            self.write_row(slot);
            self.write_receipt_state();
        } else {
            self.write_receipt_state();
            self.write_row(slot);
        }
        self.settle_first_times();
    }

    /// Writes the ledger as a whole.
    pub(super) fn write_receipts(&mut self) {
        self.write_receipt_state();
        self.write_rows();
        self.settle_first_times();
    }

    /// Does the same after a restart: the rows say whether the record that the previous daemon left is counted, so that
    /// it may go only after them.
    pub(super) fn write_restored_receipts(&mut self) {
        self.write_rows();
        self.write_receipt_state();
    }

    fn write_rows(&self) {
        self.tally.slots.keys().for_each(|&slot| self.write_row(slot));
    }

    fn write_row(&self, slot: Slot) {
        self.receipts.write(slot, self.settled(slot), self.in_memory(slot));
    }

    fn write_receipt_state(&mut self) {
        let cut_in = self.writer.output().cut_in();
        self.receipts.write_state(self.tally.undecodable, self.writer.waiting(), cut_in);
    }

    /// Sets the output limits.
    pub fn set_limits(&mut self, limits: OutputLimits) {
        self.shedder.set_limits(limits, self.now);
    }

    /// Writes the record of events that waited for journald when the previous daemon ended; they count as written. Another
    /// output does not take it. The journal may have it already, so it goes to `journal` then, and is lost if there is none.
    pub(super) fn write_waiting(&mut self, record: SavedRecord, journal: Option<Output>) {
        if !self.writer.output().is_journal() {
            let portion = record.portion;
            if !journal.is_some_and(|mut journal| record.write_to(&mut journal)) {
                self.tally.crash(portion);
            }
        } else if let Some(given_up) = self.writer.write_waiting(record) {
            self.refuse_waiting(given_up);
        }
    }

    /// Writes the records that wait in the output and returns its state.
    pub fn flush(&mut self) -> WriterState {
        if let Some(given_up) = self.writer.flush() {
            self.refuse_waiting(given_up);
            self.write_row(given_up.slot());
        }
        self.writer.state()
    }

    /// Counts the record that waited as lost.
    fn refuse_waiting(&mut self, portion: Portion) {
        self.fail_first_time(portion);
        self.tally.refuse(portion);
        self.receipts.refuse(portion.slot());
    }

    /// Reads the clocks; called once a turn, because the wall clock can jump.
    pub fn set_clock(&mut self) {
        (self.clock, self.now) = (Clock::now(), Instant::now());
    }

    /// Counts what is not written as lost at the stop: aggregates, and the event that waits in the output.
    pub fn give_up(&mut self) {
        self.give_up_aggregates();
        if let Some(waiting) = self.writer.give_up() {
            self.fail_first_time(waiting);
            self.tally.give_up(waiting);
        }
    }

    /// Counts the aggregates that are not written as lost at the stop.
    pub fn give_up_aggregates(&mut self) {
        self.aggregator.close_all(self.now);
        while let Some(aggregated) = self.aggregator.take() {
            let (slot, count) = (aggregated.group.slot, aggregated.summary.count);
            self.tally.give_up(Portion::Many(slot, count));
            self.end_aggregate(slot, count);
        }
    }

    /// Writes encoded records of the daemon's own.
    pub fn write_own_entries(&mut self, entries: Vec<Vec<u8>>) {
        self.writer.write_own_entries(entries);
    }

    /// Returns the state of the output.
    pub fn writer_state(&self) -> WriterState {
        self.writer.state()
    }

    /// Marks the next record that the output accepts, or, with `false`, none.
    pub fn mark_next(&mut self, is_wanted: bool) {
        self.writer.mark_next(is_wanted);
    }

    /// Returns the marked record; `None` until it is accepted.
    pub fn marked(&self) -> Option<MarkedRecord> {
        self.writer.marked()
    }

    /// Returns the output.
    pub fn output(&self) -> &Output {
        self.writer.output()
    }
}

/// Returns the redaction that the rule asks for.
fn redaction<'t>(matched: Option<MatchedRule<'t>>) -> &'t Redact {
    matched.map_or(&DEFAULT_REDACTION, |matched| &matched.rule.redact)
}

#[cfg(test)]
mod tests;
