//! The kernel's books and ours: what is lost is told as soon as it is known, and the sums when
//! somebody asks or we end.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;

use super::{Daemon, TICK};
use crate::books::{Books, KERNEL_REASONS};
use crate::clock;
use crate::sink::record::{Body, Loss, Lost, Reason, Skipped, Stopped, Total};
use crate::syscalls::Slot;

/// What was read last, and when.
#[derive(Debug, Default)]
pub struct Bookkeeping {
    /// Every slot that was ever routed: its counts outlive its route.
    books: BTreeMap<Slot, Books>,
    /// The daemon's own losses that were told already.
    refused: BTreeMap<Slot, u64>,
    undecodable: u64,
    cgroups_missed: u64,
    /// Syscalls that the kernel did not run the dispatcher for.
    skipped: u64,
    /// Handlers by slot, for people.
    handlers: BTreeMap<Slot, String>,
    read_ns: u64,
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
}

impl Daemon<'_> {
    /// Reads the books and tells the status, if something happened a while ago.
    pub(super) fn tick_if_due(&mut self) -> Result<()> {
        let now = Instant::now();
        if self.tick.is_none_or(|at| at > now) {
            return Ok(());
        }
        // Not idle until a whole tick brought nothing; consuming starts it again.
        self.tick = (self.gate() != super::Gate::Open).then_some(now + TICK);
        self.excluded.refresh(&self.bpf, &self.plan.exclude);
        self.stop_waiting();
        self.read_books()?;
        self.tell_status();
        Ok(())
    }

    /// Remembers which handler each slot has now.
    pub(super) fn note_routes(&mut self) {
        self.pipeline.borrow_mut().begin(self.table.generation(), &self.plan.routes);
        for (slot, route) in &self.plan.routes {
            self.bookkeeping.handlers.insert(*slot, route.told(&self.bpf.handlers));
            self.bookkeeping.books.entry(*slot).or_default();
        }
    }

    /// Routes whose calls cannot be seen, for people.
    pub(super) fn unseen(&self) -> Vec<String> {
        self.bpf.unseen(self.plan.routes.keys()).into_iter().map(Slot::with_abi).collect()
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
        self.tell_skipped(from_ns, to_ns)?;
        Ok(lost.events())
    }

    fn tell_skipped(&mut self, from_ns: u64, to_ns: u64) -> Result<()> {
        let now = self.bpf.recursion_misses()?;
        let count = now.wrapping_sub(std::mem::replace(&mut self.bookkeeping.skipped, now));
        if count > 0 {
            let attached = self.bpf.way_to_attach().to_string();
            self.say(Body::Skipped(&Skipped { from_ns, to_ns, count, attached }));
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
        let tally = self.pipeline.borrow().tally().clone();
        let mut losses = Vec::new();
        for (&slot, &now) in &tally.refused {
            let before = self.bookkeeping.refused.insert(slot, now).unwrap_or_default();
            losses.extend(self.loss(slot, Reason::Output, now - before));
        }
        let before = std::mem::replace(&mut self.bookkeeping.undecodable, tally.undecodable);
        let count = tally.undecodable - before;
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
            self.pipeline.borrow_mut().read_units();
        }
        Ok(())
    }

    /// The line in `systemctl status`.
    pub(super) fn tell_status(&mut self) {
        let written: u64 = self.pipeline.borrow().tally().written.values().sum();
        let lost: u64 = self.totals().iter().map(|total| total.lost).sum();
        let status = format!(
            "{} routes, generation {}: {written} events written, {lost} lost{}{}{}; attached to {}: {}",
            self.plan.routes.len(),
            self.table.generation(),
            skipped(self.bookkeeping.skipped),
            self.sight.status(),
            self.attempt.status(),
            self.bpf.way_to_attach(),
            self.bpf.reason,
        );
        self.service.status(status);
    }

    /// The last record.
    pub(super) fn stopped(&self, reason: &str, generation: u32) -> Stopped {
        let skipped = self.bookkeeping.skipped;
        Stopped { reason: reason.to_owned(), generation, totals: self.totals(), skipped }
    }

    fn totals(&self) -> Vec<Total> {
        let pipeline = self.pipeline.borrow();
        let tally = pipeline.tally();
        let count = |counts: &BTreeMap<Slot, u64>, slot| counts.get(&slot).copied().unwrap_or(0);
        let total = |(&slot, books): (&Slot, &Books)| Total {
            slot,
            handler: self.bookkeeping.handlers.get(&slot).cloned().unwrap_or_default(),
            seen: books.seen,
            written: count(&tally.written, slot),
            filtered: count(&tally.filtered, slot),
            excluded: books.excluded(),
            counted: books.counted,
            lost: books.lost.iter().sum::<u64>() + count(&tally.refused, slot),
        };
        self.bookkeeping.books.iter().map(total).collect()
    }
}

/// For the status line: said only where there is something to say.
fn skipped(count: u64) -> String {
    if count > 0 { format!(", {count} passed over by the kernel") } else { String::new() }
}
