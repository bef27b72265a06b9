//! (c) How many events a second come out as lines in a file, and what is lost on the way.

use std::fs;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use nix::sys::signal::Signal;

use crate::bench::Bench;
use crate::caller::{Caller, RARE, number_of};
use crate::daemon::{Daemon, Output, UNLIMITED};
use crate::peers::{self, Peer};
use crate::report::{Claim, Part, Table};
use crate::running::wait_until;
use crate::statistics::Series;

/// Calls a second for the second table: much for a machine, little for a tool.
const MODEST: u64 = 100_000;

/// Result of one flood of calls.
struct Flood {
    made: u64,
    /// Lines in the file when the last call was made.
    meanwhile: u64,
    /// Lines in the end.
    lines: u64,
}

/// A tool and its figures, or why it is absent.
struct Contender {
    name: &'static str,
    flood: fn(&Bench, Duration, u64) -> Result<Flood>,
    is_peer: bool,
    figures: Result<Figures, String>,
}

#[derive(Default)]
struct Figures {
    made: Series,
    written: Series,
    lost: Series,
}

fn contenders() -> [Contender; 4] {
    let contender =
        |name, flood, is_peer| Contender { name, flood, is_peer, figures: Ok(Figures::default()) };
    [
        contender("ours, `args` with `--output json`", ours, false),
        contender("bpftrace, `printf`", bpftrace, true),
        contender("BCC, the tutorial's program", bcc, true),
        contender("strace `--seccomp-bpf -f`", strace, true),
    ]
}

pub fn run(bench: &Bench) -> Result<Part> {
    let lasting = bench.seconds(1.0);
    let fast = floods(bench, lasting, 0)?;
    let modest = floods(bench, lasting, MODEST)?;
    let ours = fast[0].figures.as_ref().map(|figures| figures.written.clone());
    let written = ours.unwrap_or_default();
    Ok(Part {
        title: "(c) From the kernel to lines in a file",
        meaning: format!(
            "One process calls `{RARE}`, which no kernel implements any more, for {} s: \
             in the first table as fast as possible, in the second {MODEST} times per \
             second. \"Written\" counts the lines in the file when the last call was \
             made; \"lost\" are lines that never arrived. The file is in memory. strace \
             delays each call until it has written it, so it loses nothing and slows the \
             process down. The ring has its default size; BCC writes to the kernel's \
             trace pipe.",
            lasting.as_secs_f64()
        ),
        tables: vec![table(&fast), table(&modest)],
        claims: vec![Claim::at_least("ring to JSON lines, one core", 5e5, "events/s", &written)],
    })
}

