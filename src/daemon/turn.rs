//! Turns at the ring, and the pause while the output accepts nothing.

use std::time::Instant;

use anyhow::Result;

use super::timers::Timer;
use super::{COUNTERS_INTERVAL, Daemon};
use crate::pipeline::writer::WriterState;
use crate::ring::Rest;

impl Daemon<'_> {
    /// Takes one turn at the ring, if the output accepts records.
    pub(super) fn consume(&mut self) -> Result<Rest> {
        if self.drains.are_running() {
            self.wait_for_drain()?;
            return Ok(Rest::Sleep);
        }
        if matches!(self.writer_state(), WriterState::Away { .. }) {
            self.reopen()?;
        }
        if self.writer_state() != WriterState::Open {
            // A record of the daemon's own may have been the one that the output did not accept.
            self.pause()?;
            return Ok(Rest::Sleep);
        }
        self.pipeline.borrow_mut().delivery.set_clock();
        if self.read_leftover()? {
            return self.pause_if_full(Rest::None);
        }
        let rest = self.consumer.turn();
        if rest == Rest::None {
            self.timers.arm(Timer::Counters, Instant::now() + COUNTERS_INTERVAL);
        }
        self.pipeline.borrow_mut().end_turn(rest != Rest::None);
        self.note_known_calls();
        self.pause_if_full(rest)
    }

    fn pause_if_full(&mut self, rest: Rest) -> Result<Rest> {
        if self.writer_state() != WriterState::Open {
            self.pause()?;
        }
        Ok(rest)
    }

    /// Stops consuming while the output accepts nothing (backpressure): the ring is the queue.
    pub(super) fn pause(&mut self) -> Result<()> {
        self.consumer.pause();
        let state = self.writer_state();
        self.poll.pause(&self.consumer, self.pipeline.borrow().delivery.output(), state)?;
        self.timers.arm(Timer::Counters, Instant::now() + COUNTERS_INTERVAL);
        Ok(())
    }

    /// Writes the records that wait and, if the output accepts them, resumes consuming.
    pub(super) fn reopen(&mut self) -> Result<()> {
        let before = self.writer_state();
        if self.pipeline.borrow_mut().flush() != WriterState::Open {
            return self.pause();
        }
        self.poll.resume(&self.consumer, self.pipeline.borrow().delivery.output())?;
        self.report_outage(before)
    }
}
