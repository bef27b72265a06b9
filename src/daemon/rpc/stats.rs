//! The counters as they stand: what the kernel counted, and where the daemon has what it was sent.

use std::collections::BTreeMap;

use anyhow::Result;
use syscalls::Slot;

use crate::clock;
use crate::daemon::Daemon;
use crate::output::record::Reason;
use crate::output::utc;
use crate::ring::Unread;
use crate::rpc::{self, Cpu, Stats, Unroutable};
use crate::stats::UserCounters;
use crate::stats::{Cell, KernelCounters, settled};

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
    /// The counters. `settled`: read at moments when no call is in flight, which balance exactly.
    pub(super) fn stats(&self, per_cpu: bool, settled: bool) -> Result<Stats> {
        let rows = if settled { self.settled_rows()? } else { BTreeMap::new() };
        let row = |cell| rows.get(&cell).copied().unwrap_or_else(|| self.bpf.counters.on(cell));
        let consumed = self.consumed();
        let sent = self.sent(&consumed, settled)?;
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
        Ok(Stats {
            generation: self.table.generation(),
            since: utc(self.since_ns),
            time: utc(clock::real_now_ns()),
            routes: counters.collect(),
            missed: self.bpf.recursion_misses()?,
            unroutable: self.unroutable(),
            undecodable: consumed.tally.undecodable,
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
    fn sent(&self, consumed: &Consumed, settle: bool) -> Result<BTreeMap<Slot, Sent>> {
        let mut unread = Unread::begin(&self.bpf)?;
        let submitted = |slot| self.bpf.counters.of(slot).submitted;
        let read = |slot, submitted, unread: &Unread| {
            let consumed = consumed.places(slot).iter().map(|(_, count)| count).sum();
            Sent { submitted, in_ring: unread.events(slot), consumed }
        };
        unread.advance();
        let slots = || self.counters.slots().map(|(slot, _)| slot);
        let mut sent: BTreeMap<_, _> =
            slots().map(|slot| (slot, read(slot, submitted(slot), &unread))).collect();
        if settle {
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
    /// By place. What the output holds back counts as written, and what is being counted for a record of
    /// many as aggregated: they go out first.
    fn places(&self, slot: Slot) -> [(&'static str, u64); 7] {
        let handled = self.tally.of(slot);
        [
            ("pending", self.waiting.get(&slot).copied().unwrap_or_default()),
            ("written", handled.written),
            ("aggregated", handled.aggregated),
            ("filtered_by_result", handled.filtered),
            ("limited_by_result", handled.limited),
            ("lost_output", handled.refused),
            ("lost_shed", handled.shed),
        ]
    }
}

/// Returns the outcomes of the calls that were seen, by name.
fn outcomes(counters: &KernelCounters) -> impl Iterator<Item = (String, u64)> {
    let named = [
        ("excluded_self", counters.excluded_self),
        ("excluded_exe", counters.excluded_sink),
        ("excluded_unit", counters.excluded_unit),
        ("filtered", counters.filtered),
        ("sampled", counters.sampled),
        ("limited", counters.limited),
        ("limited_uid", counters.limited_uid),
        ("counted", counters.counted),
        ("submitted", counters.submitted),
    ];
    let lost = counters.lost.into_iter().zip(Reason::ALL);
    let lost = lost.map(|(count, reason)| (format!("lost_{}", reason.name()), count));
    named.into_iter().map(|(name, count)| (name.to_owned(), count)).chain(lost)
}

fn counters(
    slot: Slot,
    rows: &[(usize, KernelCounters)],
    per_cpu: bool,
    sent: Sent,
    consumed: &Consumed,
) -> rpc::RouteStats {
    let mut told = rpc::RouteStats {
        syscall: slot.to_string(),
        abi: slot.abi().name().to_owned(),
        nr: slot.nr(),
        submitted: sent.submitted,
        cpus: per_cpu.then(|| rows.iter().filter(|(_, row)| row.seen > 0).map(cpu).collect()),
        ..rpc::RouteStats::default()
    };
    for (_, row) in rows {
        told.seen += row.seen;
        told.results_lost += row.results_lost;
        for (name, count) in outcomes(row) {
            *told.outcomes.entry(name).or_default() += count;
        }
    }
    let places = [("in_ring", sent.in_ring)].into_iter().chain(consumed.places(slot));
    told.events = places.map(|(place, count)| (place.to_owned(), count)).collect();
    told
}

fn cpu((cpu, row): &(usize, KernelCounters)) -> Cpu {
    let outcomes = outcomes(row).filter(|(_, count)| *count > 0).collect();
    Cpu { cpu: *cpu, seen: row.seen, outcomes }
}

#[cfg(test)]
mod tests {
    use super::{KernelCounters, outcomes};

    /// A counter that the table does not have would be a difference of the counters.
    #[test]
    fn every_outcome_is_told() {
        let counters = KernelCounters {
            seen: 4095,
            excluded_self: 1,
            excluded_sink: 2,
            excluded_unit: 4,
            filtered: 8,
            sampled: 16,
            limited: 32,
            limited_uid: 64,
            counted: 128,
            submitted: 256,
            lost: [512, 512, 0, 512],
            results_lost: 5,
        };
        let sum: u64 = outcomes(&counters).map(|(_, count)| count).sum();
        assert_eq!(sum, counters.seen.wrapping_sub_signed(counters.difference()));
        assert_eq!(outcomes(&counters).filter(|(_, count)| *count > 0).count(), 12);
    }
}
