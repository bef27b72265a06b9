//! (d) How many entries a second go into a real journald, against a bare loop that sends the very
//! same entries, and into systemd-journal-remote; what CPU time each process takes.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;
use syscalls::{Abi, Slot, number};

use crate::bench::Bench;
use crate::caller::{Caller, RARE, number_of};
use crate::cpu;
use crate::daemon::{Daemon, Output, UNLIMITED};
use crate::journald::Journald;
use crate::remote::Remote;
use crate::report::{Claim, Part, Table};
use crate::running::{Running, TIMEOUT, pinned, wait_until};
use crate::sender;
use crate::statistics::Series;

/// Number of entries that are captured for the bare loop.
const RECORDED: u64 = 2_000;

/// Number of events in the ring when journald starts: more than it accepts in that time.
const CALLS: u64 = 160_000;

/// Duration for which journald runs.
const LASTING: Duration = Duration::from_millis(1500);

/// A kind of event, and both senders' figures.
struct Kind {
    name: &'static str,
    syscall: &'static str,
    handler: &'static str,
    /// Argument of the caller; none for the syscall itself.
    call: Option<&'static str>,
    bytes: usize,
    ours: Figures,
    bare: Figures,
    exported: Figures,
}

/// Entries a second, and seconds of CPU a million entries.
#[derive(Default)]
struct Figures {
    entries: Series,
    sender_cpu: Series,
    store_cpu: Series,
}

/// Process that stores the entries.
trait Store {
    fn pid(&self) -> u32;
    fn signal(&self, signal: Signal);
    /// Returns the folder of its files.
    fn journal(&self) -> Result<PathBuf>;
}

impl Store for Journald {
    fn pid(&self) -> u32 {
        Self::pid(self)
    }

    fn signal(&self, signal: Signal) {
        Self::signal(self, signal);
    }

    fn journal(&self) -> Result<PathBuf> {
        let socket = self.socket();
        Ok(socket.ancestors().nth(3).context("a socket below /run")?.join("log/journal"))
    }
}

impl Store for Remote {
    fn pid(&self) -> u32 {
        self.running.pid()
    }

    fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    fn journal(&self) -> Result<PathBuf> {
        Ok(Self::journal(self).to_owned())
    }
}

fn kinds() -> [Kind; 2] {
    let kind = |name, syscall, handler, call| {
        let [ours, bare, exported] = std::array::from_fn(|_| Figures::default());
        Kind { name, syscall, handler, call, bytes: 0, ours, bare, exported }
    };
    [
        kind("`args`", RARE, "args", None),
        kind("`exec`, 4 arguments", "execve", "exec", Some("exec4")),
    ]
}

pub fn run(bench: &Bench) -> Result<Part> {
    let mut kinds = kinds();
    let entries = bench.folder().join("entries");
    for kind in &mut kinds {
        let recorded = kind.record(bench)?;
        kind.bytes = recorded.iter().map(Vec::len).sum::<usize>() / recorded.len();
        sender::write(&entries, &recorded)?;
        for _ in 0..bench.few() {
            bench.go_on()?;
            kind.bare.add(&bare(bench, &entries)?);
            kind.ours.add(&kind.journaled(bench)?);
            kind.exported.add(&kind.exported(bench)?);
        }
    }
    Ok(part(&kinds))
}

impl Kind {
    fn configuration(&self, socket: &Path) -> String {
        let Self { syscall, handler, .. } = self;
        format!(
            "[routes]\n{syscall} = \"{handler}\"\n[ring]\nsize = \"128MiB\"\n{UNLIMITED}[journal]\nmax_bytes_per_second = 0\nsocket = {socket:?}\n"
        )
    }

    fn call(&self) -> Result<String> {
        self.call.map_or_else(|| number_of(self.syscall), |call| Ok(call.to_owned()))
    }

