//! The daemon: starts the stages in their order, then runs one loop in one thread around the ring, the
//! signals, the configuration's folders, the control socket, the output and the timers. The only module
//! that knows all stages.

mod activity;
mod adopt;
mod assemble;
mod black_boxes;
mod confirm;
mod counters;
mod digests;
pub mod drain;
mod feedback;
mod heartbeat;
mod held_losses;
mod known_calls;
mod measurement;
mod metrics;
mod missed_calls;
mod open_files;
mod output;
mod poll;
mod privileges;
mod read_back;
mod reload;
mod reports;
mod restart_mark;
mod rpc;
mod saved_calls;
mod self_test;
mod signals;
mod start;
mod state_folder;
mod stop;
mod suppressed;
mod systemd;
mod temporary_routes;
mod timers;
mod tracing_watch;
mod trial;
mod turn;
mod untracked;

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use varlink_server::Server;

use self::black_boxes::RemovedBoxes;
use self::counters::Counters;
use self::drain::Drains;
use self::feedback::FeedbackReporter;
use self::heartbeat::Heartbeat;
use self::held_losses::HeldLosses;
use self::measurement::Measurement;
use self::metrics::MetricsState;
use self::missed_calls::MissedSum;
use self::poll::{Poll, Wakeup};
use self::read_back::ReadBack;
use self::reload::{LastReload, ReloadCause};
use self::self_test::SelfTest;
use self::signals::Signals;
use self::suppressed::SuppressedReader;
use self::systemd::Systemd;
use self::timers::{Timer, Timers};
use self::tracing_watch::TracingWatch;
use self::trial::LiveTrial;
use crate::cli::RunOptions;
use crate::clock;
use crate::config_watch::ConfigWatch;
use crate::digest::Digester;
use crate::exclude::Excluded;
use crate::instance_lock::InstanceLock;
use crate::load::Bpf;
use crate::log;
use crate::output::record::{Body, RecordingGap};
use crate::pipeline::Pipeline;
use crate::pipeline::writer::WriterState;
use crate::plan::Plan;
use crate::ring::{Consumer, Leftover, Rest};
use crate::rpc::runtime_folder;
use crate::table::Table;

/// Interval between readings of the counters while calls come in. An idle host is left alone.
const COUNTERS_INTERVAL: Duration = Duration::from_secs(1);

/// Interval between attempts to reach a disconnected output: journald restarts within a second.
const RECONNECT_INTERVAL: Duration = Duration::from_millis(100);

/// A running daemon. Members are dropped in this order: the table goes last.
struct Daemon<'obj> {
    options: RunOptions,
    plan: Plan,
    last_reload: LastReload,
    trial: Option<LiveTrial>,
    /// Shared with the consumer's callback, which cannot borrow from the daemon that calls it.
    pipeline: Rc<RefCell<Pipeline>>,
    consumer: Consumer<'obj>,
    counters: Counters,
    suppressed: SuppressedReader,
    held_losses: HeldLosses,
    missed: MissedSum,
    removed_boxes: RemovedBoxes,
    /// Time of the last record `stats`, and the calls seen by then.
    last_report: Option<Instant>,
    reported_seen: u64,
    feedback: FeedbackReporter,
    excluded: Excluded,
    watch: ConfigWatch,
    signals: Signals,
    systemd: Systemd,
    /// `None` once the daemon is stopping.
    control: Option<Server>,
    poll: Poll,
    timers: Timers,
    /// Start of the daemon, ns since 1970 UTC.
    since_ns: u64,
    /// Time at which the live table became live, ns since 1970 UTC.
    rewired_ns: u64,
    tracing: TracingWatch,
    self_test: SelfTest,
    measurement: Measurement,
    read_back: ReadBack,
    metrics: MetricsState,
    /// `None` if its file cannot be written.
    heartbeat: Option<Heartbeat>,
    /// Time before this run in which nothing was recorded.
    gap: Option<RecordingGap>,
    /// Version of the daemon that this one goes on for, and the events that waited in the ring; until it is reported.
    adopted: Option<(String, u64)>,
    /// `None` while no table has asked for digests.
    digester: Option<Digester>,
    /// Ring of a predecessor that is not empty yet.
    leftover: Option<Leftover>,
    /// Rings of earlier versions that come before that.
    drains: Drains,
    table: Table,
    bpf: Bpf<'obj>,
    _lock: InstanceLock,
}

/// Runs until a signal ends it.
///
/// # Errors
/// Fails if it cannot start, or the kernel refuses what it granted before. Nothing stays attached.
pub fn run(options: &RunOptions) -> Result<ExitCode> {
    let signals = Signals::register()?;
    log::init(options.verbose);
    if options.end_with_parent {
        set_pdeathsig(Signal::SIGTERM).context("failed to follow another process to its end")?;
    }
    let mut object = MaybeUninit::uninit();
    let mut daemon = start::start(options, signals, &mut object)?;
    let reason = daemon.serve()?;
    if daemon.bpf.is_kept() && restart_mark::take(&runtime_folder()) {
        daemon.leave(&reason)?;
    } else {
        daemon.stop(&reason)?;
    }
    if options.end_with_parent {
        // Nobody else does once the other process is gone.
        let _ = std::fs::remove_dir_all(runtime_folder());
    }
    Ok(ExitCode::SUCCESS)
}

