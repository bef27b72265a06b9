//! Costs and capacity of tailcalld, side by side with other tools, in one run: `make bench`.
//! Rounds are interleaved, so that a machine that slows down slows down everybody. A whole run
//! writes `docs/benchmarks.md`; single sections (`SECTIONS="a b"`) go to the terminal only.
//!
//! The same program is also the process that makes the calls to be measured: `system call`, and the
//! bare sender to journald: `system send`. In a guest it is what measures there: `system ways`.

mod audit;
mod bench;
mod caller;
mod calls;
mod cpu;
mod daemon;
mod events;
mod execs;
mod guests;
mod journal;
#[path = "../../tests/common/journald.rs"]
#[allow(dead_code, clippy::unwrap_used)] // it is a test's
mod journald;
mod machine;
mod maps;
mod memory;
mod ours;
mod peers;
mod program;
mod refused;
mod reload;
mod remote;
mod report;
#[path = "../../tests/common/root.rs"]
#[allow(clippy::unwrap_used)] // it is a test's
mod root;
mod routed;
mod running;
mod sender;
mod start;
mod statistics;
mod unrouted;
mod ways;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use audit::Spared;
use bench::Bench;
use caller::Caller;
use report::Part;

/// A section: its letter, what measures it, and what does so once auditing is on.
struct Section {
    letter: char,
    run: fn(&Bench) -> Result<Part>,
    /// Tasks keep what auditing gives them, so all of this comes after everything else.
    audited: Option<fn(&Bench, &mut Part) -> Result<()>>,
}

const SECTIONS: [Section; 9] = [
    Section { letter: 'a', run: unrouted::run, audited: Some(unrouted::run_audited) },
    Section { letter: 'b', run: routed::run, audited: None },
    Section { letter: 'c', run: events::run, audited: None },
    Section { letter: 'd', run: journal::run, audited: None },
    Section { letter: 'e', run: execs::run, audited: Some(execs::run_audited) },
    Section { letter: 'f', run: start::run, audited: None },
    Section { letter: 'g', run: reload::run, audited: None },
    Section { letter: 'h', run: guests::run, audited: None },
    Section { letter: 'i', run: refused::run, audited: None },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["call"] => calls::serve(),
        ["ways"] => ways::run(),
        ["send", entries, socket] => sender::send(entries.as_ref(), socket.as_ref()),
        _ => run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        bail!("the benchmarks load BPF programs: run them as root (sudo make bench)");
    }
    let bench = Bench::new()?;
    let begin = Instant::now();
    let wanted = bench::sections();
    let chosen = |letter| wanted.is_empty() || wanted.contains(&letter);
    let sections: Vec<&Section> = SECTIONS.iter().filter(|it| chosen(it.letter)).collect();
    let (auditing, spared) = without_auditing(&bench)?;
    let mut machine = machine::describe(&bench, &auditing)?;
    let mut parts = Vec::new();
    for section in &sections {
        let begin = Instant::now();
        let part = (section.run)(&bench)?;
        eprintln!("({}) {} s", section.letter, begin.elapsed().as_secs());
        if wanted.is_empty() {
            report::refuse(&part)?;
        }
        parts.push(part);
    }
    drop(spared);
    for (section, part) in sections.iter().zip(&mut parts) {
        if let Some(audited) = section.audited {
            eprintln!("({}) with auditing ...", section.letter);
            audited(&bench, part)?;
        }
    }
    machine.row(["duration".to_owned(), format!("{} s", begin.elapsed().as_secs())]);
    report::publish(&machine::maker()?, &machine, &parts, wanted.is_empty())
}

/// Once auditing was on, each new task pays for it with every syscall: what the report says of it, and
/// what keeps that away where it was on.
fn without_auditing(bench: &Bench) -> Result<(String, Option<Spared>)> {
    let is_audited = || Caller::start(bench)?.is_audited();
    if !is_audited()? {
        return Ok(("off, except for the last measurements".to_owned(), None));
    }
    let spared = match Spared::begin() {
        Ok(spared) => spared,
        Err(error) => {
            let text = format!("{error:#}: every call below pays for it, traced or not");
            return Ok((text, None));
        }
    };
    anyhow::ensure!(!is_audited()?, "new tasks carry an audit context all the same");
    let text = "was on earlier in this boot; disabled by a rule, except for the last measurements";
    Ok((text.to_owned(), Some(spared)))
}
