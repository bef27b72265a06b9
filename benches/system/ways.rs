//! In a guest: what each way to attach adds to a call, routed and not, as lines for `guests.rs`.

use std::time::Instant;

use anyhow::{Context as _, Result};
use tailcalld::config::AttachTo;
use tailcalld::load::{Attach, AttachMode};
use tailcalld::plan::{Plan, Routes};
use tailcalld::ring::{Consumer, Flow, Rest};

use crate::bench::Bench;
use crate::caller::{CHEAP, Caller, number_of};
use crate::ours::{self, Ours};

/// Calls of a batch; emulated, some 10 ms. The events of a measurement, of 368 bytes, fit into the ring.
const CALLS: u64 = 1_000;

/// One way, with how many routes.
struct Contender {
    name: &'static str,
    choose: fn() -> Result<AttachMode>,
    routes: usize,
}

const RAW: &str = "raw_tp";

const CONTENDERS: [Contender; 6] = [
    Contender { name: "nothing", choose: || tracepoint(Attach::RawTracepoint), routes: 0 },
    Contender { name: RAW, choose: || tracepoint(Attach::RawTracepoint), routes: 15 },
    Contender { name: "tp", choose: || tracepoint(Attach::Tracepoint), routes: 15 },
    Contender { name: "function, 2 routes", choose: function, routes: 2 },
    Contender { name: "function, 15 routes", choose: function, routes: 15 },
    Contender { name: "function, 300 routes", choose: function, routes: 300 },
];

/// Handlers of the measured call.
const HANDLERS: [&str; 3] = ["unrouted", "count", "args"];

pub fn run() -> Result<()> {
    let bench = Bench::new()?;
    let mut caller = Caller::start(&bench)?;
    for _ in 0..bench.few() {
        for contender in &CONTENDERS {
            for (handler, added) in measure(&bench, &mut caller, contender)? {
                println!("{}\t{handler}\t{added}", contender.name);
            }
        }
    }
    Ok(())
}

/// Nanoseconds added to a call that goes to each of the handlers.
fn measure(
    bench: &Bench,
    caller: &mut Caller,
    contender: &Contender,
) -> Result<Vec<(&'static str, f64)>> {
    let call = number_of(CHEAP)?;
    let before = caller.ns_per_call(bench, &call, CALLS)?;
    let mut with = Vec::new();
    if contender.routes == 0 {
        with.push((HANDLERS[0], caller.ns_per_call(bench, &call, CALLS)?));
    } else {
        let mut ours = Ours::attach_in_that_way((contender.choose)()?, |_| Ok(Plan::default()))?;
        let plan = plan_with(&ours, contender.routes, HANDLERS[0])?;
        let start = Instant::now();
        ours.table.apply(&mut ours.bpf, &plan)?;
        println!("{}\tattach\t{}", contender.name, start.elapsed().as_secs_f64() * 1e3);
        for handler in HANDLERS {
            let plan = plan_with(&ours, contender.routes, handler)?;
            ours.table.apply(&mut ours.bpf, &plan)?;
            let consumer = Consumer::open(&ours.bpf, |_| Flow::Continue)?;
            consumer.pause();
            with.push((handler, caller.ns_per_call(bench, &call, CALLS)?));
            while consumer.turn() == Rest::None {}
        }
        lost_nothing(&ours, contender)?;
    }
    let after = caller.ns_per_call(bench, &call, CALLS)?;
    let alone = f64::midpoint(before, after);
    Ok(with.into_iter().map(|(handler, ns)| (handler, ns - alone)).collect())
}

/// Builds a plan with `routes` routes: the measured call to `handler`, all others to `count`.
fn plan_with(ours: &Ours, routes: usize, handler: &str) -> Result<Plan> {
    let call = number_of(CHEAP)?;
    let handlers = &ours.bpf.handlers;
    if handler == HANDLERS[0] {
        return ours::routes(handlers, "count", routes, &call);
    }
    let mut plan = ours::routes(handlers, "count", routes - 1, &call)?;
    let id = handlers.named(handler).context("no such handler")?.id;
    let (slot, mut route) =
        (ours::slot(CHEAP)?, plan.routes.values().next().context("no route")?.clone());
    route.rules.iter_mut().for_each(|rule| rule.handler = id);
    plan.routes.insert(slot, route);
    Ok(plan)
}

/// A full ring's short path is not what is measured. From Linux 7.2 on the kernel passes over a call
/// at the raw tracepoint now and then, which is why it is not chosen there.
fn lost_nothing(ours: &Ours, contender: &Contender) -> Result<()> {
    let counters = ours.bpf.counters.of(ours::slot(CHEAP)?);
    let (lost, missed) = (counters.lost(), ours.bpf.recursion_misses()?);
    anyhow::ensure!(lost == 0, "{lost} events were lost");
    anyhow::ensure!(missed == 0 || contender.name == RAW, "{missed} calls were passed over");
    anyhow::ensure!(
        counters.submitted > 0 && counters.counted > 0,
        "no call was seen: {counters:?}"
    );
    Ok(())
}

fn tracepoint(attach: Attach) -> Result<AttachMode> {
    Ok(AttachMode::with_tracepoint(attach, String::new()))
}

fn function() -> Result<AttachMode> {
    AttachMode::choose(AttachTo::Function, &Routes::new())
}
