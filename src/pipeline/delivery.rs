//! The stages after the rule lookup: rate limits that the daemon enforces, redaction, aggregation, shedding and
//! the writer. Each event ends in exactly one counter.

mod aggregates;
mod self_records;

use std::time::{Duration, Instant};

use super::rule_lookup::MatchedRule;
use super::writer::{Writer, WriterState};
use crate::clock::Clock;
use crate::config::{Aggregate, Keep, Redact};
use crate::decode::{Event, Outcome};
use crate::output::Output;
use crate::output::record::{Body, Record, Syscall};
use crate::pipeline::aggregate::{Aggregator, Cause};
use crate::pipeline::ratelimit::{BucketKey, Refusals, UserLimiter};
use crate::pipeline::redact::secrets;
use crate::pipeline::shed::{Decision, OutputLimits, Shedder};
use crate::stats::{Portion, UserCounters};
use crate::units::Units;

/// Everything between an event and the output.
#[derive(Debug)]
pub struct Delivery {
    /// Units and containers by cgroup.
    pub units: Units,
    /// Events that rate limits refused and that are still to be reported.
    pub suppressed: Refusals,
    /// Outcomes of the events.
    pub tally: UserCounters,
    limits: UserLimiter,
    aggregator: Aggregator,
    shedder: Shedder,
    writer: Writer,
    clock: Clock,
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
    /// Everything is in place; nothing was written yet.
    pub fn new(units: Units, output: Output) -> Self {
        let now = Instant::now();
        Self {
            units,
            suppressed: Refusals::default(),
            tally: UserCounters::default(),
            limits: UserLimiter::default(),
            aggregator: Aggregator::default(),
            shedder: Shedder::new(OutputLimits::default(), now),
            writer: Writer::new(output),
            clock: Clock::now(),
            now,
        }
    }

    /// Delivers an event. Of one whose table is forgotten nothing is known, and it is written.
    pub fn take(&mut self, event: &Event<'_>, matched: Option<MatchedRule<'_>>) {
        if self.is_limited(event, matched) {
            self.tally.slot(event.slot).limited_by_result += 1;
            return;
        }
        let redact = matched.map_or(&DEFAULT_REDACTION, |matched| &matched.rule.redact);
        let secrets = secrets(event, redact);
        let redacted = (!secrets.is_empty()).then(|| secrets.taken_from(event));
        let event = redacted.as_ref().unwrap_or(event);
        let suppressed = self.settle(event, matched);
        let keep = matched.map_or(Keep::default(), |matched| matched.rule.keep);
        let asked = matched.and_then(|matched| matched.rule.aggregate.as_ref());
        match asked {
            Some(asked) => self.aggregate(event, keep, asked, Cause::Configured, suppressed),
            None if self.shedder.decide(keep, self.now) == Decision::Aggregate => {
                self.aggregate(event, keep, &SHED_AGGREGATION, Cause::Shed, suppressed);
            }
            None => self.write(event, suppressed),
        }
    }

    /// By a limit that the kernel could not hold: it counts the calls whose results are wanted, at the
    /// time when those were known.
    fn is_limited(&mut self, event: &Event<'_>, matched: Option<MatchedRule<'_>>) -> bool {
        let held = matched.filter(|matched| matched.rule.chooses_by_result());
        let Some(limit) = held.and_then(|matched| matched.limit) else { return false };
        let lasted_ns = match event.outcome {
            Some(Outcome::Returned { duration_ns, .. }) => duration_ns,
            _ => 0,
        };
        let refused = self
            .limits
            .allows(BucketKey::of(limit, event), event.boottime_ns.saturating_add(lasted_ns))
            .err();
        if let Some(who) = refused {
            self.suppressed.add(who, event.comm, 1);
            return true;
        }
        false
    }

    /// Returns and clears the number of events that the same limits refused before this one.
    fn settle(&mut self, event: &Event<'_>, matched: Option<MatchedRule<'_>>) -> u64 {
        let Some(matched) = matched else { return 0 };
        let limits = [matched.limit, matched.per_uid].into_iter().flatten();
        limits.map(|limit| self.suppressed.settle(|| BucketKey::of(limit, event))).sum()
    }

    fn write(&mut self, event: &Event<'_>, suppressed: u64) {
        let place = self.units.place(event.cgroup);
        let body = Body::Syscall(Syscall { event, place: place.as_deref(), suppressed });
        let record = Record { time_ns: self.clock.real_ns(event.boottime_ns), body };
        self.tally.slot(event.slot).written += 1;
        self.put(&record, Portion::One(event.slot));
    }

    fn put(&mut self, record: &Record<'_>, portion: Portion) {
        let written = self.writer.write(record, portion);
        self.shedder.charge(written.bytes, self.now);
        if written.is_lost {
            self.tally.refuse(portion);
        }
    }

    /// Sets the output limits.
    pub fn set_limits(&mut self, limits: OutputLimits) {
        self.shedder.set_limits(limits, self.now);
    }

    /// Writes the records that wait in the output and returns its state.
    pub fn flush(&mut self) -> WriterState {
        if let Some(given_up) = self.writer.flush() {
            self.tally.refuse(given_up);
        }
        self.writer.writer_state()
    }

    /// Once a turn: clocks jump.
    pub fn set_clock(&mut self) {
        (self.clock, self.now) = (Clock::now(), Instant::now());
    }

    /// Returns whether the output accepts records.
    pub fn writer_state(&self) -> WriterState {
        self.writer.writer_state()
    }

    /// The output.
    pub fn output(&self) -> &Output {
        self.writer.output()
    }
}

#[cfg(test)]
mod tests;
