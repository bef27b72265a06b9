use std::fs::File;
use std::os::unix::fs::FileExt as _;

use nix::sys::memfd::{MFdFlags, memfd_create};

use super::*;

const PAGE: usize = 4096;
const DATA: usize = 8 * PAGE;
/// Bytes of a record with its header: not a divisor of a page, so that records lie across the ends of parts.
const RECORD: usize = 40;

/// Returns a ring in which the record at each position of `positions` has the position as its content.
fn ring(positions: impl Iterator<Item = u64>) -> File {
    let file = memfd_create(c"ring", MFdFlags::MFD_CLOEXEC).map(File::from).unwrap();
    file.set_len((2 * PAGE + 2 * DATA) as u64).unwrap();
    for at in positions {
        let length = u32::try_from(RECORD - HEADER_BYTES).unwrap();
        let words = [u64::from(length), at, at, at, at];
        for (word, at) in words.into_iter().zip((at..).step_by(8)) {
            for copy in [0, DATA as u64] {
                let place = 2 * PAGE as u64 + copy + at % DATA as u64;
                file.write_all_at(&word.to_ne_bytes(), place).unwrap();
            }
        }
    }
    file
}

#[test]
fn ring_in_parts_has_each_record_whole_in_any_order() {
    let positions = (0..).step_by(RECORD).take_while(|at| at + RECORD as u64 <= DATA as u64);
    let positions: Vec<u64> = positions.collect();
    let file = ring(positions.iter().copied());
    let mut memory = RingMemory::open_in_parts(file.as_fd(), DATA, PAGE, PAGE).unwrap();
    for &at in positions.iter().chain(positions.iter().rev()) {
        let header = memory.header(at);
        assert_eq!((header.state, header.end(at)), (RecordState::Committed, at + RECORD as u64));
        assert_eq!(memory.content_word(at, 8), at);
        assert_eq!(memory.content(at), [at.to_ne_bytes(); 4].concat());
    }
}

#[test]
fn record_across_the_end_of_the_ring_is_whole() {
    let at = DATA as u64 - 8;
    let file = ring([at].into_iter());
    let mut memory = RingMemory::open_in_parts(file.as_fd(), DATA, PAGE, PAGE).unwrap();
    assert_eq!(memory.header(at).state, RecordState::Committed);
    assert_eq!(memory.content(at), [at.to_ne_bytes(); 4].concat());
}

#[test]
fn content_of_record_in_another_part_is_empty() {
    let file = ring([0, PAGE as u64].into_iter());
    let mut memory = RingMemory::open_in_parts(file.as_fd(), DATA, PAGE, PAGE).unwrap();
    memory.header(0);
    assert_eq!(memory.content(PAGE as u64), b"");
}

#[test]
fn record_that_cannot_be_mapped_is_busy() {
    let file = ring([0].into_iter());
    let mut memory = RingMemory::open_in_parts(file.as_fd(), DATA, PAGE, PAGE).unwrap();
    memory.ring = File::open("/dev/null").unwrap().into();
    assert_eq!(memory.header(0).state, RecordState::Busy);
}

#[test]
fn length_beyond_the_ring_leaves_no_content() {
    let file = ring([0].into_iter());
    file.write_all_at(&0x3fff_ffff_u32.to_ne_bytes(), 2 * PAGE as u64).unwrap();
    let mut memory = RingMemory::open_in_parts(file.as_fd(), DATA, PAGE, PAGE).unwrap();
    assert_eq!(memory.header(0).state, RecordState::Committed);
    assert_eq!(memory.content(0), b"");
}

#[test]
fn no_more_of_a_large_ring_than_a_window_is_mapped() {
    let file = memfd_create(c"ring", MFdFlags::MFD_CLOEXEC).map(File::from).unwrap();
    let data = 64 * WINDOW;
    file.set_len((2 * PAGE + 2 * data) as u64).unwrap();
    let mut memory = RingMemory::open(file.as_fd(), data, PAGE).unwrap();
    for at in (0..data as u64).step_by(WINDOW / 2) {
        memory.header(at);
        let mapped = &memory.window.as_ref().unwrap().memory;
        let has = |words: usize| mapped.word(words - 1).is_some();
        assert_eq!([2 * WINDOW / 8, 2 * WINDOW / 8 + 1].map(has), [true, false]);
    }
}
