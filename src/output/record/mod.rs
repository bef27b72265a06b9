//! Records, one file a kind: its data, name, id, priority, fields and sentence. A kind is a file here and a
//! line in `kinds!`; the encoders know none of them.

mod adopted;
pub mod aggregate;
mod dumped;
mod ended;
mod feedback;
mod gap;
mod journal_rate_limit;
mod lost;
mod missed;
mod output_restored;
mod reload_refused;
mod reloaded;
mod shed;
mod started;
mod stats;
mod stopped;
mod suppressed;
mod syscall;
mod tracing;
mod unstored;
mod untracked;

pub use adopted::Adopted;
pub use aggregate::Aggregate;
pub use dumped::Dumped;
pub use ended::Ended;
pub use feedback::Feedback;
pub use gap::{GapReason, RecordingGap};
pub use journal_rate_limit::JournalRateLimit;
pub use lost::{Loss, Lost};
pub use missed::Missed;
pub use output_restored::OutputRestored;
pub use reload_refused::ReloadRefused;
pub use reloaded::Reloaded;
pub use shed::{OutputLimits, Shed, ShedCounts, ShedLevel};
pub use started::Started;
pub use stats::{Stats, Total, total_row};
pub use stopped::Stopped;
pub use suppressed::{Suppressed, Suppression};
pub use syscall::Syscall;
pub use tracing::{TracingCause, TracingChange, TracingOff, TracingOn};
pub use unstored::Unstored;
pub use untracked::Untracked;

use crate::output::arguments::Arguments;
use crate::output::fields::Fields;
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::sentence;

/// Version of the keys: raised when a key changes its meaning or goes, not for a new key.
pub const SCHEMA: u64 = 1;

/// `SYSLOG_IDENTIFIER`; without it journald looks up the sender's name for each entry.
pub const IDENTIFIER: &str = "tailcalld";

/// Name and id of a kind of record. The id was drawn at random once and never changes: it is what a rule or
/// a dashboard asks for. `systemd/tailcalld.catalog` and `docs/events.md` have an entry for each.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// `record` in JSON, and the heading in `docs/events.md`.
    pub name: &'static str,
    /// `MESSAGE_ID`.
    pub id: &'static str,
}

/// Everything that a kind of record provides to the encoders.
pub trait RecordBody {
    /// Name and id.
    const KIND: Kind;

    /// True for records of syscalls, which can be lost and are then counted; a record of the daemon's own
    /// cannot.
    const IS_EVENT: bool = false;

    /// Returns the syslog level. Levels 0 to 2 are never used, because they make journald sync.
    fn priority(&self) -> u8;

    /// Hands the fields, without those that all records have, to `out`.
    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields);

    /// Appends the sentence, which is printable. It is cut if it is too long.
    fn sentence(&self, out: &mut String);

    /// Appends `MESSAGE`. An event renders its arguments into `arguments`, for their fields.
    fn message(&self, _arguments: &mut Arguments, out: &mut String) {
        sentence::cut(out, |out| self.sentence(out));
    }
}

/// One record of any output.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Time of the syscall's entry, or of what the daemon records, in ns since 1970 UTC.
    pub time_ns: u64,
    /// Kind and data.
    pub body: Body<'a>,
}

impl Record<'_> {
    /// Hands all fields to `out`.
    pub fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        let kind = self.body.kind();
        out.unsigned(Key::Schema, SCHEMA);
        out.word(Key::Record, kind.name);
        out.text(Key::Time, scratch.time(self.time_ns));
        out.text(
            Key::Message,
            scratch.message(|arguments, text| self.body.message(arguments, text)),
        );
        out.word(Key::MessageId, kind.id);
        out.unsigned(Key::Priority, self.body.priority().into());
        out.word(Key::Identifier, IDENTIFIER);
        self.body.fields(scratch, out);
    }
}

/// Makes `Body`, and what follows from the list of kinds.
macro_rules! kinds {
    ($life:lifetime: $($kind:ident($body:ty))*) => {
        /// Data of a record of any kind.
        #[derive(Debug, Clone, Copy)]
        #[allow(missing_docs)] // each kind is explained at its type
        pub enum Body<$life> { $($kind($body),)* }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [&'static Self] = &[$(&$kind::KIND,)*];
        }

        impl Body<'_> {
            /// Returns name and id of the kind.
            pub fn kind(&self) -> &'static Kind {
                match self { $(Self::$kind(_) => &$kind::KIND,)* }
            }

            /// Returns true for records of syscalls.
            pub fn is_event(&self) -> bool {
                match self { $(Self::$kind(_) => $kind::IS_EVENT,)* }
            }

            /// Returns the syslog level.
            pub fn priority(&self) -> u8 {
                match self { $(Self::$kind(body) => body.priority(),)* }
            }

            /// Appends `MESSAGE`. An event renders its arguments into `arguments`.
            pub fn message(&self, arguments: &mut Arguments, out: &mut String) {
                match self { $(Self::$kind(body) => body.message(arguments, out),)* }
            }

            fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
                match self { $(Self::$kind(body) => body.fields(scratch, out),)* }
            }
        }
    };
}

kinds! { 'a:
    Syscall(Syscall<'a>)
    Ended(Ended<'a>)
    Aggregate(Aggregate<'a>)
    RecordingGap(&'a RecordingGap)
    Adopted(&'a Adopted)
    Started(&'a Started)
    Reloaded(&'a Reloaded)
    ReloadRefused(&'a ReloadRefused)
    Lost(&'a Lost)
    Suppressed(&'a Suppressed)
    Feedback(&'a Feedback)
    Missed(&'a Missed)
    Untracked(&'a Untracked)
    TracingOff(&'a TracingOff)
    TracingOn(&'a TracingOn)
    OutputRestored(&'a OutputRestored)
    Unstored(&'a Unstored)
    Dumped(&'a Dumped)
    Shed(&'a Shed)
    JournalRateLimit(&'a JournalRateLimit)
    Stats(&'a Stats)
    Stopped(&'a Stopped)
}

#[cfg(test)]
mod tests;
