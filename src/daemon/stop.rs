//! The end of the daemon: nothing new is recorded, what was recorded is written, the last record carries the
//! counters.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::heartbeat::Heartbeat;
use super::{Daemon, RECONNECT_INTERVAL, saved_calls};
use crate::load::MissedCalls;
use crate::output::OwnWaiting;
use crate::output::record::Body;
use crate::pipeline::Pipeline;
use crate::pipeline::writer::WriterState;
use crate::plan::Plan;
use crate::ring::{Rest, Unread};
use crate::rpc::runtime_folder;

/// Time for which the output may accept nothing before what is left counts as lost.
pub(super) const STALL_MAX: Duration = Duration::from_secs(2);

/// Time for which the ring is written at the end, however steadily the output accepts events. Within `TimeoutStopSec=` of
/// the unit.
pub(super) const DRAIN_MAX: Duration = Duration::from_secs(20);

/// Limit of the time that the output has at the end of a recording: each record that it accepts extends it.
#[derive(Debug)]
pub(super) struct Deadline {
    /// Time at which the output has accepted nothing for `STALL_MAX`.
    pub stalled: Instant,
    last: Instant,
    written: u64,
}

impl Deadline {
    /// Begins the time of an output that has accepted that many records.
    pub fn begin(written: u64) -> Self {
        let now = Instant::now();
        Self { stalled: now + STALL_MAX, last: now + DRAIN_MAX, written }
    }

    /// Returns the time at which to give up, now that the output has accepted that many records.
    pub fn after(&mut self, written: u64) -> Instant {
        if written != self.written {
            (self.written, self.stalled) = (written, Instant::now() + STALL_MAX);
        }
        self.stalled.min(self.last)
    }
}

