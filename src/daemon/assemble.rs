//! The parts of a daemon, joined.

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::Result;
use varlink_server::Server;

use super::Daemon;
use super::black_boxes::RemovedBoxes;
use super::counters::Counters;
use super::feedback::FeedbackReporter;
use super::held_losses::HeldLosses;
use super::measurement::Measurement;
use super::metrics::MetricsState;
use super::missed_calls::MissedSum;
use super::poll::Poll;
use super::read_back::ReadBack;
use super::reload::LastReload;
use super::self_test::SelfTest;
use super::signals::Signals;
use super::suppressed::SuppressedReader;
use super::systemd::Systemd;
use super::timers::Timers;
use super::tracing_watch::TracingWatch;
use crate::cli::RunOptions;
use crate::clock;
use crate::config_watch::ConfigWatch;
use crate::exclude::Excluded;
use crate::instance_lock::InstanceLock;
use crate::load::Bpf;
use crate::output::Output;
use crate::pipeline::Pipeline;
use crate::pipeline::delivery::Delivery;
use crate::plan::Plan;
use crate::ring::Consumer;
use crate::rpc::runtime_folder;
use crate::table::Table;
use crate::units::Units;

/// Parts that a daemon is made of.
#[allow(missing_debug_implementations)] // the object has none
pub(super) struct Parts<'obj> {
    /// Options of the command line.
    pub options: RunOptions,
    /// Plan of the live table.
    pub plan: Plan,
    /// Output.
    pub output: Output,
    /// Signals.
    pub signals: Signals,
    /// Files of the configuration.
    pub watch: ConfigWatch,
    /// Control socket.
    pub control: Option<Server>,
    /// Object.
    pub bpf: Bpf<'obj>,
    /// Lock of the runtime directory.
    pub lock: InstanceLock,
}

impl<'obj> Daemon<'obj> {
    /// Makes a daemon that has done nothing yet.
    pub(super) fn assemble(parts: Parts<'obj>) -> Result<Self> {
        let Parts { options, plan, output, signals, watch, control, bpf, lock } = parts;
        let delivery = Delivery::new(Units::new(), output);
        let pipeline = Pipeline::new(bpf.handlers.clone(), delivery);
        let pipeline = Rc::new(RefCell::new(pipeline));
        let receiver = Rc::clone(&pipeline);
        let consumer = Consumer::open(&bpf, move |bytes| receiver.borrow_mut().receive(bytes))?;
        let poll = Poll::new(&consumer, &signals, &watch, control.as_ref())?;
        Ok(Self {
            options,
            plan,
            last_reload: LastReload::default(),
            trial: None,
            pipeline,
            consumer,
            counters: Counters::new(clock::real_now_ns()),
            suppressed: SuppressedReader::default(),
            held_losses: HeldLosses::default(),
            missed: MissedSum::saved_in(runtime_folder()),
            removed_boxes: RemovedBoxes::default(),
            last_report: None,
            reported_seen: 0,
            feedback: FeedbackReporter::default(),
            excluded: Excluded::default(),
            watch,
            signals,
            systemd: Systemd::new(),
            control,
            poll,
            timers: Timers::default(),
            since_ns: clock::real_now_ns(),
            rewired_ns: clock::real_now_ns(),
            tracing: TracingWatch::default(),
            self_test: SelfTest::default(),
            measurement: Measurement::none(&bpf),
            read_back: ReadBack::default(),
            metrics: MetricsState::default(),
            heartbeat: None,
            gap: None,
            adopted: None,
            digester: None,
            leftover: None,
            drains: Default::default(),
            table: Table::new(),
            bpf,
            _lock: lock,
        })
    }
}
