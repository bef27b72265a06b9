//! Consumer of the ring buffer: passes records on one at a time and in bounded turns, so that signals,
//! reloads and the watchdog are always served. It decides when the daemon may sleep and how it is woken.

mod leftover;
mod positions;
mod unread;

pub use leftover::Leftover;
pub use positions::Positions;
pub use unread::Unread;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use anyhow::{Context as _, Result};
use libbpf_rs::{RingBuffer, RingBufferBuilder};
use nix::unistd::{SysconfVar, sysconf};

use crate::bpf::{Shared, types::consumer_state};
use crate::load::Bpf;

/// Most records in one turn. At 2 µs each a turn takes half a millisecond.
const TURN: usize = TURN_RECORDS as usize;
const TURN_RECORDS: u32 = 256;
/// Smallest record with its header: no event has fewer bytes than a word.
const SMALLEST_BYTES: u32 = 16;

/// Sleep of a consumer that has just found the ring empty, before it polls again without asking to be
/// woken: under load this saves a wakeup for every event (268 instead of 914 ns each).
const DOZE: Duration = Duration::from_millis(5);

/// Backpressure from the receiver of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// The receiver can take the next record.
    Continue,
    /// The receiver took this record, but can take no more now.
    Pause,
}

/// Sleep that the consumer allows the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// No sleep: there is more to consume.
    None,
    /// Sleep of this length, after which the daemon must take a turn.
    Doze(Duration),
    /// Sleep until the ring's file descriptor is readable.
    Sleep,
}

/// The reading end of the ring.
#[allow(missing_debug_implementations)] // it holds a callback
pub struct Consumer<'a> {
    ring: RingBuffer<'a>,
    shared: Shared<'a>,
    epoll: OwnedFd,
    /// Turns that empty a full ring.
    turns: u32,
}

impl<'a> Consumer<'a> {
    /// Opens the ring. `receive` gets each record's bytes, which are valid during the call only. It
    /// runs below a C function and must not panic.
    ///
    /// # Errors
    /// Fails if the ring cannot be mapped.
    pub fn open(bpf: &Bpf<'a>, mut receive: impl FnMut(&[u8]) -> Flow + 'a) -> Result<Self> {
        let mut builder = RingBufferBuilder::new();
        let callback = move |bytes: &[u8]| match receive(bytes) {
            Flow::Continue => 0,
            Flow::Pause => PAUSE,
        };
        builder.add(bpf.events(), callback).context(FAILED)?;
        let ring = builder.build().context(FAILED)?;
        let epoll = crate::bpf::duplicate(ring.epoll_fd()).context(FAILED)?;
        let turns = bpf.events().max_entries() / SMALLEST_BYTES / TURN_RECORDS + 1;
        Ok(Self { ring, shared: bpf.shared, epoll, turns })
    }

    /// Returns a descriptor that is readable when there is something to consume.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// Consumes the records of one turn and returns how long the daemon may sleep.
    ///
    /// # Errors
    /// Fails if libbpf cannot read the ring.
    pub fn turn(&self) -> Result<Rest> {
        let before = self.state();
        self.enter(consumer_state::CONSUMER_AWAKE);
        if self.consume()? > 0 {
            return Ok(Rest::None);
        }
        // One step down each time the ring is found empty: awake, dozing, asleep. The flag is set
        // before the last poll; a record that comes after it wakes the daemon.
        let (next, rest) = match before {
            consumer_state::CONSUMER_AWAKE => (consumer_state::CONSUMER_DOZING, Rest::Doze(DOZE)),
            _ => (consumer_state::CONSUMER_ASLEEP, Rest::Sleep),
        };
        self.enter(next);
        Ok(if self.consume()? > 0 { Rest::None } else { rest })
    }

    /// Consumes records until `is_done` holds or the ring is empty. It passes over as many records as the ring
    /// can hold and no more, so that a flood of new ones does not keep it here.
    ///
    /// # Errors
    /// Fails if libbpf cannot read the ring.
    pub fn consume_until(&self, is_done: impl Fn() -> bool) -> Result<()> {
        for _ in 0..self.turns {
            if self.turn()? != Rest::None || is_done() {
                break;
            }
        }
        Ok(())
    }

    /// Makes a call whose record is to come back, and consumes the records of one turn. A consumer that sleeps is
    /// not woken by that record, and sleeps on afterwards.
    ///
    /// # Errors
    /// Fails if libbpf cannot read the ring.
    pub fn probe(&self, call: impl FnOnce()) -> Result<()> {
        let before = self.state();
        self.enter(consumer_state::CONSUMER_AWAKE);
        call();
        self.consume()?;
        // The turn that follows looks at the ring again before the daemon sleeps.
        self.enter(before);
        Ok(())
    }

    /// Turns wakeups off while nothing is consumed.
    pub fn pause(&self) {
        self.enter(consumer_state::CONSUMER_AWAKE);
    }

    fn consume(&self) -> Result<usize> {
        match self.ring.consume_raw_n(TURN) {
            PAUSE => Ok(TURN),
            count => usize::try_from(count)
                .map_err(|_| std::io::Error::from_raw_os_error(-count))
                .context("failed to read the ring"),
        }
    }

    fn state(&self) -> consumer_state {
        consumer_state(self.shared.consumer().load(SeqCst))
    }

    /// Publishes the consumer's state. The store is sequentially consistent, so that the reads of the
    /// ring that follow cannot pass it: see bpf/wake.h.
    fn enter(&self, state: consumer_state) {
        self.shared.consumer().store(state.0, SeqCst);
    }
}

/// Returns the size of a page: the positions of a mapped ring have one each.
fn page_bytes() -> Result<usize> {
    let size = sysconf(SysconfVar::PAGE_SIZE).context("failed to read the size of a page")?;
    let size = size.context("the kernel names no size of a page")?;
    usize::try_from(size).with_context(|| format!("a page of {size} bytes"))
}

/// Result of the callback that ends a turn: libbpf passes a negative result through, and no errno is
/// that large.
const PAUSE: i32 = i32::MIN;
const FAILED: &str = "failed to open the ring";
