//! From nothing to ready. Each step may fail, and whatever was done until then is undone by being
//! dropped: nothing stays attached after a failed start.

use std::mem::MaybeUninit;
use std::time::Duration;

use anyhow::{Context as _, Result};
use libbpf_rs::OpenObject;
use nix::unistd::{Pid, getpgid};
use syscalls::{Abi, Slot, number};
use varlink_server::{AddressInUse, Server};

use super::adopt::{self, Previous};
use super::assemble::Parts;
use super::drain::{Drains, REPLACED, SameOutput};
use super::heartbeat::Heartbeat;
use super::signals::Signals;
use super::{Daemon, open_files, output, restart_mark, temporary_routes};
use crate::blind_spots::blind_spots;
use crate::cli::{OutputKind, RunOptions};
use crate::clock;
use crate::config::{Trust, drop_in_dir};
use crate::config_watch::ConfigWatch;
use crate::error::Failure;
use crate::fd_store::FdStore;
use crate::instance_lock::InstanceLock;
use crate::load::{self, Adoption, AttachMode, MissedCalls};
use crate::output::record::{Adopted, Body, GapReason, RecordingGap, Started};
use crate::pipeline::EntryFile;
use crate::plan::Plan;
use crate::rpc::{SERVICE, default_socket, runtime_folder};
use crate::table::TableFile;

/// The syscall of the self-test: it has an argument that comes back in the event, it changes
/// nothing, and no seccomp filter of a service refuses it.
const SELFTEST: &str = "getpgid";

/// Self-tests before the start fails. Each empties the ring; one is enough unless others filled it.
const SELFTEST_ATTEMPTS: usize = 8;

/// Pause before the next self-test: time for a task that was preempted before it committed its record.
const SELFTEST_PAUSE: Duration = Duration::from_millis(10);

/// Starts all stages and reports readiness.
pub fn start<'obj>(
    options: &RunOptions,
    signals: Signals,
    object: &'obj mut MaybeUninit<OpenObject>,
) -> Result<Daemon<'obj>> {
    load::prefetch();
    open_files::raise()?;
    let store = match options.end_with_parent {
        // Nobody goes on for it.
        true => FdStore::default(),
        false => FdStore::receive(options.pin.as_deref(), &runtime_folder())?,
    };
    // What an administrator can mend is checked first, what needs privileges after it. The files are
    // watched before they are read, so that no change falls in between.
    let watch = ConfigWatch::new(&options.config, &drop_in_dir(&options.config))?;
    let trust = Trust::of_daemon();
    let handlers = load::handlers_for(&options.config, &trust)?;
    let tables = TableFile::new(&runtime_folder());
    if !store.is_empty() {
        // Probes keep their slots: read before the configuration gives any. `adopt` reports faults.
        let _ = tables.read();
    }
    let plan = temporary_routes::read_first_plan(&options.config, &trust, &handlers)?;
    load::preconditions()?;
    let lock = InstanceLock::take(&runtime_folder())?;
    let control = listen(options)?;
    let mut output = output::open(options.output, &plan)?;
    output::keep_own(&mut output);
    let attach = options.attach.unwrap_or(plan.attach);
    let missed = MissedCalls::read(&runtime_folder());
    let choice = AttachMode::choose_after(attach, &plan.routes, missed)?;
    // A mark may be left of a restart that ended in another way.
    restart_mark::take(&runtime_folder());
    let mut drains = Drains::start(&runtime_folder(), &store, &same_output(options, &plan));
    let (mut bpf, previous) = adopt::load(object, &plan, choice, &store, &tables)?;
    bpf.others = drains.take_dispatchers();
    bpf.handlers = handlers;
    let next = plan.clone();
    let plan = previous.as_ref().map_or(plan, |previous| previous.live.plan.clone());
    let parts = Parts {
        options: options.clone(),
        plan,
        output,
        signals,
        watch,
        control: Some(control),
        bpf,
        lock,
    };
    let mut daemon = Daemon::assemble(parts)?;
    daemon.drains = drains;
    daemon.excluded.replace(&daemon.bpf, &daemon.plan.exclude);
    daemon.table.save_in(tables);
    daemon.prepare_state_folder(&next);
    daemon.begin(previous, next)?;
    daemon.await_end_of_temporary_routes();
    Ok(daemon)
}

