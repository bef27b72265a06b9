use std::fs::File;
use std::mem::offset_of;
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileExt as _;

use nix::sys::memfd::{MFdFlags, memfd_create};
use proptest::prelude::*;

use super::*;

const PAGE: usize = 4096;
const DATA: usize = 4096;
const BUSY: u32 = 1 << 31;
const DISCARDED: u32 = 1 << 30;

/// A ring in a file: what a program does with one, as far as a reader sees it.
struct Ring {
    file: File,
    producer: u64,
}

impl Ring {
    fn new() -> Self {
        let file = memfd_create(c"ring", MFdFlags::MFD_CLOEXEC).map(File::from).unwrap();
        file.set_len((2 * PAGE + 2 * DATA) as u64).unwrap();
        Self { file, producer: 0 }
    }

    fn memory(&self) -> RingMemory {
        RingMemory::open(self.file.as_fd(), DATA, PAGE).unwrap()
    }

    /// Writes bytes into both copies of the data.
    fn write(&self, at: u64, bytes: &[u8]) {
        for (at, &byte) in (at..).zip(bytes) {
            let place = 2 * PAGE as u64 + at % DATA as u64;
            self.file.write_all_at(&[byte], place).unwrap();
            self.file.write_all_at(&[byte], place + DATA as u64).unwrap();
        }
    }

    /// Reserves room for a record; returns its position.
    fn reserve(&mut self, length: u32) -> u64 {
        let at = self.producer;
        self.write(at, &(length | BUSY).to_ne_bytes());
        self.producer += u64::from((length + 8).next_multiple_of(8));
        self.file.write_all_at(&self.producer.to_ne_bytes(), PAGE as u64).unwrap();
        at
    }

    /// Commits an event.
    fn commit(&self, at: u64, time_ns: u64, tid: u32) {
        let mut bytes = [0; EVENT];
        bytes[KIND] = 1;
        bytes[TIME..TIME + 8].copy_from_slice(&time_ns.to_ne_bytes());
        bytes[THREAD..THREAD + 4].copy_from_slice(&tid.to_ne_bytes());
        self.write(at + 8, &bytes);
        self.write(at, &u32::to_ne_bytes(EVENT as u32));
    }

    fn put(&mut self, time_ns: u64, tid: u32) {
        let at = self.reserve(EVENT as u32);
        self.commit(at, time_ns, tid);
    }

    fn discard(&mut self) {
        let at = self.reserve(8);
        self.write(at, &(8 | DISCARDED).to_ne_bytes());
    }
}

const EVENT: usize = offset_of!(types::event, tid) + 4;

fn merge(rings: &[Ring]) -> Merge {
    Merge::new(rings.iter().map(Ring::memory))
}

/// Passes on `most` records; returns their times.
fn times(merge: &mut Merge, most: usize) -> (Vec<u64>, Pass) {
    let mut times = Vec::new();
    let pass = merge.pass(most, &mut |bytes| {
        times.push(u64::from_ne_bytes(bytes[TIME..TIME + 8].try_into().unwrap()));
        Flow::Continue
    });
    (times, pass)
}

#[test]
fn pass_takes_records_of_all_rings_in_order_of_time() {
    let mut rings = [Ring::new(), Ring::new(), Ring::new()];
    for (ring, time) in [(0, 1), (2, 2), (0, 3), (1, 4), (1, 5), (2, 6)] {
        rings[ring].put(time, 1);
    }
    let mut merge = merge(&rings);
    let (first, pass) = times(&mut merge, 4);
    assert_eq!((first, pass.has_more), (vec![1, 2, 3, 4], true));
    let (rest, pass) = times(&mut merge, 100);
    assert_eq!((rest, pass.has_more, pass.is_empty), (vec![5, 6], false, true));
}

#[test]
fn pass_never_reorders_a_ring() {
    let mut rings = [Ring::new(), Ring::new()];
    for (ring, time) in [(0, 4), (0, 3), (1, 2), (1, 5)] {
        rings[ring].put(time, 1);
    }
    assert_eq!(times(&mut merge(&rings), 100).0, [2, 4, 3, 5]);
}

