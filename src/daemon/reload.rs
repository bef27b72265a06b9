//! Reload: a new configuration becomes the live table, or the old table stays and the faults are reported. Any
//! fault keeps the running table; an empty or vanished file is a fault.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use syscalls::Slot;

use super::trial::LiveTrial;
use super::{COUNTERS_INTERVAL, Daemon, Timer, output};
use crate::clock;
use crate::config::{self, Trust};
use crate::handlers::Handlers;
use crate::load;
use crate::output::record::{Body, ReloadRefused, Reloaded};
use crate::output::utc;
use crate::plan::{self, ChangeSummary, Plan};
use crate::rpc;

/// Time without a change before the configuration is read: an editor writes, renames and
/// removes within a few milliseconds, and a reload in the middle would see half of it.
pub const SETTLE: Duration = Duration::from_millis(100);

/// Least time between reloads that signals request and that change nothing: each writes a record, and a script
/// may send thousands of signals.
const UNCHANGED_INTERVAL: Duration = Duration::from_secs(1);

/// Cause of a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReloadCause {
    /// The files have changed. The table stays if its configuration did not.
    Files,
    /// SIGHUP.
    Signal,
    /// A client of the control socket, which waits for the outcome.
    Client,
}

/// Outcome of the last attempt to read the configuration.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LastReload {
    /// Time and faults of a refused reload; at least one fault.
    refused: Option<rpc::RefusedReload>,
    /// Time of the last reload that changed nothing.
    unchanged: Option<Instant>,
    /// A signal waits until `UNCHANGED_INTERVAL` has passed since then.
    is_deferred: bool,
}

/// Outcome of a reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// The new table is live; the old one stays if nothing has changed and no reload was requested.
    Done(Reloaded),
    /// The old table stays.
    Refused(rpc::ReloadRefused),
}

impl LastReload {
    /// Returns the time and the faults if the reload was refused.
    pub fn refused(&self) -> Option<&rpc::RefusedReload> {
        self.refused.as_ref()
    }

    /// For the end of the status line.
    pub fn status(&self) -> String {
        let faults = self.refused.as_ref().map(|refused| refused.faults.as_slice());
        match faults {
            None | Some([]) => String::new(),
            Some([fault]) => format!("; the last reload was refused: {}", line(fault)),
            Some([fault, ..]) => {
                let count = faults.map_or(0, <[_]>::len);
                format!("; the last reload was refused, {count} faults: {}", line(fault))
            }
        }
    }
}

