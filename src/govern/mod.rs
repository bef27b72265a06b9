//! Who answers each of our records with calls of its own, which beget more records: a program that follows
//! the journal, or whatever reads what we write. Pure: events and times in, what to do about a process out.
//!
//! That nearly all events are one process's proves nothing: it may just be busy. So a suspect is tried: its
//! events are held back for a moment, and not written. Who works on its own goes on as before, and its
//! events are written then. Who follows our output falls silent, since there is none.

use std::collections::BTreeMap;
use std::time::Duration;

/// A process that is never mistaken for another: its number, and when it began, ns since boot.
pub type Process = (u32, u64);

/// Events are counted by so much time.
const WINDOW: Duration = Duration::from_millis(100);
/// A suspect has nearly all events of so many windows one after the other.
const WINDOWS: u32 = 10;
/// Fewer events in a window are nobody's harm.
const FEWEST: u64 = 20;
/// Of 100 events of a window so many are the suspect's.
const SHARE: u64 = 90;
/// How long a trial takes: twice what it takes journald and a reader to come to rest.
const TRIAL: Duration = Duration::from_millis(500);
/// Who makes fewer calls in the second half of the trial than one in so many of before is guilty.
const SILENCE: u64 = 5;
/// Who was found innocent is left alone for a while.
const PEACE: Duration = Duration::from_secs(60);
/// Processes that are remembered.
const REMEMBERED: usize = 64;

/// What is to be done with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes its way.
    Write,
    /// Its process is tried: keep it until the verdict.
    Hold,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Who was tried.
    pub process: Process,
    /// It follows our output.
    pub is_guilty: bool,
    /// Events a second before the trial.
    pub before: u64,
    /// Events a second while nothing of it was written.
    pub during: u64,
}

/// What is known of the processes.
#[derive(Debug, Default)]
pub struct Governor {
    /// Of the window at hand: its number, all events, and those of each process.
    window: u64,
    total: u64,
    counts: BTreeMap<Process, u64>,
    suspect: Option<Suspect>,
    trial: Option<Trial>,
    /// Until when who is left alone, ns since boot.
    innocent: BTreeMap<Process, u64>,
}

#[derive(Debug, Clone, Copy)]
struct Suspect {
    process: Process,
    windows: u32,
    events: u64,
}

#[derive(Debug, Clone, Copy)]
struct Trial {
    process: Process,
    begin_ns: u64,
    /// Events in as much time as half a trial takes, before it.
    before: u64,
    /// Events of its second half.
    during: u64,
}

impl Governor {
    /// Takes note of an event that is to be written, made at that time since boot.
    pub fn note(&mut self, process: Process, at_ns: u64) -> Fate {
        self.enter_window(at_ns);
        if let Some(trial) = self.trial.as_mut().filter(|trial| trial.process == process) {
            trial.during += u64::from(at_ns.saturating_sub(trial.begin_ns) >= ns(TRIAL) / 2);
            return Fate::Hold;
        }
        self.total += 1;
        *self.counts.entry(process).or_default() += 1;
        Fate::Write
    }

    /// Whether a trial goes on.
    pub fn is_trying(&self) -> bool {
        self.trial.is_some()
    }

    /// When the trial ends, ns since boot.
    pub fn due_ns(&self) -> Option<u64> {
        self.trial.map(|trial| trial.begin_ns.saturating_add(ns(TRIAL)))
    }

    /// The verdict, if the trial is over at that time or is to be cut short: what was held grows too much.
    pub fn verdict(&mut self, now_ns: u64, is_cut: bool) -> Option<Verdict> {
        let due_ns = self.due_ns()?;
        if now_ns < due_ns && !is_cut {
            return None;
        }
        let trial = self.trial.take()?;
        let is_guilty = !is_cut && trial.during.saturating_mul(SILENCE) < trial.before;
        if !is_guilty {
            self.remember(trial.process, now_ns);
        }
        let a_second = |events: u64| events * 1_000_000_000 / (ns(TRIAL) / 2);
        let (before, during) = (a_second(trial.before), a_second(trial.during));
        Some(Verdict { process: trial.process, is_guilty, before, during })
    }

    fn remember(&mut self, process: Process, now_ns: u64) {
        self.innocent.retain(|_, until_ns| *until_ns > now_ns);
        if self.innocent.len() < REMEMBERED {
            self.innocent.insert(process, now_ns.saturating_add(ns(PEACE)));
        }
    }

    fn enter_window(&mut self, at_ns: u64) {
        let window = at_ns / ns(WINDOW);
        // Events of several CPUs come a little out of order.
        if window <= self.window {
            return;
        }
        let is_next = window == self.window + 1;
        self.judge_window(is_next, at_ns);
        self.window = window;
        self.total = 0;
        self.counts.clear();
    }

    /// The window is over: who had nearly all of its events?
    fn judge_window(&mut self, is_next: bool, at_ns: u64) {
        let most = self.counts.iter().max_by_key(|(_, count)| **count);
        let most = most.map(|(process, count)| (*process, *count));
        let is_enough = |&(process, count): &(Process, u64)| {
            count >= FEWEST
                && count * 100 >= self.total * SHARE
                && self.innocent.get(&process).is_none_or(|until_ns| *until_ns <= at_ns)
        };
        let Some((process, count)) = most.filter(is_enough).filter(|_| self.trial.is_none()) else {
            self.suspect = None;
            return;
        };
        let before = self.suspect.filter(|suspect| suspect.process == process && is_next);
        let (windows, events) = before.map_or((0, 0), |suspect| (suspect.windows, suspect.events));
        let suspect = Suspect { process, windows: windows + 1, events: events + count };
        self.suspect = Some(suspect);
        if suspect.windows >= WINDOWS {
            self.suspect = None;
            let time_ns = u64::from(suspect.windows) * ns(WINDOW);
            let before = suspect.events * (ns(TRIAL) / 2) / time_ns;
            self.trial = Some(Trial { process, begin_ns: at_ns, before, during: 0 });
        }
    }
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
