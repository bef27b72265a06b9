//! One record of the ring after the other: decode, wait for the call's return where that is asked for,
//! deliver. This is the half of the daemon that runs inside the consumer's callback.

pub mod aggregate;
pub mod delivery;
pub mod feedback;
mod pending;
pub mod ratelimit;
pub mod redact;
pub mod rule_lookup;
pub mod shed;
pub mod writer;

use std::collections::BTreeMap;
use std::rc::Rc;

use syscalls::Slot;

use self::delivery::Delivery;
use self::pending::Pending;
use self::rule_lookup::{Judged, Tables};
use self::writer::Gate;
use crate::decode::{Decoded, End, Return, decode};
use crate::handlers::Handlers;
use crate::pipeline::feedback::{Detector, Suspect};
use crate::plan::Plan;
use crate::ring::Flow;

/// Decoder and output, and what went through them.
#[derive(Debug)]
pub struct Pipeline {
    /// What comes after the decoder.
    pub delivery: Delivery,
    handlers: Rc<Handlers>,
    selftest: Option<u64>,
    pending: Pending,
    feedback: Detector,
    tables: Tables,
}

/// Of a call whose end will not be told.
static UNKNOWN: Return<'static> =
    Return { tid: 0, entry_ns: 0, end: End::Unknown, pieces: Vec::new() };

impl Pipeline {
    /// Everything is in place; nothing was written yet.
    pub fn new(handlers: Handlers, delivery: Delivery) -> Self {
        Self {
            delivery,
            handlers: Rc::new(handlers),
            selftest: None,
            pending: Pending::default(),
            feedback: Detector::default(),
            tables: Tables::default(),
        }
    }

    /// Takes one record of the ring.
    pub fn receive(&mut self, bytes: &[u8]) -> Flow {
        let handlers = Rc::clone(&self.handlers);
        match decode(bytes, &handlers) {
            Ok(Decoded::Syscall(event)) if !event.is_open() => {
                self.feedback.note(&event);
                self.delivery.take(&event, self.tables.judged(&event));
            }
            Ok(Decoded::Syscall(event)) => {
                if !self.pending.hold(&event, bytes) {
                    self.tell_alone(bytes);
                }
                self.release();
            }
            Ok(Decoded::Return(returned)) => {
                if let Some(event) = self.pending.take(&returned) {
                    self.tell(&event, &returned);
                }
            }
            Ok(Decoded::Cgroup(event)) => self.delivery.units.follow(&event),
            Ok(Decoded::Selftest(nonce)) => self.selftest = Some(nonce),
            Err(error) => {
                tracing::warn!("a record in the ring cannot be decoded: {error}");
                self.delivery.tally.undecodable += 1;
            }
        }
        if self.delivery.gate() == Gate::Open { Flow::Continue } else { Flow::Pause }
    }

    /// Delivers an event that has waited, unless its rule does not want what came of the call.
    fn tell(&mut self, bytes: &[u8], returned: &Return<'_>) {
        let handlers = Rc::clone(&self.handlers);
        let Ok(Decoded::Syscall(event)) = decode(bytes, &handlers) else { return };
        let event = event.returned(returned);
        let judged = self.tables.judged(&event);
        let wants = |judged: Judged<'_>| judged.rule.results.wants(event.result());
        if !judged.is_none_or(wants) {
            self.delivery.tally.slot(event.slot).filtered += 1;
            return;
        }
        self.feedback.note(&event);
        self.delivery.take(&event, judged);
    }

    /// Delivers an event that has waited in vain.
    fn tell_alone(&mut self, bytes: &[u8]) {
        self.tell(bytes, &UNKNOWN);
    }

    /// Waits no longer for the results of calls of these slots.
    pub fn abandon(&mut self, is_abandoned: impl Fn(Slot) -> bool) {
        self.pending.abandon(is_abandoned);
    }

    /// Events that wait for a result, by slot.
    pub fn waiting(&self) -> BTreeMap<Slot, u64> {
        self.pending.count()
    }

    /// Returns a process that made most of the events of the last interval, once for each interval.
    pub fn take_suspect(&mut self) -> Option<Suspect> {
        self.feedback.take()
    }

    /// `release`, the records of many events that are due, and `flush`.
    pub fn release_and_flush(&mut self) -> Gate {
        self.release();
        self.delivery.release(false);
        self.delivery.tell_steps();
        self.delivery.flush()
    }

    /// Delivers events whose result will not come, as far as the output takes them. Whether any is
    /// left.
    pub fn release(&mut self) -> bool {
        while self.delivery.gate() == Gate::Open {
            let Some(bytes) = self.pending.next_abandoned() else { return false };
            self.tell_alone(&bytes);
        }
        true
    }

    /// At the end: delivers whatever waits, as far as the output takes it, and whatever the budget is.
    /// Whether any is left.
    pub fn finish(&mut self) -> bool {
        self.pending.abandon(|_| true);
        let is_left = self.release();
        self.delivery.close();
        self.delivery.release(true);
        is_left || self.delivery.waits_for_room()
    }

    /// A new table judges from now on; what was counted for the one before is told.
    pub fn begin(&mut self, generation: u32, plan: &Plan) {
        self.tables.begin(generation, plan);
        self.delivery.set_clock();
        self.delivery.close_before(generation);
        self.delivery.allow(plan.most());
    }

    /// The first argument of our own test call, if it came through since this was last asked.
    pub fn take_selftest(&mut self) -> Option<u64> {
        self.selftest.take()
    }
}
