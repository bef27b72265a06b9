//! Our end of the child that makes the calls.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use syscalls::{Abi, number};

use crate::bench::Bench;
use crate::program::Programs;
use crate::running::{Running, TIMEOUT, pinned, wait_until};
use crate::statistics::{Series, median};

/// Batches of one measurement; the middle one counts, so an interrupted one does not.
const BATCHES: u64 = 9;

/// A syscall that does next to nothing, so that what is added shows.
pub const CHEAP: &str = "getppid";

/// A syscall that no kernel serves any more and nobody makes: all of its events are ours.
pub const RARE: &str = "lookup_dcookie";

/// The child, waiting for a task.
pub struct Caller {
    tasks: ChildStdin,
    results: BufReader<ChildStdout>,
    child: Running,
}

/// In each round the empty program is measured, and then what `measure` does. What the empty one adds, ns.
pub fn beside_empty(
    bench: &Bench,
    mut measure: impl FnMut(&mut Caller) -> Result<()>,
) -> Result<Series> {
    let (mut empty, mut caller) = (Series::default(), Caller::start(bench)?);
    for _ in 0..bench.rounds {
        empty.push(caller.added_by_empty(bench)?);
        measure(&mut caller)?;
    }
    Ok(empty)
}

impl Caller {
    /// On its CPU, warmed up.
    pub fn start(bench: &Bench) -> Result<Self> {
        let mut caller = Self::start_below(bench, None)?;
        caller.ns_per_call(bench, &number_of(CHEAP)?, 200_000)?;
        Ok(caller)
    }

    /// Started by another program: `tracer` and its arguments.
    pub fn start_below(bench: &Bench, tracer: Option<Command>) -> Result<Self> {
        let itself = std::env::current_exe()?;
        let mut command = pinned(&bench.caller_cpu.to_string(), &itself);
        if let Some(tracer) = tracer {
            let inner: Vec<_> = command.get_args().skip(2).map(ToOwned::to_owned).collect();
            command = tracer;
            command.args(inner);
        }
        command.arg("call").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Running::spawn(&mut command)?;
        let tasks = child.0.stdin.take().context("the child has no input")?;
        let results = BufReader::new(child.0.stdout.take().context("the child has no output")?);
        Ok(Self { tasks, results, child })
    }

    /// The median batch of a measurement.
    pub fn ns_per_call(&mut self, bench: &Bench, call: &str, calls: u64) -> Result<f64> {
        bench.go_on()?;
        let answer = self.ask(&format!("time {call} {BATCHES} {calls}"))?;
        let times: Result<Vec<f64>, _> = answer.split_whitespace().map(f64::from_str).collect();
        Ok(median(&times?))
    }

    /// Cost that an empty program on the tracepoint adds to a call, in ns.
    fn added_by_empty(&mut self, bench: &Bench) -> Result<f64> {
        let (call, calls) = (number_of(CHEAP)?, 100_000);
        let before = self.ns_per_call(bench, &call, calls)?;
        let attached = Programs::empty()?;
        let with = self.ns_per_call(bench, &call, calls)?;
        drop(attached);
        let after = self.ns_per_call(bench, &call, calls)?;
        Ok(with - f64::midpoint(before, after))
    }

    /// Calls for so long, `rate` times a second or as often as it can (0). Returns how often.
    pub fn flood(&mut self, call: &str, lasting: Duration, rate: u64) -> Result<u64> {
        Ok(self.ask(&format!("flood {call} {} {rate}", lasting.as_millis()))?.parse()?)
    }

    /// Starts a program `rate` times a second. Returns how many it came to.
    pub fn start_programs(&mut self, lasting: Duration, rate: u64) -> Result<u64> {
        Ok(self.ask(&format!("start {} {rate}", lasting.as_millis()))?.parse()?)
    }

    /// Is that real user from now on.
    pub fn be(&mut self, uid: u32) -> Result<()> {
        self.ask(&format!("as {uid}")).map(drop)
    }

    /// Calls until `told`.
    pub fn call_until(&mut self, call: &str) -> Result<()> {
        Ok(writeln!(self.tasks, "until {call}")?)
    }

    /// Ends that, and returns how many calls it were.
    pub fn told(&mut self) -> Result<u64> {
        Ok(self.ask("enough")?.parse()?)
    }

    /// Returns whether the task has an audit context.
    pub fn is_audited(&mut self) -> Result<bool> {
        Ok(self.ask("audited")? == "1")
    }

    /// Lets it end by itself, and whoever traces it with it.
    pub fn end(self) {
        let Self { tasks, mut child, .. } = self;
        drop(tasks);
        wait_until(|| child.check().is_err(), TIMEOUT);
    }

    fn ask(&mut self, task: &str) -> Result<String> {
        writeln!(self.tasks, "{task}").context(GONE)?;
        let mut answer = String::new();
        self.results.read_line(&mut answer).context(GONE)?;
        anyhow::ensure!(!answer.is_empty(), GONE);
        Ok(answer.trim().to_owned())
    }
}

const GONE: &str = "the process that makes the calls has gone";

/// A syscall by its number, as the child takes it.
pub fn number_of(name: &str) -> Result<String> {
    let number = number(Abi::Native, name).with_context(|| format!("no syscall {name} here"))?;
    Ok(number.to_string())
}