fn floods(bench: &Bench, lasting: Duration, rate: u64) -> Result<[Contender; 4]> {
    let mut contenders = contenders();
    for _ in 0..bench.few() {
        for contender in &mut contenders {
            bench.go_on()?;
            let Ok(figures) = &mut contender.figures else { continue };
            match (contender.flood)(bench, lasting, rate) {
                Ok(flood) => figures.add(&flood, lasting),
                Err(error) if contender.is_peer => contender.figures = Err(format!("{error:#}")),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(contenders)
}

impl Figures {
    fn add(&mut self, flood: &Flood, lasting: Duration) {
        let seconds = lasting.as_secs_f64();
        self.made.push(flood.made as f64 / seconds);
        self.written.push(flood.meanwhile as f64 / seconds);
        let lost = flood.made.saturating_sub(flood.lines);
        self.lost.push(lost as f64 / flood.made as f64 * 100.0);
    }
}

fn table(contenders: &[Contender; 4]) -> Table {
    let mut table = Table::new(&["tool", "calls/s made", "events/s written", "lost, %"]);
    for contender in contenders {
        match &contender.figures {
            Ok(figures) => {
                let Figures { made, written, lost } = figures;
                let cells = [made.show(0), written.show(0), lost.show(1)].map(|it| it.to_string());
                table.row([contender.name.to_owned()].into_iter().chain(cells));
            }
            Err(reason) => table.absent(contender.name, reason),
        }
    }
    table
}

fn ours(bench: &Bench, lasting: Duration, rate: u64) -> Result<Flood> {
    let output = bench.folder().join("ours");
    let mut caller = Caller::start(bench)?;
    let routes = format!("[routes]\n{RARE} = \"args\"\n{UNLIMITED}");
    let mut daemon = Daemon::start(bench, &routes, Output::Json(&output))?;
    let (made, size) = flood(&mut caller, &output, lasting, rate)?;
    daemon.running.stop();
    count(&output, made, size, &format!("\"syscall\":\"{RARE}\""))
}

fn bpftrace(bench: &Bench, lasting: Duration, rate: u64) -> Result<Flood> {
    let script = format!(
        "tracepoint:raw_syscalls:sys_enter /args->id == {}/ \
         {{ printf(\"call %d %d %s %d %lx %lx %lx\\n\", nsecs, pid, comm, args->id, \
         args->args[0], args->args[1], args->args[2]); }}",
        number_of(RARE)?
    );
    let mut caller = Caller::start(bench)?;
    let peer = peers::start(bench, &["bpftrace", "-e", &script], peers::has_attached)?;
    let (made, size) = flood(&mut caller, &peer.output, lasting, rate)?;
    finish(peer, made, size, "call ")
}

fn bcc(bench: &Bench, lasting: Duration, rate: u64) -> Result<Flood> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/system/tutorial.py");
    let mut caller = Caller::start(bench)?;
    let number = number_of(RARE)?;
    let words = ["/usr/bin/python3", program, &number];
    let peer = peers::start(bench, &words, peers::says_ready)?;
    let (made, size) = flood(&mut caller, &peer.output, lasting, rate)?;
    finish(peer, made, size, "a routed syscall")
}

fn strace(bench: &Bench, lasting: Duration, rate: u64) -> Result<Flood> {
    let output = bench.folder().join("strace");
    let (wanted, path) = (format!("trace={RARE}"), output.display().to_string());
    let words = ["strace", "--seccomp-bpf", "-f", "-e", &wanted, "-o", &path];
    let mut caller = Caller::start_below(bench, Some(peers::tracer(bench, &words)?))?;
    let (made, size) = flood(&mut caller, &output, lasting, rate)?;
    caller.end();
    count(&output, made, size, RARE)
}

/// Returns how many calls were made, and how large the file was then.
fn flood(caller: &mut Caller, output: &Path, lasting: Duration, rate: u64) -> Result<(u64, u64)> {
    let made = caller.flood(&number_of(RARE)?, lasting, rate)?;
    Ok((made, fs::metadata(output)?.len()))
}

/// Lets a peer write what it still has.
fn finish(mut peer: Peer, made: u64, size: u64, mark: &str) -> Result<Flood> {
    let mut before = 0;
    let is_quiet = || {
        std::thread::sleep(Duration::from_millis(300));
        let now = fs::metadata(&peer.output).map_or(0, |file| file.len());
        std::mem::replace(&mut before, now) == now
    };
    wait_until(is_quiet, Duration::from_secs(10));
    peer.running.signal(Signal::SIGINT);
    wait_until(|| peer.running.check().is_err(), Duration::from_secs(5));
    count(&peer.output, made, size, mark)
}

/// Counts the lines with `mark`, those before `size` and all, and removes the file.
fn count(output: &PathBuf, made: u64, size: u64, mark: &str) -> Result<Flood> {
    let mut file = BufReader::with_capacity(1 << 20, fs::File::open(output)?);
    let meanwhile = lines(file.by_ref().take(size), mark)?;
    let lines = meanwhile + lines(file, mark)?;
    fs::remove_file(output)?;
    if lines == 0 {
        bail!("nothing was written");
    }
    Ok(Flood { made, meanwhile, lines })
}

fn lines(mut text: impl std::io::BufRead, mark: &str) -> Result<u64> {
    let (mut line, mut count) = (Vec::new(), 0);
    while text.read_until(b'\n', &mut line)? > 0 {
        let has_mark = std::str::from_utf8(&line).is_ok_and(|line| line.contains(mark));
        count += u64::from(has_mark);
        line.clear();
    }
    Ok(count)
}
