//! The kernel's books and ours are read, and what is lost is told as soon as it is known.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use syscalls::Slot;

use super::accounts::Reports;
use super::{Daemon, TICK};
use crate::clock;
use crate::output::record::{Body, Loss, Lost, Missed, Reason};
use crate::stats::{Books, KERNEL_REASONS};
use crate::stats::{Handled, Tally};

/// What was read last, and when.
#[derive(Debug, Default)]
pub struct Bookkeeping {
    /// Every slot that was ever routed: its counts outlive its route.
    pub(super) books: BTreeMap<Slot, Books>,
    /// The daemon's own part, as it was when its losses were told last.
    told: Tally,
    cgroups_missed: u64,
    /// Syscalls that the kernel did not run the dispatcher for.
    pub(super) missed: u64,
    /// Handlers by slot, for people.
    pub(super) handlers: BTreeMap<Slot, String>,
    read_ns: u64,
    /// The records that come every now and then.
    pub(super) reports: Reports,
}

impl Bookkeeping {
    /// Every slot that was ever routed, and the last handler it had.
    pub fn slots(&self) -> impl Iterator<Item = (Slot, &str)> {
        let handler = |slot| self.handlers.get(slot).map_or("", String::as_str);
        self.books.keys().map(move |slot| (*slot, handler(slot)))
    }

    /// Losses are told from here on.
    pub fn begin(&mut self, now_ns: u64) {
        self.read_ns = now_ns;
    }

    /// Calls that somebody else made, of all routes.
    pub(super) fn seen(&self) -> u64 {
        self.books.values().map(|books| books.seen.saturating_sub(books.excluded())).sum()
    }

    /// When the next record is due that comes every now and then.
    pub fn next_report(&self) -> Option<Instant> {
        self.reports.next()
    }
}

impl Daemon<'_> {
    /// Reads the books and tells the status, if something happened a while ago.
    pub(super) fn tick_if_due(&mut self) -> Result<()> {
        let now = Instant::now();
        if self.tick.is_none_or(|at| at > now) {
            return Ok(());
        }
        let seen = self.bookkeeping.seen();
        self.excluded.refresh(&self.bpf, &self.plan.exclude);
        self.stop_waiting();
        // Some of what the table before judged was in the ring still.
        self.pipeline.borrow_mut().delivery.close_before(self.table.generation());
        self.read_books()?;
        self.read_suppressed();
        self.plan_reports(now);
        self.tell_status();
        self.tick = self.next_tick(now, self.bookkeeping.seen() != seen);
        Ok(())
    }

    /// Not idle until a whole tick brought nothing; consuming starts it again. What limits refuse comes
    /// without an event: it is looked for, less often, until all may send again.
    fn next_tick(&self, now: Instant, is_busy: bool) -> Option<Instant> {
        if is_busy || self.gate() != super::Gate::Open {
            return Some(now + TICK);
        }
        self.is_anyone_limited().then_some(now + super::suppressing::EVERY)
    }

    /// Remembers which handler each slot has now.
    pub(super) fn note_routes(&mut self) {
        self.pipeline.borrow_mut().begin(self.table.generation(), &self.plan);
        self.note_limits();
        for (slot, route) in &self.plan.routes {
            self.bookkeeping.handlers.insert(*slot, route.handler_names(&self.bpf.handlers));
            self.bookkeeping.books.entry(*slot).or_default();
        }
    }

    /// Routes whose calls cannot be seen, for people.
    pub(super) fn unseen(&self) -> Vec<String> {
        self.bpf.unattachable(self.plan.routes.keys()).into_iter().map(Slot::with_abi).collect()
    }

    /// Reads the books and writes records of what was lost and what the kernel did not show since the
    /// last time. Returns how many events were lost.
    pub(super) fn read_books(&mut self) -> Result<u64> {
        let slots = self.bookkeeping.books.keys();
        let books = &self.bpf.books;
        let new = slots.map(|&slot| (slot, books.of(slot))).collect();
        let mut losses = self.kernel_losses(&new);
        losses.extend(self.own_losses());
        self.bookkeeping.books = new;
        self.catch_up_with_cgroups()?;

        let to_ns = clock::real_now_ns();
        let from_ns = std::mem::replace(&mut self.bookkeeping.read_ns, to_ns);
        let lost = Lost { from_ns, to_ns, losses };
        if !lost.losses.is_empty() {
            self.say(Body::Lost(&lost));
        }
        self.record_missed(from_ns, to_ns)?;
        Ok(lost.events())
    }

    fn record_missed(&mut self, from_ns: u64, to_ns: u64) -> Result<()> {
        let now = self.bpf.recursion_misses()?;
        let count = now.wrapping_sub(std::mem::replace(&mut self.bookkeeping.missed, now));
        if count > 0 {
            let attached = self.bpf.way_to_attach().to_string();
            self.say(Body::Missed(&Missed { from_ns, to_ns, count, attached }));
        }
        Ok(())
    }

    fn kernel_losses(&self, new: &BTreeMap<Slot, Books>) -> Vec<Loss> {
        let mut losses = Vec::new();
        for (&slot, books) in new {
            let before = self.bookkeeping.books.get(&slot).copied().unwrap_or_default();
            let counts = books.lost.iter().zip(before.lost).zip(Reason::ALL);
            for ((&now, before), reason) in counts.take(KERNEL_REASONS) {
                losses.extend(self.loss(slot, reason, now.saturating_sub(before)));
            }
            let results = books.results_lost.saturating_sub(before.results_lost);
            losses.extend(self.loss(slot, Reason::Result, results));
        }
        losses
    }

    fn own_losses(&mut self) -> Vec<Loss> {
        let tally = self.pipeline.borrow().delivery.tally.clone();
        let told = std::mem::replace(&mut self.bookkeeping.told, tally.clone());
        let mut losses = Vec::new();
        for (&slot, now) in &tally.slots {
            let before = told.of(slot);
            let grown = |of: fn(&Handled) -> u64| of(now).saturating_sub(of(&before));
            losses.extend(self.loss(slot, Reason::Output, grown(|handled| handled.refused)));
            losses.extend(self.loss(slot, Reason::Shed, grown(|handled| handled.over_budget)));
        }
        let count = tally.undecodable - told.undecodable;
        if count > 0 {
            let reason = Reason::Undecodable;
            losses.push(Loss { slot: None, handler: String::new(), reason, count });
        }
        losses
    }

    fn loss(&self, slot: Slot, reason: Reason, count: u64) -> Option<Loss> {
        let handler = self.bookkeeping.handlers.get(&slot).cloned().unwrap_or_default();
        (count > 0).then_some(Loss { slot: Some(slot), handler, reason, count })
    }

    /// Cgroups that the kernel could not tell of are read from the file system instead.
    fn catch_up_with_cgroups(&mut self) -> Result<()> {
        let missed = self.bpf.cgroups_missed()?;
        if std::mem::replace(&mut self.bookkeeping.cgroups_missed, missed) != missed {
            self.pipeline.borrow_mut().delivery.units.read();
        }
        Ok(())
    }
}
