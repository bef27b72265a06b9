//! (g) How long a reload takes, and whether a call is missed while tables change.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use syscalls::{Abi, Slot, number};
use tailcalld::plan::Plan;

use crate::bench::Bench;
use crate::caller::{Caller, RARE, number_of};
use crate::ours::{self, Ours};
use crate::report::{Claim, Part, Table};
use crate::statistics::{Series, grouped};

/// Every syscall that there is, as many as a full table has.
const ROUTES: usize = 470;

pub fn run(bench: &Bench) -> Result<Part> {
    let mut ours = Ours::attach(|_| Ok(Plan::default()))?;
    let full = ours::routes(&ours.bpf.handlers, "count", ROUTES, "")?;
    let (flip, whole) = durations(bench, &mut ours, &full)?;
    let under_load = under_load(bench, &mut ours, &full)?;
    let mut table = Table::new(&["reload of 470 routes", "ms"]);
    table.row(["until the new table is live".to_owned(), flip.show(2).to_string()]);
    table.row(["until the old table is unused".to_owned(), whole.show(2).to_string()]);
    let missed: Series = [under_load.missed()].into_iter().collect();
    Ok(Part {
        title: "(g) Reload",
        meaning: format!(
            "A full table is replaced by another. The first figure ends when the word \
             that selects the live bank is written; the second includes the wait until no \
             program can still be running in the old table. Under load, one process made \
             {} calls of a routed syscall while the table was replaced {} times; \
             according to the kernel's counters the handlers saw {} of them.",
            grouped(under_load.made as f64, 0),
            grouped(under_load.reloads as f64, 0),
            grouped(under_load.seen as f64, 0),
        ),
        tables: vec![table],
        claims: vec![
            Claim::at_most("reload of a full table, until it is live", 2.0, "ms", &flip),
            Claim::at_most("calls missed over all reloads", 0.0, "calls", &missed),
        ],
    })
}

/// Milliseconds until the flip, and until the old bank is empty.
fn durations(bench: &Bench, ours: &mut Ours, plan: &Plan) -> Result<(Series, Series)> {
    let (mut flips, mut wholes) = (Series::new(), Series::new());
    ours.table.apply(&mut ours.bpf, plan)?;
    for _ in 0..bench.rounds * 5 {
        bench.go_on()?;
        let Ours { bpf, table } = &mut *ours;
        let shared = bpf.shared;
        let bank = shared.live_base();
        let is_watching = AtomicBool::new(false);
        let (flip, whole) = std::thread::scope(|scope| {
            let flipped = scope.spawn(|| flipped(bank, &is_watching));
            while !is_watching.load(SeqCst) {
                std::hint::spin_loop();
            }
            let start = Instant::now();
            let applied = table.apply(bpf, plan);
            let whole = start.elapsed();
            let flip = flipped.join().unwrap_or(start).saturating_duration_since(start);
            applied.map(|()| (flip, whole))
        })?;
        flips.push(flip.as_secs_f64() * 1e3);
        wholes.push(whole.as_secs_f64() * 1e3);
    }
    Ok((flips, wholes))
}

/// Returns when the live bank changed; polls every few microseconds.
fn flipped(bank: &AtomicU32, is_watching: &AtomicBool) -> Instant {
    let before = bank.load(SeqCst);
    is_watching.store(true, SeqCst);
    let start = Instant::now();
    while bank.load(SeqCst) == before && start.elapsed() < Duration::from_secs(5) {
        std::hint::spin_loop();
    }
    Instant::now()
}

/// Calls made, and calls seen by the handlers, while tables changed.
struct UnderLoad {
    reloads: u64,
    made: u64,
    seen: u64,
}

impl UnderLoad {
    fn missed(&self) -> f64 {
        self.made.abs_diff(self.seen) as f64
    }
}

fn under_load(bench: &Bench, ours: &mut Ours, plan: &Plan) -> Result<UnderLoad> {
    let slot = number(Abi::Native, RARE).and_then(|nr| Slot::new(Abi::Native, nr));
    let slot = slot.context("no such syscall")?;
    let seen = |ours: &Ours| ours.bpf.counters.of(slot).seen;
    let mut caller = Caller::start(bench)?;
    let reloads = if bench.full { 10_000 } else { 1_000 };
    let before = seen(ours);
    caller.call_until(&number_of(RARE)?)?;
    for _ in 0..reloads {
        bench.go_on()?;
        ours.table.apply(&mut ours.bpf, plan)?;
    }
    let made = caller.told()?;
    Ok(UnderLoad { reloads, made, seen: seen(ours) - before })
}
