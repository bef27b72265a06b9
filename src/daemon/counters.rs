//! Counters of all routes over the daemon's life: readings of the kernel's, what they say was lost, and the sums
//! that records show.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use syscalls::Slot;

use super::missed_calls::MissedTotal;
use super::untracked::UntrackedReader;
use crate::clock;
use crate::handlers::Handlers;
use crate::load::Bpf;
use crate::output::record::{Loss, Lost, Missed, Stats, Stopped, Total, Untracked};
use crate::plan::Plan;
use crate::stats::{Column, Counted, KernelCounters, Misses, Reason, Sums, UserCounters};

/// Values of the last reading of the counters.
#[derive(Debug, Default)]
pub struct Counters {
    /// Every slot that was ever routed: its counts outlive its route.
    kernel: BTreeMap<Slot, KernelCounters>,
    /// The daemon's own counters at the time of the last reading.
    user: UserCounters,
    cgroups_missed: u64,
    untracked: UntrackedReader,
    /// Syscalls that the kernel did not run the dispatcher for.
    missed: MissedTotal,
    /// Names of the handlers by slot.
    handlers: BTreeMap<Slot, String>,
    /// Time of the last reading, ns since 1970 UTC.
    read_ns: u64,
}

/// Values of a reading, for the next daemon.
#[derive(Debug, Serialize, Deserialize)]
pub struct CountersState {
    /// Id of the ring that they belong to.
    pub ring: u32,
    kernel: BTreeMap<Slot, KernelCounters>,
    user: UserCounters,
    missed: u64,
    /// Part of these that the kernel has for the next daemon; absent: an earlier version has not saved it.
    #[serde(default)]
    missed_kept: Option<u64>,
    handlers: BTreeMap<Slot, String>,
    /// Time of the reading, ns since 1970 UTC; 0: an earlier version has not saved it.
    #[serde(default)]
    read_ns: u64,
}

/// Differences between two readings.
#[derive(Debug)]
pub struct Reading {
    /// Events that were lost; may be none.
    pub lost: Lost,
    /// Calls of all routes, excluded or not.
    pub seen: u64,
    /// Syscalls that the kernel did not run the dispatcher for.
    pub missed: Option<Missed>,
    /// Cgroups and processes that filters do not know.
    pub untracked: Option<Untracked>,
    /// The kernel could not report cgroups: they are to be read from the file system.
    pub has_missed_cgroups: bool,
}

impl Counters {
    /// Makes counters whose first reading covers the time from now on.
    pub fn new(now_ns: u64) -> Self {
        Self { read_ns: now_ns, ..Self::default() }
    }

    /// Notes that process trees lack no process.
    pub fn begin(&mut self) {
        self.untracked.begin();
    }

    /// Returns the values of the last reading.
    pub fn state(&self, ring: u32) -> CountersState {
        let (kernel, handlers) = (self.kernel.clone(), self.handlers.clone());
        let user = self.user.clone();
        CountersState {
            ring,
            kernel,
            user,
            missed: self.missed.total(),
            missed_kept: Some(self.missed.kept()),
            handlers,
            read_ns: self.read_ns,
        }
    }

    /// Takes the values of the last reading of the previous daemon, since which losses are to be reported.
    pub fn restore(&mut self, state: CountersState) {
        let CountersState { kernel, user, missed, missed_kept, handlers, read_ns, .. } = state;
        (self.user, self.missed) = (user, MissedTotal::restored(missed, missed_kept));
        if read_ns > 0 {
            self.read_ns = read_ns;
        }
        self.kernel.extend(kernel);
        // Routes of the live table are known already, by their present names.
        let older = handlers.into_iter().filter(|(slot, _)| !self.handlers.contains_key(slot));
        let older: Vec<_> = older.collect();
        self.handlers.extend(older);
    }

    /// Goes on after programs of the previous daemon, which missed so many calls until this one's took over, and those
    /// so many up to then.
    pub fn take_over_missed(&mut self, previous: u64, own: u64) {
        self.missed.take_over(previous, own);
    }

    /// Adds the slots of a plan, with their handlers.
    pub fn add_routes(&mut self, plan: &Plan, handlers: &Handlers) {
        for (slot, route) in &plan.routes {
            self.handlers.insert(*slot, route.handler_names(handlers));
            self.kernel.entry(*slot).or_default();
        }
    }

