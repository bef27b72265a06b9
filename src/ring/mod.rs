//! Consumer of the rings: passes records on one at a time and in bounded turns, so that signals,
//! reloads and the watchdog are always served. It decides when the daemon may sleep and how it is woken.

mod leftover;
mod merge;
mod positions;
mod unread;

pub use leftover::Leftover;
pub use merge::EventKey;
pub use positions::Positions;
pub use unread::Unread;

use std::cell::RefCell;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use nix::unistd::{SysconfVar, sysconf};

use self::merge::Merge;
use crate::bpf::{RingMemory, Shared, types::consumer_state};
use crate::load::Bpf;

/// Most records in one turn. At 2 µs each a turn takes half a millisecond.
const TURN: usize = TURN_RECORDS as usize;
const TURN_RECORDS: u32 = 256;
/// Smallest record with its header: no event has fewer bytes than a word.
const SMALLEST_BYTES: u32 = 16;

/// Sleep of a consumer that has just found the rings empty, before it polls again without asking to be
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
    /// Sleep until the consumer's file descriptor is readable.
    Sleep,
}

/// The reading end of the rings.
#[allow(missing_debug_implementations)] // it holds a callback
pub struct Consumer<'a> {
    input: RefCell<Input<'a>>,
    shared: Shared<'a>,
    epoll: Epoll,
    /// Turns that empty full rings.
    turns: u32,
}

/// Records and their receiver.
struct Input<'a> {
    merge: Merge,
    receive: Receiver<'a>,
}

type Receiver<'a> = Box<dyn FnMut(&[u8]) -> Flow + 'a>;

impl<'a> Consumer<'a> {
    /// Opens the rings. `receive` gets each record's bytes. It must not call the consumer.
    ///
    /// # Errors
    /// Fails if a ring cannot be mapped.
    pub fn open(bpf: &Bpf<'a>, receive: impl FnMut(&[u8]) -> Flow + 'a) -> Result<Self> {
        let bytes = bpf.ring_bytes();
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).context(FAILED)?;
        let (mut rings, mut turns) = (Vec::new(), 1);
        for ring in bpf.rings() {
            rings.push(open(ring, bytes as usize)?);
            epoll.add(ring, EpollEvent::new(EpollFlags::EPOLLIN, 0)).context(FAILED)?;
            turns += bytes / SMALLEST_BYTES / TURN_RECORDS;
        }
        let input = Input { merge: Merge::new(rings), receive: Box::new(receive) };
        Ok(Self { input: RefCell::new(input), shared: bpf.shared, epoll, turns })
    }

    /// Takes an event before all others: the one whose delivery a kill of the previous daemon has interrupted.
    pub fn begin_with(&self, event: EventKey) {
        self.input.borrow_mut().merge.begin_with(event);
    }

    /// Returns a descriptor that is readable when there is something to consume.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }

    /// Consumes the records of one turn and returns how long the daemon may sleep.
    pub fn turn(&self) -> Rest {
        let before = self.state();
        self.enter(consumer_state::CONSUMER_AWAKE);
        if self.consume() {
            return Rest::None;
        }
        // One step down each time the rings are found empty: awake, dozing, asleep. The flag is set
        // before the last poll; a record that comes after it wakes the daemon.
        let (next, rest) = match before {
            consumer_state::CONSUMER_AWAKE => (consumer_state::CONSUMER_DOZING, Rest::Doze(DOZE)),
            _ => (consumer_state::CONSUMER_ASLEEP, Rest::Sleep),
        };
        self.enter(next);
        if self.consume() { Rest::None } else { rest }
    }

    /// Consumes records until `is_done` holds or the rings are empty. It passes over as many records as the rings
    /// can hold and no more, so that a flood of new ones does not keep it here.
    pub fn consume_until(&self, is_done: impl Fn() -> bool) {
        for _ in 0..self.turns {
            if self.turn() != Rest::None || is_done() {
                break;
            }
        }
    }

    /// Makes a call whose record is to come back, and consumes the records of one turn. A consumer that sleeps is
    /// not woken by that record, and sleeps on afterwards.
    pub fn probe(&self, call: impl FnOnce()) {
        let before = self.state();
        self.enter(consumer_state::CONSUMER_AWAKE);
        call();
        self.consume();
        // The turn that follows looks at the rings again before the daemon sleeps.
        self.enter(before);
    }

    /// Turns wakeups off while nothing is consumed.
    pub fn pause(&self) {
        self.enter(consumer_state::CONSUMER_AWAKE);
    }

    /// Consumes the records of one turn, those that come meanwhile as well; returns whether there was any, or is.
    fn consume(&self) -> bool {
        let Input { merge, receive } = &mut *self.input.borrow_mut();
        let mut records = 0;
        while records < TURN {
            let pass = merge.pass(TURN - records, receive);
            records += pass.records;
            if pass.records == 0 || pass.is_paused {
                return records > 0 || pass.has_more;
            }
        }
        true
    }

    fn state(&self) -> consumer_state {
        consumer_state(self.shared.consumer().load(SeqCst))
    }

    /// Publishes the consumer's state. The store is sequentially consistent, so that the reads of the
    /// rings that follow cannot pass it: see bpf/wake.h.
    fn enter(&self, state: consumer_state) {
        self.shared.consumer().store(state.0, SeqCst);
    }
}

/// Maps a ring.
fn open(ring: BorrowedFd<'_>, bytes: usize) -> Result<RingMemory> {
    RingMemory::open(ring, bytes, page_bytes()?).context("failed to map a ring")
}

/// Returns the size of a page: the positions of a mapped ring have one each.
fn page_bytes() -> Result<usize> {
    let size = sysconf(SysconfVar::PAGE_SIZE).context("failed to read the size of a page")?;
    let size = size.context("the kernel names no size of a page")?;
    usize::try_from(size).with_context(|| format!("a page of {size} bytes"))
}

const FAILED: &str = "failed to open the rings";
