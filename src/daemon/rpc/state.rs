//! Replies about the state of the daemon and its live table.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use syscalls::Slot;

use crate::daemon::Daemon;
use crate::daemon::start::kernel;
use crate::daemon::trial::LiveTrial;
use crate::output::utc;
use crate::pipeline::writer::WriterState;
use crate::plan::Rule;
use crate::rpc::{self, OutputStatus, ProgramStatus, Route, Routes, Status};
use crate::stats::{Column, Sums};

impl Daemon<'_> {
    /// Returns the state of the daemon.
    pub(in crate::daemon) fn status(&self) -> Status {
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: kernel(),
            pid: std::process::id(),
            attached: self.bpf.way_to_attach().to_string(),
            attach_reason: self.bpf.reason.clone(),
            generation: self.table.generation(),
            since: utc(self.since_ns),
            table_since: utc(self.rewired_ns),
            routes: self.plan.routes.len() as u64,
            unattached_routes: self.unattached_routes(),
            config: text(&self.options.config),
            files: self.plan.files.iter().map(|file| text(file)).collect(),
            trial: self.trial.as_ref().map(LiveTrial::wire),
            refused_reload: self.last_reload.refused().cloned(),
            tracing_off: self.tracing.is_off(),
            self_tests: self.self_test.counts,
            output: self.output(),
        }
    }

    /// Returns name and state of the output.
    pub(in crate::daemon) fn output(&self) -> OutputStatus {
        let state = match self.writer_state() {
            WriterState::Open => "open",
            WriterState::Blocked { .. } => "blocked",
            WriterState::Away { .. } => "disconnected",
            WriterState::Closed => "closed",
        };
        let name = self.pipeline.borrow().delivery.output().name().to_owned();
        OutputStatus { name, state: state.to_owned() }
    }

    /// Returns the routes of the live table with their counts, and the programs that they need.
    pub(super) fn live_table(&self) -> Result<Routes> {
        let routes: Vec<_> = self.plan.routes.keys().map(|&slot| self.live_route(slot)).collect();
        let names: BTreeSet<_> = routes.iter().flat_map(|route| &route.programs).collect();
        let programs = names.into_iter().filter_map(|name| self.program(name).transpose());
        let programs = programs.collect::<Result<_>>()?;
        let measured_since = self.measurement.since_ns().map(utc);
        Ok(Routes { generation: self.table.generation(), routes, programs, measured_since })
    }

    /// Returns `None` for a program that is not loaded yet.
    fn program(&self, name: &str) -> Result<Option<ProgramStatus>> {
        let facts = self.bpf.program_facts(name)?;
        Ok(facts.map(|facts| ProgramStatus {
            name: name.to_owned(),
            kernel_name: facts.kernel_name,
            id: facts.id,
            verified_insns: facts.verified_insns,
        }))
    }

    fn live_route(&self, slot: Slot) -> Route {
        let counters = self.bpf.counters.of(slot);
        let outcomes = self.pipeline.borrow().delivery.tally.of(slot);
        let sums = Sums::default().with(&counters).with(&outcomes);
        let mut live = Route {
            syscall: slot.to_string(),
            abi: slot.abi().name().to_owned(),
            nr: slot.known_nr(),
            seen: counters.seen,
            submitted: counters.submitted,
            written: sums[Column::Written],
            lost: sums[Column::Lost],
            run_time: self.measurement.of(&self.bpf, slot),
            ..Route::default()
        };
        if let Some(route) = self.plan.routes.get(&slot) {
            live.handler = route.handler_names(&self.bpf.handlers);
            live.rules = route.rules.iter().map(|rule| self.live_rule(rule)).collect();
            live.programs = self.bpf.programs_of_route(slot, route).into_iter().collect();
        }
        if let Some(origin) = self.plan.origins.get(&slot) {
            live.entry.clone_from(&origin.entry);
            live.file = text(&origin.path);
            live.line = origin.line;
        }
        live
    }

    fn live_rule(&self, rule: &Rule) -> rpc::Rule {
        rpc::Rule {
            handler: rule.handler_name(&self.bpf.handlers),
            options: rule.effective_options(),
        }
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
