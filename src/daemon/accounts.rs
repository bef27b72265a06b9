//! The books as they are told: in a record every now and then, in the last one, and in the line of
//! `systemctl status`.

use std::time::Instant;

use anyhow::Result;
use syscalls::Slot;

use super::Daemon;
use super::suppressing;
use crate::output::record::{Body, Stats, Stopped, Total};
use crate::stats::Books;

/// When records are due that come every now and then, if there is something to tell.
#[derive(Debug, Default)]
pub struct Reports {
    suppressed: Option<Instant>,
    books: Option<Instant>,
    /// When the books were told last, and what had been seen then.
    told: Option<Instant>,
    seen: u64,
}

impl Reports {
    /// When the next one is due.
    pub fn next(&self) -> Option<Instant> {
        self.suppressed.into_iter().chain(self.books).min()
    }
}

impl Daemon<'_> {
    /// Something may have happened that is worth a record in a while.
    pub(super) fn plan_reports(&mut self, now: Instant) {
        let (has_refusals, seen) = (self.has_refusals(), self.bookkeeping.seen());
        let reports = &mut self.bookkeeping.reports;
        if has_refusals && reports.suppressed.is_none() {
            reports.suppressed = Some(now + suppressing::EVERY);
        }
        let begin = *reports.told.get_or_insert(now);
        if reports.books.is_none() && seen != reports.seen {
            reports.books = self.plan.stats_interval.map(|every| now.max(begin + every));
        }
    }

    /// Writes the records that are due.
    pub(super) fn report_if_due(&mut self) -> Result<()> {
        let now = Instant::now();
        if self.bookkeeping.next_report().is_none_or(|at| at > now) {
            return Ok(());
        }
        self.read_books()?;
        self.read_suppressed();
        if self.bookkeeping.reports.suppressed.take_if(|at| *at <= now).is_some() {
            self.tell_suppressed();
        }
        if self.bookkeeping.reports.books.take_if(|at| *at <= now).is_some() {
            let seen = self.bookkeeping.seen();
            let reports = &mut self.bookkeeping.reports;
            (reports.told, reports.seen) = (Some(now), seen);
            self.say(Body::Stats(&self.stats_record()));
        }
        Ok(())
    }

    fn stats_record(&self) -> Stats {
        let (generation, missed) = (self.table.generation(), self.bookkeeping.missed);
        let totals = self.totals().into_iter().filter(|total| total.seen > 0).collect();
        Stats { generation, totals, missed }
    }

    /// The line in `systemctl status`.
    pub(super) fn tell_status(&mut self) {
        let totals = self.totals();
        let sum = |of: fn(&Total) -> u64| totals.iter().map(of).sum::<u64>();
        let status = format!(
            "{} routes, generation {}: {} events written, {} lost{}; attached to {}: {}",
            self.plan.routes.len(),
            self.table.generation(),
            sum(|total| total.written),
            sum(|total| total.lost),
            [
                told(sum(|total| total.aggregated), "aggregated"),
                told(sum(|total| total.filtered), "filtered"),
                told(sum(|total| total.sampled), "sampled out"),
                told(sum(|total| total.limited), "limited"),
                told(self.bookkeeping.missed, "missed"),
                self.sight.status(),
                self.attempt.status(),
            ]
            .concat(),
            self.bpf.way_to_attach(),
            self.bpf.reason,
        );
        self.service.status(status);
    }

    /// The last record.
    pub(super) fn stopped(&self, reason: &str, generation: u32) -> Stopped {
        let missed = self.bookkeeping.missed;
        Stopped { reason: reason.to_owned(), generation, totals: self.totals(), missed }
    }

    fn totals(&self) -> Vec<Total> {
        self.bookkeeping.books.iter().map(|(&slot, books)| self.total(slot, books)).collect()
    }

    fn total(&self, slot: Slot, books: &Books) -> Total {
        let handled = self.pipeline.borrow().delivery.tally.of(slot);
        Total {
            slot,
            handler: self.bookkeeping.handlers.get(&slot).cloned().unwrap_or_default(),
            seen: books.seen,
            written: handled.written,
            aggregated: handled.aggregated,
            filtered: books.filtered + handled.filtered,
            sampled: books.sampled,
            limited: books.limited + books.limited_uid + handled.limited,
            excluded: books.excluded(),
            counted: books.counted,
            lost: books.lost.iter().sum::<u64>() + handled.lost(),
        }
    }
}

/// For the status line: said only where there is something to say.
fn told(count: u64, what: &str) -> String {
    if count > 0 { format!(", {count} {what}") } else { String::new() }
}
