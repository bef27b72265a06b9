//! Side of the earlier version: its executable reads its ring to the end for a daemon with other types, and stops. It has
//! the runtime directory of that life, and nothing else runs in it.

use std::mem::MaybeUninit;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::prctl::{set_name, set_pdeathsig};
use nix::sys::signal::Signal;
use syscalls::Abi;

use super::super::adopt::{Previous, older_states};
use super::super::assemble::Parts;
use super::super::signals::Signals;
use super::super::stop::{Deadline, STALL_MAX};
use super::super::{Daemon, output};
use super::channel::{CALLS, Channel, LastCall, Order, Report};
use crate::bpf::LIVE_BASE;
use crate::cli::{OutputKind, RunOptions};
use crate::config::{DEFAULT_PATH, drop_in_dir};
use crate::config_watch::ConfigWatch;
use crate::fd_store::FdStore;
use crate::instance_lock::InstanceLock;
use crate::load::{self, GLOBALS};
use crate::log;
use crate::pipeline::Pipeline;
use crate::plan::Plan;
use crate::ring::Unread;
use crate::rpc::runtime_folder;
use crate::sandbox::{self, CapabilitySet, LaterAttachments, Needs};
use crate::table::TableFile;

/// Reason in the record `stopped`.
const REASON: &str = "another version";

/// Longest wait for a message before the next one.
const WAIT: Duration = Duration::from_secs(60);

/// Interval between signs of life.
const SIGN: Duration = Duration::from_secs(1);

/// Time for which a process that was killed may still hold the lock.
const LOCK_MAX: Duration = Duration::from_secs(5);

/// Reads the ring of this version to its end, on the orders that come through standard input.
///
/// # Errors
/// Fails if the set is not whole, or the daemon with other types has ended.
pub fn run() -> Result<ExitCode> {
    set_pdeathsig(Signal::SIGKILL).context("failed to follow the daemon to its end")?;
    // The path of a descriptor made it a number.
    let _ = set_name(c"tailcalld");
    // A signal to the whole service ends this process through its daemon, in order.
    let signals = Signals::register()?;
    log::init(false);
    let channel = Channel::of_stdin()?;
    match drain(&channel, signals) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            // Nobody may be there to read it.
            let _ = channel.send(&Report::Failed { reason: format!("{error:#}") }, &[]);
            Err(error)
        }
    }
}

fn drain(channel: &Channel, signals: Signals) -> Result<()> {
    let (store, options, socket) = receive(channel)?;
    let folder = runtime_folder();
    let lock = lock(&folder)?;
    let tables = TableFile::new(&folder);
    let saved = tables.read()?.context("there is no file that describes it")?;
    let mut object = MaybeUninit::uninit();
    let bpf = load::load_maps(&mut object, &store, &saved.kernel, &older_states(&saved))?;
    let live = saved.live(bpf.shared.live_bank()).context("its live table is unknown")?.clone();
    let plan = Plan { socket, ..live.plan.clone() };
    let mut output = output::open(options.output, &plan)?;
    output::keep_own(&mut output);
    let watch = ConfigWatch::new(&options.config, &drop_in_dir(&options.config))?;
    let parts = Parts { options, plan, output, signals, watch, control: None, bpf, lock };
    let mut daemon = Daemon::assemble(parts)?;
    daemon.table.save_in(tables);
    daemon.prepare_state_folder(&live.plan);
    daemon.resume(&Previous { saved, live })?;
    daemon.drain_for(channel)
}

/// Receives the set.
fn receive(channel: &Channel) -> Result<(FdStore, RunOptions, std::path::PathBuf)> {
    let mut received = Vec::new();
    loop {
        match channel.receive(WAIT)? {
            Some((Order::Descriptors { names }, fds)) => {
                received.extend(names.into_iter().zip(fds))
            }
            Some((Order::Start { output, socket }, _)) => {
                let output = match &*output {
                    "journal" => OutputKind::Journal,
                    "json" => OutputKind::Json,
                    "export" => OutputKind::Export,
                    _ => OutputKind::Text,
                };
                let config = DEFAULT_PATH.into();
                let (attach, pin) = (None, None);
                let options = RunOptions {
                    config,
                    output,
                    attach,
                    socket: None,
                    pin,
                    verbose: false,
                    end_with_parent: false,
                };
                return Ok((FdStore::of(received), options, socket));
            }
            _ => {}
        }
    }
}

