//! Readings of the kernel's counters, and the losses that they report.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use syscalls::Slot;

use super::{COUNTERS_INTERVAL, Daemon, Timer};
use crate::clock;
use crate::output::record::{Body, Loss, Lost, Missed};
use crate::pipeline::writer::WriterState;
use crate::stats::{Column, Counted, KernelCounters, Reason, UserCounters};

/// Values of the last reading of the counters.
#[derive(Debug, Default)]
pub struct Counters {
    /// Every slot that was ever routed: its counts outlive its route.
    pub(super) kernel: BTreeMap<Slot, KernelCounters>,
    /// The daemon's own counters at the time of the last loss record.
    reported: UserCounters,
    cgroups_missed: u64,
    /// Syscalls that the kernel did not run the dispatcher for.
    pub(super) missed: u64,
    /// Handlers by slot, for people.
    pub(super) handlers: BTreeMap<Slot, String>,
    read_ns: u64,
    /// Time of the last record `stats`, and the calls seen by then.
    pub(super) last_report: Option<Instant>,
    pub(super) reported_seen: u64,
}

impl Counters {
    /// Every slot that was ever routed, and the last handler it had.
    pub fn slots(&self) -> impl Iterator<Item = (Slot, &str)> {
        let handler = |slot| self.handlers.get(slot).map_or("", String::as_str);
        self.kernel.keys().map(move |slot| (*slot, handler(slot)))
    }

    /// Starts the period of the first loss record.
    pub fn begin(&mut self, now_ns: u64) {
        self.read_ns = now_ns;
    }

    /// Returns the calls of all routes that were not excluded.
    pub(super) fn seen(&self) -> u64 {
        let recorded = |counters: &KernelCounters| {
            counters.seen.saturating_sub(counters.column(Column::Excluded))
        };
        self.kernel.values().map(recorded).sum()
    }
}

impl Daemon<'_> {
    /// Reads the counters, reports what they say, and updates the status line.
    pub(super) fn update_counters(&mut self) -> Result<()> {
        let now = Instant::now();
        let seen = self.counters.seen();
        self.excluded.refresh(&self.bpf, &self.plan.exclude);
        self.abandon_old_results();
        // Events of the previous table may still have been in the ring.
        self.pipeline.borrow_mut().delivery.close_before(self.table.generation());
        self.read_counters()?;
        self.read_suppressed();
        self.schedule_reports(now);
        self.update_status();
        let next = self.next_reading(now, self.counters.seen() != seen);
        self.timers.set(Timer::Counters, next);
        Ok(())
    }

    /// Returns the time of the next reading; `None` on an idle host, once an interval has brought no call.
    /// Consuming an event arms the timer again. A refused event never reaches the daemon, so the buckets are
    /// read, less often, until none refuses any more.
    fn next_reading(&self, now: Instant, is_busy: bool) -> Option<Instant> {
        if is_busy || self.writer_state() != WriterState::Open {
            return Some(now + COUNTERS_INTERVAL);
        }
        self.is_anyone_limited().then_some(now + super::suppressed::EVERY)
    }

    /// Remembers the handler of each slot of the live table.
    pub(super) fn remember_routes(&mut self) {
        self.pipeline.borrow_mut().begin(self.table.generation(), &self.plan);
        self.remember_limits();
        for (slot, route) in &self.plan.routes {
            self.counters.handlers.insert(*slot, route.handler_names(&self.bpf.handlers));
            self.counters.kernel.entry(*slot).or_default();
        }
    }

    /// Routes whose calls cannot be seen, for people.
    pub(super) fn unseen(&self) -> Vec<String> {
        self.bpf.unattachable(self.plan.routes.keys()).into_iter().map(Slot::with_abi).collect()
    }

    /// Reads the counters and writes records of what was lost and what the kernel did not show since the
    /// last time. Returns how many events were lost.
    pub(super) fn read_counters(&mut self) -> Result<u64> {
        let slots = self.counters.kernel.keys();
        let counters = &self.bpf.counters;
        let new = slots.map(|&slot| (slot, counters.of(slot))).collect();
        let mut losses = self.kernel_losses(&new);
        losses.extend(self.own_losses());
        self.counters.kernel = new;
        self.catch_up_with_cgroups()?;

        let to_ns = clock::real_now_ns();
        let from_ns = std::mem::replace(&mut self.counters.read_ns, to_ns);
        let lost = Lost { from_ns, to_ns, losses };
        if !lost.losses.is_empty() {
            self.emit(Body::Lost(&lost));
        }
        self.record_missed(from_ns, to_ns)?;
        Ok(lost.events())
    }

    fn record_missed(&mut self, from_ns: u64, to_ns: u64) -> Result<()> {
        let now = self.bpf.recursion_misses()?;
        let count = now.wrapping_sub(std::mem::replace(&mut self.counters.missed, now));
        if count > 0 {
            let attached = self.bpf.way_to_attach().to_string();
            self.emit(Body::Missed(&Missed { from_ns, to_ns, count, attached }));
        }
        Ok(())
    }

    fn kernel_losses(&self, new: &BTreeMap<Slot, KernelCounters>) -> Vec<Loss> {
        let mut losses = Vec::new();
        for (&slot, now) in new {
            let before = self.counters.kernel.get(&slot).copied().unwrap_or_default();
            losses.extend(self.losses(slot, now.losses_since(&before)));
        }
        losses
    }

    fn own_losses(&mut self) -> Vec<Loss> {
        let tally = self.pipeline.borrow().delivery.tally.clone();
        let reported = std::mem::replace(&mut self.counters.reported, tally.clone());
        let mut losses = Vec::new();
        for (&slot, now) in &tally.slots {
            losses.extend(self.losses(slot, now.losses_since(&reported.of(slot))));
        }
        let count = tally.undecodable - reported.undecodable;
        if count > 0 {
            let reason = Reason::Undecodable;
            losses.push(Loss { slot: None, handler: String::new(), reason, count });
        }
        losses
    }

    fn losses(
        &self,
        slot: Slot,
        counts: impl Iterator<Item = (Reason, u64)>,
    ) -> impl Iterator<Item = Loss> {
        let handler = self.counters.handlers.get(&slot).cloned().unwrap_or_default();
        counts.map(move |(reason, count)| Loss {
            slot: Some(slot),
            handler: handler.clone(),
            reason,
            count,
        })
    }

    /// Reads cgroups that the kernel could not report from the file system instead.
    fn catch_up_with_cgroups(&mut self) -> Result<()> {
        let missed = self.bpf.cgroups_missed()?;
        if std::mem::replace(&mut self.counters.cgroups_missed, missed) != missed {
            self.pipeline.borrow_mut().delivery.units.read();
        }
        Ok(())
    }
}
