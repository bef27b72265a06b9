//! The end of the daemon: nothing new is recorded, what was recorded is written, the last record carries the
//! counters.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Daemon, RECONNECT_INTERVAL};
use crate::output::record::Body;
use crate::pipeline::writer::WriterState;
use crate::plan::Plan;
use crate::ring::Rest;

/// Time for which the output may take to accept the last records.
const DRAIN_MAX: Duration = Duration::from_secs(2);

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
        let until = Instant::now() + DRAIN_MAX;
        self.drain(until)?;
        self.bpf.detach();
        self.report_suppressed()?;
        let user = self.pipeline.borrow().delivery.tally.clone();
        let stopped = self.counters.stopped_record(reason, generation, &user);
        self.emit(Body::Stopped(&stopped));
        self.drain(until)?;
        if matches!(self.writer_state(), WriterState::Blocked { .. } | WriterState::Away { .. }) {
            tracing::warn!(
                "the output accepted nothing for {} s: unwritten records are lost, the final statistics too",
                DRAIN_MAX.as_secs()
            );
        }
        Ok(())
    }

    /// Writes what is in the ring until `until`, as far as the output accepts it.
    fn drain(&mut self, until: Instant) -> Result<()> {
        while self.writer_state() != WriterState::Closed && Instant::now() < until {
            let rest = self.consume()?;
            let is_empty = self.writer_state() == WriterState::Open && rest != Rest::None;
            // No call that is still pending can return a result any more.
            if is_empty && !self.pipeline.borrow_mut().finish() {
                break;
            }
            if self.writer_state() != WriterState::Open {
                let left = until.saturating_duration_since(Instant::now()).min(RECONNECT_INTERVAL);
                for wakeup in self.poll.wait(Some(left))? {
                    self.on_wakeup(wakeup)?;
                }
            }
        }
        Ok(())
    }
}
