//! Operations through a ring of io_uring. The rings are mapped and filled by hand, so that a test can submit entries
//! that a library would not make.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use nix::libc;

use super::{number, usage, value_of};

/// `struct io_uring_params`.
#[repr(C)]
#[derive(Default)]
struct Params {
    sq_entries: u32,
    cq_entries: u32,
    flags: u32,
    sq_thread_cpu: u32,
    sq_thread_idle: u32,
    features: u32,
    wq_fd: u32,
    resv: [u32; 3],
    /// head, tail, ring_mask, ring_entries, flags, dropped, array, resv1, and a u64.
    sq_off: [u32; 10],
    /// head, tail, ring_mask, ring_entries, overflow, cqes, flags, resv1, and a u64.
    cq_off: [u32; 10],
}

/// `struct io_uring_sqe`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Entry {
    opcode: u8,
    flags: u8,
    ioprio: u16,
    fd: i32,
    off: u64,
    addr: u64,
    len: u32,
    op_flags: u32,
    user_data: u64,
    buf_index: u16,
    personality: u16,
    splice_fd: i32,
    addr3: u64,
    pad: u64,
}

/// `struct io_uring_cqe`.
#[repr(C)]
struct Completion {
    user_data: u64,
    result: i32,
    flags: u32,
}

const IORING_OFF_SQ_RING: i64 = 0;
const IORING_OFF_CQ_RING: i64 = 0x800_0000;
const IORING_OFF_SQES: i64 = 0x1000_0000;
const IORING_REGISTER_FILES: u64 = 2;
const IORING_SETUP_SQE128: u32 = 1 << 10;
const PAGE: usize = 4096;

/// Entries of the queue.
const ENTRIES: u32 = 64;

/// A ring whose memory is mapped.
struct Ring {
    fd: i64,
    params: Params,
    submissions: *mut u8,
    completions: *mut u8,
    entries: *mut Entry,
}

/// Submits entries with `|` between them, all at once, and prints their results. `setup=FLAGS` in front of them are
/// flags of the ring, `registered=FD` registers that descriptor as file 0.
pub fn submit(words: &[&str]) {
    let mut rest = words;
    let (mut flags, mut registered) = (0, None);
    while let [first, others @ ..] = rest {
        match first.split_once('=') {
            Some(("setup", value)) => flags = number(value) as u32,
            Some(("registered", fd)) => registered = Some(number(fd) as i32),
            _ => break,
        }
        rest = others;
    }
    let entries: Vec<Entry> = rest.split(|word| *word == "|").map(entry).collect();
    let ring = Ring::new(flags);
    if let Some(fd) = registered {
        let file = &raw const fd;
        ring.call(libc::SYS_io_uring_register, [IORING_REGISTER_FILES, file as u64, 1, 0, 0]);
    }
    let results = ring.submit(&entries);
    println!("{}", results.iter().map(i32::to_string).collect::<Vec<_>>().join(" "));
}

fn entry(words: &[&str]) -> Entry {
    let [opcode, members @ ..] = words else { usage() };
    let mut entry = Entry { opcode: number(opcode) as u8, ..Entry::default() };
    for word in members {
        let Some((member, value)) = word.split_once('=') else { usage() };
        let value = value_of(value);
        match member {
            "sqe" => entry.flags = value as u8,
            "fd" => entry.fd = value as i32,
            "off" => entry.off = value,
            "addr" => entry.addr = value,
            "len" => entry.len = value as u32,
            "flags" => entry.op_flags = value as u32,
            "buf" => entry.buf_index = value as u16,
            "splice_fd" => entry.splice_fd = value as i32,
            "addr3" => entry.addr3 = value,
            _ => usage(),
        }
    }
    entry
}

impl Ring {
    fn new(flags: u32) -> Self {
        let mut params = Params { flags, ..Params::default() };
        // SAFETY: the kernel reads and writes the structure, which is of the size that it expects.
        let fd =
            unsafe { libc::syscall(libc::SYS_io_uring_setup, u64::from(ENTRIES), &raw mut params) };
        assert!(fd >= 0, "io_uring_setup: {}", std::io::Error::last_os_error());
        // Older kernels map no more than there is: a page for both rings, and 64 or 128 bytes an entry.
        let wide = usize::from(flags & IORING_SETUP_SQE128 != 0);
        let submissions = map(fd, IORING_OFF_SQ_RING, PAGE);
        let completions = map(fd, IORING_OFF_CQ_RING, PAGE);
        let entries = map(fd, IORING_OFF_SQES, PAGE << wide).cast();
        Self { fd, params, submissions, completions, entries }
    }

    fn call(&self, call: i64, [a, b, c, d, e]: [u64; 5]) -> i64 {
        // SAFETY: what the arguments point to outlives the call.
        let result = unsafe { libc::syscall(call, self.fd, a, b, c, d, e) };
        assert!(result >= 0, "call {call}: {}", std::io::Error::last_os_error());
        result
    }

    /// Returns the results in the order of the entries.
    fn submit(&self, entries: &[Entry]) -> Vec<i32> {
        let tail = word(self.submissions, self.params.sq_off[1]);
        let is_wide = usize::from(self.params.flags & IORING_SETUP_SQE128 != 0);
        for (at, entry) in entries.iter().enumerate() {
            // The array of indices refers to the entries backwards, so that it matters.
            let place = ENTRIES as usize - 1 - at;
            // SAFETY: both are within the mappings, of 64 entries of 64 or 128 bytes and 64 indices.
            unsafe {
                let user_data = at as u64;
                self.entries.add(place << is_wide).write(Entry { user_data, ..*entry });
                let array = self.submissions.add(self.params.sq_off[6] as usize).cast::<u32>();
                array.add(at).write(place as u32);
            }
        }
        tail.fetch_add(entries.len() as u32, SeqCst);
        let count = entries.len() as u64;
        // IORING_ENTER_GETEVENTS, and IORING_ENTER_SQ_WAKEUP for a ring that a thread of the kernel reads.
        self.call(libc::SYS_io_uring_enter, [count, count, 1 | 2, 0, 0]);
        self.results(entries.len())
    }

    fn results(&self, count: usize) -> Vec<i32> {
        let mut results = vec![0; count];
        for at in 0..count {
            // SAFETY: so many completions have arrived, since io_uring_enter has waited for them.
            let completion = unsafe {
                let first = self.completions.add(self.params.cq_off[5] as usize);
                first.cast::<Completion>().add(at).read()
            };
            results[completion.user_data as usize] = completion.result;
        }
        results
    }
}

fn map(fd: i64, offset: i64, bytes: usize) -> *mut u8 {
    let (read_write, nowhere) = (libc::PROT_READ | libc::PROT_WRITE, std::ptr::null_mut());
    // SAFETY: a new mapping of a file, at no fixed address.
    let at = unsafe { libc::mmap(nowhere, bytes, read_write, libc::MAP_SHARED, fd as i32, offset) };
    assert!(at != libc::MAP_FAILED, "mmap: {}", std::io::Error::last_os_error());
    at.cast()
}

/// Returns the number at an offset of a mapping.
fn word<'m>(mapping: *mut u8, offset: u32) -> &'m AtomicU32 {
    // SAFETY: the kernel gives offsets of aligned numbers within the mapping, which stays to the end.
    unsafe { &*mapping.add(offset as usize).cast::<AtomicU32>() }
}
