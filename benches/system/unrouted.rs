//! (a) What a syscall that is routed nowhere costs more than with nothing attached.

use std::any::Any;

use anyhow::Result;

use crate::audit::{Audit, Spared};
use crate::bench::Bench;
use crate::caller::{CHEAP, Caller, number_of};
use crate::ours::{self, Ours};
use crate::peers;
use crate::program::Programs;
use crate::report::{Claim, Part, Table};
use crate::statistics::Series;

/// Calls of a batch: 10 ms and more.
const CALLS: u64 = 100_000;

/// Contender that is attached until it is dropped.
type Attached = Box<dyn Any>;

/// One thing to attach, and what it added round by round, or why it is absent.
struct Contender {
    name: &'static str,
    attach: fn(&Bench) -> Result<Attached>,
    is_peer: bool,
    added: Result<Series, String>,
}

fn contender(name: &'static str, attach: fn(&Bench) -> Result<Attached>) -> Contender {
    Contender { name, attach, is_peer: false, added: Ok(Series::default()) }
}

fn peer(name: &'static str, attach: fn(&Bench) -> Result<Attached>) -> Contender {
    Contender { is_peer: true, ..contender(name, attach) }
}

const NOTHING: usize = 0;
const EMPTY: usize = 1;
const OURS: std::ops::Range<usize> = 2..6;

fn contenders() -> [Contender; 10] {
    [
        contender("nothing", |_| Ok(Box::new(()))),
        contender("an empty raw_tp program", |_| Ok(Box::new(Programs::empty()?))),
        contender("ours, 0 routes", |_| ours_with(0)),
        contender("ours, 2 routes", |_| ours_with(2)),
        contender("ours, 15 routes", |_| ours_with(15)),
        contender("ours, 300 routes", |_| ours_with(300)),
        peer("a table of numbers at the return, as in Falco", |_| program("falco.bpf.c")),
        peer("tail calls at entry and return, as in Tracee", |_| program("tracee.bpf.c")),
        peer("bpftrace, a predicate that is never true", bpftrace),
        peer("perf trace of one rare syscall", perf_trace),
    ]
}

