//! Reader of the rings that another object wrote, until they are empty: `Consumer` reads those of our own.

use anyhow::Result;

use super::merge::{EventKey, Merge};
use super::{Flow, TURN, open};
use crate::load::Predecessor;

/// The rings of a predecessor.
#[derive(Debug)]
pub struct Leftover {
    merge: Merge,
}

impl Leftover {
    /// Opens the rings. An event whose delivery was interrupted is taken before all others.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn open(predecessor: &Predecessor, interrupted: Option<EventKey>) -> Result<Self> {
        let rings = predecessor.rings()?.into_iter().map(|(ring, bytes)| open(ring, bytes));
        let mut merge = Merge::new(rings.collect::<Result<Vec<_>>>()?);
        if let Some(event) = interrupted {
            merge.begin_with(event);
        }
        Ok(Self { merge })
    }

    /// Passes on the records of one turn; returns whether the rings are empty. Each one counts as consumed after it was
    /// passed on, as in `Consumer`.
    pub fn turn(&mut self, mut receive: impl FnMut(&[u8]) -> Flow) -> bool {
        let pass = self.merge.pass(TURN, &mut receive);
        pass.is_empty && !pass.is_paused
    }
}
