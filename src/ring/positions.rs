//! Positions of the consumer and of the producer, in bytes since the ring was created. The kernel lets any process
//! that gets hold of the ring write the consumer's.

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::SeqCst;

use anyhow::{Context as _, Result};

use super::page_bytes;
use crate::bpf::Mapping;
use crate::load::Bpf;

/// Positions at one time, between two turns of the consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Positions {
    consumer: u64,
    producer: u64,
}

impl Positions {
    /// Reads them.
    ///
    /// # Errors
    /// Fails if the ring cannot be mapped.
    pub fn read(bpf: &Bpf<'_>) -> Result<Self> {
        let page = page_bytes()?;
        let bytes = NonZeroUsize::new(2 * page).context("a page has no size")?;
        let ring = Mapping::open(bpf.events().as_fd(), bytes).context("failed to map the ring")?;
        let word = |at: usize| ring.word(at / size_of::<u64>()).map_or(0, |word| word.load(SeqCst));
        Ok(Self { consumer: word(0), producer: word(page) })
    }

    /// Returns whether there is something between them that the consumer does not get.
    pub fn differ(self) -> bool {
        self.consumer != self.producer
    }

    /// Sets the consumer back if it is ahead of the producer, where the kernel accepts no record and the consumer
    /// finds none.
    ///
    /// # Errors
    /// Fails if the ring cannot be mapped.
    pub fn repair(self, bpf: &Bpf<'_>) -> Result<()> {
        if self.consumer <= self.producer {
            return Ok(());
        }
        let stored = Mapping::store_first(bpf.events().as_fd(), self.producer);
        stored.context("failed to set the position of the consumer")
    }
}
