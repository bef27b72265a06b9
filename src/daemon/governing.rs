//! Who answers our records with calls of its own is throttled in the kernel, and that is said once.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Daemon;
use super::outlet::Gate;
use crate::clock;
use crate::consume::Rest;
use crate::govern::{Guilty, Process};
use crate::load::LEFT;
use crate::sink::record::{Body, Governed};

/// Who makes no more calls than are left to it for so long is not throttled any more.
const PARDON: Duration = Duration::from_secs(60);

/// Who is throttled.
#[derive(Debug, Default)]
pub struct Governing {
    processes: Vec<Process>,
    /// What was throttled in all, and until when there must be more.
    throttled: u64,
    until: Option<Instant>,
}

impl Daemon<'_> {
    /// Ends a trial that is due.
    pub(super) fn govern_if_due(&mut self, rest: Rest) {
        let is_ring_empty = rest != Rest::None && self.gate() == Gate::Open;
        let guilty = self.pipeline.borrow_mut().judge(clock::boot_now_ns(), is_ring_empty);
        guilty.into_iter().for_each(|one| self.throttle(one));
    }

    fn throttle(&mut self, guilty: Guilty) {
        self.governing.processes.insert(0, guilty.process);
        self.govern();
        self.governing.until = Some(Instant::now() + PARDON);
        let place = self.pipeline.borrow_mut().delivery.units.place(guilty.name.cgroup);
        let (pid, start_ns) = guilty.process;
        let governed = Governed {
            pid,
            start_ns,
            comm: guilty.name.comm,
            unit: place.as_ref().and_then(|place| place.unit.clone()),
            user_unit: place.as_ref().and_then(|place| place.user_unit.clone()),
            before: guilty.before,
            during: guilty.during,
            left: LEFT,
        };
        self.say(Body::Governed(&governed));
    }

    fn govern(&self) {
        let pids: Vec<u32> = self.governing.processes.iter().map(|(pid, _)| *pid).collect();
        self.bpf.govern(&pids);
    }

    /// Who has ended, or changed its ways, is forgotten: all are, when a while has brought nothing.
    pub(super) fn pardon_if_due(&mut self) -> Result<()> {
        let now = Instant::now();
        if self.governing.until.is_none_or(|until| until > now) {
            return Ok(());
        }
        self.read_books()?;
        let throttled = self.bookkeeping.books.values().map(|books| books.throttled).sum();
        let before = std::mem::replace(&mut self.governing.throttled, throttled);
        self.governing.until = (throttled != before).then_some(now + PARDON);
        if throttled == before {
            self.governing.processes.clear();
            self.govern();
        }
        Ok(())
    }

    /// When there is something to do about processes.
    pub(super) fn governing_due(&self, now: Instant) -> Option<Instant> {
        let left = |due_ns: u64| Duration::from_nanos(due_ns.saturating_sub(clock::boot_now_ns()));
        let trial = self.pipeline.borrow().trial_due_ns().map(|due_ns| now + left(due_ns));
        trial.into_iter().chain(self.governing.until).min()
    }
}
