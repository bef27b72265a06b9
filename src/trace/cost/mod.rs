//! `tailcalld cost`: what a table would record, measured for some seconds without writing anything to the journal. A
//! daemon of its own records it, beside one that runs; its entries are counted and dropped.

mod entries;
mod report;
mod what_if;

use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Map;

use self::entries::EntryReader;
use self::report::CostReport;
use super::recorder::Recorder;
use super::signals::EndSignals;
use super::waiting::{TraceEvent, wait};
use crate::cli::{ClientOptions, CostOptions, ask, exit};
use crate::rpc::{INTERFACE, Stats, Status};

/// Measures and prints. Returns the exit code.
///
/// # Errors
/// Fails without privileges, if the recording cannot be started, and if its counters cannot be read.
pub fn run(options: &CostOptions) -> Result<ExitCode> {
    let signals = EndSignals::register()?;
    let mut recorder = Recorder::start_in(what_if::prepare(options)?, "export", Stdio::piped())?;
    let pipe = recorder.stdout().context("the recording has no output")?;
    let entries = EntryReader::read(pipe, own_processes());
    let Some(cpu) = measured(&mut recorder, &signals, options.time)? else {
        return Ok(recorder.wait()?.into());
    };
    let client = ClientOptions { json: false, socket: Some(recorder.path(INTERFACE)) };
    let stats: Stats = ask(&client, "Stats", Map::new())?;
    recorder.stop()?;
    CostReport::new(&stats, &entries.finish()?, cpu)?.print(options.json)?;
    Ok(exit::OK.into())
}

/// Returns the numbers of this process and of the daemon that runs, if there is one: it excludes its own calls.
fn own_processes() -> Vec<String> {
    let client = ClientOptions { json: false, socket: None };
    let status: Option<Status> = ask(&client, "Status", Map::new()).ok();
    let pids = [Some(std::process::id()), status.map(|status| status.pid)];
    pids.into_iter().flatten().map(|pid| pid.to_string()).collect()
}

/// CPU time of the recording, and the time in which it passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CpuTime {
    used: Duration,
    of: Duration,
}

/// Waits until the recording has begun, and then for so long or until a signal; `None` if it ends by itself.
fn measured(
    recorder: &mut Recorder,
    signals: &EndSignals,
    time: Duration,
) -> Result<Option<CpuTime>> {
    let mut begin = None;
    loop {
        let left = begin.map(|(at, _): (Instant, _)| time.saturating_sub(at.elapsed()));
        let event = wait(recorder, None, signals, left)?;
        match (event, begin) {
            (TraceEvent::RecorderEnded, _) => return Ok(None),
            (TraceEvent::Message, None) if recorder.is_ready()? => {
                begin = Some((Instant::now(), cpu_of(recorder.pid())?));
            }
            (TraceEvent::Signal(_) | TraceEvent::TimeOver, Some((at, before))) => {
                let used = cpu_of(recorder.pid())?.saturating_sub(before);
                return Ok(Some(CpuTime { used, of: at.elapsed() }));
            }
            (TraceEvent::Signal(_), None) => {
                recorder.stop()?;
                return Ok(None);
            }
            (TraceEvent::Message, _) => {
                recorder.is_ready()?;
            }
            _ => {}
        }
    }
}

/// Returns the CPU time of the first thread of a process, which records. Others load programs after the start.
fn cpu_of(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/task/{pid}/schedstat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("failed to read {path}"))?;
    let ns = text.split_whitespace().next().and_then(|word| word.parse().ok());
    ns.map(Duration::from_nanos).with_context(|| format!("failed to parse {path}"))
}