fn lock(folder: &Path) -> Result<InstanceLock> {
    let until = Instant::now() + LOCK_MAX;
    loop {
        match InstanceLock::take(folder) {
            Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            result => return result,
        }
    }
}

impl Daemon<'_> {
    fn drain_for(&mut self, channel: &Channel) -> Result<()> {
        let silent = self.table.prepare_end(&self.bpf)?.base();
        let globals = GLOBALS.to_owned();
        channel.send(&Report::Ready { globals, offset: LIVE_BASE, silent }, &[])?;
        let at_ns = wait_for(channel, |order| match order {
            Order::Silenced { at_ns } => Some(at_ns),
            _ => None,
        })?;
        self.bpf.wait_for_grace()?;
        self.pipeline.borrow_mut().begin_succession(at_ns);
        let unread = self.unread()?;
        channel.send(&Report::Unread { events: unread }, &[])?;
        let order = wait_for(channel, |order| {
            matches!(order, Order::Drain | Order::Finish).then_some(order)
        })?;
        self.close()?;
        let deadline = (order == Order::Finish).then(|| Deadline::begin(0));
        let mut finish = Finish { channel, unread, deadline, signed: Instant::now() };
        let pipeline = std::rc::Rc::clone(&self.pipeline);
        self.drain(|| finish.turn(&pipeline.borrow()), Pipeline::finish)?;
        let until = finish.deadline.map_or_else(|| Instant::now() + STALL_MAX, |it| it.stalled);
        self.end(REASON, self.table.generation(), until)?;
        self.report_last_calls(channel)?;
        channel.send(&Report::Done, &[])
    }

    fn unread(&self) -> Result<u64> {
        let mut unread = Unread::begin(&self.bpf)?;
        unread.advance();
        let older = self.unread_leftover()?;
        Ok(unread.total() + older.iter().map(Unread::total).sum::<u64>())
    }

    fn report_last_calls(&self, channel: &Channel) -> Result<()> {
        let last = self.pipeline.borrow_mut().take_last_calls();
        let call = |(tid, slot): (u32, syscalls::Slot)| LastCall {
            tid,
            is_compat: slot.abi() == Abi::Compat,
            nr: slot.nr(),
        };
        let calls: Vec<_> = last.into_iter().map(call).collect();
        calls
            .chunks(CALLS)
            .try_for_each(|calls| channel.send(&Report::Calls { calls: calls.to_vec() }, &[]))
    }

    /// Gives up what the process does not need to read the ring, whose bytes others chose.
    fn close(&self) -> Result<()> {
        let needs = Needs { always: CapabilitySet::BPF, operations: Vec::new() };
        sandbox::close_process()?;
        if let Err(error) = sandbox::drop_capabilities(&needs) {
            tracing::warn!("an earlier version keeps its capabilities: {error}");
        }
        if let Err(error) = sandbox::filter_calls(LaterAttachments::default()) {
            tracing::warn!("an earlier version may make any system call: {error:#}");
        }
        Ok(())
    }
}

/// Waits for an order, for as long as the daemon with other types takes.
fn wait_for<T>(channel: &Channel, meant: impl Fn(Order) -> Option<T>) -> Result<T> {
    loop {
        if let Some((order, _)) = channel.receive(WAIT)? {
            if let Some(found) = meant(order) {
                return Ok(found);
            }
        }
    }
}

/// Conversation while the ring is read.
struct Finish<'c> {
    channel: &'c Channel,
    unread: u64,
    /// Limit of the time that the output has, once the daemon with other types stops.
    deadline: Option<Deadline>,
    signed: Instant,
}

impl Finish<'_> {
    fn turn(&mut self, pipeline: &Pipeline) -> Result<Option<Instant>> {
        let (received, written) =
            (pipeline.received(), pipeline.delivery.output().counts().written);
        if self.signed.elapsed() >= SIGN {
            self.signed = Instant::now();
            let events = self.unread.saturating_sub(received);
            self.channel.send(&Report::Left { events }, &[])?;
        }
        match self.channel.receive(Duration::ZERO)? {
            Some((Order::Finish, _)) => self.deadline = Some(Deadline::begin(written)),
            Some((Order::Descriptors { .. }, _)) => bail!("descriptors come too late"),
            _ => {}
        }
        Ok(self.deadline.as_mut().map(|deadline| deadline.after(written)))
    }
}