impl Daemon<'_> {
    /// Reloads after the files have changed and settled, or after a signal that was deferred.
    pub(super) fn reload_in_time(&mut self) -> Result<ReloadOutcome> {
        let is_deferred = std::mem::take(&mut self.last_reload.is_deferred);
        self.reload(if is_deferred { ReloadCause::Signal } else { ReloadCause::Files })
    }

    /// Reads the daemon's own configuration and makes it the live table, which ends a trial. An unchanged one is applied
    /// only if a reload was requested.
    pub(super) fn reload(&mut self, cause: ReloadCause) -> Result<ReloadOutcome> {
        let ended = self.end_trial();
        self.make_live(cause, ended)
    }

    /// Reads the configuration that is live, be it on trial, and makes it the live table.
    pub(super) fn reload_live_config(&mut self, cause: ReloadCause) -> Result<ReloadOutcome> {
        self.make_live(cause, None)
    }

    fn make_live(&mut self, cause: ReloadCause, ended: Option<LiveTrial>) -> Result<ReloadOutcome> {
        // One reload serves the signal, the client and the change of the files.
        self.timers.set(Timer::Reload, None);
        self.systemd.reloading();
        self.complete()?;
        // Before the files are read, so that no change falls in between.
        self.watch.renew();
        let trust = Trust::of_daemon();
        let config = self.live_config().to_owned();
        load::read_objects(&config, &mut self.bpf.handlers, &trust);
        let verdict = match self.read_plan(&config, &trust, &self.bpf.handlers) {
            Ok(plan) => {
                let mut record = self.difference(&plan, &self.bpf.handlers);
                record.changed.extend(ended.map(|trial| trial.end()));
                let has_changes = record.has_changes() || self.last_reload.refused.is_some();
                if has_changes || self.is_due(cause) {
                    // Numbers of limits may mean others afterwards.
                    self.read_counters()?;
                    self.rewire(plan, record)
                } else {
                    ReloadOutcome::Done(record)
                }
            }
            Err(faults) => self.refuse(faults.iter().map(wire_fault).collect()),
        };
        self.await_end_of_temporary_routes();
        self.update_status();
        self.systemd.ready();
        Ok(verdict)
    }

    /// Reads a configuration and returns what a reload of it would change; nothing does.
    pub(super) fn dry_run(&self, config: &Path) -> ReloadOutcome {
        self.dry_run_with(config, wire_fault)
    }

    /// Returns what `dry_run` does, with the faults as `wire` turns them out.
    pub(super) fn dry_run_with(
        &self,
        config: &Path,
        wire: impl Fn(&config::Fault) -> rpc::Fault,
    ) -> ReloadOutcome {
        let (trust, mut handlers) = (Trust::of_daemon(), self.bpf.handlers.clone());
        load::read_objects(config, &mut handlers, &trust);
        match self.read_plan(config, &trust, &handlers) {
            Ok(plan) if self.lack_of_boxes(&plan).is_some() => {
                let lack = self.lack_of_boxes(&plan).unwrap_or_default();
                let generation = self.table.generation();
                let faults = vec![whole_fault(lack)];
                ReloadOutcome::Refused(rpc::ReloadRefused { generation, faults })
            }
            Ok(plan) => {
                let unattached = self.bpf.unattachable(plan.routes.keys());
                let unattached_routes = unattached.into_iter().map(Slot::with_abi).collect();
                let record = self.difference(&plan, &handlers);
                ReloadOutcome::Done(Reloaded { unattached_routes, ..record })
            }
            Err(faults) => ReloadOutcome::Refused(rpc::ReloadRefused {
                generation: self.table.generation(),
                faults: faults.iter().map(wire).collect(),
            }),
        }
    }

    /// Returns whether a reload that changes nothing is due. One that a signal requests too early is deferred.
    fn is_due(&mut self, cause: ReloadCause) -> bool {
        let due = self.last_reload.unchanged.map(|last| last + UNCHANGED_INTERVAL);
        let early = due.filter(|due| cause == ReloadCause::Signal && Instant::now() < *due);
        if early.is_some() {
            self.last_reload.is_deferred = true;
            self.timers.set(Timer::Reload, early);
        }
        cause != ReloadCause::Files && early.is_none()
    }

    pub(super) fn rewire(&mut self, plan: Plan, record: Reloaded) -> ReloadOutcome {
        if let Some(lack) = self.lack_of_boxes(&plan) {
            return self.refuse(vec![whole_fault(lack)]);
        }
        if let Err(error) = self.table.apply(&mut self.bpf, &plan) {
            return self.refuse(vec![whole_fault(&format!("{error:#}"))]);
        }
        self.excluded.replace(&self.bpf, &plan.exclude);
        output::warn_of_exclusions(self.pipeline.borrow().delivery.output(), &plan);
        self.plan = plan;
        if let Err(error) = self.start_digests(true) {
            tracing::warn!("{error:#}");
        }
        let unchanged = (!record.has_changes()).then(Instant::now);
        self.last_reload = LastReload { unchanged, ..LastReload::default() };
        self.rewired_ns = clock::real_now_ns();
        self.remember_table();
        // Calls that are going on have until then to end.
        self.timers.set(Timer::Counters, Some(Instant::now() + COUNTERS_INTERVAL));
        let (generation, unattached_routes) = (self.table.generation(), self.unattached_routes());
        let mut record = Reloaded { generation, unattached_routes, ..record };
        record.changed.extend(self.trial.as_ref().map(LiveTrial::to_string));
        self.emit(Body::Reloaded(&record));
        ReloadOutcome::Done(record)
    }

    /// Stops waiting for results that only the previous table asked for, once they have had some time.
    pub(super) fn abandon_old_results(&mut self) {
        if self.table.forget_old_results(&mut self.bpf) {
            self.pipeline.borrow_mut().abandon(|slot| !self.table.awaits(slot));
        }
    }

    fn refuse(&mut self, faults: Vec<rpc::Fault>) -> ReloadOutcome {
        let generation = self.table.generation();
        let lines = faults.iter().map(|fault| line(fault).to_owned()).collect();
        self.emit(Body::ReloadRefused(&ReloadRefused { generation, faults: lines }));
        let time = utc(clock::real_now_ns());
        let refused = rpc::RefusedReload { time, faults: faults.clone() };
        self.last_reload = LastReload { refused: Some(refused), ..LastReload::default() };
        ReloadOutcome::Refused(rpc::ReloadRefused { generation, faults })
    }

    /// Describes what the reload changes. `handlers` are those of the new plan.
    pub(super) fn difference(&self, new: &Plan, handlers: &Handlers) -> Reloaded {
        let difference = plan::difference(&self.plan, new);
        let ChangeSummary { added, mut changed, removed } = difference.summary(handlers);
        changed.extend(changed_settings(&self.plan, new));
        let (generation, unattached_routes) = (self.table.generation(), Vec::new());
        Reloaded { generation, added, changed, removed, unattached_routes }
    }
}

