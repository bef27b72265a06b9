//! Reader of a ring that another object wrote, until it is empty: `Consumer` reads the ring of our own.

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::{Acquire, Release};

use anyhow::{Context as _, Result};

use super::unread::{BUSY, DISCARDED, HEADER, Layout};
use super::{Flow, TURN, page_bytes};
use crate::bpf::WritableMapping;
use crate::load::Predecessor;

/// The ring of a predecessor.
#[derive(Debug)]
pub struct Leftover {
    layout: Layout,
    /// The consumer's position.
    position: WritableMapping,
}

impl Leftover {
    /// Opens the ring.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn open(predecessor: &Predecessor) -> Result<Self> {
        let (ring, bytes) = predecessor.ring()?;
        let page = NonZeroUsize::new(page_bytes()?).context("a page has no size")?;
        let position = WritableMapping::open(ring, page).context("failed to map the position")?;
        Ok(Self { layout: Layout::open(ring, bytes)?, position })
    }

    /// Passes on the records of one turn; returns whether the ring is empty. Each one counts as consumed after it was
    /// passed on, as in `Consumer`.
    pub fn turn(&self, mut receive: impl FnMut(&[u8]) -> Flow) -> bool {
        let Some(position) = self.position.word(0) else { return true };
        for _ in 0..TURN {
            let at = position.load(Acquire);
            let Some(head) = self.layout.record(at) else { return true };
            if head & BUSY != 0 {
                return false;
            }
            let length = u64::from(head & !(BUSY | DISCARDED));
            let is_event = head & DISCARDED == 0;
            let flow =
                if is_event { receive(&self.layout.copy(at, length)) } else { Flow::Continue };
            position.store(at + (length + HEADER).next_multiple_of(HEADER), Release);
            if flow == Flow::Pause {
                return false;
            }
        }
        false
    }
}
