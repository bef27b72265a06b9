//! An event that is wanted, on its way out: limited where the daemon holds the limit, redacted, then
//! counted together with others or written, as its rule and the shedder have it. Each event ends in one
//! counter of the tally.

mod many;
mod own;

use std::time::{Duration, Instant};

use super::rule_lookup::MatchedRule;
use super::writer::{Writer, WriterState};
use crate::clock::Clock;
use crate::config::{Aggregate, Keep, Redact};
use crate::decode::{Event, Outcome};
use crate::output::Sink;
use crate::output::record::{Body, Record, Syscall};
use crate::pipeline::aggregate::{Aggregator, Cause};
use crate::pipeline::ratelimit::{BucketKey, Suppressed, UserLimiter};
use crate::pipeline::redact::secrets;
use crate::pipeline::shed::{Decision, OutputLimits, Shedder};
use crate::stats::{Portion, Tally};
use crate::units::Units;

/// Everything between an event and the output.
#[derive(Debug)]
pub struct Delivery {
    /// Where tasks stand.
    pub units: Units,
    /// What was refused by limits.
    pub suppressed: Suppressed,
    /// What became of the events.
    pub tally: Tally,
    limits: UserLimiter,
    aggregator: Aggregator,
    shedder: Shedder,
    writer: Writer,
    clock: Clock,
    /// As it was read at the begin of the turn.
    now: Instant,
}

/// What is hidden where nothing is known of the rule.
static DEFAULT_REDACTION: Redact = Redact::Obvious;

/// How events are counted that are above the shedder.
static SHED_AGGREGATION: Aggregate = Aggregate { every: ROOM_WAIT_MAX, by: Vec::new() };

/// How long a record of many may wait for room in the shedder.
const ROOM_WAIT_MAX: Duration = Duration::from_secs(10);

impl Delivery {
    /// Everything is in place; nothing was written yet.
    pub fn new(units: Units, sink: Sink) -> Self {
        let now = Instant::now();
        Self {
            units,
            suppressed: Suppressed::default(),
            tally: Tally::default(),
            limits: UserLimiter::default(),
            aggregator: Aggregator::default(),
            shedder: Shedder::new(OutputLimits::default(), now),
            writer: Writer::new(sink),
            clock: Clock::now(),
            now,
        }
    }

    /// Delivers an event. Of one whose table is forgotten nothing is known, and it is written.
    pub fn take(&mut self, event: &Event<'_>, matched: Option<MatchedRule<'_>>) {
        if self.is_limited(event, matched) {
            self.tally.slot(event.slot).limited += 1;
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
            None if self.shedder.judge(keep, self.now) == Decision::Aggregator => {
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

    /// What limits refused before this one.
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
        self.shedder.wrote(written.bytes, self.now);
        if written.is_lost {
            self.tally.refuse(portion);
        }
    }

    /// What may be written from now on.
    pub fn allow(&mut self, limits: OutputLimits) {
        self.shedder.set(limits, self.now);
    }

    /// Writes what waits in the output, and says whether it takes more.
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

    /// Whether the output takes records.
    pub fn writer_state(&self) -> WriterState {
        self.writer.writer_state()
    }

    /// The output.
    pub fn sink(&self) -> &Sink {
        self.writer.sink()
    }
}

#[cfg(test)]
mod tests;
