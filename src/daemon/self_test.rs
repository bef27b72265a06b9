//! Self-test while the daemon runs: each second it makes a call that has to come back through the dispatcher, the
//! table and the ring, and compares the table with what it should be. What is amiss is recorded and repaired.
//!
//! An idle host is woken by this timer alone: those of the watchdog and of process trees expire with it. Calls of the self-test are neither recorded nor counted, because the
//! program in their slot does neither.

use std::time::{Duration, Instant};

use anyhow::Result;
use syscalls::Slot;

use super::tracing_watch::TracingEvent;
use super::{COUNTERS_INTERVAL, Daemon, Timer};
use crate::bpf::selftest_call;
use crate::clock;
use crate::load;
use crate::output::record::{Body, TracingCause};
use crate::pipeline::writer::WriterState;
use crate::ring::Positions;
use crate::rpc::SelfTests;

/// Interval between checks of the switch of ftrace where there is no self-test: that of the watchdog.
const FTRACE_INTERVAL: Duration = Duration::from_secs(15);

/// Switch that turns tracing of functions on and off.
const SWITCH: &str = "kernel.ftrace_enabled";

/// Time until a call that did not come back is repeated: a record of another CPU that is not committed yet hides all
/// records behind it.
const REPEAT: Duration = Duration::from_millis(100);

/// Calls in a row that do not come back before that counts as a fault.
const ATTEMPTS: u32 = 3;

/// Longest time between two attempts to attach anew, which costs every traced call some time.
const REPAIR_MAX: Duration = Duration::from_secs(64);

/// State of the self-test.
#[derive(Debug, Default)]
pub struct SelfTest {
    /// Argument of the last call.
    nonce: u32,
    /// Calls in a row that did not come back.
    unanswered: u32,
    /// Counts of the calls, for the status.
    pub(super) counts: SelfTests,
    /// Time of the next attempt to attach anew, and the time from it to the one after.
    repair: Option<(Instant, Duration)>,
}

impl SelfTest {
    /// Returns whether an attempt to attach anew is due, and if so delays the next one.
    fn may_repair(&mut self, now: Instant) -> bool {
        let (due, pause) = self.repair.unwrap_or((now, Duration::from_secs(1)));
        let is_due = now >= due;
        self.repair =
            Some(if is_due { (now + pause, (2 * pause).min(REPAIR_MAX)) } else { (due, pause) });
        is_due
    }
}

impl Daemon<'_> {
    /// Arms the timer for the next self-test.
    pub(super) fn arm_self_test(&mut self) {
        let at_functions = self.bpf.way_to_attach().is_switched_by_ftrace();
        let interval = self.plan.self_test.or(at_functions.then_some(FTRACE_INTERVAL));
        let wait = if self.self_test.unanswered > 0 { Some(REPEAT) } else { interval };
        self.timers.set(Timer::SelfTest, wait.map(|wait| Instant::now() + wait));
    }

    /// Tests the way of a call and the table, and repairs what is amiss.
    pub(super) fn run_self_test(&mut self) -> Result<()> {
        self.timers.hasten(Instant::now(), self.plan.self_test.unwrap_or(FTRACE_INTERVAL));
        // While the output accepts nothing, the ring is not consumed: that is reported by itself.
        self.complete()?;
        if self.writer_state() == WriterState::Open && !self.drains.are_running() {
            match self.find_fault()? {
                Some(cause) => self.repair(cause)?,
                None if self.self_test.unanswered == 0 => {
                    self.self_test.repair = None;
                    self.observe(None);
                }
                None => {}
            }
        }
        self.arm_self_test();
        Ok(())
    }

    /// Returns what is amiss; `None` also while calls that did not come back are still repeated.
    fn find_fault(&mut self) -> Result<Option<TracingCause>> {
        if self.plan.self_test.is_none() {
            return Ok(self.ftrace_fault());
        }
        let changed = self.table.changed_slots(&self.bpf)?;
        let is_table_changed = self.bpf.restore_continuations()? || !changed.is_empty();
        if is_table_changed {
            self.table.restore(&self.bpf, &changed)?;
            return Ok(Some(TracingCause::Table(
                changed.into_iter().map(Slot::with_abi).collect(),
            )));
        }
        let is_answered = match self.table.selftest() {
            Some(slot) => self.probe(slot)?,
            None => self.ftrace_fault().is_none(),
        };
        // The call came through one of the rings.
        if is_answered
            && self.bpf.rings().nth(1).is_some()
            && Positions::read(&self.bpf)?.are_reversed()
        {
            return Ok(Some(TracingCause::Ring));
        }
        self.self_test.unanswered = if is_answered { 0 } else { self.self_test.unanswered + 1 };
        if self.self_test.unanswered < ATTEMPTS {
            return Ok(None);
        }
        self.self_test.unanswered = 0;
        let is_stuck = Positions::read(&self.bpf)?.differ();
        let cause = if is_stuck { TracingCause::Ring } else { TracingCause::Dispatcher };
        Ok(Some(self.ftrace_fault().unwrap_or(cause)))
    }

    /// Makes the call and returns whether it, or an event, came back.
    fn probe(&mut self, slot: Slot) -> Result<bool> {
        self.self_test.nonce = self.self_test.nonce.wrapping_add(1);
        let nonce = self.self_test.nonce;
        let received = self.pipeline.borrow().received();
        self.pipeline.borrow_mut().delivery.set_clock();
        self.consumer.probe(|| selftest_call(slot, nonce));
        let pipeline = self.pipeline.borrow();
        let has_events = pipeline.received() != received;
        if has_events {
            self.timers.arm(Timer::Counters, Instant::now() + COUNTERS_INTERVAL);
        }
        let is_answered = has_events || pipeline.selftest() == Some(nonce.into());
        self.self_test.counts.made += 1;
        self.self_test.counts.answered += u64::from(is_answered);
        Ok(is_answered)
    }

    fn ftrace_fault(&self) -> Option<TracingCause> {
        let is_switched = self.bpf.way_to_attach().is_switched_by_ftrace();
        let is_off = is_switched && !load::functions_are_on();
        is_off.then_some(TracingCause::Sysctl(SWITCH))
    }

    /// Records a fault, repairs what the daemon can, and records the repair if it was one.
    fn repair(&mut self, cause: TracingCause) -> Result<()> {
        self.observe(Some(cause.clone()));
        let now = Instant::now();
        match cause {
            TracingCause::Sysctl(_) => return Ok(()),
            // It is restored already.
            TracingCause::Table(_) => {}
            TracingCause::Ring => Positions::read(&self.bpf)?.repair(&self.bpf)?,
            TracingCause::Dispatcher if !self.self_test.may_repair(now) => return Ok(()),
            TracingCause::Dispatcher => {
                if let Err(error) = self.table.attach_anew(&mut self.bpf) {
                    tracing::warn!("the dispatcher cannot be attached again: {error:#}");
                }
            }
        }
        let is_well = match self.table.selftest() {
            Some(slot) => self.probe(slot)?,
            None => true,
        };
        if is_well {
            self.observe(None);
        }
        Ok(())
    }

    /// Records a change.
    fn observe(&mut self, fault: Option<TracingCause>) {
        let attached = self.bpf.way_to_attach().to_string();
        match self.tracing.check(fault, attached, clock::real_now_ns()) {
            Some(TracingEvent::Off(record)) => self.emit(Body::TracingOff(&record)),
            Some(TracingEvent::On(record)) => self.emit(Body::TracingOn(&record)),
            None => return,
        }
        self.update_status();
    }
}
