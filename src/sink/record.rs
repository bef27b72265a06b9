//! What can be written: a syscall's event, or one of the daemon's own records. Plain data, filled by
//! the daemon; how it looks is decided in `fields`, `message` and the outputs.

use crate::books::KERNEL_REASONS;
use crate::decode::Event;
use crate::sink::kind::{self, Kind};
use crate::syscalls::Slot;
use crate::units::Place;

/// One record of any output.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// When it happened, ns since 1970 UTC: the syscall's entry, not the time of writing.
    pub time_ns: u64,
    /// What happened.
    pub body: Body<'a>,
}

/// What a record tells.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// A routed syscall was entered.
    Syscall {
        /// What the handler captured.
        event: &'a Event<'a>,
        /// Where its task lives; `None` where its cgroup is not known.
        place: Option<&'a Place>,
    },
    /// The daemon is attached and reads.
    Started(&'a Started),
    /// A new table judges.
    Reloaded(&'a Reloaded),
    /// A new configuration had faults.
    Refused(&'a Refused),
    /// Events are missing, or results of events.
    Lost(&'a Lost),
    /// The kernel did not run the dispatcher for some calls.
    Skipped(&'a Skipped),
    /// The kernel shows no calls any more.
    Blind(&'a Blindness),
    /// The kernel shows calls again.
    Sighted(&'a Blindness),
    /// The output takes records again.
    SinkBack(&'a SinkBack),
    /// The daemon ends.
    Stopped(&'a Stopped),
}

/// The daemon is attached and reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Started {
    /// Of the daemon.
    pub version: String,
    /// Release of the running kernel.
    pub kernel: String,
    /// Where the dispatcher hangs: `raw_tp/sys_enter`.
    pub attached: String,
    /// Why there.
    pub reason: String,
    /// Routes whose calls cannot be seen there.
    pub unseen: Vec<String>,
    /// A table that was left attached by the daemon before was taken over.
    pub adopted: bool,
    /// Of the table.
    pub generation: u32,
    /// Slots that are routed.
    pub routes: u64,
}

/// A new table judges. The lists hold one route or group each, as text for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// Of the new table.
    pub generation: u32,
    /// Routes that were not there before.
    pub added: Vec<String>,
    /// Routes that are another handler's now, or have other options.
    pub changed: Vec<String>,
    /// Routes that are gone.
    pub removed: Vec<String>,
    /// Routes whose calls cannot be seen where the dispatcher hangs.
    pub unseen: Vec<String>,
}

impl Reloaded {
    /// Whether anything differs from the table before.
    pub fn says_something(&self) -> bool {
        !(self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty())
    }
}

/// A new configuration had faults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// Of the table that stays.
    pub generation: u32,
    /// `path:line:column: what is wrong`, each on one line.
    pub faults: Vec<String>,
}

/// Events are missing, or results of events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lost {
    /// Begin of the time in which they were lost, ns since 1970 UTC.
    pub from_ns: u64,
    /// Its end.
    pub to_ns: u64,
    /// By route and reason.
    pub losses: Vec<Loss>,
}

/// What one route lost for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The route's syscall; `None` if the record in the ring did not tell.
    pub slot: Option<Slot>,
    /// The route's handler.
    pub handler: String,
    /// Why.
    pub reason: Reason,
    /// Events, or results.
    pub count: u64,
}

/// Why an event that was due, or its result, is not recorded. `docs/events.md` says what to do about each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The ring was full: the daemon, or what it writes to, was slower than the producers.
    RingFull,
    /// The ring had room but refused: NMI, or its lock was contended.
    RingBusy,
    /// The table flipped in between and the new slot's program did not start.
    Reroute,
    /// No scratch memory in the kernel.
    Scratch,
    /// The end of the call was not told: its event is recorded without a result.
    Result,
    /// The bytes in the ring are not an event of this version.
    Undecodable,
    /// The output refused the record for good.
    Output,
}

impl Reason {
    /// All.
    pub const ALL: [Self; 7] = [
        Self::RingFull,
        Self::RingBusy,
        Self::Reroute,
        Self::Scratch,
        Self::Result,
        Self::Undecodable,
        Self::Output,
    ];

    /// Of a number of `enum loss` in `bpf/event.h`, which are the first of these.
    pub fn of_kernel(number: usize) -> Option<Self> {
        Self::ALL.get(number).copied().filter(|_| number < KERNEL_REASONS)
    }

    /// As in `TAILCALLD_LOSS=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RingFull => "ring_full",
            Self::RingBusy => "ring_busy",
            Self::Reroute => "reroute",
            Self::Scratch => "scratch",
            Self::Result => "result",
            Self::Undecodable => "undecodable",
            Self::Output => "output",
        }
    }
}