    /// Captures the entries that the daemon sends for these calls.
    fn record(&self, bench: &Bench) -> Result<Vec<Vec<u8>>> {
        let path = bench.folder().join("socket");
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path)?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        let mut caller = Caller::start(bench)?;
        let daemon = Daemon::start(bench, &self.configuration(&path), Output::Journal)?;
        caller.ns_per_call(bench, &self.call()?, RECORDED / 9 + 1)?;
        let mark = format!("SYSCALL_NAME={}\n", self.syscall);
        let mut entries = Vec::new();
        let mut bytes = vec![0; 1 << 16];
        while (entries.len() as u64) < RECORDED {
            let size = socket.recv(&mut bytes).context("the daemon sends too little")?;
            let entry = &bytes[..size];
            if entry.windows(mark.len()).any(|window| window == mark.as_bytes()) {
                entries.push(entry.to_vec());
            }
        }
        drop(daemon);
        Ok(entries)
    }

    /// Measures the daemon with a full ring, and journald.
    fn journaled(&self, bench: &Bench) -> Result<Sample> {
        let journald = Journald::start().context("a private journald needs root")?;
        self.full(bench, &journald, &journald.socket(), Output::Journal)
    }

    /// Measures the daemon with a full ring, and systemd-journal-remote.
    fn exported(&self, bench: &Bench) -> Result<Sample> {
        let remote = Remote::start(bench.folder())?;
        let socket = bench.folder().join("no-journald");
        self.full(bench, &remote, &socket, Output::Export(remote.input()))
    }

    /// Fills the ring while nothing is stored, and lets go.
    fn full(
        &self,
        bench: &Bench,
        store: &impl Store,
        socket: &Path,
        output: Output<'_>,
    ) -> Result<Sample> {
        let mut caller = Caller::start(bench)?;
        let daemon = Daemon::start(bench, &self.configuration(socket), output)?;
        daemon.wait_for_programs()?;
        store.signal(Signal::SIGSTOP);
        caller.ns_per_call(bench, &self.call()?, CALLS / 9)?;
        let nr = number(Abi::Native, self.syscall).and_then(|nr| Slot::new(Abi::Native, nr));
        let counts = daemon.counters()?.read(nr.context("no such syscall")?)?;
        ensure!(counts.lost() == 0, "{} events did not fit into the ring", counts.lost());
        let sample = Sample::take(store, &daemon.running)?;
        let waited = counts.submitted as f64;
        ensure!(sample.entries < waited, "the ring ran dry: {} of {waited}", sample.entries);
        Ok(sample)
    }
}

/// Kernel functions in which a sender waits: for room in its own buffer, or in journald's queue.
const WAITING: [&str; 2] = ["sock_alloc_send_pskb", "unix_wait_for_peer"];

/// The bare loop against a journald that is let go.
fn bare(bench: &Bench, entries: &Path) -> Result<Sample> {
    let journald = Journald::start().context("a private journald needs root")?;
    journald.signal(Signal::SIGSTOP);
    let mut command = pinned(&bench.tool_cpus, std::env::current_exe()?);
    command.arg("send").arg(entries).arg(journald.socket());
    let sender = Running::spawn(&mut command)?;
    let is_waiting = || {
        let place = std::fs::read(format!("/proc/{}/wchan", sender.pid()));
        place.is_ok_and(|place| WAITING.iter().any(|waiting| place.starts_with(waiting.as_bytes())))
    };
    ensure!(wait_until(is_waiting, TIMEOUT), "the bare sender does not come to wait");
    Sample::take(&journald, &sender)
}

/// Result of one run of journald, from start to stop.
struct Sample {
    seconds: f64,
    entries: f64,
    sender_cpu: f64,
    store_cpu: f64,
}

impl Sample {
    fn take(store: &impl Store, sender: &Running) -> Result<Self> {
        let read = || -> Result<[f64; 3]> {
            Ok([entries(store)?, cpu::seconds(sender.pid())?, cpu::seconds(store.pid())?])
        };
        let before = read()?;
        let start = Instant::now();
        store.signal(Signal::SIGCONT);
        std::thread::sleep(LASTING);
        store.signal(Signal::SIGSTOP);
        let seconds = start.elapsed().as_secs_f64();
        // A signal to stop is obeyed at the end of the syscall that it interrupts.
        std::thread::sleep(Duration::from_millis(20));
        let after = read()?;
        let [entries, sender_cpu, store_cpu] =
            std::array::from_fn(|index| after[index] - before[index]);
        Ok(Self { seconds, entries, sender_cpu, store_cpu })
    }
}

/// Returns the number of entries that are stored: the greatest sequence number of the files.
fn entries(store: &impl Store) -> Result<f64> {
    let mut command = Command::new("journalctl");
    command.args(["--header", "--directory"]).arg(store.journal()?);
    let output = command.output().context("failed to start journalctl")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers = text.lines().filter_map(|line| {
        let value = line.trim().strip_prefix("Tail sequential number:")?;
        value.split_whitespace().next()?.parse().ok()
    });
    Ok(numbers.fold(0.0, f64::max))
}

