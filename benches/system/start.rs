//! (f) How long it takes until a tool is attached, and how much memory it holds.

use std::fs;
use std::time::Instant;

use anyhow::Result;

use crate::bench::Bench;
use crate::caller::{Caller, RARE, number_of};
use crate::daemon::{Daemon, Output};
use crate::memory::{self, Memory};
use crate::peers;
use crate::report::{Claim, Part, Table};
use crate::running::wait_until;
use crate::statistics::{Series, grouped};

const START: &str = "The kernel's verifier takes 83 ms of processor time of it on Linux 6.18, in two threads: 31 for \
    `args`, 11 for `timer`, 10 for `exec`, 10 for the strings of argv, 9 for new cgroups, 8 for names. \
    libbpf takes most of the rest, to read types and to relocate the programs. Programs that the routes \
    do not need are loaded by a thread, for a reload.";

/// A syscall that the shipped configuration routes, and that fails at once without a timer.
const ROUTED: &str = "timer_getoverrun";

/// A tool's figures, or why it is absent.
struct Contender {
    name: &'static str,
    start: fn(&Bench) -> Result<(f64, Memory)>,
    is_peer: bool,
    figures: Result<Figures, String>,
}

#[derive(Default, Clone)]
struct Figures {
    ms: Series,
    rss: Series,
    pss: Series,
    pss_beside_maps: Series,
}

pub fn run(bench: &Bench) -> Result<Part> {
    let contender =
        |name, start, is_peer| Contender { name, start, is_peer, figures: Ok(Figures::default()) };
    let mut contenders = [
        contender("tailcalld, the shipped configuration", ours_on_all_cpus, false),
        contender("the same on one CPU", ours, false),
        contender("bpftrace, one probe", bpftrace, true),
        contender("BCC, the tutorial's program", bcc, true),
    ];
    for _ in 0..bench.rounds {
        for it in &mut contenders {
            bench.go_on()?;
            let Ok(figures) = &mut it.figures else { continue };
            match (it.start)(bench) {
                Ok((ms, memory)) => figures.add(ms, memory),
                Err(error) if it.is_peer => it.figures = Err(format!("{error:#}")),
                Err(error) => return Err(error),
            }
        }
    }
    part(&contenders)
}

impl Figures {
    fn add(&mut self, ms: f64, memory: Memory) {
        self.ms.push(ms);
        self.rss.push(memory.rss);
        self.pss.push(memory.pss);
        self.pss_beside_maps.push(memory.pss_beside_maps);
    }
}

fn part(contenders: &[Contender; 4]) -> Result<Part> {
    let mut table =
        Table::new(&["tool", "ms to attached", "RSS, MB", "PSS, MB", "PSS without the maps, MB"]);
    for it in contenders {
        match &it.figures {
            Ok(Figures { ms, rss, pss, pss_beside_maps }) => {
                let cells = [ms.show(0), rss.show(1), pss.show(1), pss_beside_maps.show(1)];
                let cells = cells.map(|it| it.to_string());
                table.row([it.name.to_owned()].into_iter().chain(cells));
            }
            Err(reason) => table.absent(it.name, reason),
        }
    }
    let ours = contenders[0].figures.clone().unwrap_or_default();
    let size = fs::metadata(env!("CARGO_BIN_EXE_tailcalld"))?.len() as f64 / 1e6;
    Ok(Part {
        title: "(f) Start and memory",
        meaning: format!(
            "Time from the start of the process until it reports that it is attached \
             (tailcalld: its notification to the service manager, which follows the \
             record `started`). The tools have all CPUs, as services have them, where nothing else is \
             said. Memory after a hundred thousand events, from \
             `/proc/PID/smaps`; the ring is mapped twice and its pages count once they \
             are touched, so memory is also given without the maps. tailcalld's binary \
             has {} MB.",
            grouped(size, 1)
        ),
        tables: vec![table],
        claims: vec![
            Claim::at_most("start to attached", 100.0, "ms", &ours.ms).otherwise(START),
            Claim::at_most("memory without the ring", 20.0, "MB", &ours.pss_beside_maps),
        ],
    })
}

fn ours_on_all_cpus(bench: &Bench) -> Result<(f64, Memory)> {
    ours(&bench.on_all_cpus())
}

fn ours(bench: &Bench) -> Result<(f64, Memory)> {
    let shipped =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/tailcalld.toml"))?;
    let mut caller = Caller::start(bench)?;
    let daemon = Daemon::start(bench, &shipped, Output::unread())?;
    events(bench, &mut caller, ROUTED)?;
    Ok((daemon.start.as_secs_f64() * 1e3, memory::of(daemon.pid())?))
}

fn bpftrace(bench: &Bench) -> Result<(f64, Memory)> {
    let script = format!(
        "tracepoint:raw_syscalls:sys_enter /args->id == {}/ {{ printf(\"%d\\n\", pid); }} \
         interval:ms:1 {{ if (!@said) {{ printf(\"ready\\n\"); @said = 1; }} }}",
        number_of(RARE)?
    );
    peer(bench, &["bpftrace", "-B", "line", "-e", &script])
}

fn bcc(bench: &Bench) -> Result<(f64, Memory)> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/system/tutorial.py");
    peer(bench, &["/usr/bin/python3", program, &number_of(RARE)?])
}

fn peer(bench: &Bench, words: &[&str]) -> Result<(f64, Memory)> {
    let mut caller = Caller::start(bench)?;
    let begin = Instant::now();
    let peer = peers::start(&bench.on_all_cpus(), words, peers::says_ready)?;
    let ms = begin.elapsed().as_secs_f64() * 1e3;
    events(bench, &mut caller, RARE)?;
    Ok((ms, memory::of(peer.running.pid())?))
}

fn events(bench: &Bench, caller: &mut Caller, call: &str) -> Result<()> {
    caller.flood(&number_of(call)?, std::time::Duration::from_millis(200), 500_000)?;
    wait_until(|| false, std::time::Duration::from_millis(50));
    bench.go_on()
}
