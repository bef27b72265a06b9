//! The table of counters. The records, the reply of `Stats`, the status line and the equations iterate over it:
//! a new counter is a line of `KernelCounters` or `EventOutcomes`; a loss also has its `Reason` here, and a new column
//! its `Column`.

/// Column of the statistics, a sum of counters: in `TAILCALLD_TOTAL`, in the sentence and in the status line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Events written, each as a record of its own.
    Written,
    /// Events that are part of an aggregate record.
    Aggregated,
    /// Calls that no rule of the route selects, and events that were rejected once their result was known.
    Filtered,
    /// Calls that sampling left out.
    Sampled,
    /// Calls and events over the rate limit of their rule or user.
    Limited,
    /// Events of what their subject has done before, of rules that record first times only.
    Known,
    /// Calls of the daemon, and of the programs and units that are excluded.
    Excluded,
    /// Calls that the handler only counted.
    Counted,
    /// Events in black boxes, overwritten and dumped ones included.
    Blackbox,
    /// Events lost, for all reasons.
    Lost,
}

impl Column {
    /// All columns, in the order in which records show them.
    pub const ALL: [Self; 10] = [
        Self::Written,
        Self::Aggregated,
        Self::Filtered,
        Self::Sampled,
        Self::Limited,
        Self::Known,
        Self::Excluded,
        Self::Counted,
        Self::Blackbox,
        Self::Lost,
    ];

    /// Returns the name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Aggregated => "aggregated",
            Self::Filtered => "filtered",
            Self::Sampled => "sampled",
            Self::Limited => "limited",
            Self::Known => "known",
            Self::Excluded => "excluded",
            Self::Counted => "counted",
            Self::Blackbox => "blackbox",
            Self::Lost => "lost",
        }
    }

    /// Returns the word that follows the count in a sentence.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Sampled => "sampled out",
            Self::Limited => "rate-limited",
            Self::Known => "known already",
            Self::Counted => "counted only",
            Self::Blackbox => "in black boxes",
            _ => self.name(),
        }
    }

    /// Returns whether a sentence has the count even if it is 0.
    pub const fn is_always_shown(self) -> bool {
        matches!(self, Self::Written | Self::Excluded | Self::Counted | Self::Lost)
    }
}

/// Reason for which an event, or its result, is not recorded. `docs/events.md` says what to do about each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The ring was full: the daemon, or the output, was slower than the producers.
    RingFull,
    /// The ring had room but refused: NMI, or its lock was contended.
    RingBusy,
    /// The table flipped in between and the program of the new slot did not start.
    Reroute,
    /// The kernel had no scratch memory.
    Scratch,
    /// A handler of the chain ended without giving the call back.
    Handler,
    /// A handler of the chain captured more than there is room for.
    HandlerFull,
    /// No black box was free for the unit of the call.
    Blackbox,
    /// The end of the call was not seen: its event is recorded without a result.
    Result,
    /// The bytes in the ring are not an event of this version.
    Undecodable,
    /// The output refused the record for good.
    Output,
    /// Load shedding dropped the event.
    Shed,
    /// The daemon stopped before the output accepted the event.
    Stop,
    /// The daemon was killed with the event in its memory.
    Crash,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 13] = [
        Self::RingFull,
        Self::RingBusy,
        Self::Reroute,
        Self::Scratch,
        Self::Handler,
        Self::HandlerFull,
        Self::Blackbox,
        Self::Result,
        Self::Undecodable,
        Self::Output,
        Self::Shed,
        Self::Stop,
        Self::Crash,
    ];

    /// Returns the name in `TAILCALLD_LOSS=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RingFull => "ring_full",
            Self::RingBusy => "ring_busy",
            Self::Reroute => "reroute",
            Self::Scratch => "scratch",
            Self::Handler => "handler",
            Self::HandlerFull => "handler_full",
            Self::Blackbox => "blackbox",
            Self::Result => "result",
            Self::Undecodable => "undecodable",
            Self::Output => "output",
            Self::Shed => "shed",
            Self::Stop => "stop",
            Self::Crash => "crash",
        }
    }
}

/// Part of a counter in the equations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// All calls: the sum of the outcomes.
    Whole,
    /// Events put into the ring: an outcome of calls, and the sum of the daemon's counters.
    Submitted,
    /// An outcome, added to this column.
    Outcome(Column),
    /// An outcome that is a loss, added to the column `Lost` and reported by a record `lost`.
    Lost(Reason),
    /// Events that lack only their result: reported by a record `lost`, and no outcome.
    WithoutResult,
}

