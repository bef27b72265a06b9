//! The whole daemon: it starts the stages in their order and then turns one loop, in one thread,
//! around the ring, the signals, the configuration's folders, the control socket and the output. The
//! only module that knows all stages.

mod accounts;
mod answers;
mod bookkeeping;
mod feedback;
mod output;
mod poll;
mod reload;
mod service;
mod sight;
mod signals;
mod start;
mod suppressing;

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use bookkeeping::Bookkeeping;
use poll::{Poll, Source};
use reload::Attempt;
use service::Service;
use sight::Sight;
use signals::Signals;
use suppressing::Suppressing;
use varlink_server::Server;

use crate::cli::RunOptions;
use crate::config_watch::ConfigWatch;
use crate::exclude::Excluded;
use crate::instance_lock::InstanceLock;
use crate::load::Bpf;
use crate::log;
use crate::output::record::Body;
use crate::pipeline::Pipeline;
use crate::pipeline::feedback::Process;
use crate::pipeline::writer::Gate;
use crate::plan::Plan;
use crate::ring::{Consumer, Rest};
use crate::table::Table;

/// How often the books are read and the status is told while something happens. An idle host is
/// left alone.
const TICK: Duration = Duration::from_secs(1);

/// How soon an output that is away is tried again: journald restarts within a second.
const RETRY: Duration = Duration::from_millis(100);

/// How long the last events may take to go out when we are told to stop.
const FAREWELL: Duration = Duration::from_secs(2);

/// A running daemon. Members are dropped in this order: the table goes last.
struct Daemon<'obj> {
    options: RunOptions,
    plan: Plan,
    attempt: Attempt,
    pipeline: Rc<RefCell<Pipeline>>,
    consumer: Consumer<'obj>,
    bookkeeping: Bookkeeping,
    suppressing: Suppressing,
    /// Processes that were reported for feedback, the latest first.
    reported: Vec<Process>,
    /// The kernel refused to say who has the journal open, and the warning has been printed.
    is_feedback_unknown: bool,
    excluded: Excluded,
    watch: ConfigWatch,
    signals: Signals,
    service: Service,
    /// `None` once we end.
    control: Option<Server>,
    poll: Poll,
    /// When the daemon started, and when its table went live; ns since 1970 UTC.
    since_ns: u64,
    rewired_ns: u64,
    /// When the configuration has been quiet for long enough to be read.
    settled: Option<Instant>,
    /// When the books are due.
    tick: Option<Instant>,
    sight: Sight,
    table: Table,
    bpf: Bpf<'obj>,
    _lock: InstanceLock,
}

/// Runs until a signal ends it.
///
/// # Errors
/// When it cannot start, or the kernel refuses what it granted before. Nothing stays attached.
pub fn run(options: &RunOptions) -> Result<ExitCode> {
    let signals = Signals::register()?;
    log::init(options.verbose);
    let mut object = MaybeUninit::uninit();
    let mut daemon = start::start(options, signals, &mut object)?;
    let reason = daemon.serve()?;
    daemon.stop(&reason)?;
    Ok(ExitCode::SUCCESS)
}