    /// Reads the counters.
    ///
    /// # Errors
    /// Fails if the kernel refuses to report its misses.
    pub fn read(&mut self, bpf: &Bpf<'_>, user: &UserCounters) -> Result<Reading> {
        let slots = self.kernel.keys();
        let kernel = slots.map(|&slot| (slot, bpf.counters.of(slot))).collect();
        let losses = self.losses(&kernel, user);
        let before = std::mem::replace(&mut self.kernel, kernel);
        let seen = sum_seen(&self.kernel).saturating_sub(sum_seen(&before));
        self.user = user.clone();
        let cgroups_skipped = bpf.cgroups_skipped()?;
        let cgroups_missed = bpf.cgroups_lost() + cgroups_skipped;
        let has_missed_cgroups =
            std::mem::replace(&mut self.cgroups_missed, cgroups_missed) != cgroups_missed;

        let to_ns = clock::real_now_ns();
        let from_ns = std::mem::replace(&mut self.read_ns, to_ns);
        let missed = self.read_missed(bpf, from_ns, to_ns)?;
        let untracked = self.untracked.read(bpf, cgroups_skipped, from_ns, to_ns)?;
        self.untracked.repair(bpf);
        let lost = Lost { from_ns, to_ns, losses };
        Ok(Reading { lost, seen, missed, untracked, has_missed_cgroups })
    }

    fn read_missed(&mut self, bpf: &Bpf<'_>, from_ns: u64, to_ns: u64) -> Result<Option<Missed>> {
        let count = self.missed.read(bpf.recursion_misses()?, bpf.kept_misses()?);
        let attached = bpf.way_to_attach().to_string();
        Ok((count > 0).then_some(Missed { from_ns, to_ns, count, attached, ..Missed::default() }))
    }

    /// Returns the losses since the last reading: the kernel's and the daemon's, by slot, then those of records
    /// that could not be decoded.
    fn losses(&self, kernel: &BTreeMap<Slot, KernelCounters>, user: &UserCounters) -> Vec<Loss> {
        let mut losses = Vec::new();
        for (&slot, now) in kernel {
            let before = self.kernel.get(&slot).copied().unwrap_or_default();
            losses.extend(self.losses_of(slot, now.losses_since(&before)));
        }
        for (&slot, now) in &user.slots {
            losses.extend(self.losses_of(slot, now.losses_since(&self.user.of(slot))));
        }
        let count = user.undecodable - self.user.undecodable;
        if count > 0 {
            let reason = Reason::Undecodable;
            losses.push(Loss { slot: None, handler: String::new(), reason, count });
        }
        losses
    }

    fn losses_of(
        &self,
        slot: Slot,
        counts: impl Iterator<Item = (Reason, u64)>,
    ) -> impl Iterator<Item = Loss> {
        let handler = self.handler(slot).to_owned();
        counts.map(move |(reason, count)| Loss {
            slot: Some(slot),
            handler: handler.clone(),
            reason,
            count,
        })
    }

    /// Returns every slot that was ever routed, and the last handler it had.
    pub fn slots(&self) -> impl Iterator<Item = (Slot, &str)> {
        self.kernel.keys().map(|slot| (*slot, self.handler(*slot)))
    }

    fn handler(&self, slot: Slot) -> &str {
        self.handlers.get(&slot).map_or("", String::as_str)
    }

    /// Returns the calls of all routes that were not excluded.
    pub fn seen(&self) -> u64 {
        let recorded = |counters: &KernelCounters| {
            counters.seen.saturating_sub(counters.column(Column::Excluded))
        };
        self.kernel.values().map(recorded).sum()
    }

    /// Returns the calls that the kernel's rate limits refused.
    pub fn limited(&self) -> u64 {
        self.kernel.values().map(|counters| counters.column(Column::Limited)).sum()
    }

    /// Returns the syscalls that the kernel did not run the dispatcher for.
    pub fn missed(&self) -> u64 {
        self.missed.total()
    }

    /// Returns the sums over all routes.
    pub fn sums(&self, user: &UserCounters) -> Sums {
        Sums::total(self.totals(user).iter().map(|total| &total.sums))
    }

    /// Returns the record `stats`.
    pub fn stats_record(&self, generation: u32, user: &UserCounters, misses: Misses) -> Stats {
        let totals = self.totals(user).into_iter().filter(|total| total.seen > 0).collect();
        Stats { generation, totals, missed: self.missed.total(), misses }
    }

    /// Returns the last record.
    pub fn stopped_record(
        &self,
        reason: &str,
        generation: u32,
        user: &UserCounters,
        misses: Misses,
    ) -> Stopped {
        let totals = self.totals(user);
        Stopped {
            reason: reason.to_owned(),
            generation,
            totals,
            missed: self.missed.total(),
            misses,
        }
    }

    fn totals(&self, user: &UserCounters) -> Vec<Total> {
        let total = |(&slot, kernel): (&Slot, &KernelCounters)| Total {
            slot,
            handler: self.handler(slot).to_owned(),
            seen: kernel.seen,
            sums: Sums::default().with(kernel).with(&user.of(slot)),
        };
        self.kernel.iter().map(total).collect()
    }
}

fn sum_seen(counters: &BTreeMap<Slot, KernelCounters>) -> u64 {
    counters.values().map(|counters| counters.seen).sum()
}
