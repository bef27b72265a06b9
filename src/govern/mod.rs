//! Who answers our records with calls of its own, which beget more records: a program that follows the
//! journal, or whatever reads what we write. Pure: events and times in, what to do about processes out.
//!
//! That many events are a few processes' proves nothing: they may just be busy. So they are tried: for a
//! moment no event is written, whosever it is. Who works on its own goes on as before. Who follows our
//! output falls silent, since there is none, and goes on when what was held back is written, four times over. Nothing
//! of what is held back gets lost.

mod count;
mod innocent;

use std::time::Duration;

use count::Counts;
use innocent::Innocent;

/// A process that is never mistaken for another: its number, and when it began, ns since boot.
pub type Process = (u32, u64);

/// Whoever has many events is watched for so long, before anybody is tried.
const WATCH: Duration = Duration::from_secs(1);
/// In each window of that there is something to do. journald tells its followers of new entries every 250 ms
/// at most (`POST_CHANGE_TIMER_INTERVAL_USEC` in `journald-manager.c`): in shorter windows a follower would be
/// busy now and then.
const WINDOW: Duration = Duration::from_millis(500);
/// Fewer events in a window are nobody's harm.
const FEWEST: u64 = 100;
/// Of 100 events a suspect has so many,
const SHARE: u64 = 10;
/// and there are no more suspects than these.
const SUSPECTS_MAX: usize = 8;
/// A trial, and the pause between both: longer than journald and a reader take to come to rest.
const TRIAL: Duration = Duration::from_millis(500);
/// A program that works in bursts may be silent once or twice by chance.
const TRIALS: u32 = 4;
/// Who is not silent by then may still work off what it has read: it gets so many times as long.
const EXTENSIONS: u32 = 4;
/// Who is silent makes fewer calls in the second half of a trial than one in so many of before; who goes on
/// makes more than that in the pause.
const SILENCE: u64 = 5;
/// Who was found innocent is left alone for so long, and twice as long each time, up to the second.
const PEACE: Duration = Duration::from_secs(10);
const LONGEST_PEACE: Duration = Duration::from_secs(640);
/// After a trial nobody else is tried for a while: it holds up all events.
const REST: Duration = Duration::from_secs(10);

/// Who a process is, for people: as one of its events tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// Name of the task.
    pub comm: Vec<u8>,
    /// Its cgroup's id.
    pub cgroup: u64,
}

/// What is to be done with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes its way.
    Write,
    /// Somebody is tried: keep it until that is over.
    Hold,
}

/// A process that follows our output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guilty {
    /// Which.
    pub process: Process,
    /// As people know it.
    pub name: Name,
    /// Its events a second before it was tried.
    pub before: u64,
    /// And while nothing of it was written.
    pub during: u64,
}

/// What is known of the processes.
#[derive(Debug, Default)]
pub struct Governor {
    phase: Phase,
    counts: Counts,
    innocent: Innocent,
    /// Until when nobody is tried, ns since boot.
    rest_until_ns: u64,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Idle,
    /// Nobody is suspected. Every window since then was busy; the last of them is that one.
    Watch { begin_ns: u64, window: u64, events: u64 },
    /// All events are held; `silent`: so often they were silent before, and went on.
    Trial { suspects: Vec<Suspect>, begin_ns: u64, silent: u32, extensions: u32 },
    /// What was held is written, and who is silent without it goes on.
    Pause { suspects: Vec<Suspect>, begin_ns: u64, silent: u32 },
}

#[derive(Debug, Clone)]
struct Suspect {
    process: Process,
    name: Name,
    /// Events in as much time as half a trial takes, before it.
    before: u64,
    /// Events of the second half of the trial, or of the pause.
    during: u64,
}

impl Governor {
    /// Takes note of an event that is to be written, made at that time since boot.
    pub fn note(&mut self, process: Process, at_ns: u64, name: impl FnOnce() -> Name) -> Fate {
        match &mut self.phase {
            Phase::Trial { suspects, begin_ns, .. } => {
                let is_late = at_ns.saturating_sub(*begin_ns) >= ns(TRIAL) / 2;
                let suspect = suspects.iter_mut().find(|one| one.process == process);
                suspect.into_iter().for_each(|one| one.during += u64::from(is_late));
                Fate::Hold
            }
            Phase::Pause { suspects, .. } => {
                let suspect = suspects.iter_mut().find(|one| one.process == process);
                suspect.into_iter().for_each(|one| one.during += 1);
                Fate::Write
            }
            Phase::Idle | Phase::Watch { .. } => {
                self.watch(at_ns);
                if matches!(self.phase, Phase::Trial { .. }) {
                    return self.note(process, at_ns, name);
                }
                self.counts.add(process, name);
                Fate::Write
            }
        }
    }

    /// Whether events are held.
    pub fn is_trying(&self) -> bool {
        matches!(self.phase, Phase::Trial { .. })
    }