impl Daemon<'_> {
    /// Runs the loop and returns the reason why it ended.
    fn serve(&mut self) -> Result<String> {
        let mut rest = Rest::None;
        loop {
            self.arm_for_next_turn(rest);
            let timeout = self.timers.timeout(Instant::now());
            for wakeup in self.poll.wait(timeout)? {
                self.on_wakeup(wakeup)?;
            }
            if let Some(signal) = self.signals.take_stop() {
                return Ok(signal.to_owned());
            }
            if self.signals.take_reload() {
                self.reload(ReloadCause::Signal)?;
            }
            for timer in self.timers.take_expired(Instant::now()) {
                self.on_timer(timer)?;
            }
            rest = self.consume()?;
            self.request_digests();
            self.report_feedback();
            if self.writer_state() == WriterState::Closed {
                return Ok("the reader closed the output".to_owned());
            }
        }
    }

    /// Arms the timers that follow from the state of other parts. `rest` is what the last turn left in the
    /// ring.
    fn arm_for_next_turn(&mut self, rest: Rest) {
        let (now, state) = (Instant::now(), self.writer_state());
        let ring = match (state, rest) {
            (WriterState::Open, Rest::None) => Some(now),
            (WriterState::Open, Rest::Doze(time)) => Some(now + time),
            _ => None,
        };
        let is_away = matches!(state, WriterState::Away { .. });
        let control = self.control.as_ref().and_then(|control| control.deadline(now));
        let delivery = self.delivery_deadline(now);
        self.timers.set(Timer::Ring, ring);
        self.timers.set(Timer::Reconnect, is_away.then(|| now + RECONNECT_INTERVAL));
        self.timers.set(Timer::Control, control);
        self.timers.set(Timer::Delivery, delivery);
        self.arm_read_back();
    }

    /// Returns the time at which aggregates, a change of the shedding level, or a call that still runs are due.
    fn delivery_deadline(&self, now: Instant) -> Option<Instant> {
        let pipeline = self.pipeline.borrow();
        let delivery = &pipeline.delivery;
        let retry = delivery.waits_for_room().then(|| now + RECONNECT_INTERVAL);
        let at =
            |due_ns: u64| now + Duration::from_nanos(due_ns.saturating_sub(clock::boot_now_ns()));
        let running = pipeline.next_running_ns().map(at);
        let digest = pipeline.next_digest_ns().map(at);
        let due = [retry, delivery.next_due(), running, digest].into_iter().flatten().min();
        due.filter(|_| delivery.writer_state() == WriterState::Open)
    }

    fn on_wakeup(&mut self, wakeup: Wakeup) -> Result<()> {
        match wakeup {
            Wakeup::Signals => self.signals.acknowledge(),
            Wakeup::Configuration if self.watch.changed() => {
                let settled = Instant::now() + reload::SETTLE;
                self.timers.set(Timer::Reload, Some(settled));
            }
            // The ring is polled in every turn.
            Wakeup::Configuration | Wakeup::Ring => {}
            Wakeup::Output => self.reopen()?,
            Wakeup::Control => self.answer()?,
            Wakeup::Drain => self.advance_drains()?,
            Wakeup::Programs => self.complete()?,
            Wakeup::Digests => self.take_digest(),
        }
        Ok(())
    }

    fn on_timer(&mut self, timer: Timer) -> Result<()> {
        match timer {
            Timer::Reload => self.reload_in_time().map(drop),
            Timer::TemporaryRoutes => self.expire_temporary_routes(),
            Timer::Trial => self.expire_trial(),
            Timer::Control => self.answer(),
            Timer::Counters | Timer::ProcessTrees => self.update_counters(),
            Timer::SuppressedReport => self.report_suppressed(),
            Timer::StatsReport => self.report_stats(),
            Timer::SelfTest => self.run_self_test(),
            Timer::Drain => self.advance_drains(),
            Timer::Measurement => {
                self.end_measurement();
                Ok(())
            }
            Timer::Activity => {
                self.pipeline.borrow_mut().delivery.end_activity();
                Ok(())
            }
            Timer::ReadBack => {
                self.read_back();
                Ok(())
            }
            Timer::Metrics => {
                self.write_metrics();
                Ok(())
            }
            Timer::Watchdog => {
                self.ping_watchdog();
                Ok(())
            }
            // The turn that follows polls the ring, writes what is due and tries the output again.
            Timer::Delivery | Timer::Reconnect | Timer::Ring => Ok(()),
        }
    }

    fn ping_watchdog(&mut self) {
        self.beat();
        let next = self.systemd.ping().map(|interval| Instant::now() + interval);
        self.timers.set(Timer::Watchdog, next);
    }

    /// Renews the sign of life from which the next start reads when nothing was recorded.
    fn beat(&self) {
        if let Some(Err(error)) = self.heartbeat.as_ref().map(Heartbeat::beat) {
            tracing::debug!("{error:#}");
        }
    }

    fn writer_state(&self) -> WriterState {
        self.pipeline.borrow().delivery.writer_state()
    }

    /// Writes a record of the daemon's own.
    fn emit(&self, body: Body<'_>) {
        self.pipeline.borrow_mut().delivery.emit(body);
    }
}
