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
use crate::table::SettledCall;

/// Aggregation of what a subject does for the first time, if there is no room to remember it.
pub(super) static NO_ROOM_AGGREGATION: Aggregate =
    Aggregate { every: Duration::from_secs(60), by: Vec::new() };

/// Known calls that wait for the daemon, which takes them in each turn.
const KNOWN_CALLS_MAX: usize = 256;

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
            Novelty::Known => {
                self.offer_known(event, matched, &key);
                Judged::Known
            }
            Novelty::NoRoom => Judged::NoRoom,
        }
    }

    /// Offers a known call to the kernel, if no restart takes the key back, and the kernel has all of the key.
    fn offer_known(&mut self, event: &Event<'_>, matched: Option<MatchedRule<'_>>, key: &[u8]) {
        let Some(by) = matched.and_then(|matched| matched.rule.known_by()) else { return };
        let Some(subject) = self.kernel_subject(event, by) else { return };
        let Event { generation, slot, rule, .. } = *event;
        let call = SettledCall { generation, slot, rule, subject };
        let is_wanted =
            self.known_calls.len() < KNOWN_CALLS_MAX && self.known_calls.last() != Some(&call);
        if is_wanted && self.first_times.is_kept(key) {
            self.known_calls.push(call);
        }
    }

    /// Returns what the kernel knows a subject by. A cgroup whose path is not known in full may turn out to be of another
    /// unit.
    fn kernel_subject(&mut self, event: &Event<'_>, by: NovelSubject) -> Option<u64> {
        match by {
            NovelSubject::Unit => {
                let place = self.units.place(event.cgroup);
                place.filter(|place| !place.is_cut).map(|_| event.cgroup)
            }
            NovelSubject::Uid => Some(event.uid.into()),
            NovelSubject::Exe => None,
        }
    }

    /// Removes and returns the calls that the kernel may count from now on.
    pub fn take_known_calls(&mut self) -> Vec<SettledCall> {
        std::mem::take(&mut self.known_calls)
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