pub fn run(bench: &Bench) -> Result<Part> {
    let mut contenders = contenders();
    let mut caller = Caller::start(bench)?;
    let mut alone = Series::default();
    for _ in 0..bench.rounds {
        for contender in &mut contenders {
            let Ok(added) = &mut contender.added else { continue };
            match measure(bench, &mut caller, contender.attach) {
                Ok((before, with)) => {
                    alone.push(before);
                    added.push(with);
                }
                Err(error) if contender.is_peer => contender.added = Err(format!("{error:#}")),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(part(&contenders, &alone))
}

/// Nanoseconds a call with nothing attached, and what is added to them.
fn measure(
    bench: &Bench,
    caller: &mut Caller,
    attach: fn(&Bench) -> Result<Attached>,
) -> Result<(f64, f64)> {
    let call = number_of(CHEAP)?;
    let before = caller.ns_per_call(bench, &call, CALLS)?;
    let attached = attach(bench)?;
    let with = caller.ns_per_call(bench, &call, CALLS)?;
    drop(attached);
    let after = caller.ns_per_call(bench, &call, CALLS)?;
    let alone = f64::midpoint(before, after);
    Ok((alone, with - alone))
}

fn part(contenders: &[Contender; 10], alone: &Series) -> Part {
    let mut table = Table::new(&["attached", "ns added", "times the empty program"]);
    let empty = contenders[EMPTY].added.clone().unwrap_or_default();
    for contender in contenders {
        match &contender.added {
            Ok(added) => table.row([
                contender.name.to_owned(),
                added.show(1).to_string(),
                added.over(&empty).show(2).to_string(),
            ]),
            Err(reason) => table.absent(contender.name, reason),
        }
    }
    let ours = contenders[OURS].iter().filter_map(|ours| ours.added.as_ref().ok());
    let worst = ours.map(|added| added.over(&empty));
    let worst = worst.max_by(|a, b| a.median().total_cmp(&b.median())).unwrap_or_default();
    let claim = "unrouted syscall, worst of 0 to 300 routes";
    Part {
        title: "(a) A syscall that is not routed",
        meaning: format!(
            "Nanoseconds added to each `{CHEAP}`, which takes {} ns with nothing \
             attached. \"nothing\" is the noise of the measurement. auditd has one rule \
             for a syscall that nobody makes, and is measured against a process that was \
             started without an audit context.",
            alone.show(1)
        ),
        tables: vec![table],
        claims: vec![
            Claim::at_most(claim, 1.1, "times the empty program", &worst).otherwise(WHY),
            noise(contenders),
        ],
    }
}

/// Returns the noise of the measurement, the most that "nothing" adds or saves in a round: figures below it say little.
fn noise(contenders: &[Contender; 10]) -> Claim {
    let [nothing, empty] =
        [NOTHING, EMPTY].map(|it| contenders[it].added.clone().unwrap_or_default());
    let worst = nothing.over(&empty).times(100.0).magnitude();
    let worst = Series::from_iter([worst.greatest()]);
    Claim::at_most("the same calls with nothing attached", 10.0, "% of the empty program", &worst)
        .required("Repeat the run while nothing else runs on this machine.")
}

fn ours_with(routes: usize) -> Result<Attached> {
    let call = number_of(CHEAP)?;
    let plan = |handlers: &_| ours::routes(handlers, "count", routes, &call);
    Ok(Box::new(Ours::attach(plan)?))
}

fn program(source: &str) -> Result<Attached> {
    Ok(Box::new(Programs::attach(source)?))
}

fn bpftrace(bench: &Bench) -> Result<Attached> {
    let script = "tracepoint:raw_syscalls:sys_enter /args->id == -2/ { printf(\"never\\n\"); } \
                  interval:ms:50 { printf(\"ready\\n\"); }";
    let words = ["bpftrace", "-B", "line", "-e", script];
    Ok(Box::new(peers::start(bench, &words, peers::says_ready)?))
}

fn perf_trace(bench: &Bench) -> Result<Attached> {
    let words = ["perf", "trace", "-a", "-e", "swapoff"];
    Ok(Box::new(peers::start(bench, &words, peers::has_attached)?))
}

/// A process without an audit context against one that got it.
pub fn run_audited(bench: &Bench, part: &mut Part) -> Result<()> {
    let name = "auditd with one rule";
    let (mut before, audit) = match before_and_audit(bench) {
        Ok(both) => both,
        Err(error) => {
            part.tables[0].absent(name, &format!("{error:#}"));
            return Ok(());
        }
    };
    let mut after = Caller::start(bench)?;
    let call = number_of(CHEAP)?;
    let (mut added, mut ratio) = (Series::default(), Series::default());
    for _ in 0..bench.rounds {
        let alone = before.ns_per_call(bench, &call, CALLS)?;
        let audited = after.ns_per_call(bench, &call, CALLS)? - alone;
        let empty = Programs::empty()?;
        let with_empty = before.ns_per_call(bench, &call, CALLS)? - alone;
        drop(empty);
        added.push(audited);
        ratio.push(audited / with_empty);
    }
    drop(audit);
    part.tables[0].row([name.to_owned(), added.show(1).to_string(), ratio.show(2).to_string()]);
    Ok(())
}

fn before_and_audit(bench: &Bench) -> Result<(Caller, Audit)> {
    let spared = Spared::begin()?;
    let before = Caller::start(bench)?;
    drop(spared);
    Ok((before, Audit::start(bench, &["-a", "always,exit", "-S", "swapoff"])?))
}

const WHY: &str = "In addition to what the empty program does, ours compares the number and looks up its \
    byte: 1 to 2 ns. The figure is the \
    worst of four tables; the number of routes makes no difference, so the differences \
    between the four are noise.";
