//! First times: events of what their subject has done before are counted, and the others told once.

use std::time::Duration;

use super::Delivery;
use crate::config::{Aggregate, NovelSubject};
use crate::decode::Event;
use crate::pipeline::novel::{self, Novelty, Receipt};
use crate::pipeline::receipts::Source;
use crate::pipeline::rule_lookup::MatchedRule;
use crate::pipeline::writer::WriteResult;
use crate::stats::{EventId, Portion};

/// Aggregation of what a subject does for the first time, if there is no room to remember it.
pub(super) static NO_ROOM_AGGREGATION: Aggregate =
    Aggregate { every: Duration::from_secs(60), by: Vec::new() };

/// An event that its subject causes for the first time.
#[derive(Debug)]
pub(super) struct FirstTime {
    /// Subject, as the rule has it.
    pub subject: NovelSubject,
    key: Vec<u8>,
    owner: u32,
}

/// Verdict about an event.
#[derive(Debug)]
pub(super) enum Judged {
    /// The rule records more than first times.
    Any,
    /// A first time.
    First(FirstTime),
    /// Known already.
    Known,
    /// A first time, as far as is known, that there is no room to remember.
    NoRoom,
}

impl Delivery {
    /// Decides whether an event is a first time. Notes nothing.
    pub(super) fn judge(&mut self, event: &Event<'_>, matched: Option<MatchedRule<'_>>) -> Judged {
        let Some(option) = matched.and_then(|matched| matched.rule.novel.as_ref()) else {
            return Judged::Any;
        };
        let key = novel::key(event, self.units.place(event.cgroup).as_deref(), option);
        let owner = event.charged_uid;
        match self.first_times.judge(&key, owner) {
            Novelty::First => Judged::First(FirstTime { subject: option.subject, key, owner }),
            Novelty::Known => Judged::Known,
            Novelty::NoRoom => Judged::NoRoom,
        }
    }

    /// Notes a first time before its record is written.
    pub(super) fn note(&mut self, event: &Event<'_>, first: FirstTime, source: Source) {
        let id = EventId { boottime_ns: event.boottime_ns, tid: event.tid };
        let receipt = match (self.receipts.next_number(), source) {
            // A line may wait in a buffer, of which nobody writes down what is in it.
            _ if !self.writer.output().is_journal() => Receipt::Unsure,
            (None, _) => Receipt::Unsure,
            (Some(_), Source::Ring) => Receipt::Ring(id),
            (Some(number), Source::Memory) => Receipt::Saved(number),
        };
        self.first_times.note(first.key, first.owner, receipt);
    }

    /// Ends the writing of a first time. A line has to leave the buffer, because a daemon that is killed takes that along.
    /// If the record is lost, the file says so before the ledger does that the event from the ring is done, but after the
    /// ledger if that has a saved record, which the next daemon would write.
    pub(super) fn end_first_time(&mut self, written: WriteResult, source: Source) {
        if written.is_lost {
            self.first_times.fail();
            if source == Source::Ring {
                self.first_times.settle();
            }
        } else if !self.writer.output().is_journal() {
            self.flush();
        }
    }

    /// Forgets a first time whose record waited in the output and is lost: the next such event is the first.
    pub(super) fn fail_first_time(&mut self, portion: Portion) {
        if matches!(portion, Portion::One(_)) {
            self.first_times.fail();
        }
    }

    /// Settles the first times whose records have left, or are saved.
    pub(super) fn settle_first_times(&mut self) {
        if !self.first_times.has_open() {
            return;
        }
        if self.writer.waiting().is_some() {
            self.first_times.wait(self.receipts.saved_number());
        } else if !self.writer.has_unsent() {
            self.first_times.settle();
        }
    }
}
