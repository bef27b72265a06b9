//! One record of the ring after the other: decode, find out where its task stands, write. This is
//! the half of the daemon that runs inside the consumer's callback.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use super::pending::Pending;
use super::tables::Tables;
use crate::clock::{self, Clock};
use crate::config::Redact;
use crate::consume::Flow;
use crate::decode::{Decoded, End, Event, Return, decode};
use crate::handlers::Handlers;
use crate::plan::{Routes, Rule};
use crate::redact::secrets;
use crate::sink::record::{Body, Record};
use crate::sink::{Outcome, Sink};
use crate::syscalls::Slot;
use crate::units::Units;

/// Decoder, units and output, and what went through them.
#[derive(Debug)]
pub struct Pipeline {
    handlers: Rc<Handlers>,
    units: Units,
    sink: Sink,
    clock: Clock,
    gate: Gate,
    /// The slot of the event that waits in the output.
    held: Option<Slot>,
    selftest: Option<u64>,
    tally: Tally,
    pending: Pending,
    tables: Tables,
}

/// Whether the output takes records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It does.
    Open,
    /// Not now; its descriptor becomes writable when it does again.
    Blocked {
        /// Since when.
        since: Instant,
    },
    /// Nobody is there; nothing tells when somebody will be.
    Away {
        /// Since when.
        since: Instant,
    },
    /// Its reader has gone for good.
    Closed,
}

/// The daemon's part of the books.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Events written, by slot.
    pub written: BTreeMap<Slot, u64>,
    /// Events that were not wanted once their result was known, by slot.
    pub filtered: BTreeMap<Slot, u64>,
    /// Events that the output refused for good, by slot.
    pub refused: BTreeMap<Slot, u64>,
    /// Records of the ring that are not of this contract.
    pub undecodable: u64,
}

impl Pipeline {
    /// Everything is in place; nothing was written yet.
    pub fn new(handlers: Handlers, units: Units, sink: Sink) -> Self {
        Self {
            handlers: Rc::new(handlers),
            units,
            sink,
            clock: Clock::now(),
            gate: Gate::Open,
            held: None,
            selftest: None,
            tally: Tally::default(),
            pending: Pending::default(),
            tables: Tables::default(),
        }
    }

    /// Takes one record of the ring.
    pub fn receive(&mut self, bytes: &[u8]) -> Flow {
        let handlers = Rc::clone(&self.handlers);
        match decode(bytes, &handlers) {
            Ok(Decoded::Syscall(event)) if !event.is_open() => {
                let outcome =
                    write_event(&event, &self.tables, &mut self.units, &mut self.sink, self.clock);
                self.account(event.slot, outcome);
            }
            Ok(Decoded::Syscall(event)) => {
                if !self.pending.hold(&event, bytes) {
                    self.tell_alone(bytes);
                }
                self.release();
            }
            Ok(Decoded::Return(returned)) => {
                if let Some(bytes) = self.pending.take(&returned) {
                    self.tell(&bytes, &returned);
                }
            }
            Ok(Decoded::Cgroup(event)) => self.units.follow(&event),
            Ok(Decoded::Selftest(nonce)) => self.selftest = Some(nonce),
            Err(error) => {
                tracing::warn!("a record in the ring cannot be decoded: {error}");
                self.tally.undecodable += 1;
            }
        }
        if self.gate == Gate::Open { Flow::Continue } else { Flow::Pause }
    }

    /// Writes an event that has waited, unless its rule does not want what came of the call.
    fn tell(&mut self, bytes: &[u8], returned: &Return<'_>) {
        let handlers = Rc::clone(&self.handlers);
        let Ok(Decoded::Syscall(event)) = decode(bytes, &handlers) else { return };
        let event = event.returned(returned);
        let slot = event.slot;
        let wants = |rule: &Rule| rule.results.wants(event.result());
        if !self.tables.rule(&event).is_none_or(wants) {
            *self.tally.filtered.entry(slot).or_default() += 1;
            return;
        }
        let outcome =
            write_event(&event, &self.tables, &mut self.units, &mut self.sink, self.clock);
        self.account(slot, outcome);
    }

    /// Writes an event that has waited in vain.
    fn tell_alone(&mut self, bytes: &[u8]) {
        let unknown = Return { tid: 0, entry_ns: 0, end: End::Unknown, pieces: Vec::new() };
        self.tell(bytes, &unknown);
    }

    fn account(&mut self, slot: Slot, outcome: Outcome) {
        self.tally.add(slot, outcome);
        self.held = outcome.is_waiting().then_some(slot);
        self.enter(outcome);
    }

