//! A new configuration in, a new table out, or the old one and the reason why. Any fault keeps what
//! runs; an empty or vanished file is a fault.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Daemon, TICK};
use crate::config::Faults;
use crate::plan::{self, Plan, Told};
use crate::sink::record::{Body, Refused, Reloaded};

/// How long the configuration must be quiet before it is read: an editor writes, renames and
/// removes within a few milliseconds, and a reload in the middle would see half of it.
pub const SETTLE: Duration = Duration::from_millis(100);

/// How the last attempt to read the configuration ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The first fault, on one line, and how many there are.
    refused: Option<(String, usize)>,
}

impl Attempt {
    /// For the end of the status line.
    pub fn status(&self) -> String {
        match &self.refused {
            None => String::new(),
            Some((fault, 1)) => format!("; the last reload was refused: {fault}"),
            Some((fault, count)) => {
                format!("; the last reload was refused, {count} faults: {fault}")
            }
        }
    }
}

impl Daemon<'_> {
    /// Reloads if a signal asked for it, or the files have settled after a change.
    pub(super) fn reload_if_due(&mut self) -> Result<()> {
        let asked = self.signals.reload();
        let settled = self.settled.is_some_and(|at| at <= Instant::now());
        if !asked && !settled {
            return Ok(());
        }
        // One reload answers both.
        self.settled = None;
        self.service.reloading();
        match plan::read(&self.options.config, &self.bpf.handlers) {
            Ok(plan) => {
                let record = self.difference(&plan);
                if asked || record.says_something() || self.attempt.refused.is_some() {
                    self.rewire(plan, record)?;
                }
            }
            Err(faults) => self.refuse(&faults),
        }
        self.tell_status();
        self.service.ready();
        Ok(())
    }

    fn rewire(&mut self, plan: Plan, record: Reloaded) -> Result<()> {
        if let Err(error) = self.table.apply(&mut self.bpf, &plan) {
            self.refuse_with(vec![format!("{error:#}")]);
            return Ok(());
        }
        self.excluded.replace(&self.bpf, &plan.exclude);
        self.plan = plan;
        self.attempt = Attempt::default();
        self.note_routes();
        // Calls that are going on have until then to end.
        self.tick = Some(Instant::now() + TICK);
        let (generation, unseen) = (self.table.generation(), self.unseen());
        self.say(Body::Reloaded(&Reloaded { generation, unseen, ..record }));
        Ok(())
    }

    /// For results that only the table before asked for: who has waited for a while has waited enough.
    pub(super) fn stop_waiting(&mut self) {
        if self.table.forget_old_results(&mut self.bpf) {
            self.pipeline.borrow_mut().abandon(|slot| !self.table.awaits(slot));
        }
    }

    fn refuse(&mut self, faults: &Faults) {
        self.refuse_with(faults.iter().map(crate::config::Fault::line).collect());
    }

    fn refuse_with(&mut self, faults: Vec<String>) {
        let first = faults.first().cloned().unwrap_or_default();
        self.attempt = Attempt { refused: Some((first, faults.len())) };
        let generation = self.table.generation();
        self.say(Body::Refused(&Refused { generation, faults }));
    }

    /// What the reload changes, for people.
    fn difference(&self, new: &Plan) -> Reloaded {
        let difference = plan::difference(&self.plan, new);
        let Told { added, mut changed, removed } = difference.told(&self.bpf.handlers);
        changed.extend(changed_settings(&self.plan, new));
        let (generation, unseen) = (self.table.generation(), Vec::new());
        Reloaded { generation, added, changed, removed, unseen }
    }
}

/// The settings beside the routes that differ, for people.
fn changed_settings(old: &Plan, new: &Plan) -> impl Iterator<Item = String> {
    let next_start = ", from the next start on";
    let settings = [
        (new.ring_bytes != old.ring_bytes, "[ring] size", next_start),
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
        (new.report != old.report, "[journal] report", ""),
    ];
    let differ = settings.into_iter().filter(|(differs, ..)| *differs);
    differ.map(|(_, what, when)| format!("{what}{when}"))
}
