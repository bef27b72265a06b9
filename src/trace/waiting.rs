//! Events that a trace waits for: its recording, its command, a signal.

use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::held_command::HeldCommand;
use super::recorder::Recorder;
use super::signals::EndSignals;

/// Event that a trace waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceEvent {
    /// The recorder may be ready.
    Message,
    RecorderEnded,
    CommandEnded,
    Signal(i32),
    /// Nothing has happened for so long.
    TimeOver,
}

/// Waits for the next event, for `time` at most.
///
/// # Errors
/// Fails if the kernel refuses to wait.
pub fn wait(
    recorder: &Recorder,
    command: Option<&HeldCommand>,
    signals: &EndSignals,
    time: Option<Duration>,
) -> Result<TraceEvent> {
    let fds = [Some(recorder.fd()), command.map(HeldCommand::fd), Some(signals.fd())];
    let all = fds.into_iter().chain([Some(recorder.messages())]).enumerate();
    let all = all.filter_map(|(place, fd)| Some((place, fd?)));
    let (places, mut polled): (Vec<_>, Vec<_>) =
        all.map(|(place, fd)| (place, PollFd::new(fd, PollFlags::POLLIN))).unzip();
    match poll(&mut polled, timeout(time)) {
        Ok(0) => return Ok(TraceEvent::TimeOver),
        // The signal has written to its descriptor; or it was another one, and nothing is ready.
        Err(Errno::EINTR) => return Ok(TraceEvent::Message),
        result => result.context("failed to wait")?,
    };
    let ready = places.iter().zip(&polled).find(|(_, fd)| fd.any() == Some(true));
    Ok(match ready.map(|(place, _)| *place) {
        Some(0) => TraceEvent::RecorderEnded,
        Some(1) => TraceEvent::CommandEnded,
        Some(2) => TraceEvent::Signal(signals.take()),
        _ => TraceEvent::Message,
    })
}

/// Returns the time in whole milliseconds, rounded up: a wait must not end before it.
fn timeout(time: Option<Duration>) -> PollTimeout {
    let ms = time.map(|time| time.as_nanos().div_ceil(1_000_000));
    ms.map_or(PollTimeout::NONE, |ms| PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX))
}
