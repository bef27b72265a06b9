//! Losses during an outage of the output, put together: they are counted each second, and a record for each reading
//! would fill the room for records that wait, until the record about a loss is lost itself.

use crate::output::record::Lost;

/// Losses that no record was written about yet.
#[derive(Debug, Default)]
pub struct HeldLosses(Option<Lost>);

impl HeldLosses {
    /// Adds the losses of a reading.
    pub fn add(&mut self, lost: Lost) {
        if lost.losses.is_empty() {
            return;
        }
        let Some(held) = &mut self.0 else {
            self.0 = Some(lost);
            return;
        };
        held.to_ns = lost.to_ns;
        for loss in lost.losses {
            let mut same = held.losses.iter_mut();
            match same.find(|held| (held.slot, held.reason) == (loss.slot, loss.reason)) {
                Some(held) => held.count = held.count.saturating_add(loss.count),
                None => held.losses.push(loss),
            }
        }
    }

    /// Removes and returns what is to be recorded.
    pub fn take(&mut self) -> Option<Lost> {
        self.0.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::record::Loss;
    use crate::stats::Reason;

    fn lost(from_ns: u64, to_ns: u64, losses: &[(Reason, u64)]) -> Lost {
        let loss = |&(reason, count): &(Reason, u64)| Loss {
            slot: None,
            handler: String::new(),
            reason,
            count,
        };
        Lost { from_ns, to_ns, losses: losses.iter().map(loss).collect() }
    }

    #[test]
    fn take_returns_sum_of_added_losses_once() {
        let mut held = HeldLosses::default();
        held.add(lost(1, 2, &[]));
        assert_eq!(held.take(), None);
        held.add(lost(2, 3, &[(Reason::RingFull, 5)]));
        held.add(lost(3, 4, &[]));
        held.add(lost(4, 5, &[(Reason::RingFull, 2), (Reason::RingBusy, 1)]));
        let sum = lost(2, 5, &[(Reason::RingFull, 7), (Reason::RingBusy, 1)]);
        assert_eq!(held.take(), Some(sum));
        assert_eq!(held.take(), None);
    }
}
