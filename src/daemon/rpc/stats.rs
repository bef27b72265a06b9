//! The counters as they stand: what the kernel counted, and where the daemon has what it was sent.

use std::collections::BTreeMap;
use std::iter;

use anyhow::Result;
use syscalls::Slot;

use crate::clock;
use crate::daemon::Daemon;
use crate::load::DISPATCHER;
use crate::output::utc;
use crate::ring::Unread;
use crate::rpc::{self, Cpu, GapStatus, IN_RING, PENDING, Stats, Unroutable};
use crate::stats::{Cell, Counted, KernelCounters, UserCounters, settled};

/// Events of one route: those that the kernel put into the ring, and those of them that are still there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sent {
    submitted: u64,
    in_ring: u64,
    /// All that were consumed.
    consumed: u64,
}

/// Present locations of the consumed events.
struct Consumed {
    tally: UserCounters,
    waiting: BTreeMap<Slot, u64>,
}

impl Daemon<'_> {
    /// Returns the counters. `consistent` ones are read at moments when no call is in flight, and balance.
    pub(in crate::daemon) fn stats(&self, per_cpu: bool, consistent: bool) -> Result<Stats> {
        let rows = if consistent { self.settled_rows()? } else { BTreeMap::new() };
        let row = |cell| rows.get(&cell).copied().unwrap_or_else(|| self.bpf.counters.on(cell));
        let consumed = self.consumed();
        let sent = self.sent(&consumed, consistent)?;
        let counters = self.counters.slots().map(|(slot, handler)| {
            let cpus = 0..self.bpf.counters.cpus();
            let rows: Vec<_> = cpus.map(|cpu| (cpu, row((slot, cpu)))).collect();
            let sent = sent.get(&slot).copied().unwrap_or_default();
            rpc::RouteStats {
                handler: handler.to_owned(),
                routed: self.plan.routes.contains_key(&slot),
                ..counters(slot, &rows, per_cpu, sent, &consumed)
            }
        });
        let misses = self.bpf.misses()?;
        Ok(Stats {
            generation: self.table.generation(),
            since: utc(self.since_ns),
            time: utc(clock::real_now_ns()),
            routes: counters.collect(),
            missed: misses.get(DISPATCHER).copied().unwrap_or_default(),
            misses: misses.into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
            unroutable: self.unroutable(),
            undecodable: consumed.tally.undecodable,
            gap: self.gap.map(|gap| GapStatus {
                from: utc(gap.from_ns),
                to: utc(gap.to_ns),
                reason: gap.reason.name().to_owned(),
            }),
        })
    }

    fn settled_rows(&self) -> Result<BTreeMap<Cell, KernelCounters>> {
        let rows = &self.bpf.counters;
        let slots = self.counters.slots();
        let cells = slots.flat_map(|(slot, _)| (0..rows.cpus()).map(move |cpu| (slot, cpu)));
        settled(
            cells,
            |cell| rows.still(cell),
            KernelCounters::difference,
            || self.bpf.wait_for_grace(),
        )
    }

    /// Nothing is consumed between these readings: we are the consumer. An event is in the ring before it
    /// is counted as submitted, so here too the least excess is the true one (`counters::settled`).
    fn sent(&self, consumed: &Consumed, consistent: bool) -> Result<BTreeMap<Slot, Sent>> {
        let mut unread = Unread::begin(&self.bpf)?;
        let leftover = self.unread_leftover()?;
        let left = |slot| leftover.iter().map(|unread| unread.events(slot)).sum::<u64>();
        let submitted = |slot| self.bpf.counters.of(slot).submitted;
        let read = |slot, submitted, unread: &Unread| {
            let consumed = consumed.places(slot).map(|(_, count)| count).sum();
            Sent { submitted, in_ring: unread.events(slot) + left(slot), consumed }
        };
        unread.advance();
        let slots = || self.counters.slots().map(|(slot, _)| slot);
        let mut sent: BTreeMap<_, _> =
            slots().map(|slot| (slot, read(slot, submitted(slot), &unread))).collect();
        if consistent {
            let still = |slot| {
                let before = submitted(slot);
                let is_whole = unread.advance();
                let is_still = is_whole && submitted(slot) == before;
                is_still.then(|| read(slot, before, &unread))
            };
            sent.extend(settled(slots(), still, Sent::excess, || self.bpf.wait_for_grace())?);
        }
        Ok(sent)
    }

    fn consumed(&self) -> Consumed {
        let pipeline = self.pipeline.borrow();
        Consumed { tally: pipeline.delivery.tally.clone(), waiting: pipeline.waiting() }
    }

    fn unroutable(&self) -> Unroutable {
        let odd = self.bpf.counters.unroutable();
        Unroutable { minus_one: odd.minus_one, x32: odd.x32, out_of_range: odd.out_of_range }
    }
}

impl Sent {
    /// More than were submitted.
    fn excess(&self) -> i64 {
        (self.in_ring + self.consumed).wrapping_sub(self.submitted) as i64
    }
}

impl Consumed {
    /// Returns the number of consumed events by place. Events that wait in the output are among `written`,
    /// those of an aggregate that is not complete among `aggregated`: they go out first.
    fn places(&self, slot: Slot) -> impl Iterator<Item = (&'static str, u64)> {
        let waiting = self.waiting.get(&slot).copied().unwrap_or_default();
        let outcomes = self.tally.of(slot);
        let named: Vec<_> = outcomes.outcomes().collect();
        iter::once((PENDING, waiting)).chain(named)
    }
}

fn counters(
    slot: Slot,
    rows: &[(usize, KernelCounters)],
    per_cpu: bool,
    sent: Sent,
    consumed: &Consumed,
) -> rpc::RouteStats {
    let mut route = rpc::RouteStats {
        syscall: slot.to_string(),
        abi: slot.abi().name().to_owned(),
        nr: slot.known_nr(),
        submitted: sent.submitted,
        cpus: per_cpu.then(|| rows.iter().filter(|(_, row)| row.seen > 0).map(cpu).collect()),
        ..rpc::RouteStats::default()
    };
    route.results_lost = consumed.tally.of(slot).results_lost();
    for (_, row) in rows {
        route.seen += row.seen;
        route.results_lost += row.results_lost();
        for (name, count) in row.outcomes() {
            *route.outcomes.entry(name.to_owned()).or_default() += count;
        }
    }
    let places = iter::once((IN_RING, sent.in_ring)).chain(consumed.places(slot));
    route.events = places.map(|(place, count)| (place.to_owned(), count)).collect();
    route
}

fn cpu((cpu, row): &(usize, KernelCounters)) -> Cpu {
    let outcomes = row.outcomes().filter(|(_, count)| *count > 0);
    let outcomes = outcomes.map(|(name, count)| (name.to_owned(), count)).collect();
    Cpu { cpu: *cpu, seen: row.seen, outcomes }
}
