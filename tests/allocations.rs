//! Allocations on the way of one event from the bytes of the ring to an entry of the journal.
#![allow(unsafe_code)] // a global allocator cannot be written without

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::mem::{offset_of, size_of};

use syscalls::{Abi, number};
use tailcalld::bpf::types::{capture, event, wire_size};
use tailcalld::decode::{Event, RingRecord};
use tailcalld::handlers::{Handler, Handlers};
use tailcalld::output::record::{Body, Record, Syscall};
use tailcalld::output::{Scratch, journal_entry, json_line};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, which counts the calls of each thread.
struct Counting;

fn count() {
    // A thread that ends allocates after its counter is gone.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const VERSION: u16 = wire_size::EVENT_VERSION.0 as u16;
const EVENT_SYSCALL: u16 = 1;
const CAPTURE_TEXT: u8 = 2;

/// Returns a handler that leaves the arguments to the syscall's signature, as `args` does.
fn handlers() -> Handlers {
    Handlers::new(vec![Handler {
        id: 1,
        name: "args".to_owned(),
        summary: String::new(),
        syscalls: Vec::new(),
        exact: false,
        fields: Vec::new(),
        messages: vec!["{syscall}({args})".to_owned()],
    }])
}

/// Returns the record of a call of `openat` with its path.
fn openat(path: &[u8]) -> Vec<u8> {
    let slot = number(Abi::Native, "openat").expect("a known syscall");
    let mut bytes = vec![0; size_of::<event>()];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(offset_of!(event, version), &VERSION.to_ne_bytes());
    put(offset_of!(event, kind), &EVENT_SYSCALL.to_ne_bytes());
    put(offset_of!(event, handler), &1u16.to_ne_bytes());
    put(offset_of!(event, slot), &slot.to_ne_bytes());
    put(offset_of!(event, captures), &1u16.to_ne_bytes());
    put(offset_of!(event, comm), b"cat");
    let mut head = [0; size_of::<capture>()];
    head[offset_of!(capture, field)] = 1;
    head[offset_of!(capture, kind)] = CAPTURE_TEXT;
    head[offset_of!(capture, stored)..][..4].copy_from_slice(&(path.len() as u32).to_ne_bytes());
    bytes.extend([&head, path].concat());
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

type Encode = fn(&Record, &mut Scratch, &mut Vec<u8>);

/// Decodes and encodes the event `bytes` into a buffer that was used before; returns the allocations.
fn allocations(bytes: &[u8], handlers: &Handlers, encode: Encode) -> usize {
    let (mut scratch, mut buffer) = (Scratch::new(), Vec::new());
    let mut pass = || {
        let before = ALLOCATIONS.get();
        buffer.clear();
        let Ok(RingRecord::Syscall(header)) = RingRecord::decode(bytes) else {
            panic!("not an event")
        };
        let event = Event::decode(&header, bytes, None, handlers).expect("an event");
        let body = Body::Syscall(Syscall {
            event: &event,
            place: None,
            suppressed: 0,
            may_be_duplicate: false,
            novel: None,
        });
        encode(&Record { time_ns: 1, body }, &mut scratch, &mut buffer);
        ALLOCATIONS.get() - before
    };
    let first = pass();
    assert!(first > 0, "the allocator counts nothing");
    pass()
}

#[test]
fn args_event_with_path_is_decoded_and_encoded_without_allocation() {
    let (bytes, handlers) = (openat(b"/etc/hostname"), handlers());
    assert_eq!(allocations(&bytes, &handlers, journal_entry), 0);
    assert_eq!(allocations(&bytes, &handlers, json_line), 0);
}