/// The earliest of all may be behind the busy record.
#[test]
fn pass_waits_for_busy_record_of_any_ring() {
    let mut rings = [Ring::new(), Ring::new()];
    rings[0].put(1, 1);
    let busy = rings[0].reserve(EVENT as u32);
    rings[0].put(3, 1);
    rings[1].put(4, 1);
    let mut merge = merge(&rings);
    let (first, pass) = times(&mut merge, 100);
    assert_eq!((first, pass.has_more, pass.is_empty), (vec![1], false, false));
    rings[0].commit(busy, 2, 1);
    assert_eq!(times(&mut merge, 100).0, [2, 3, 4]);
}

#[test]
fn pass_skips_discarded_records() {
    let mut rings = [Ring::new(), Ring::new()];
    rings[0].discard();
    rings[0].put(2, 1);
    rings[0].discard();
    rings[1].put(1, 1);
    let mut merge = merge(&rings);
    let (first, pass) = times(&mut merge, 100);
    assert_eq!((first, pass.is_empty), (vec![1, 2], true));
}

/// The record comes while the first one is passed on: after the rings were looked at.
#[test]
fn pass_leaves_what_comes_meanwhile_to_next_pass() {
    let mut rings = [Ring::new(), Ring::new()];
    rings[0].put(1, 1);
    let mut merge = merge(&rings);
    let [_, later] = &mut rings;
    let pass = merge.pass(100, &mut |_| {
        later.put(2, 1);
        Flow::Continue
    });
    assert_eq!((pass.records, pass.is_empty), (1, true));
    assert_eq!(times(&mut merge, 100).0, [2]);
}

/// A call begins on one CPU and ends on another one, while the reader looks at the rings: after it has looked at the
/// first ring, and before it looks at the second one.
#[test]
fn next_leaves_end_of_call_whose_event_was_not_seen() {
    let mut rings = [Ring::new(), Ring::new()];
    let mut merge = merge(&rings);
    merge.look();
    rings[0].put(1, 7);
    rings[1].put(2, 7);
    merge.rings[1].end = rings[1].producer;
    merge.rings[1].find_head();
    assert_eq!(merge.next(), None);
    assert_eq!(times(&mut merge, 100).0, [1, 2]);
}

#[test]
fn pass_keeps_record_until_it_was_received() {
    let mut rings = [Ring::new(), Ring::new()];
    rings[0].put(1, 1);
    rings[1].put(2, 1);
    let mut merge = merge(&rings);
    let pass = merge.pass(100, &mut |_| {
        assert_eq!(rings[0].memory().consumer(), 0);
        Flow::Pause
    });
    assert_eq!((pass.records, pass.is_paused, pass.has_more), (1, true, true));
    assert_eq!(rings[0].memory().consumer(), rings[0].producer);
    assert_eq!(rings[1].memory().consumer(), 0);
}

#[test]
fn pass_begins_with_event_whose_delivery_was_interrupted() {
    let mut rings = [Ring::new(), Ring::new()];
    rings[0].put(1, 1);
    rings[1].put(2, 7);
    rings[1].put(3, 7);
    let mut merge = merge(&rings);
    merge.begin_with((2, 7));
    assert_eq!(times(&mut merge, 100).0, [2, 1, 3]);
    let mut merge = self::merge(&rings);
    merge.begin_with((2, 7));
    rings[1].put(4, 7);
    assert_eq!(times(&mut merge, 100).0, [4], "it is gone already");
}

proptest! {
    /// Any distribution of records over rings that wrap around comes out in the order of their times, whole.
    #[test]
    fn pass_sorts_what_comes_in_order(places in prop::collection::vec((0..4usize, 0..3u8), 1..200)) {
        let mut rings = [Ring::new(), Ring::new(), Ring::new(), Ring::new()];
        let mut merge = merge(&rings);
        let (mut seen, mut time) = (Vec::new(), 0);
        for (ring, then) in places {
            time += 1;
            rings[ring].put(time, 1);
            if then == 0 || rings[ring].producer - rings[ring].memory().consumer() > DATA as u64 / 2 {
                seen.extend(times(&mut merge, 100).0);
            }
        }
        seen.extend(times(&mut merge, 1_000).0);
        prop_assert_eq!(seen, (1..=time).collect::<Vec<_>>());
    }
}
