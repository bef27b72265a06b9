//! Reports of the daemon about itself while it runs: readings of the counters and what they say was lost,
//! refused events, feedback loops, outages of the output, and the line of `systemctl status`.

use std::time::Instant;

use anyhow::Result;
use syscalls::Slot;

use super::{COUNTERS_INTERVAL, Daemon, Timer, suppressed};
use crate::clock;
use crate::load::MissedCalls;
use crate::output::record::{Body, Missed, OutputRestored};
use crate::pipeline::writer::WriterState;
use crate::stats::Column;

/// Shortest outage that is recorded, in ns: a burst fills journald's queue for a moment without consequence.
const OUTAGE_NS: u64 = 1_000_000_000;

impl Daemon<'_> {
    /// Reads the counters, reports what they say, and updates the status line.
    pub(super) fn update_counters(&mut self) -> Result<()> {
        let now = Instant::now();
        let seen = self.counters.seen();
        self.beat();
        self.excluded.refresh(&self.bpf, &self.plan.exclude);
        self.abandon_old_results();
        // Events of the previous table may still have been in the ring.
        self.pipeline.borrow_mut().delivery.close_intervals_before(self.table.generation());
        self.read_counters()?;
        self.schedule_reports(now);
        self.update_status();
        self.schedule_reading(now, self.counters.seen() != seen);
        self.reclaim_boxes()
    }

    /// Arms the timers of the next reading; none on an idle host, once an interval has brought no call.
    /// Consuming an event arms one again. A refused event never reaches the daemon, so the buckets are
    /// read, less often, until none refuses any more. Neither do the calls of a process that is missing in the
    /// process trees.
    fn schedule_reading(&mut self, now: Instant, is_busy: bool) {
        let is_awake = is_busy || self.writer_state() != WriterState::Open;
        let refuses = || self.suppressed.is_any_exhausted(&self.bpf);
        let refused = (!is_awake && refuses()).then_some(now + suppressed::EVERY);
        let next = now + COUNTERS_INTERVAL;
        self.timers.set(Timer::Counters, is_awake.then_some(next).or(refused));
        let trees = !is_awake && self.bpf.tracks_processes();
        self.timers.set(Timer::ProcessTrees, trees.then_some(next));
    }

    /// Makes the routes and limits of the live table known to the parts that outlive it.
    pub(super) fn remember_table(&mut self) {
        let mut pipeline = self.pipeline.borrow_mut();
        pipeline.begin(self.table.generation(), &self.plan);
        self.suppressed.begin_table(&self.table, &mut pipeline.delivery.suppressed);
        self.counters.add_routes(&self.plan, &self.bpf.handlers);
        drop(pipeline);
        self.arm_self_test();
        self.begin_metrics();
        self.mark_next();
        if self.bpf.tracks_processes() {
            self.timers.arm(Timer::ProcessTrees, Instant::now() + COUNTERS_INTERVAL);
        }
    }

    /// Returns the routes whose calls cannot be seen, as text for people.
    pub(super) fn unattached_routes(&self) -> Vec<String> {
        self.bpf.unattachable(self.plan.routes.keys()).into_iter().map(Slot::with_abi).collect()
    }

    /// Reads the counters and the refusals, and writes records of what was lost and missed since the last time.
    /// Returns how many events the record says are lost.
    pub(super) fn read_counters(&mut self) -> Result<u64> {
        let mut pipeline = self.pipeline.borrow_mut();
        let delivery = &mut pipeline.delivery;
        let reading = self.counters.read(&self.bpf, &delivery.tally)?;
        if reading.has_missed_cgroups {
            delivery.units.read();
        }
        self.held_losses.add(reading.lost);
        // One record for a whole outage; the last chance is the stop.
        let is_held = delivery.writer_state() != WriterState::Open && self.control.is_some();
        let lost = if is_held { None } else { self.held_losses.take() };
        if let Some(lost) = &lost {
            delivery.emit(Body::Lost(lost));
        }
        let missed = reading.missed.as_ref().map_or(0, |missed| missed.count);
        let is_avoided_next = self.bpf.is_attach_provisional()
            && self.missed.add(MissedCalls { seen: reading.seen, missed }, Instant::now());
        if let Some(missed) = reading.missed {
            delivery.emit(Body::Missed(&Missed { is_avoided_next, ..missed }));
        }
        if let Some(untracked) = &reading.untracked {
            delivery.emit(Body::Untracked(untracked));
        }
        self.suppressed.read(&self.bpf, self.counters.limited(), &mut delivery.suppressed);
        let is_told = !is_held && delivery.writer_state() == WriterState::Open;
        drop(pipeline);
        // The next daemon reports all that happened since the last reading that was told.
        if is_told {
            self.save_counters();
        }
        Ok(lost.map_or(0, |lost| lost.events()))
    }

    /// Arms the timers of the periodic records that have something to report.
    fn schedule_reports(&mut self, now: Instant) {
        if !self.pipeline.borrow().delivery.suppressed.is_empty() {
            self.timers.arm(Timer::SuppressedReport, now + suppressed::EVERY);
        }
        let last = *self.last_report.get_or_insert(now);
        let interval = self.plan.stats_interval;
        if let Some(interval) = interval.filter(|_| self.counters.seen() != self.reported_seen) {
            self.timers.arm(Timer::StatsReport, now.max(last + interval));
        }
    }

    /// Reads the counters and writes the record `suppressed`.
    pub(super) fn report_suppressed(&mut self) -> Result<()> {
        self.read_counters()?;
        let mut pipeline = self.pipeline.borrow_mut();
        let delivery = &mut pipeline.delivery;
        let record = self.suppressed.take_record(&mut delivery.suppressed, &mut delivery.units);
        if let Some(record) = record {
            delivery.emit(Body::Suppressed(&record));
        }
        Ok(())
    }

    /// Reads the counters and writes the record `stats`.
    pub(super) fn report_stats(&mut self) -> Result<()> {
        self.read_counters()?;
        self.last_report = Some(Instant::now());
        self.reported_seen = self.counters.seen();
        let generation = self.table.generation();
        let mut pipeline = self.pipeline.borrow_mut();
        let misses = self.bpf.misses()?;
        let record = self.counters.stats_record(generation, &pipeline.delivery.tally, misses);
        pipeline.delivery.emit(Body::Stats(&record));
        Ok(())
    }

    /// Writes a record about a process that may react to the daemon's records.
    pub(super) fn report_feedback(&mut self) {
        let mut pipeline = self.pipeline.borrow_mut();
        let Some(suspect) = pipeline.take_suspect() else { return };
        if let Some(record) = self.feedback.report(suspect, &self.bpf, &mut pipeline.delivery.units)
        {
            pipeline.delivery.emit(Body::Feedback(&record));
        }
    }

    /// Records that the output accepts records again after a long outage.
    pub(super) fn report_outage(&mut self, before: WriterState) -> Result<()> {
        let (WriterState::Blocked { since } | WriterState::Away { since }) = before else {
            return Ok(());
        };
        let lasted_ns = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if lasted_ns < OUTAGE_NS {
            return Ok(());
        }
        let lost = self.read_counters()?;
        let to_ns = clock::real_now_ns();
        let output = self.pipeline.borrow().delivery.output().name();
        let restored =
            OutputRestored { output, from_ns: to_ns.saturating_sub(lasted_ns), to_ns, lost };
        self.emit(Body::OutputRestored(&restored));
        Ok(())
    }

    /// Updates the line in `systemctl status`.
    pub(super) fn update_status(&mut self) {
        let sums = self.counters.sums(&self.pipeline.borrow().delivery.tally);
        let status = format!(
            "{} routes, generation {}: {} events written, {} lost{}; attached to {}: {}",
            self.plan.routes.len(),
            self.table.generation(),
            sums[Column::Written],
            sums[Column::Lost],
            [
                STATUS_COLUMNS.map(|column| part(sums[column], column.phrase())).concat(),
                part(self.counters.missed(), "missed"),
                self.tracing.status(),
                self.read_back.status().to_owned(),
                self.metrics.status().to_owned(),
                self.trial.as_ref().map_or_else(String::new, |trial| format!("; {trial}")),
                self.last_reload.status(),
            ]
            .concat(),
            self.bpf.way_to_attach(),
            self.bpf.reason,
        );
        self.systemd.status(status);
    }
}

/// Columns of the status line that it leaves out where they are 0.
const STATUS_COLUMNS: [Column; 4] =
    [Column::Aggregated, Column::Filtered, Column::Sampled, Column::Limited];

/// Returns a part of the status line; empty for a count of 0.
fn part(count: u64, phrase: &str) -> String {
    if count > 0 { format!(", {count} {phrase}") } else { String::new() }
}
