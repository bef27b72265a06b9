//! Positions of the consumer and of the producer of each ring, in bytes since it was created. The kernel lets any
//! process that gets hold of a ring write the consumer's.

use std::os::fd::BorrowedFd;

use anyhow::{Context as _, Result};

use super::open;
use crate::bpf::Mapping;
use crate::load::Bpf;

/// Positions of all rings at one time, between two turns of the consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positions(Vec<RingPositions>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RingPositions {
    consumer: u64,
    producer: u64,
}

impl Positions {
    /// Reads them.
    ///
    /// # Errors
    /// Fails if a ring cannot be mapped.
    pub fn read(bpf: &Bpf<'_>) -> Result<Self> {
        let bytes = bpf.ring_bytes() as usize;
        let read = |ring: BorrowedFd<'_>| {
            let ring = open(ring, bytes)?;
            Ok(RingPositions { consumer: ring.consumer(), producer: ring.producer() })
        };
        bpf.rings().map(read).collect::<Result<_>>().map(Self)
    }

    /// Returns whether there is something between them that the consumer does not get.
    pub fn differ(&self) -> bool {
        self.0.iter().any(|ring| ring.consumer != ring.producer)
    }

    /// Returns whether the consumer of a ring is ahead of its producer, where the kernel accepts no record and the
    /// consumer finds none.
    pub fn are_reversed(&self) -> bool {
        self.0.iter().any(|ring| ring.consumer > ring.producer)
    }

    /// Sets the consumers back that are ahead of their producers.
    ///
    /// # Errors
    /// Fails if a ring cannot be mapped.
    pub fn repair(&self, bpf: &Bpf<'_>) -> Result<()> {
        for (ring, at) in bpf.rings().zip(&self.0).filter(|(_, at)| at.consumer > at.producer) {
            let stored = Mapping::store_first(ring, at.producer);
            stored.context("failed to set the position of the consumer")?;
        }
        Ok(())
    }
}
