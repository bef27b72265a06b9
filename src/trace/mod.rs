//! `tailcalld trace`: system calls without a configuration, until a command ends or a signal comes. A daemon of its own
//! records them, with a table, a ring and a directory of its own; this process only starts and ends it, and the command.
//! `tailcalld cost` measures a table by such a daemon.

mod cost;
mod held_command;
mod recorder;
mod signals;
mod snippet;
mod summary;
mod waiting;
mod watch;

use std::fs::File;
use std::os::fd::AsFd as _;
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use signal_hook::consts::SIGINT;

use self::held_command::HeldCommand;
use self::recorder::Recorder;
use self::signals::EndSignals;
use self::summary::SummaryReader;
use self::waiting::{TraceEvent, wait};
use crate::cli::{TraceOptions, exit};

pub use cost::run as cost;
pub use held_command::hold;
pub use watch::watch;

/// Traces the calls that the options choose. Returns the exit code: that of the command, if there is one.
///
/// # Errors
/// Fails without privileges, and if the recording or the command cannot be started.
pub fn run(options: &TraceOptions) -> Result<ExitCode> {
    let signals = EndSignals::register()?;
    let command = HeldCommand::start(&options.command)?;
    let pid = command.as_ref().map(HeldCommand::pid).or(options.pid);
    let configuration = snippet::configuration(options, pid);
    let (stdout, kind) = destination(options)?;
    let mut recorder = Recorder::start(&configuration, kind, stdout)?;
    let summary = recorder.stdout().map(SummaryReader::read);
    let mut trace = Trace { signals, recorder, command };
    let code = trace.run()?;
    if let Some(summary) = summary {
        summary.finish(&mut table_output(options)?)?;
    }
    Ok(code)
}

/// Returns the place of the lines, and their kind.
fn destination(options: &TraceOptions) -> Result<(Stdio, &'static str)> {
    if options.summary {
        return Ok((Stdio::piped(), "json"));
    }
    let kind = if options.json { "json" } else { "trace" };
    Ok((table_output(options)?.into(), kind))
}

/// Opens the file, or standard output, or beside a command standard error, as strace does.
fn table_output(options: &TraceOptions) -> Result<File> {
    let what = "failed to open the output";
    Ok(match &options.output {
        Some(path) => {
            File::create(path).with_context(|| format!("failed to write {}", path.display()))?
        }
        None if options.command.is_empty() => {
            std::io::stdout().as_fd().try_clone_to_owned().context(what)?.into()
        }
        None => std::io::stderr().as_fd().try_clone_to_owned().context(what)?.into(),
    })
}

/// A trace, and all that can end it.
struct Trace {
    signals: EndSignals,
    recorder: Recorder,
    command: Option<HeldCommand>,
}

impl Trace {
    /// Continues the command once its calls are recorded, and waits for the end. Returns the exit code.
    fn run(&mut self) -> Result<ExitCode> {
        let mut is_ready = false;
        loop {
            match wait(&self.recorder, self.command.as_ref(), &self.signals, None)? {
                TraceEvent::Message => {
                    let is_first = self.recorder.is_ready()? && !is_ready;
                    if let Some(command) = self.command.as_ref().filter(|_| is_first) {
                        command.release()?;
                    }
                    is_ready |= is_first;
                }
                TraceEvent::RecorderEnded => return Ok(self.recorder.wait()?.into()),
                TraceEvent::CommandEnded | TraceEvent::TimeOver => break,
                // A terminal sends it to the command, too, which may go on.
                TraceEvent::Signal(SIGINT) if self.command.is_some() && is_ready => {}
                TraceEvent::Signal(_) => break,
            }
        }
        let code = self.recorder.stop()?;
        if code != exit::OK {
            return Ok(code.into());
        }
        let ended = self.command.as_mut().map(HeldCommand::take_code).transpose()?.flatten();
        Ok(ended.unwrap_or(exit::OK).into())
    }
}

/// Returns the exit code of a process as a shell has it: 128 and the number of the signal that ended it.
fn shell_code(status: std::process::ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let signal = status.signal().and_then(|signal| Signal::try_from(signal).ok());
    let code = signal.map_or(status.code().unwrap_or(1), |signal| 128 + signal as i32);
    u8::try_from(code).unwrap_or(exit::FAILURE)
}
