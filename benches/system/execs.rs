//! (e) What a steady rate of new programs costs in all processes that take part.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::audit::Audit;
use crate::bench::Bench;
use crate::caller::Caller;
use crate::cpu;
use crate::daemon::Daemon;
use crate::journald::Journald;
use crate::report::{Part, Table};
use crate::running::{PATIENCE, Running, pinned, wait_until};
use crate::statistics::Series;

/// Programs started a second.
const RATES: [u64; 3] = [100, 400, 1600];

/// Each takes seconds, and the slow ones follow each other: few will do.
const ROUNDS: usize = 2;

/// The processes that a tool keeps busy, by their place in the table.
#[derive(Default)]
struct Involved {
    tool: Option<u32>,
    journald: Option<u32>,
    kauditd: Option<u32>,
}

pub fn run(bench: &Bench) -> Result<Part> {
    let columns =
        ["tool", "exec/s wanted", "exec/s made", "tool", "journald", "kauditd", "all, % of a CPU"];
    let mut table = Table::new(&columns);
    let journald = Journald::start().context("a private journald needs root")?;
    let configuration =
        format!("[routes]\nexecve = \"exec\"\n[journal]\nsocket = {:?}\n", journald.socket());
    let mut caller = Caller::start(bench)?;
    let daemon = Daemon::start(bench, &configuration, None)?;
    let involved = Involved {
        tool: Some(daemon.pid()),
        journald: Some(journald.pid()),
        kauditd: cpu::kauditd(),
    };
    measure(bench, &mut caller, "tailcalld", &involved, &mut table)?;
    Ok(Part {
        title: "(e) A steady rate of new programs",
        meaning: format!(
            "One process starts `/bin/true` for {} s at each rate; every `execve` is recorded. CPU time \
             in % of one CPU. tailcalld writes to a private journald. auditd has a rule for `execve` and \
             its usual configuration, its log in memory; the second time a journald reads the audit \
             records, too, as it does on many systems.",
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
    let mut involved =
        Involved { tool: Some(audit.daemon.pid()), journald: None, kauditd: cpu::kauditd() };
    measure(bench, &mut caller, "auditd", &involved, table)?;
    let journald = Listening::start(bench)?;
    involved.journald = Some(journald.running.pid());
    measure(bench, &mut caller, "auditd, journald listening", &involved, table)
}

/// A row for each rate.
fn measure(
    bench: &Bench,
    caller: &mut Caller,
    name: &str,
    involved: &Involved,
    table: &mut Table,
) -> Result<()> {
    let pids = [involved.tool, involved.journald, involved.kauditd];
    let lasting = bench.seconds(5.0);
    for rate in RATES {
        let mut series: [Series; 5] = std::array::from_fn(|_| Series::new());
        for _ in 0..ROUNDS {
            bench.go_on()?;
            let before = used(pids)?;
            let made = caller.start_programs(lasting, rate)?;
            let after = used(pids)?;
            let seconds = lasting.as_secs_f64();
            let shares: [f64; 3] =
                std::array::from_fn(|at| (after[at] - before[at]) / seconds * 100.0);
            let values =
                [made as f64 / seconds, shares[0], shares[1], shares[2], shares.iter().sum()];
            series.iter_mut().zip(values).for_each(|(series, value)| series.push(value));
        }
        let decimals = [0, 1, 1, 1, 1];
        let cells =
            series.iter().zip(decimals).map(|(series, places)| series.show(places).to_string());
        table.row([name.to_owned(), rate.to_string()].into_iter().chain(cells));
    }
    Ok(())
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
        let mut command: Command = pinned(bench.tool_cpu, "unshare");
        command.args(["-m", "sh", "-c", LISTEN]).stdout(Stdio::null()).stderr(Stdio::null());
        let running = Running::spawn(&mut command)?;
        let root = PathBuf::from(format!("/proc/{}/root", running.pid()));
        let socket = root.join("run/systemd/journal/socket");
        wait_until(|| fs::exists(&socket).is_ok_and(|exists| exists), PATIENCE);
        Ok(Self { running })
    }
}
