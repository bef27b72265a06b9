//! Deadlines of the loop. Every timer has a place in one array: the loop sleeps until the earliest one, and one
//! `match` handles those that have expired, so none can be armed without waking the loop.

use std::time::{Duration, Instant};

/// A timer of the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// The files of the configuration have settled after a change.
    Reload,
    /// A temporary route may be over.
    TemporaryRoutes,
    /// The trial of a configuration is over.
    Trial,
    /// The kernel's counters are read and `STATUS=` is updated, while calls come in.
    Counters,
    /// The counters are read although no calls come in: a process tree may lack a process.
    ProcessTrees,
    /// The record `suppressed` is due.
    SuppressedReport,
    /// The periodic record `stats` is due.
    StatsReport,
    /// The self-test is due.
    SelfTest,
    /// The measurement of run time ends.
    Measurement,
    /// No client has asked for the activity for a while.
    Activity,
    /// A record is looked for in the journal.
    ReadBack,
    /// The metrics are written to their file.
    Metrics,
    /// A client of the control socket has to be served or disconnected.
    Control,
    /// Aggregates, a change of the shedding level, or a call that still runs are due, or aggregates wait for room.
    Delivery,
    /// A disconnected output is tried again.
    Reconnect,
    /// The ring is polled again: its last event came without a wakeup.
    Ring,
    /// The process that reads the ring of an earlier version shows no sign of life.
    Drain,
    /// The service manager's watchdog expects a sign of life.
    Watchdog,
}

/// All timers, in the order in which expired ones are handled.
const TIMERS: [Timer; 18] = [
    Timer::Reload,
    Timer::TemporaryRoutes,
    Timer::Trial,
    Timer::Control,
    Timer::Counters,
    Timer::ProcessTrees,
    Timer::SuppressedReport,
    Timer::StatsReport,
    Timer::SelfTest,
    Timer::Measurement,
    Timer::Activity,
    Timer::ReadBack,
    Timer::Metrics,
    Timer::Delivery,
    Timer::Reconnect,
    Timer::Ring,
    Timer::Drain,
    Timer::Watchdog,
];

/// Timers of an idle daemon that may expire early.
const EARLY: [Timer; 2] = [Timer::ProcessTrees, Timer::Watchdog];

/// The deadline of each timer; `None` while it is not armed.
#[derive(Debug, Default)]
pub struct Timers {
    deadlines: [Option<Instant>; TIMERS.len()],
}

impl Timers {
    /// Arms a timer, or disarms it with `None`.
    pub fn set(&mut self, timer: Timer, deadline: Option<Instant>) {
        *self.deadline_mut(timer) = deadline;
    }

    /// Arms a timer unless it is armed already.
    pub fn arm(&mut self, timer: Timer, deadline: Instant) {
        self.deadline_mut(timer).get_or_insert(deadline);
    }

    /// Arms a timer, or moves its deadline to a later time.
    pub fn extend(&mut self, timer: Timer, deadline: Instant) {
        let timer = self.deadline_mut(timer);
        *timer = timer.take().max(Some(deadline));
    }

    /// Lets the timers that may expire early, and would within `time`, expire now: the daemon is awake, and need not wake
    /// up for them again.
    pub fn hasten(&mut self, now: Instant, time: Duration) {
        for timer in EARLY {
            if let Some(deadline) = self.deadline_mut(timer).as_mut() {
                let is_near = deadline.saturating_duration_since(now) <= time;
                *deadline = if is_near { now } else { *deadline };
            }
        }
    }

    /// Returns the time until the earliest deadline, zero if it has passed; `None` if no timer is armed.
    pub fn timeout(&self, now: Instant) -> Option<Duration> {
        let earliest = self.deadlines.iter().flatten().min();
        earliest.map(|deadline| deadline.saturating_duration_since(now))
    }

    /// Disarms and returns the timers that have expired.
    pub fn take_expired(&mut self, now: Instant) -> Vec<Timer> {
        let is_expired = |timer: &Timer| {
            self.deadline_mut(*timer).take_if(|deadline| *deadline <= now).is_some()
        };
        TIMERS.into_iter().filter(is_expired).collect()
    }

    fn deadline_mut(&mut self, timer: Timer) -> &mut Option<Instant> {
        &mut self.deadlines[timer as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn timers_list_every_timer_once() {
        let mut places: Vec<_> = TIMERS.iter().map(|timer| *timer as usize).collect();
        places.sort_unstable();
        assert_eq!(places, (0..TIMERS.len()).collect::<Vec<_>>());
    }

    #[test]
    fn timeout_is_time_to_earliest_deadline() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        assert_eq!(timers.timeout(now), None);
        timers.set(Timer::StatsReport, Some(now + 2 * SECOND));
        timers.set(Timer::SelfTest, Some(now + SECOND));
        assert_eq!(timers.timeout(now), Some(SECOND));
        assert_eq!(timers.timeout(now + 3 * SECOND), Some(Duration::ZERO));
        timers.set(Timer::SelfTest, None);
        assert_eq!(timers.timeout(now), Some(2 * SECOND));
    }

    #[test]
    fn arm_keeps_earlier_deadline() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        timers.arm(Timer::Counters, now + SECOND);
        timers.arm(Timer::Counters, now + 2 * SECOND);
        assert_eq!(timers.timeout(now), Some(SECOND));
    }

    #[test]
    fn extend_keeps_later_deadline() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        timers.extend(Timer::Activity, now + 2 * SECOND);
        timers.extend(Timer::Activity, now + SECOND);
        assert_eq!(timers.timeout(now), Some(2 * SECOND));
        timers.extend(Timer::Activity, now + 3 * SECOND);
        assert_eq!(timers.timeout(now), Some(3 * SECOND));
    }

    #[test]
    fn hasten_brings_near_timers_forward_that_may_be_early() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        timers.set(Timer::Watchdog, Some(now + SECOND));
        timers.set(Timer::ProcessTrees, Some(now + 2 * SECOND));
        timers.set(Timer::Counters, Some(now + SECOND));
        timers.hasten(now, SECOND);
        assert_eq!(timers.take_expired(now), [Timer::Watchdog]);
        assert_eq!(timers.timeout(now), Some(SECOND));
        timers.hasten(now, 2 * SECOND);
        assert_eq!(timers.take_expired(now), [Timer::ProcessTrees]);
    }

    #[test]
    fn take_expired_disarms_expired_timers_only() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        timers.set(Timer::Watchdog, Some(now));
        timers.set(Timer::Reload, Some(now));
        timers.set(Timer::StatsReport, Some(now + SECOND));
        assert_eq!(timers.take_expired(now), [Timer::Reload, Timer::Watchdog]);
        assert!(timers.take_expired(now).is_empty());
        assert_eq!(timers.timeout(now), Some(SECOND));
    }
}
