//! (e) What a steady rate of new programs costs in all processes that take part.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use syscalls::{Abi, Slot, number};

use crate::audit::{self, Audit};
use crate::bench::Bench;
use crate::caller::Caller;
use crate::cpu;
use crate::daemon::{Daemon, Output, UNLIMITED};
use crate::journald::Journald;
use crate::report::{Part, Table};
use crate::running::{Running, TIMEOUT, pinned, wait_until};
use crate::statistics::Series;

/// Programs started a second.
const RATES: [u64; 3] = [100, 400, 1600];

/// Each takes seconds, and the slow ones follow each other: few will do.
const ROUNDS: usize = 2;

/// The processes that a tool keeps busy, by their place in the table, and what it lost so far.
struct Involved<'a> {
    tool: u32,
    journald: Option<u32>,
    kauditd: Option<u32>,
    lost: &'a dyn Fn() -> Result<u64>,
}

pub fn run(bench: &Bench) -> Result<Part> {
    let columns = [
        "tool",
        "exec/s wanted",
        "exec/s made",
        "tool",
        "journald",
        "kauditd",
        "total, % of a CPU",
        "records lost",
    ];
    let mut table = Table::new(&columns);
    let journald = Journald::start().context("a private journald needs root")?;
    let configuration = format!(
        "[routes]\nexecve = \"exec\"\n{UNLIMITED}[journal]\nmax_bytes_per_second = 0\nsocket = {:?}\n",
        journald.socket()
    );
    let mut caller = Caller::start(bench)?;
    let daemon = Daemon::start(bench, &configuration, Output::Journal)?;
    daemon.wait_for_programs()?;
    let counters = daemon.counters()?;
    let execve = number(Abi::Native, "execve").and_then(|nr| Slot::new(Abi::Native, nr));
    let execve = execve.context("execve has no slot")?;
    let (tool, kauditd) = (daemon.pid(), cpu::kauditd());
    let lost = || Ok(counters.read(execve)?.lost());
    let involved = Involved { tool, journald: Some(journald.pid()), kauditd, lost: &lost };
    measure(bench, &mut caller, "tailcalld", &involved, &mut table)?;
    Ok(Part {
        title: "(e) A steady rate of new programs",
        meaning: format!(
            "One process starts `/bin/true` for {} s at each rate; every `execve` is \
             recorded. CPU time in % of one CPU. tailcalld writes to a private journald. \
             auditd has a rule for `execve` and its default configuration, with its log \
             in memory; in the second series, a journald reads the audit records as well, \
             as on many systems. The drops of that journald are counted by the socket \
             that it reads from: once it has overflowed, systemd 252 reads no more from \
             it.",
            bench.seconds(5.0).as_secs()
        ),
        tables: vec![table],
        claims: Vec::new(),
    })
}

pub fn run_audited(bench: &Bench, part: &mut Part) -> Result<()> {
    let table = &mut part.tables[0];
    let rule = ["-a", "always,exit", "-F", "arch=b64", "-S", "execve"];
    let audit = match Audit::start(bench, &rule) {
        Ok(audit) => audit,
        Err(error) => {
            table.absent("auditd", &format!("{error:#}"));
            return Ok(());
        }
    };
    // After auditing was switched on: only then do its programs carry what auditing needs.
    let mut caller = Caller::start(bench)?;
    let (tool, kauditd) = (audit.daemon.pid(), cpu::kauditd());
    let involved = Involved { tool, journald: None, kauditd, lost: &audit::lost };
    measure(bench, &mut caller, "auditd", &involved, table)?;
    let listening = Listening::start(bench)?;
    let journald = listening.running.pid();
    let lost = || Ok(audit::lost()? + audit::dropped(journald)?);
    let involved = Involved { tool, journald: Some(journald), kauditd, lost: &lost };
    measure(bench, &mut caller, "auditd, journald listening", &involved, table)
}

/// A row for each rate.
fn measure(
    bench: &Bench,
    caller: &mut Caller,
    name: &str,
    involved: &Involved<'_>,
    table: &mut Table,
) -> Result<()> {
    for rate in RATES {
        let mut columns: [Series; 6] = std::array::from_fn(|_| Series::new());
        for _ in 0..ROUNDS {
            bench.go_on()?;
            let values = round(bench, caller, involved, rate)?;
            columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        }
        let cells = columns.iter().zip([0, 1, 1, 1, 1, 0]);
        let cells = cells.map(|(column, decimals)| column.show(decimals).to_string());
        table.row([name.to_owned(), rate.to_string()].into_iter().chain(cells));
    }
    Ok(())
}

/// Result of one round: programs per second, % of a CPU by process and in total, records lost.
fn round(
    bench: &Bench,
    caller: &mut Caller,
    involved: &Involved<'_>,
    rate: u64,
) -> Result<[f64; 6]> {
    let pids = [Some(involved.tool), involved.journald, involved.kauditd];
    let lasting = bench.seconds(5.0);
    let (before, lost) = (used(pids)?, (involved.lost)()?);
    let made = caller.start_programs(lasting, rate)? as f64;
    let (after, lost) = (used(pids)?, (involved.lost)()? - lost);
    let seconds = lasting.as_secs_f64();
    let share = |at: usize| (after[at] - before[at]) / seconds * 100.0;
    let shares = [share(0), share(1), share(2)];
    Ok([made / seconds, shares[0], shares[1], shares[2], shares.iter().sum(), lost as f64])
}

fn used(pids: [Option<u32>; 3]) -> Result<[f64; 3]> {
    let mut used = [0.0; 3];
    for (seconds, pid) in used.iter_mut().zip(pids) {
        *seconds = pid.map_or(Ok(0.0), cpu::seconds)?;
    }
    Ok(used)
}

/// A journald that reads audit records: it needs the machine's network namespace, which
/// `tests/common/journald.rs` keeps away from.
struct Listening {
    running: Running,
}

const LISTEN: &str = "
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journald.conf.d /run/systemd/journal /run/log/journal
cat >/run/systemd/journald.conf.d/bench.conf <<CONF
[Journal]
Storage=volatile
RateLimitIntervalSec=0
ForwardToSyslog=no
ReadKMsg=no
Audit=yes
CONF
exec /lib/systemd/systemd-journald
";

impl Listening {
    fn start(bench: &Bench) -> Result<Self> {
        let mut command: Command = pinned(&bench.tool_cpus, "unshare");
        command.args(["-m", "sh", "-c", LISTEN]).stdout(Stdio::null()).stderr(Stdio::null());
        let running = Running::spawn(&mut command)?;
        let listens = || audit::dropped(running.pid()).is_ok();
        ensure!(wait_until(listens, TIMEOUT), "journald does not come to listen to auditing");
        Ok(Self { running })
    }
}
