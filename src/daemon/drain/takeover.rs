//! Side of the daemon that takes over from others with other types: their processes are ready before its table is live,
//! and read their rings one after the other before it reads its own.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::kept_set::KeptSet;
use super::process::{Drainer, SILENCE_MAX, SameOutput, Stage};
use crate::clock;
use crate::daemon::Daemon;
use crate::daemon::stop::{DRAIN_MAX, STALL_MAX};
use crate::daemon::timers::Timer;
use crate::fd_store::FdStore;
use crate::load::OtherDispatcher;
use crate::output::own_file;
use crate::output::record::{Body, GapReason, RecordingGap};
use crate::pipeline::writer::WriterState;

/// Time that a process has to read its files, and to count what is in its ring.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Reason in the record `adopted`.
pub const REPLACED: &str = "it belongs to a version with other types, whose own executable writes what is left in its ring";

/// Processes of earlier versions, the oldest first.
#[derive(Debug, Default)]
pub struct Drains {
    queue: VecDeque<Drainer>,
    store: FdStore,
    /// The daemon ends: the next one starts other processes.
    is_left: bool,
}

impl Drains {
    /// Starts a process for each set of other types. What cannot be read is removed.
    pub fn start(runtime: &Path, store: &FdStore, output: &SameOutput) -> Self {
        let mut drains = Self { store: store.clone(), ..Self::default() };
        for set in KeptSet::take_all(runtime, store) {
            match ready(set, output) {
                Ok(drainer) => drains.queue.push_back(drainer),
                Err((set, error)) => {
                    tracing::warn!(
                        "what the previous daemon left in the kernel was removed: it belongs to a version with other \
                         types, and {error:#}"
                    );
                    set.remove(store);
                }
            }
        }
        drains
    }

    /// Removes and returns the dispatchers that are not silenced yet.
    pub fn take_dispatchers(&mut self) -> Vec<OtherDispatcher> {
        self.queue.iter_mut().filter_map(|drainer| drainer.dispatcher.take()).collect()
    }

    /// Returns whether anything is left that comes before the events of this daemon.
    pub fn are_running(&self) -> bool {
        !self.queue.is_empty()
    }
}

/// Starts a process and waits until it has read its files.
fn ready(set: KeptSet, output: &SameOutput) -> Result<Drainer, (KeptSet, anyhow::Error)> {
    let mut drainer = Drainer::start(set, output.clone())?;
    match drainer.wait_for(Stage::Ready, ANSWER_MAX) {
        Ok(()) => Ok(drainer),
        Err(error) => Err((drainer.into_set(), error)),
    }
}

