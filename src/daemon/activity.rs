//! Activity for a client that watches it: the counts of routes, and of the owners of events, which the pipeline keeps
//! while somebody asks.

use std::cmp::Reverse;
use std::hash::Hash;
use std::time::{Duration, Instant};

use syscalls::Slot;
use syscalls::printable::{NO_LIMIT, quoted_if_needed};

use super::Daemon;
use super::measurement::sums;
use super::timers::Timer;
use crate::clock;
use crate::config::Results;
use crate::output::utc;
use crate::pipeline::activity::{ActivityCounter, ActivityCounts, ActivityTable};
use crate::rpc::{self, Activity, OwnerActivity, OwnerCounts, Owners, RouteActivity};
use crate::stats::{Column, Sums};

impl Daemon<'_> {
    /// Counts by owner and measures from now on for that time, at least; returns the counts so far.
    pub(super) fn activity(&mut self, time: Duration) -> Activity {
        self.measure(time);
        self.timers.extend(Timer::Activity, Instant::now() + time);
        let output = self.output();
        let mut pipeline = self.pipeline.borrow_mut();
        let delivery = &mut pipeline.delivery;
        delivery.set_clock();
        let time_ns = clock::boot_now_ns();
        let lost = |slot| {
            let sums = Sums::default().with(&self.bpf.counters.of(slot));
            sums.with(&delivery.tally.of(slot))[Column::Lost]
        };
        let lost: Vec<_> = self.plan.routes.keys().map(|&slot| (slot, lost(slot))).collect();
        let counter = delivery.activity(time_ns);
        let routes = lost.into_iter().map(|(slot, lost)| self.route_activity(slot, lost, counter));
        Activity {
            pid: std::process::id(),
            since: utc(self.since_ns),
            generation: self.table.generation(),
            tracing_off: self.tracing.is_off(),
            output,
            time_ns,
            counted_since_ns: counter.since_ns,
            routes: routes.collect(),
            units: owners(&counter.units, unit_name),
            commands: owners(&counter.commands, |comm| word(comm)),
            users: owners(&counter.users, u32::to_string),
        }
    }

    fn route_activity(&self, slot: Slot, lost: u64, counter: &ActivityCounter) -> RouteActivity {
        let counts = counter.routes.get(&slot).copied().unwrap_or_default();
        let route = self.plan.routes.get(&slot);
        let has_results =
            route.is_some_and(|route| route.rules.iter().any(|rule| rule.results != Results::None));
        RouteActivity {
            syscall: slot.to_string(),
            abi: slot.abi().name().to_owned(),
            nr: slot.known_nr(),
            handler: route.map(|one| one.handler_names(&self.bpf.handlers)).unwrap_or_default(),
            seen: self.bpf.counters.of(slot).seen,
            events: counts.events,
            errors: has_results.then_some(counts.errors),
            bytes: counts.bytes,
            lost,
            run_time: sums(&self.bpf, slot),
        }
    }
}

/// Returns the rows of a table, those with the most events first.
fn owners<K: Eq + Hash>(table: &ActivityTable<K>, name: impl Fn(&K) -> String) -> Owners {
    let row = |(key, counts): (&K, &ActivityCounts)| OwnerActivity {
        name: name(key),
        counts: wire(counts),
    };
    let mut rows: Vec<_> = table.rows().map(row).collect();
    rows.sort_by(|a, b| {
        (Reverse(a.counts.events), &a.name).cmp(&(Reverse(b.counts.events), &b.name))
    });
    Owners { rows, others: wire(&table.others), forgotten: wire(&table.forgotten) }
}

fn wire(counts: &ActivityCounts) -> OwnerCounts {
    let ActivityCounts { events, errors, bytes, lost } = *counts;
    OwnerCounts { events, errors, bytes, lost }
}

fn unit_name(name: &String) -> String {
    if name.is_empty() { rpc::NO_UNIT.to_owned() } else { word(name.as_bytes()) }
}

/// Returns a name as one word, in quotes if it is none: different names have different texts.
fn word(name: &[u8]) -> String {
    let mut text = String::new();
    quoted_if_needed(name, NO_LIMIT, &mut text);
    text
}
