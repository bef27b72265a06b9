//! What can be written: a syscall's event, or one of the daemon's own records. Plain data, filled by
//! the daemon; how it looks is decided in `fields`, `message` and the outputs.

mod books;
mod feedback;
mod kernel;
mod life;
mod lost;
mod output;
mod suppressed;

pub use books::{Stats, Stopped, Total};
pub use feedback::Feedback;
pub use kernel::{Missed, TracingChange};
pub use life::{ReloadRefused, Reloaded, Started};
pub use lost::{Loss, Lost, Reason};
pub use output::{JournalRateLimit, OutputRestored, Shed};
pub use suppressed::{Suppressed, Suppression};

use crate::decode::Event;
use crate::output::kind::{self, Kind};
use crate::pipeline::aggregate::Aggregated;
use crate::pipeline::shed::Level;
use crate::units::CgroupInfo;

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
        place: Option<&'a CgroupInfo>,
        /// Events of the same rule and owner that a limit refused since the last such record.
        suppressed: u64,
    },
    /// Events that were counted together.
    Aggregate {
        /// What was counted.
        aggregated: &'a Aggregated,
        /// When the first of them happened, ns since 1970 UTC.
        from_ns: u64,
        /// When the last did.
        to_ns: u64,
    },
    /// The daemon is attached and reads.
    Started(&'a Started),
    /// A new table judges.
    Reloaded(&'a Reloaded),
    /// A new configuration had faults.
    ReloadRefused(&'a ReloadRefused),
    /// Events are missing, or results of events.
    Lost(&'a Lost),
    /// Limits refused events.
    Suppressed(&'a Suppressed),
    /// A process makes most of the events and has the journal open.
    Feedback(&'a Feedback),
    /// The kernel did not run the dispatcher for some calls.
    Missed(&'a Missed),
    /// The kernel shows no calls any more.
    TracingOff(&'a TracingChange),
    /// The kernel shows calls again.
    TracingOn(&'a TracingChange),
    /// The output takes records again.
    OutputRestored(&'a OutputRestored),
    /// More or less is held back than before, to keep within what may be written.
    Shed(&'a Shed),
    /// The rate limit of the daemon's unit lets journald drop records.
    JournalRateLimit(&'a JournalRateLimit),
    /// The books, every now and then.
    Stats(&'a Stats),
    /// The daemon ends.
    Stopped(&'a Stopped),
}

impl Body<'_> {
    /// Which kind of record this is.
    pub fn kind(&self) -> &'static Kind {
        match self {
            Self::Syscall { .. } => &kind::SYSCALL,
            Self::Aggregate { .. } => &kind::AGGREGATE,
            Self::Started(_) => &kind::STARTED,
            Self::Reloaded(_) => &kind::RELOADED,
            Self::ReloadRefused(_) => &kind::RELOAD_REFUSED,
            Self::Lost(_) => &kind::LOST,
            Self::Suppressed(_) => &kind::SUPPRESSED,
            Self::Feedback(_) => &kind::FEEDBACK,
            Self::Missed(_) => &kind::MISSED,
            Self::TracingOff(_) => &kind::TRACING_OFF,
            Self::TracingOn(_) => &kind::TRACING_ON,
            Self::OutputRestored(_) => &kind::OUTPUT_RESTORED,
            Self::Shed(_) => &kind::SHED,
            Self::JournalRateLimit(_) => &kind::JOURNAL_RATE_LIMIT,
            Self::Stats(_) => &kind::STATS,
            Self::Stopped(_) => &kind::STOPPED,
        }
    }

    /// Syslog level: the route's for an event; 0 to 2 are never used, they make journald sync.
    pub fn priority(&self) -> u8 {
        match self {
            Self::Syscall { event, .. } => event.priority.clamp(3, 7),
            Self::Aggregate { aggregated, .. } => aggregated.info.priority.clamp(3, 7),
            Self::ReloadRefused(_) | Self::TracingOff(_) => 3,
            Self::Lost(_) | Self::Missed(_) | Self::TracingOn(_) | Self::OutputRestored(_) => 4,
            Self::Suppressed(_) | Self::Feedback(_) | Self::JournalRateLimit(_) => 4,
            Self::Shed(shed) => {
                if shed.to == Level::None {
                    5
                } else {
                    4
                }
            }
            Self::Reloaded(_) => 5,
            Self::Started(_) | Self::Stats(_) | Self::Stopped(_) => 6,
        }
    }

    /// An event can be counted as lost, and so can many; a record of the daemon's own cannot.
    pub fn is_event(&self) -> bool {
        matches!(self, Self::Syscall { .. } | Self::Aggregate { .. })
    }
}