impl Daemon<'_> {
    /// Stops with counters that add up. Once an empty table is live and its grace period is over, no event can
    /// be added, so the ring holds all that is left. The kernel may detach a closed link after the call that
    /// closes it returns.
    pub(super) fn stop(&mut self, reason: &str) -> Result<()> {
        self.systemd.stopping();
        self.control = None;
        // The empty table that follows has a generation too, but decides about no call.
        let generation = self.table.generation();
        self.table.apply(&mut self.bpf, &Plan::default())?;
        if let Some(Err(error)) = self.heartbeat.as_mut().map(Heartbeat::stop) {
            tracing::warn!("the next start cannot tell since when nothing is recorded: {error:#}");
        }
        self.metrics.remove();
        if let Err(error) = MissedCalls::forget(&runtime_folder()) {
            tracing::warn!("{error:#}");
        }
        self.finish_drains()?;
        let pipeline = Rc::clone(&self.pipeline);
        let written = || pipeline.borrow().delivery.output().counts().written;
        let mut deadline = Deadline::begin(written());
        self.drain(|| Ok(Some(deadline.after(written()))), Pipeline::finish)?;
        self.bpf.detach();
        self.end(reason, generation, deadline.stalled)
    }

    /// Counts what is left as lost, and writes the last records until `until`, or for `STALL_MAX` if the output has accepted
    /// all so far: what the daemon does itself may take longer.
    pub(super) fn end(&mut self, reason: &str, generation: u32, until: Instant) -> Result<()> {
        self.give_up()?;
        self.report_suppressed()?;
        let user = self.pipeline.borrow().delivery.tally.clone();
        let stopped = self.counters.stopped_record(reason, generation, &user, self.bpf.misses()?);
        let is_open = self.writer_state() == WriterState::Open;
        let until = if is_open { Instant::now() + STALL_MAX } else { until };
        self.emit(Body::Stopped(&stopped));
        self.drain(|| Ok(Some(until)), Pipeline::finish)?;
        self.tell_of_last_records();
        Ok(())
    }

    /// Ends without an end of the recording: table, ring and links are left to the next daemon, with the calls that wait
    /// for their results and the event that waits for journald. Aggregates that are not written count as lost.
    pub(super) fn leave(&mut self, reason: &str) -> Result<()> {
        self.systemd.stopping();
        self.control = None;
        self.leave_drains()?;
        let until = Instant::now() + STALL_MAX;
        self.drain(|| Ok(Some(until)), Pipeline::finish_aggregates)?;
        // Nothing is taken out of the ring from here on: it would be lost.
        let calls = self.pipeline.borrow_mut().take_pending();
        let ring = self.bpf.kernel_state()?.ring;
        if let Err(error) = saved_calls::save(&runtime_folder(), ring, &calls) {
            tracing::warn!("{} calls that wait for their results are lost: {error:#}", calls.len());
        }
        self.pipeline.borrow_mut().give_up_aggregates();
        self.report_suppressed()?;
        let user = self.pipeline.borrow().delivery.tally.clone();
        let (generation, misses) = (self.table.generation(), self.bpf.misses()?);
        let stopped = self.counters.stopped_record(reason, generation, &user, misses);
        self.emit(Body::Stopped(&stopped));
        self.write_own(until)?;
        self.pipeline.borrow_mut().leave();
        self.tell_of_last_records();
        if let Some(Err(error)) = self.heartbeat.as_mut().map(Heartbeat::stop) {
            tracing::warn!("the next start cannot tell how this one ended: {error:#}");
        }
        self.bpf.leave();
        Ok(())
    }

    /// Counts what is left in the ring, in the pipeline and in the output as lost.
    fn give_up(&mut self) -> Result<()> {
        let mut unread = Unread::begin(&self.bpf)?;
        unread.advance();
        let rings: Vec<_> = self.unread_leftover()?.into_iter().chain([unread]).collect();
        let in_rings = |slot| rings.iter().map(|ring| ring.events(slot)).sum();
        let in_ring = self.counters.slots().map(|(slot, _)| (slot, in_rings(slot)));
        self.pipeline.borrow_mut().give_up(in_ring);
        Ok(())
    }

    /// Tells of the last records, if the output has not accepted them.
    fn tell_of_last_records(&self) {
        if !matches!(self.writer_state(), WriterState::Blocked { .. } | WriterState::Away { .. }) {
            return;
        }
        let (seconds, pipeline) = (STALL_MAX.as_secs(), self.pipeline.borrow());
        match pipeline.delivery.output().own_waiting() {
            OwnWaiting { kept, unkept: 0 } if kept > 0 => tracing::warn!(
                "the output accepted nothing for {seconds} s: {kept} records are saved for the next start, \
                 the last statistics among them"
            ),
            _ => tracing::warn!(
                "the output accepted nothing for {seconds} s: unwritten records are lost, the last statistics too"
            ),
        }
    }

    /// Writes the records that wait, until `until`, and takes nothing out of the ring.
    fn write_own(&mut self, until: Instant) -> Result<()> {
        loop {
            let state = self.pipeline.borrow_mut().flush();
            let left = until.saturating_duration_since(Instant::now()).min(RECONNECT_INTERVAL);
            if matches!(state, WriterState::Open | WriterState::Closed) || left.is_zero() {
                return Ok(());
            }
            for wakeup in self.poll.wait(Some(left))? {
                self.on_wakeup(wakeup)?;
            }
        }
    }

    /// Writes what is in the ring, as far as the output accepts it until the time that `until` returns each turn; `None`
    /// is as long as it takes. `finish` delivers what is in the pipeline then, and returns whether any of it is left.
    pub(super) fn drain(
        &mut self,
        mut until: impl FnMut() -> Result<Option<Instant>>,
        finish: fn(&mut Pipeline) -> bool,
    ) -> Result<()> {
        while self.writer_state() != WriterState::Closed {
            let left = until()?.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                break;
            }
            let rest = self.consume()?;
            let is_empty = self.writer_state() == WriterState::Open && rest != Rest::None;
            // No call that is still pending can return a result any more.
            if is_empty && !finish(&mut self.pipeline.borrow_mut()) {
                break;
            }
            if self.writer_state() != WriterState::Open {
                let left = left.unwrap_or(RECONNECT_INTERVAL).min(RECONNECT_INTERVAL);
                for wakeup in self.poll.wait(Some(left))? {
                    self.on_wakeup(wakeup)?;
                }
            }
        }
        Ok(())
    }
}