impl Term {
    /// Returns whether the counter is a term of the sum.
    pub fn is_outcome(self) -> bool {
        self.column().is_some() || self == Self::Submitted
    }

    /// Returns the column that the counter is added to.
    pub fn column(self) -> Option<Column> {
        match self {
            Self::Outcome(column) => Some(column),
            Self::Lost(_) => Some(Column::Lost),
            Self::Whole | Self::Submitted | Self::WithoutResult => None,
        }
    }

    /// Returns the reason that a record `lost` gives.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::Lost(reason) => Some(reason),
            Self::WithoutResult => Some(Reason::Result),
            Self::Whole | Self::Submitted | Self::Outcome(_) => None,
        }
    }
}

/// One counter of the struct `C`.
#[derive(Debug)]
pub struct Counter<C> {
    /// Name in the reply of `Stats`: that of the field.
    pub name: &'static str,
    /// Part of the counter in the equations.
    pub term: Term,
    /// Returns the count.
    pub of: fn(&C) -> u64,
    /// Returns the count for counting.
    pub of_mut: fn(&mut C) -> &mut u64,
}

/// A struct of counters.
pub trait Counted: Sized + 'static {
    /// Every counter of the struct.
    const TABLE: &'static [Counter<Self>];

    /// Returns the outcomes by name.
    fn outcomes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let outcomes = Self::TABLE.iter().filter(|counter| counter.term.is_outcome());
        outcomes.map(|counter| (counter.name, (counter.of)(self)))
    }

    /// Returns the sum of the counters of a column.
    fn column(&self, column: Column) -> u64 {
        let summed = Self::TABLE.iter().filter(|counter| counter.term.column() == Some(column));
        summed.map(|counter| (counter.of)(self)).fold(0, u64::saturating_add)
    }

    /// Returns the number of events that lack only their result.
    fn results_lost(&self) -> u64 {
        let counted = Self::TABLE.iter().filter(|counter| counter.term == Term::WithoutResult);
        counted.map(|counter| (counter.of)(self)).sum()
    }

    /// Returns what a record `lost` reports of the time since `before`, by reason.
    fn losses_since(&self, before: &Self) -> impl Iterator<Item = (Reason, u64)> {
        Self::TABLE.iter().filter_map(|counter| {
            let count = (counter.of)(self).saturating_sub((counter.of)(before));
            counter.term.reason().map(|reason| (reason, count)).filter(|_| count > 0)
        })
    }
}

/// Defines a struct of counters, each with its term, and its table; with counters of the programs in parentheses,
/// also `SOURCES`, which lists these.
macro_rules! counters {
    (
        $(#[$about:meta])* $name:ident
        { $( $(#[doc = $doc:literal])+ $field:ident($source:ident): $term:expr, )+ }
    ) => {
        counters! { $(#[$about])* $name { $( $(#[doc = $doc])+ $field: $term, )+ } }

        impl $name {
            const SOURCES: &'static [counter] = &[ $( counter::$source, )+ ];
        }
    };
    (
        $(#[$about:meta])* $name:ident
        { $( $(#[doc = $doc:literal])+ $field:ident: $term:expr, )+ }
    ) => {
        $(#[$about])*
        #[derive(
            Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize,
        )]
        pub struct $name { $( $(#[doc = $doc])+ pub $field: u64, )+ }

        impl Counted for $name {
            const TABLE: &'static [Counter<Self>] = &[ $( Counter {
                name: stringify!($field),
                term: $term,
                of: |counters| counters.$field,
                of_mut: |counters| &mut counters.$field,
            }, )+ ];
        }
    };
}
pub(super) use counters;

#[cfg(test)]
mod tests {
    use super::{Column, Counted, Term};
    use crate::stats::{EventOutcomes, KernelCounters};

    fn names<C: Counted>() -> Vec<(&'static str, Term)> {
        C::TABLE.iter().map(|counter| (counter.name, counter.term)).collect()
    }

    #[test]
    fn counter_of_loss_is_named_after_its_reason() {
        for (name, term) in names::<KernelCounters>().into_iter().chain(names::<EventOutcomes>()) {
            if let Term::Lost(reason) = term {
                assert_eq!(name, format!("lost_{}", reason.name()));
            }
        }
    }

    #[test]
    fn column_indexes_its_own_sum() {
        for (place, column) in Column::ALL.into_iter().enumerate() {
            assert_eq!(column as usize, place);
        }
    }
}