/// The kernel did not run the dispatcher for some calls of any task, routed or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Begin of the time in which it happened, ns since 1970 UTC.
    pub from_ns: u64,
    /// Its end.
    pub to_ns: u64,
    /// Syscalls.
    pub count: u64,
    /// Where the dispatcher hangs.
    pub attached: String,
}

/// The kernel shows no calls, so none is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blindness {
    /// Until then it did for certain, ns since 1970 UTC.
    pub from_ns: u64,
    /// When this was noticed.
    pub to_ns: u64,
    /// Where the dispatcher hangs.
    pub attached: String,
    /// What switches it off and on.
    pub switch: &'static str,
}

/// The output takes records again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinkBack {
    /// Which output: `journald`, `pipe`.
    pub output: &'static str,
    /// Since when it took nothing, ns since 1970 UTC.
    pub from_ns: u64,
    /// Until when.
    pub to_ns: u64,
    /// Events that the ring could not hold meanwhile. A record of the kind `lost` details them.
    pub lost: u64,
}

/// The daemon ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Why: `SIGTERM`.
    pub reason: String,
    /// Of the last table.
    pub generation: u32,
    /// The books, by route.
    pub totals: Vec<Total>,
    /// Syscalls that the kernel did not run the dispatcher for: in no route's books.
    pub skipped: u64,
}

/// The books of one route over the daemon's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// The route's syscall.
    pub slot: Slot,
    /// The route's handler.
    pub handler: String,
    /// Calls that reached the handler.
    pub seen: u64,
    /// Events written.
    pub written: u64,
    /// Events that were not wanted once their result was known.
    pub filtered: u64,
    /// Calls of the daemon itself and of its output.
    pub excluded: u64,
    /// Calls that the handler only counted.
    pub counted: u64,
    /// Events lost, for all reasons.
    pub lost: u64,
}

impl Body<'_> {
    /// Which kind of record this is.
    pub fn kind(&self) -> &'static Kind {
        match self {
            Self::Syscall { .. } => &kind::SYSCALL,
            Self::Started(_) => &kind::STARTED,
            Self::Reloaded(_) => &kind::RELOADED,
            Self::Refused(_) => &kind::REFUSED,
            Self::Lost(_) => &kind::LOST,
            Self::Skipped(_) => &kind::SKIPPED,
            Self::Blind(_) => &kind::BLIND,
            Self::Sighted(_) => &kind::SIGHTED,
            Self::SinkBack(_) => &kind::SINK_BACK,
            Self::Stopped(_) => &kind::STOPPED,
        }
    }

    /// Syslog level: the route's for an event; 0 to 2 are never used, they make journald sync.
    pub fn priority(&self) -> u8 {
        match self {
            Self::Syscall { event, .. } => event.priority.clamp(3, 7),
            Self::Refused(_) | Self::Blind(_) => 3,
            Self::Lost(_) | Self::Skipped(_) | Self::Sighted(_) | Self::SinkBack(_) => 4,
            Self::Reloaded(_) => 5,
            Self::Started(_) | Self::Stopped(_) => 6,
        }
    }

    /// An event can be counted as lost; a record of the daemon's own cannot.
    pub fn is_event(&self) -> bool {
        matches!(self, Self::Syscall { .. })
    }
}

impl Lost {
    /// Events in all. One without its result is not lost.
    pub fn events(&self) -> u64 {
        self.sum(|reason| reason != Reason::Result)
    }

    /// Results of events that are recorded.
    pub fn results(&self) -> u64 {
        self.sum(|reason| reason == Reason::Result)
    }

    fn sum(&self, is_meant: impl Fn(Reason) -> bool) -> u64 {
        let meant = self.losses.iter().filter(|loss| is_meant(loss.reason));
        meant.fold(0, |sum, loss| sum.saturating_add(loss.count))
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;
    use crate::bpf::types::loss;

    #[test]
    fn the_reasons_are_the_kernels() {
        let kernel =
            [loss::LOST_RING_FULL, loss::LOST_RING_BUSY, loss::LOST_REROUTE, loss::LOST_SCRATCH];
        let reasons = [Reason::RingFull, Reason::RingBusy, Reason::Reroute, Reason::Scratch];
        for (number, reason) in kernel.into_iter().zip(reasons) {
            assert_eq!(Reason::of_kernel(number.0 as usize), Some(reason));
        }
        assert_eq!(Reason::of_kernel(loss::LOST_REASONS.0 as usize), None);
    }
}