impl Daemon<'_> {
    /// Makes sure that no other dispatcher decides about calls, and begins to read the rings.
    pub(in crate::daemon) fn begin_drains(&mut self) -> Result<()> {
        self.bpf.others.iter().for_each(OtherDispatcher::silence);
        let mut silenced = std::mem::take(&mut self.bpf.others).into_iter();
        let mut from = None;
        for drainer in &mut self.drains.queue {
            if drainer.set.silenced_ns.is_none() {
                let other = silenced.next();
                drainer.silence(other.and_then(|other| other.silenced_ns()).unwrap_or_default());
                from = Some(drainer.set.version.clone());
            }
            if let Some(executable) = drainer.executable() {
                self.excluded.add_process_of(&self.bpf, executable);
            }
            let settled = drainer.settle();
            // One that fails is started again below.
            let _ = settled.and_then(|()| drainer.wait_for(Stage::Counted, ANSWER_MAX));
        }
        if let (Some(version), None) = (from, &self.adopted) {
            let unread = self.drains.queue.iter().map(|drainer| drainer.left).sum();
            self.adopted = Some((version, unread));
        }
        self.watch_drain()?;
        self.advance_drains()
    }

    /// Handles the messages of the process whose turn it is.
    pub(in crate::daemon) fn advance_drains(&mut self) -> Result<()> {
        while let Some(first) = self.drains.queue.front_mut().filter(|_| !self.drains.is_left) {
            let is_stuck = first.heard.elapsed() > SILENCE_MAX;
            let read = first.read(Duration::ZERO).and_then(|is_read| {
                first.drain()?;
                Ok(is_read)
            });
            match read {
                _ if first.stage == Stage::Done => self.end_drain(None)?,
                Ok(true) => {}
                Ok(false) if !is_stuck => break,
                Ok(false) => self.restart_drain(&anyhow::anyhow!("it shows no sign of life"))?,
                Err(error) => self.restart_drain(&error)?,
            }
        }
        let next = self.drains.are_running().then(|| Instant::now() + SILENCE_MAX);
        self.timers.set(Timer::Drain, next);
        Ok(())
    }

    fn restart_drain(&mut self, error: &anyhow::Error) -> Result<()> {
        let Some(first) = self.drains.queue.front_mut() else { return Ok(()) };
        let version = &first.set.version;
        tracing::warn!("reading the ring of version {version} begins again: {error:#}");
        self.poll.forget_drain(first.fd())?;
        match first.restart() {
            Ok(()) => self.watch_drain(),
            Err(error) => self.end_drain(Some(&error)),
        }
    }

    /// Wakes the loop for the messages of the process whose turn it is.
    fn watch_drain(&mut self) -> Result<()> {
        self.drains.queue.front().map_or(Ok(()), |first| self.poll.add_drain(first.fd()))
    }

    /// Removes the first set, after its ring was read, or after that has failed.
    fn end_drain(&mut self, failure: Option<&anyhow::Error>) -> Result<()> {
        let Some(mut first) = self.drains.queue.pop_front() else { return Ok(()) };
        if failure.is_none() {
            self.poll.forget_drain(first.fd())?;
        }
        first.kill();
        let at_ns = first.set.silenced_ns.unwrap_or_default();
        if let Some(error) = failure {
            self.report_failure(&first, at_ns, error);
        }
        let last = first.last_calls().filter(|_| failure.is_none());
        self.pipeline.borrow_mut().expect_duplicates(at_ns, last);
        // Records that its output did not accept.
        let entries = own_file::entries(&first.set.folder).unwrap_or_default();
        self.pipeline.borrow_mut().delivery.write_own_entries(entries);
        first.into_set().remove(&self.drains.store);
        if let Some(next) = self.drains.queue.front_mut() {
            next.heard = Instant::now();
            return self.watch_drain();
        }
        self.excluded.forget_processes(&self.bpf);
        self.drop_privileges();
        self.poll.resume(&self.consumer, self.pipeline.borrow().delivery.output())?;
        self.timers.set(Timer::Ring, Some(Instant::now()));
        Ok(())
    }

    /// Reports what is not recorded because the ring of an earlier version could not be read to its end.
    fn report_failure(&self, drainer: &Drainer, silenced_ns: u64, error: &anyhow::Error) {
        let (version, left) = (&drainer.set.version, drainer.left);
        tracing::warn!(
            "some {left} events in the ring of version {version} are lost and in no counter: {error:#}"
        );
        let ago_ns = clock::boot_now_ns().saturating_sub(silenced_ns);
        let to_ns = clock::real_now_ns().saturating_sub(ago_ns);
        let (from_ns, reason) = (drainer.heard_ns.min(to_ns), GapReason::Crash);
        self.emit(Body::RecordingGap(&RecordingGap { from_ns, to_ns, reason }));
    }

    /// Writes own records while the ring of another version is read.
    pub(in crate::daemon) fn wait_for_drain(&mut self) -> Result<()> {
        if self.writer_state() != WriterState::Closed {
            self.pipeline.borrow_mut().flush();
        }
        self.pause()
    }

    /// Ends all processes because the daemon stops: what the output does not accept soon counts as lost.
    pub(in crate::daemon) fn finish_drains(&mut self) -> Result<()> {
        while let Some(first) = self.drains.queue.front_mut() {
            let finished = first
                .wait_for(Stage::Counted, ANSWER_MAX)
                .and_then(|()| first.finish())
                .and_then(|()| first.wait_for(Stage::Done, DRAIN_MAX + 2 * STALL_MAX));
            let failure = finished.err();
            if failure.is_some() {
                self.poll.forget_drain(first.fd())?;
            }
            self.end_drain(failure.as_ref())?;
        }
        Ok(())
    }

    /// Ends all processes; the next daemon goes on with their rings.
    pub(in crate::daemon) fn leave_drains(&mut self) -> Result<()> {
        self.drains.is_left = true;
        if let Some(first) = self.drains.queue.front() {
            self.poll.forget_drain(first.fd())?;
        }
        self.drains.queue.iter_mut().for_each(Drainer::kill);
        Ok(())
    }
}