    /// When the trial or the pause ends, ns since boot.
    pub fn due_ns(&self) -> Option<u64> {
        match &self.phase {
            Phase::Trial { begin_ns, .. } | Phase::Pause { begin_ns, .. } => {
                Some(begin_ns.saturating_add(ns(TRIAL)))
            }
            Phase::Idle | Phase::Watch { .. } => None,
        }
    }

    /// Ends what is due at that time, or the trial at once: what is held has grown too much. Who follows
    /// our output, if that is known now.
    pub fn judge(&mut self, now_ns: u64, is_cut: bool) -> Vec<Guilty> {
        let is_over = self.due_ns().is_some_and(|due_ns| now_ns >= due_ns);
        if !(is_over || is_cut && self.is_trying()) {
            return Vec::new();
        }
        match std::mem::take(&mut self.phase) {
            Phase::Trial { mut suspects, silent, extensions, .. } => {
                let is_silent = |one: &Suspect| !is_cut && one.during * SILENCE < one.before;
                if !(is_cut || extensions == 0 || suspects.iter().all(is_silent)) {
                    suspects.iter_mut().for_each(|one| one.during = 0);
                    let extensions = extensions - 1;
                    self.phase = Phase::Trial { suspects, begin_ns: now_ns, silent, extensions };
                    return Vec::new();
                }
                let (rest, others): (Vec<_>, Vec<_>) = suspects.into_iter().partition(is_silent);
                others.iter().for_each(|one| self.innocent.remember(one.process, now_ns));
                self.rest_until_ns = now_ns.saturating_add(ns(REST));
                if silent + 1 >= TRIALS {
                    return rest.into_iter().map(Suspect::guilty).collect();
                }
                self.pause(rest, now_ns, silent + 1);
            }
            Phase::Pause { mut suspects, silent, .. } => {
                // The pause is twice as long as what was counted before.
                suspects.retain(|one| one.during * SILENCE >= one.before * 2);
                self.begin_trial(suspects, now_ns, silent);
            }
            Phase::Idle | Phase::Watch { .. } => {}
        }
        Vec::new()
    }

    fn pause(&mut self, mut suspects: Vec<Suspect>, begin_ns: u64, silent: u32) {
        suspects.iter_mut().for_each(|one| one.during = 0);
        if !suspects.is_empty() {
            self.phase = Phase::Pause { suspects, begin_ns, silent };
        }
    }

    fn begin_trial(&mut self, mut suspects: Vec<Suspect>, begin_ns: u64, silent: u32) {
        suspects.iter_mut().for_each(|one| one.during = 0);
        if !suspects.is_empty() {
            let extensions = EXTENSIONS;
            self.phase = Phase::Trial { suspects, begin_ns, silent, extensions };
        }
    }

    /// Counts busy windows; events of several CPUs come a little out of order.
    fn watch(&mut self, at_ns: u64) {
        let at = at_ns / ns(WINDOW);
        let Phase::Watch { begin_ns, window, events } = &mut self.phase else {
            return self.begin_watch(at_ns);
        };
        if at <= *window {
            *events += 1;
            return;
        }
        if at > *window + 1 || *events < FEWEST {
            return self.begin_watch(at_ns);
        }
        (*window, *events) = (at, 1);
        let lasted_ns = at_ns.saturating_sub(*begin_ns);
        if lasted_ns >= ns(WATCH) {
            let is_rested = at_ns >= self.rest_until_ns;
            let suspects = if is_rested { self.suspects(at_ns, lasted_ns) } else { Vec::new() };
            self.begin_watch(at_ns);
            self.begin_trial(suspects, at_ns, 0);
        }
    }

    fn begin_watch(&mut self, at_ns: u64) {
        self.counts = Counts::default();
        self.phase = Phase::Watch { begin_ns: at_ns, window: at_ns / ns(WINDOW), events: 1 };
    }

    /// The busiest, without those who were found innocent.
    fn suspects(&mut self, now_ns: u64, lasted_ns: u64) -> Vec<Suspect> {
        let total = self.counts.total();
        let is_due = |process, count| {
            count * 100 >= total * SHARE && !self.innocent.is_left_alone(process, now_ns)
        };
        let busiest = self.counts.busiest().filter(|(process, count, _)| is_due(*process, *count));
        let suspect = |(process, count, name): (Process, u64, &Name)| {
            let before = count * (ns(TRIAL) / 2) / lasted_ns;
            Suspect { process, name: name.clone(), before, during: 0 }
        };
        busiest.take(SUSPECTS_MAX).map(suspect).collect()
    }
}

impl Suspect {
    fn guilty(self) -> Guilty {
        let a_second = |events: u64| events * 1_000_000_000 / (ns(TRIAL) / 2);
        let (before, during) = (a_second(self.before), a_second(self.during));
        Guilty { process: self.process, name: self.name, before, during }
    }
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
