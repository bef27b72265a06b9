//! (i) What a call costs that is routed and not recorded: filters that refuse it, by kind, limits and
//! samples; how many a second are left out; and what one user's flood costs another.

use std::time::Duration;

use anyhow::{Result, ensure};
use syscalls::{Abi, Slot, number};
use tailcalld::stats::{Column, Counted, KernelCounters};

use crate::bench::Bench;
use crate::caller::{CHEAP, Caller, RARE, beside_empty, number_of};
use crate::daemon::{Daemon, Output, UNLIMITED};
use crate::report::{Claim, Part, Table};
use crate::statistics::Series;

/// A route that records nothing of the calls that are made.
struct Contender {
    name: &'static str,
    syscall: &'static str,
    /// Word of the child's call; the number of the syscall if it takes no arguments.
    call: Option<&'static str>,
    options: &'static str,
    alone: Series,
    added: Series,
}

const fn of(name: &'static str, options: &'static str) -> Contender {
    of_call(name, CHEAP, None, options)
}

const fn of_call(
    name: &'static str,
    syscall: &'static str,
    call: Option<&'static str>,
    options: &'static str,
) -> Contender {
    Contender { name, syscall, call, options, alone: Series::new(), added: Series::new() }
}

const PATH: Option<&str> = Some("path");

const CONTENDERS: [Contender; 18] = [
    of("`uid`", "uid = 4242"),
    of("`uid`, 16 values", SIXTEEN),
    of("`loginuid`", "loginuid = 4242"),
    of("`container`", "container = true"),
    of("`slice`", "slice = 'nobody.slice'"),
    of("`pid_tree`", "pid_tree = 1, uid = '!0'"),
    of("`comm`", "comm = 'nobody'"),
    of("`parent_comm`", "parent_comm = 'nobody'"),
    of("`exe`", "exe = '/nobody'"),
    of_call("`argument`, a number", "faccessat", PATH, "argument = 'mode = 7'"),
    of_call("`argument`, a path", "faccessat", PATH, "argument = 'filename = /nobody/*'"),
    of_call("`path`", "faccessat", PATH, "path = '/nobody/**'"),
    of_call("`path`, a relative one", "faccessat", Some("relative"), "path = '/nobody/**'"),
    of_call("`sample`, behind a `path` that matches", "faccessat", PATH, MATCHING),
    of_call("`fd_path`", "read", Some("read"), "fd_path = '/nobody/**'"),
    of("`limit`, exhausted", "limit = '1/h', burst = 1"),
    of("`limit` per uid, exhausted", "limit = '1/h', burst = 1, per = 'uid'"),
    of("`sample`", "sample = '1/1000000'"),
];

const SIXTEEN: &str = "uid = [4201, 4203, 4205, 4207, 4209, 4211, 4213, 4215, 4217, 4219, 4221, 4223, \
                       4225, 4227, 4229, 4231]";

const MATCHING: &str = "path = '/nonexistent/**', sample = '1/1000000'";

const CALLS: u64 = 50_000;

/// Users of the flood and of the thousand calls per second beside it.
const FLOODER: u32 = 4242;
const VICTIM: u32 = 4243;

pub fn run(bench: &Bench) -> Result<Part> {
    let mut contenders = CONTENDERS;
    let empty = beside_empty(bench, |caller| {
        contenders.iter_mut().try_for_each(|contender| contender.measure(bench, caller))
    })?;
    let mut floods = [Series::default(), Series::default(), Series::default()];
    for _ in 0..bench.few() {
        let figures = flood(bench)?;
        floods.iter_mut().zip(figures).for_each(|(series, figure)| series.push(figure));
    }
    Ok(part(&contenders, &empty, &floods))
}

impl Contender {
    fn measure(&mut self, bench: &Bench, caller: &mut Caller) -> Result<()> {
        let call = self.call.map_or_else(|| number_of(self.syscall), |call| Ok(call.to_owned()))?;
        let before = caller.ns_per_call(bench, &call, CALLS)?;
        let with = self.with_daemon(bench, caller, &call)?;
        let after = caller.ns_per_call(bench, &call, CALLS)?;
        let alone = f64::midpoint(before, after);
        self.alone.push(alone);
        self.added.push(with - alone);
        Ok(())
    }