impl Daemon<'_> {
    /// Makes the table live, or goes on with that of the previous daemon, and reports it.
    fn begin(&mut self, previous: Option<Previous>, plan: Plan) -> Result<()> {
        match previous {
            Some(previous) if self.bpf.adoption == Adoption::Done => self.adopt(&previous, plan)?,
            Some(previous) => self.take_over(previous, plan)?,
            None => self.attach()?,
        }
        self.begin_drains()?;
        self.poll.add_completion(&self.bpf)?;
        self.start_digests(false)?;
        self.bpf.start_object_loader()?;
        if !self.drains.are_running() {
            self.drop_privileges();
        }
        self.announce();
        Ok(())
    }

    /// Takes the programs that were still being loaded when the daemon was ready.
    pub(super) fn complete(&mut self) -> Result<()> {
        if self.bpf.is_complete() {
            return Ok(());
        }
        self.bpf.complete()?;
        if self.bpf.adoption == Adoption::Done {
            self.table.replace_programs(&mut self.bpf)?;
        }
        Ok(())
    }

    /// Attaches with a table that answers our own test call only, and then makes the plan's live.
    pub(super) fn attach(&mut self) -> Result<()> {
        let slot = number(Abi::Native, SELFTEST).and_then(|nr| Slot::new(Abi::Native, nr));
        let slot = slot.context("the self-test's syscall has no slot")?;
        self.bpf.follow_cgroups()?;
        self.table.apply_selftest(&mut self.bpf, slot)?;
        // Only now: the programs report the cgroups that are created while the tree is read.
        self.pipeline.borrow_mut().delivery.units.read();
        self.test()?;
        if self.bpf.is_kept() && self.bpf.predecessors.is_empty() {
            let entries = EntryFile::open(&runtime_folder())?;
            let waiting = self.waiting_calls()?;
            self.pipeline.borrow_mut().open_ledger(self.bpf.ledger()?, entries, waiting);
        }
        self.table.apply_at_once(&mut self.bpf, &self.plan)?;
        self.remember_table();
        Ok(())
    }

    /// A call of our own must come back through dispatcher, table and ring. Its record is in the ring by the
    /// time that the call returns, behind the records of all cgroups that others made and removed since
    /// `follow_cgroups`. Where these fill the ring, there is no room for it before they are consumed: hence
    /// the further attempts.
    fn test(&self) -> Result<()> {
        let us = Pid::this();
        for _ in 0..SELFTEST_ATTEMPTS {
            // The answer does not matter, the call does.
            let _ = getpgid(Some(us));
            self.consumer.consume_until(|| self.pipeline.borrow().selftest().is_some());
            if self.pipeline.borrow().selftest() == Some(u64::from(us.as_raw().unsigned_abs())) {
                return Ok(());
            }
            std::thread::sleep(SELFTEST_PAUSE);
        }
        Err(Failure::Unavailable(
            "the self-test syscall did not reach the table: is this process filtered by seccomp, or \
             does lockdown or another security mechanism block tracepoints?"
                .to_owned(),
        )
        .into())
    }

    /// Reports for how long nothing was recorded before this run.
    fn report_gap(&mut self) {
        match Heartbeat::begin(&runtime_folder(), clock::real_now_ns()) {
            Ok((heartbeat, gap)) => (self.heartbeat, self.gap) = (Some(heartbeat), gap),
            Err(error) => {
                tracing::warn!(
                    "a time in which nothing was recorded cannot be reported: {error:#}"
                );
            }
        }
        if let Some((version, unread)) = self.adopted.take() {
            // Nothing went unrecorded: what was called meanwhile is in the ring, or counted as lost.
            let RecordingGap { from_ns, to_ns, reason } = self.gap.take().unwrap_or(RecordingGap {
                from_ns: self.since_ns,
                to_ns: self.since_ns,
                reason: GapReason::Crash,
            });
            let replaced = match &self.bpf.adoption {
                Adoption::Replaced(reason) => Some(reason.clone()),
                _ if self.drains.are_running() => Some(REPLACED.to_owned()),
                _ => None,
            };
            self.emit(Body::Adopted(&Adopted {
                from_ns,
                to_ns,
                reason,
                version,
                unread,
                replaced,
            }));
        }
        if let Some(gap) = &self.gap {
            self.emit(Body::RecordingGap(gap));
        }
    }

    fn announce(&mut self) {
        self.begin_read_back();
        self.report_gap();
        output::warn_of_exclusions(self.pipeline.borrow().delivery.output(), &self.plan);
        if !self.pipeline.borrow().delivery.units.has_hierarchy() {
            tracing::warn!(
                "no cgroup2 file system is visible here, so records name no unit and no container: mount one at \
                 /sys/fs/cgroup"
            );
        }
        for limitation in &self.bpf.limitations {
            tracing::warn!("{limitation}");
        }
        if let Adoption::Refused(reason) = &self.bpf.adoption {
            tracing::warn!("what the previous daemon left in the kernel was removed: {reason}");
        }
        let started = Started {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: kernel(),
            attached: self.bpf.way_to_attach().to_string(),
            reason: self.bpf.reason.clone(),
            unattached_routes: self.unattached_routes(),
            blind_spots: [blind_spots(&self.plan), self.bpf.limitations.clone()].concat(),
            generation: self.table.generation(),
            routes: self.plan.routes.len() as u64,
        };
        self.emit(Body::Started(&started));
        let limit =
            output::journal_rate_limit(self.pipeline.borrow().delivery.output(), &self.plan);
        if let Some(limit) = limit {
            self.emit(Body::JournalRateLimit(&limit));
        }
        self.counters.begin();
        self.save_counters();
        self.tracing.begin(clock::real_now_ns());
        self.ping_watchdog();
        self.update_status();
        self.systemd.ready();
    }
}

/// Release of the running kernel.
pub fn kernel() -> String {
    let names = nix::sys::utsname::uname();
    names.map_or_else(|_| String::new(), |names| names.release().to_string_lossy().into_owned())
}

/// Returns the output for processes of earlier versions.
fn same_output(options: &RunOptions, plan: &Plan) -> SameOutput {
    let kind = match output::resolve(options.output) {
        OutputKind::Text | OutputKind::Trace => "text",
        OutputKind::Json => "json",
        OutputKind::Export => "export",
        OutputKind::Journal | OutputKind::Auto => "journal",
    };
    SameOutput { kind, socket: plan.socket.clone() }
}

/// Opens the control socket.
fn listen(options: &RunOptions) -> Result<Server> {
    let path = options.socket.clone().unwrap_or_else(default_socket);
    Server::open(&path, SERVICE).map_err(|error| match error.downcast_ref::<AddressInUse>() {
        Some(in_use) => {
            Failure::Unavailable(format!("{in_use}: name another socket with --socket")).into()
        }
        None => error,
    })
}
