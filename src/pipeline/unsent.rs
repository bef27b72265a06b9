//! Events of the lines that are in the buffer before a descriptor: a daemon that is killed has not written them.

use std::collections::{BTreeMap, VecDeque};

use syscalls::Slot;

use crate::stats::{EventOutcomes, Portion};

/// Events of the lines that have not left, in the order of the lines.
#[derive(Debug, Default)]
pub struct Unsent {
    /// Position behind each line in the stream of all bytes, and the line's events.
    lines: VecDeque<(u64, Portion)>,
    slots: BTreeMap<Slot, UnsentEvents>,
}

/// Events of one slot in lines that have not left. They count as written or aggregated meanwhile.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct UnsentEvents {
    written: u64,
    /// Events of aggregates.
    pub aggregated: u64,
    ends: u64,
}

impl Unsent {
    /// Adds the line that ends at that position.
    pub fn push(&mut self, end: u64, portion: Portion) {
        self.lines.push_back((end, portion));
        let (count, number) = self.count(portion);
        *count += number;
    }

    /// Removes the lines that have left, with all bytes up to that position. Returns whether there are any.
    pub fn leave(&mut self, sent: u64) -> bool {
        let before = self.lines.len();
        while let Some(&(_, portion)) = self.lines.front().filter(|(end, _)| *end <= sent) {
            self.lines.pop_front();
            let (count, number) = self.count(portion);
            *count = count.saturating_sub(number);
        }
        self.lines.len() < before
    }

    /// Returns whether all lines have left.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns the events of one slot.
    pub fn of(&self, slot: Slot) -> UnsentEvents {
        self.slots.get(&slot).copied().unwrap_or_default()
    }

    fn count(&mut self, portion: Portion) -> (&mut u64, u64) {
        let events = self.slots.entry(portion.slot()).or_default();
        match portion {
            Portion::One(_) => (&mut events.written, 1),
            Portion::Many(_, count) => (&mut events.aggregated, count),
            Portion::End(_) => (&mut events.ends, 1),
        }
    }
}

impl UnsentEvents {
    /// Returns the outcomes without the events that have no line of their own yet. Events of aggregates stay in them.
    pub fn without(self, outcomes: EventOutcomes) -> EventOutcomes {
        EventOutcomes {
            written: outcomes.written.saturating_sub(self.written),
            results_lost: outcomes.results_lost + self.ends,
            ..outcomes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leave_removes_lines_whose_last_byte_has_left() {
        let [slot, other] = [3, 4].map(|index| Slot::from_index(index).unwrap());
        let mut unsent = Unsent::default();
        let portions = [Portion::One(slot), Portion::Many(slot, 5), Portion::End(other)];
        for (end, portion) in [100, 200, 300].into_iter().zip(portions) {
            unsent.push(end, portion);
        }
        assert!(!unsent.leave(99));
        let outcomes = EventOutcomes { written: 7, aggregated: 9, ..EventOutcomes::default() };
        let one_less = EventOutcomes { written: 6, ..outcomes };
        assert_eq!(unsent.of(slot).without(outcomes), one_less);
        assert!(unsent.leave(150));
        assert_eq!((unsent.of(slot).without(outcomes), unsent.of(slot).aggregated), (outcomes, 5));
        let without_result = EventOutcomes { results_lost: 1, ..outcomes };
        assert_eq!(unsent.of(other).without(outcomes), without_result);
        assert!(unsent.leave(300));
        assert_eq!([slot, other].map(|slot| unsent.of(slot)), [UnsentEvents::default(); 2]);
        assert!(!unsent.leave(400));
    }
}