    fn with_daemon(&self, bench: &Bench, caller: &mut Caller, call: &str) -> Result<f64> {
        let route = format!("{} = {{ handler = 'args', {} }}", self.syscall, self.options);
        let daemon = start(bench, &format!("[routes]\n{route}\n{UNLIMITED}"))?;
        let with = caller.ns_per_call(bench, call, CALLS)?;
        let counts = counts(&daemon, self.syscall)?;
        let refused: u64 = [Column::Filtered, Column::Sampled, Column::Limited]
            .into_iter()
            .map(|column| counts.column(column))
            .sum();
        ensure!(refused >= CALLS, "{}: {counts:?}, so the figure means nothing", self.name);
        Ok(with)
    }
}

fn start(bench: &Bench, configuration: &str) -> Result<Daemon> {
    Daemon::start(bench, configuration, Output::unread())
}

fn counts(daemon: &Daemon, syscall: &str) -> Result<KernelCounters> {
    let slot = number(Abi::Native, syscall).and_then(|nr| Slot::new(Abi::Native, nr));
    daemon.counters()?.read(slot.expect("a syscall of the tables"))
}

/// Two users, the default limit: refused a second, the flooder's calls a second, and what the other one
/// lost of its calls, in percent.
fn flood(bench: &Bench) -> Result<[f64; 3]> {
    let routes = format!("[routes]\n{CHEAP} = 'args'\n{RARE} = 'args'\n[ring]\nsize = \"64MiB\"\n");
    let daemon = start(bench, &routes)?;
    let lasting = bench.seconds(3.0);
    let (mut flooder, mut victim) = (Caller::start(bench)?, Caller::start(bench)?);
    flooder.be(FLOODER)?;
    victim.be(VICTIM)?;
    let before = counts(&daemon, CHEAP)?;
    flooder.call_until(&number_of(CHEAP)?)?;
    let made = victim.flood(&number_of(RARE)?, lasting, 1000)?;
    let flooded = flooder.told()?;
    let after = counts(&daemon, CHEAP)?;
    let of_victim = counts(&daemon, RARE)?;
    ensure!(of_victim.seen == made, "{of_victim:?} of {made} calls");
    ensure!(after.seen - before.seen >= flooded, "the flood was not seen");
    let seconds = lasting.max(Duration::from_millis(1)).as_secs_f64();
    let limited = (after.column(Column::Limited) - before.column(Column::Limited)) as f64 / seconds;
    let lost = (made - of_victim.submitted) as f64 / made as f64;
    Ok([limited, flooded as f64 / seconds, lost * 100.0])
}

fn part(contenders: &[Contender; 18], empty: &Series, floods: &[Series; 3]) -> Part {
    let mut table = Table::new(&["rejected by", "ns alone", "ns added", "times the empty program"]);
    for it in contenders {
        let ratio = it.added.over(empty);
        let cells = [it.alone.show(0), it.added.show(0), ratio.show(2)].map(|it| it.to_string());
        table.row([it.name.to_owned()].into_iter().chain(cells));
    }
    let [limited, flooded, lost] = floods;
    let mut flood = Table::new(&["one user floods, another makes 1,000 calls per second", ""]);
    for (what, figure) in [
        ("calls per second of the flooding user", flooded.show(0).to_string()),
        ("suppressed events per second of that user", limited.show(0).to_string()),
        ("missing events of the other user, %", lost.show(2).to_string()),
    ] {
        flood.row([what.to_owned(), figure]);
    }
    Part {
        title: "(i) A syscall that is routed and not recorded",
        meaning: format!(
            "Each route goes to `args` and records none of the calls: its filter rejects \
             them, or its limit is exhausted. The relative path begins in a directory of three \
             names, and `fd_path` is that of `/etc/passwd`. The empty program adds {} ns to `{CHEAP}` \
             in the same rounds. In the second table, two users make calls on one CPU \
             with the default limit per user.",
            empty.show(1)
        ),
        tables: vec![table, flood],
        claims: vec![Claim::at_most("events lost during another user's flood", 0.0, "%", lost)],
    }
}