impl Daemon<'_> {
    /// The loop. Returns why it ended.
    fn serve(&mut self) -> Result<String> {
        let mut rest = Rest::None;
        loop {
            let timeout = self.timeout(rest);
            for source in self.poll.wait(timeout)? {
                self.hear(source)?;
            }
            if let Some(signal) = self.signals.stop() {
                return Ok(signal.to_owned());
            }
            self.reload_if_due()?;
            self.answer_if_due()?;
            self.tick_if_due()?;
            self.report_if_due()?;
            self.look_if_due();
            rest = self.consume()?;
            self.report_feedback();
            if self.gate() == Gate::Closed {
                return Ok("the reader closed the output".to_owned());
            }
        }
    }

    /// How long there is nothing to do: until the first of all that is due.
    fn timeout(&mut self, rest: Rest) -> Option<Duration> {
        let now = Instant::now();
        // Also where there is no time to sleep: a busy daemon is alive.
        let ping = self.service.ping(now);
        let doze = match (self.gate(), rest) {
            (Gate::Open, Rest::None) => return Some(Duration::ZERO),
            (Gate::Open, Rest::Doze(time)) => Some(now + time),
            (Gate::Away { .. }, _) => Some(now + RETRY),
            _ => None,
        };
        let call = self.control.as_ref().and_then(|control| control.deadline(now));
        let reports = self.bookkeeping.next_report();
        let delivery = self.delivery_due(now);
        let due = [doze, self.settled, self.tick, self.sight.next, call, ping, reports, delivery];
        due.into_iter().flatten().min().map(|at| at.saturating_duration_since(now))
    }

    /// When records of many events, or a step of the budget, are due.
    fn delivery_due(&self, now: Instant) -> Option<Instant> {
        let pipeline = self.pipeline.borrow();
        let delivery = &pipeline.delivery;
        let retry = delivery.waits_for_room().then(|| now + RETRY);
        let due = retry.into_iter().chain(delivery.next_due()).min();
        due.filter(|_| delivery.gate() == Gate::Open)
    }

    fn hear(&mut self, source: Source) -> Result<()> {
        match source {
            Source::Signals => self.signals.acknowledge(),
            Source::Configuration if self.watch.changed() => {
                self.settled = Some(Instant::now() + reload::SETTLE);
            }
            // The ring is looked at in every round.
            Source::Configuration | Source::Ring => {}
            Source::Output => self.reopen()?,
            Source::Control => self.answer()?,
        }
        Ok(())
    }

    /// One turn at the ring, if the output takes what it brings.
    fn consume(&mut self) -> Result<Rest> {
        if matches!(self.gate(), Gate::Away { .. }) {
            self.reopen()?;
        }
        if self.gate() != Gate::Open {
            // Also where it was a record of our own that the output did not take.
            self.pause()?;
            return Ok(Rest::Sleep);
        }
        self.pipeline.borrow_mut().delivery.set_clock();
        let rest = self.consumer.turn()?;
        if rest == Rest::None && self.tick.is_none() {
            self.tick = Some(Instant::now() + TICK);
        }
        if self.pipeline.borrow_mut().release_and_flush() != Gate::Open {
            self.pause()?;
        }
        Ok(rest)
    }

    /// The output takes no more: neither do we, and the ring is the queue.
    fn pause(&mut self) -> Result<()> {
        self.consumer.pause();
        self.poll.pause(&self.consumer, self.pipeline.borrow().delivery.sink(), self.gate())?;
        self.tick = self.tick.or(Some(Instant::now() + TICK));
        Ok(())
    }

    /// The output may take records again: first those that waited.
    fn reopen(&mut self) -> Result<()> {
        let before = self.gate();
        if self.pipeline.borrow_mut().delivery.flush() != Gate::Open {
            return self.pause();
        }
        self.poll.resume(&self.consumer, self.pipeline.borrow().delivery.sink())?;
        self.tell_absence(before)
    }

    fn gate(&self) -> Gate {
        self.pipeline.borrow().delivery.gate()
    }

    fn say(&self, body: Body<'_>) {
        self.pipeline.borrow_mut().delivery.say(body);
    }

    /// Ends with books that balance: with an empty table live, nothing new is due once the flip's
    /// grace period is over, and what is in the ring then is all there is. A link that is closed may
    /// go later than the call returns.
    fn stop(&mut self, reason: &str) -> Result<()> {
        self.service.stopping();
        self.control = None;
        // The empty one that follows judges nothing.
        let generation = self.table.generation();
        self.table.apply(&mut self.bpf, &Plan::default())?;
        let until = Instant::now() + FAREWELL;
        self.drain(until)?;
        self.bpf.detach();
        self.read_books()?;
        self.read_suppressed();
        self.tell_suppressed();
        let stopped = self.stopped(reason, generation);
        self.say(Body::Stopped(&stopped));
        self.drain(until)?;
        if matches!(self.gate(), Gate::Blocked { .. } | Gate::Away { .. }) {
            tracing::warn!(
                "the output accepted nothing for {} s: unwritten records are lost, the final statistics too",
                FAREWELL.as_secs()
            );
        }
        Ok(())
    }

    /// Writes what is in the ring, as far as the output takes it in time.
    fn drain(&mut self, until: Instant) -> Result<()> {
        while self.gate() != Gate::Closed && Instant::now() < until {
            let rest = self.consume()?;
            if self.gate() == Gate::Open && rest != Rest::None {
                // What still waits for a result has none by now.
                if !self.pipeline.borrow_mut().finish() {
                    break;
                }
            }
            if self.gate() != Gate::Open {
                let left = until.saturating_duration_since(Instant::now()).min(RETRY);
                for source in self.poll.wait(Some(left))? {
                    self.hear(source)?;
                }
            }
        }
        Ok(())
    }
}