/// The settings beside the routes that differ, for people.
fn changed_settings(old: &Plan, new: &Plan) -> impl Iterator<Item = String> {
    let next_start = ", after a restart";
    let path = |plan: &Plan| plan.metrics.as_ref().map(|file| file.path.clone());
    let interval = |plan: &Plan| plan.metrics.as_ref().map(|file| file.interval);
    let settings = [
        (new.ring_bytes != old.ring_bytes, "[ring] size", next_start),
        (new.ring_cpus != old.ring_cpus, "[ring] cpus", next_start),
        (new.box_units != old.box_units, "[blackbox] boxes", next_start),
        (new.box_calls != old.box_calls, "[blackbox] calls", next_start),
        (new.socket != old.socket, "[journal] socket", next_start),
        (new.attach != old.attach, "[kernel] attach", next_start),
        (new.exclude != old.exclude, "[exclude] exe", ""),
        (new.exclude_units != old.exclude_units, "[exclude] units", ""),
        (new.per_uid != old.per_uid, "[limits] per_uid", ""),
        (new.max_per_second != old.max_per_second, "[journal] max_per_second", ""),
        (
            new.max_bytes_per_second != old.max_bytes_per_second,
            "[journal] max_bytes_per_second",
            "",
        ),
        (new.stats_interval != old.stats_interval, "[journal] stats_interval", ""),
        (new.read_back != old.read_back, "[journal] read_back", ""),
        (new.self_test != old.self_test, "[kernel] self_test", ""),
        (path(new) != path(old), "[metrics] textfile", ""),
        (interval(new) != interval(old), "[metrics] every", ""),
    ];
    let differ = settings.into_iter().filter(|(differs, ..)| *differs);
    differ.map(|(_, what, when)| format!("{what}{when}"))
}

/// Returns a fault that no line of a file has.
fn whole_fault(message: &str) -> rpc::Fault {
    let (text, message) = (message.to_owned(), message.to_owned());
    rpc::Fault { text, message, ..rpc::Fault::default() }
}

/// Returns a fault as a client sees it.
pub(super) fn wire_fault(fault: &config::Fault) -> rpc::Fault {
    rpc::Fault {
        text: fault.to_string(),
        message: fault.message.clone(),
        path: Some(fault.path.to_string_lossy().into_owned()),
        line: fault.position.map(|place| place.line),
        column: fault.position.map(|place| place.column),
        suggestion: fault.suggestion.clone(),
    }
}

/// All but the line of the file.
fn line(fault: &rpc::Fault) -> &str {
    fault.text.lines().next().unwrap_or_default()
}