    /// Waits no longer for the results of calls of these slots.
    pub fn abandon(&mut self, is_abandoned: impl Fn(Slot) -> bool) {
        self.pending.abandon(is_abandoned);
    }

    /// `release` and `flush`.
    pub fn release_and_flush(&mut self) -> Gate {
        self.release();
        self.flush()
    }

    /// Writes events whose result will not come, as far as the output takes them. Whether any is left.
    pub fn release(&mut self) -> bool {
        while self.gate == Gate::Open {
            let Some(bytes) = self.pending.next_abandoned() else { return false };
            self.tell_alone(&bytes);
        }
        true
    }

    /// Writes a record of the daemon's own, as of now. Behind others that wait it only joins them:
    /// the loop must learn from its own attempt that the output is back.
    pub fn say(&mut self, body: Body<'_>) {
        let outcome = self.sink.write(&Record { time_ns: clock::real_now_ns(), body });
        if self.gate == Gate::Open {
            self.enter(outcome);
            self.flush();
        }
    }

    /// Writes what waits in the output, and says whether it takes more.
    pub fn flush(&mut self) -> Gate {
        let outcome = self.sink.flush();
        match outcome {
            Outcome::Written => self.held = None,
            Outcome::Lost(_) => self.tally.give_up(self.held.take()),
            Outcome::Blocked | Outcome::Away | Outcome::Closed(_) => {}
        }
        self.enter(outcome);
        self.gate
    }

    /// A new table judges from now on.
    pub fn begin(&mut self, generation: u32, routes: &Routes) {
        self.tables.begin(generation, routes);
    }

    /// Once a turn: clocks jump.
    pub fn set_clock(&mut self) {
        self.clock = Clock::now();
    }

    /// Whether the output takes records.
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// The output.
    pub fn sink(&self) -> &Sink {
        &self.sink
    }

    /// The first argument of our own test call, if it came through since this was last asked.
    pub fn take_selftest(&mut self) -> Option<u64> {
        self.selftest.take()
    }

    /// The daemon's part of the books.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Events that wait for a result, by slot.
    pub fn waiting(&self) -> BTreeMap<Slot, u64> {
        self.pending.count()
    }

    /// Reads the cgroups from the file system.
    pub fn read_units(&mut self) {
        self.units.read();
    }

    fn enter(&mut self, outcome: Outcome) {
        let since = match self.gate {
            Gate::Blocked { since } | Gate::Away { since } => since,
            Gate::Open | Gate::Closed => Instant::now(),
        };
        self.gate = match outcome {
            _ if self.gate == Gate::Closed => Gate::Closed,
            Outcome::Written => Gate::Open,
            Outcome::Blocked => Gate::Blocked { since },
            Outcome::Away => Gate::Away { since },
            Outcome::Closed(_) => Gate::Closed,
            // One record is gone and counted; what waits behind it still does.
            Outcome::Lost(_) => self.gate,
        };
    }
}

/// What is hidden where nothing is known of the rule.
static OBVIOUS: Redact = Redact::Obvious;

fn write_event(
    event: &Event<'_>,
    tables: &Tables,
    units: &mut Units,
    sink: &mut Sink,
    clock: Clock,
) -> Outcome {
    let place = units.place(event.cgroup);
    let redact = tables.rule(event).map_or(&OBVIOUS, |rule| &rule.redact);
    let secrets = secrets(event, redact);
    let redacted = (!secrets.is_empty()).then(|| secrets.taken_from(event));
    let event = redacted.as_ref().unwrap_or(event);
    let body = Body::Syscall { event, place: place.as_deref() };
    sink.write(&Record { time_ns: clock.real_ns(event.boottime_ns), body })
}

impl Tally {
    /// It was counted as written when it began to wait.
    fn give_up(&mut self, held: Option<Slot>) {
        let Some(slot) = held else { return };
        if let Some(written) = self.written.get_mut(&slot) {
            *written = written.saturating_sub(1);
        }
        *self.refused.entry(slot).or_default() += 1;
    }

    /// An event that waits in the output is as good as written: it goes out first.
    fn add(&mut self, slot: Slot, outcome: Outcome) {
        let counts = match outcome {
            Outcome::Written | Outcome::Blocked | Outcome::Away => &mut self.written,
            Outcome::Lost(_) | Outcome::Closed(_) => &mut self.refused,
        };
        *counts.entry(slot).or_default() += 1;
    }
}
