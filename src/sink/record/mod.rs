//! What can be written: a syscall's event, or one of the daemon's own records. Plain data, filled by
//! the daemon; how it looks is decided in `fields`, `message` and the outputs.

mod books;
mod governed;
mod kernel;
mod life;
mod lost;
mod output;
mod suppressed;

pub use books::{Ledger, Stopped, Total};
pub use governed::Governed;
pub use kernel::{Blindness, Skipped};
pub use life::{Refused, Reloaded, Started};
pub use lost::{Loss, Lost, Reason};
pub use output::{Held, JournalDropped, JournalLimit, SinkBack};
pub use suppressed::{Suppressed, Suppression};

use crate::budget::Level;
use crate::decode::Event;
use crate::gather::Gathered;
use crate::sink::kind::{self, Kind};
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
        /// Events of the same rule and owner that a limit refused since the last such record.
        suppressed: u64,
    },
    /// Events that were counted together.
    Aggregate {
        /// What was counted.
        gathered: &'a Gathered,
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
    Refused(&'a Refused),
    /// Events are missing, or results of events.
    Lost(&'a Lost),
    /// Limits refused events.
    Suppressed(&'a Suppressed),
    /// A process answers our records with calls of its own.
    Governed(&'a Governed),
    /// The kernel did not run the dispatcher for some calls.
    Skipped(&'a Skipped),
    /// The kernel shows no calls any more.
    Blind(&'a Blindness),
    /// The kernel shows calls again.
    Sighted(&'a Blindness),
    /// The output takes records again.
    SinkBack(&'a SinkBack),
    /// More or less is held back than before, to keep within what may be written.
    Budget(&'a Held),
    /// journald may drop records from now on.
    JournalLimit(&'a JournalLimit),
    /// journald has dropped records.
    JournalDropped(&'a JournalDropped),
    /// The books, every now and then.
    Books(&'a Ledger),
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
            Self::Refused(_) => &kind::REFUSED,
            Self::Lost(_) => &kind::LOST,
            Self::Suppressed(_) => &kind::SUPPRESSED,
            Self::Governed(_) => &kind::GOVERNED,
            Self::Skipped(_) => &kind::SKIPPED,
            Self::Blind(_) => &kind::BLIND,
            Self::Sighted(_) => &kind::SIGHTED,
            Self::SinkBack(_) => &kind::SINK_BACK,
            Self::Budget(_) => &kind::BUDGET,
            Self::JournalLimit(_) => &kind::JOURNAL_LIMIT,
            Self::JournalDropped(_) => &kind::JOURNAL_DROPPED,
            Self::Books(_) => &kind::BOOKS,
            Self::Stopped(_) => &kind::STOPPED,
        }
    }

    /// Syslog level: the route's for an event; 0 to 2 are never used, they make journald sync.
    pub fn priority(&self) -> u8 {
        match self {
            Self::Syscall { event, .. } => event.priority.clamp(3, 7),
            Self::Aggregate { gathered, .. } => gathered.about.priority.clamp(3, 7),
            Self::Refused(_) | Self::Blind(_) => 3,
            Self::Lost(_) | Self::Skipped(_) | Self::Sighted(_) | Self::SinkBack(_) => 4,
            Self::Suppressed(_) | Self::Governed(_) => 4,
            Self::JournalLimit(_) | Self::JournalDropped(_) => 4,
            Self::Budget(held) => {
                if held.to == Level::Whole {
                    5
                } else {
                    4
                }
            }
            Self::Reloaded(_) => 5,
            Self::Started(_) | Self::Books(_) | Self::Stopped(_) => 6,
        }
    }

    /// An event can be counted as lost, and so can many; a record of the daemon's own cannot.
    pub fn is_event(&self) -> bool {
        matches!(self, Self::Syscall { .. } | Self::Aggregate { .. })
    }
}
