//! Reports of the counters: the periodic records, the last record, and the status line of `systemctl status`.

use std::time::Instant;

use anyhow::Result;
use syscalls::Slot;

use super::{Daemon, Timer, suppressed};
use crate::output::record::{Body, Stats, Stopped, Total};
use crate::stats::{Column, KernelCounters, Sums};

impl Daemon<'_> {
    /// Arms the timers of the periodic records that have something to report.
    pub(super) fn schedule_reports(&mut self, now: Instant) {
        if self.has_refusals() {
            self.timers.arm(Timer::SuppressedReport, now + suppressed::EVERY);
        }
        let last = *self.counters.last_report.get_or_insert(now);
        let interval = self.plan.stats_interval;
        if let Some(interval) =
            interval.filter(|_| self.counters.seen() != self.counters.reported_seen)
        {
            self.timers.arm(Timer::StatsReport, now.max(last + interval));
        }
    }

    /// Reads the counters and writes the record `suppressed`.
    pub(super) fn report_suppressed_now(&mut self) -> Result<()> {
        self.read_counters()?;
        self.read_suppressed();
        self.report_suppressed();
        Ok(())
    }

    /// Reads the counters and writes the record `stats`.
    pub(super) fn report_stats(&mut self) -> Result<()> {
        self.read_counters()?;
        self.read_suppressed();
        self.counters.last_report = Some(Instant::now());
        self.counters.reported_seen = self.counters.seen();
        self.emit(Body::Stats(&self.stats_record()));
        Ok(())
    }

    fn stats_record(&self) -> Stats {
        let (generation, missed) = (self.table.generation(), self.counters.missed);
        let totals = self.totals().into_iter().filter(|total| total.seen > 0).collect();
        Stats { generation, totals, missed }
    }

    /// The line in `systemctl status`.
    pub(super) fn update_status(&mut self) {
        let sums = Sums::total(self.totals().iter().map(|total| &total.sums));
        let status = format!(
            "{} routes, generation {}: {} events written, {} lost{}; attached to {}: {}",
            self.plan.routes.len(),
            self.table.generation(),
            sums[Column::Written],
            sums[Column::Lost],
            [
                STATUS_COLUMNS.map(|column| part(sums[column], column.phrase())).concat(),
                part(self.counters.missed, "missed"),
                self.ftrace.status(),
                self.last_reload.status(),
            ]
            .concat(),
            self.bpf.way_to_attach(),
            self.bpf.reason,
        );
        self.systemd.status(status);
    }

    /// The last record.
    pub(super) fn stopped(&self, reason: &str, generation: u32) -> Stopped {
        let missed = self.counters.missed;
        Stopped { reason: reason.to_owned(), generation, totals: self.totals(), missed }
    }

    fn totals(&self) -> Vec<Total> {
        self.counters.kernel.iter().map(|(&slot, counters)| self.total(slot, counters)).collect()
    }

    fn total(&self, slot: Slot, counters: &KernelCounters) -> Total {
        let outcomes = self.pipeline.borrow().delivery.tally.of(slot);
        Total {
            slot,
            handler: self.counters.handlers.get(&slot).cloned().unwrap_or_default(),
            seen: counters.seen,
            sums: Sums::default().with(counters).with(&outcomes),
        }
    }
}

/// Columns of the status line that it leaves out where they are 0.
const STATUS_COLUMNS: [Column; 4] =
    [Column::Aggregated, Column::Filtered, Column::Sampled, Column::Limited];

/// Returns a part of the status line; empty for a count of 0.
fn part(count: u64, phrase: &str) -> String {
    if count > 0 { format!(", {count} {phrase}") } else { String::new() }
}