impl Figures {
    fn add(&mut self, sample: &Sample) {
        let Sample { seconds, entries, sender_cpu, store_cpu } = *sample;
        self.entries.push(entries / seconds);
        self.sender_cpu.push(sender_cpu / entries * 1e6);
        self.store_cpu.push(store_cpu / entries * 1e6);
    }
}

fn part(kinds: &[Kind; 2]) -> Part {
    let mut table = Table::new(&[
        "entries",
        "bytes",
        "sender",
        "entries/s",
        "relative to the bare loop",
        "sender, CPU µs/entry",
        "store, CPU µs/entry",
        "sender relative to the store, %",
    ]);
    let (mut worst, mut cpu) = (None::<Series>, None::<Series>);
    for kind in kinds {
        for (name, figures) in [
            ("bare loop", &kind.bare),
            ("tailcalld", &kind.ours),
            ("tailcalld `--output export`", &kind.exported),
        ] {
            let share = figures.share();
            table.row([
                kind.name.to_owned(),
                kind.bytes.to_string(),
                name.to_owned(),
                figures.entries.show(0).to_string(),
                figures.entries.over(&kind.bare.entries).show(2).to_string(),
                figures.sender_cpu.show(2).to_string(),
                figures.store_cpu.show(2).to_string(),
                share.show(1).to_string(),
            ]);
        }
        let ratio = kind.ours.entries.over(&kind.bare.entries);
        worst = Some(worst.filter(|worst| worst.median() < ratio.median()).unwrap_or(ratio));
        let share = kind.ours.share();
        cpu = Some(cpu.filter(|cpu| cpu.median() > share.median()).unwrap_or(share));
    }
    let what = "entries into journald, the slower kind";
    let ratio = Claim::at_least(what, 0.95, "of a bare loop", &worst.unwrap_or_default())
        .otherwise(WHY_RATE);
    let what = "our CPU time relative to journald, the worse kind";
    let share =
        Claim::at_most(what, 15.0, "% of journald's", &cpu.unwrap_or_default()).otherwise(WHY_CPU);
    Part {
        title: "(d) Into a real journald",
        meaning: MEANING.to_owned(),
        tables: vec![table],
        claims: vec![ratio, share],
    }
}

impl Figures {
    /// Returns the sender's CPU time in % of that of the process that stores the entries.
    fn share(&self) -> Series {
        self.sender_cpu.over(&self.store_cpu).times(100.0)
    }
}

const MEANING: &str = "A private journald of this machine's own systemd, in memory, without a rate limit. It is \
    stopped until the sender waits for it, runs for 1.5 s, and is stopped again; entries are \
    counted by their sequence numbers. The bare loop sends entries captured from tailcalld's \
    own socket, as fast as journald accepts them; tailcalld takes its events from a ring \
    that was filled before. The sender is pinned to one CPU; the kernel schedules journald. The last row of \
    each kind is a pipe into `systemd-journal-remote`, which stores instead of journald and begins in the \
    same way.";

const WHY_RATE: &str = "journald itself uses more CPU time for each of our entries than for those of the bare \
    loop (see the table of section d), which sends the same 2,000 entries again and again: \
    probably because their memory stays in the cache.";

const WHY_CPU: &str = "Sending alone takes 9 to 14 % (the bare loop), so that 15 % leave some 0.3 us for an event. Decoding \
    it and encoding its entry take 0.4 us for `args` and 0.75 us for `exec` (`cargo bench --bench micro`), plus the time \
    to read a ring that is not in the cache, to search the arguments of a program for secrets, and to run code that \
    each call of the kernel has driven out of the cache. With 8 entries for each sendmmsg(2), an `args` entry took \
    2.9 instead of 4.5 us, 19 instead of 24 % of journald's CPU time, and an `exec` entry 4.6 instead of 5.9 us, 25 \
    instead of 29 % (1 December 2026, AMD EPYC, Linux 6.18, medians of three; 32 entries took no less). tailcalld \
    sends entries one by one all the same: killed during such a call, it would not know which of the 8 journald has. \
    What the content of an event costs is in `docs/security.md`. An event whose arguments are 8 KiB of bytes that \
    are not UTF-8 took 33 to 34 us, and takes 13 to 18.";
