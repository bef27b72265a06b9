// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//! `tailcalld/handler.h` for Rust, as much as a handler with numbers and texts needs; that header has the words about
//! each item. Layouts are those of the header.

use core::ffi::{c_int, c_long, c_void};
use core::mem::{size_of, transmute};
use core::ptr::null;

/// Version of what this file declares.
const ABI: u32 = 1;
const DATA_BYTES: usize = 4096;
const TEXT_BYTES: usize = 4096;

/// Kind of a field.
#[allow(dead_code)] // a handler uses some
#[repr(u32)]
#[derive(Clone, Copy)]
pub enum Kind {
    Text = 1,
    Texts = 2,
    Unsigned = 3,
    Signed = 4,
    Hex = 5,
    Dirfd = 6,
    Long = 14,
}

/// Value that a handler captures.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Field {
    name: [u8; 16],
    kind: u32,
}

/// Declaration of a handler.
#[repr(C)]
pub struct Handler {
    abi: u32,
    name: [u8; 16],
    summary: [u8; 96],
    syscalls: [[u8; 32]; 16],
    fields: [Field; 16],
    event: [u8; 32],
    messages: [[u8; 96]; 8],
}

/// Returns a text with NULs behind it. A longer one does not compile.
#[inline]
const fn text<const N: usize>(from: &str) -> [u8; N] {
    let (mut to, from, mut at) = ([0; N], from.as_bytes(), 0);
    assert!(from.len() < N, "the text is too long");
    while at < from.len() {
        to[at] = from[at];
        at += 1;
    }
    to
}

impl Field {
    #[inline]
    pub const fn new(name: &str, kind: Kind) -> Self {
        Self { name: text(name), kind: kind as u32 }
    }
}

impl Handler {
    /// Begins a declaration. The name is that of the file up to `.bpf.o`.
    #[inline]
    pub const fn new(name: &str, summary: &str) -> Self {
        Self {
            abi: ABI,
            name: text(name),
            summary: text(summary),
            syscalls: [[0; 32]; 16],
            fields: [Field::new("", Kind::Text); 16],
            event: [0; 32],
            messages: [[0; 96]; 8],
        }
        .without_fields()
    }

    #[inline]
    const fn without_fields(mut self) -> Self {
        let mut at = 0;
        while at < self.fields.len() {
            self.fields[at].kind = 0;
            at += 1;
        }
        self
    }

    #[inline]
    pub const fn syscalls(mut self, names: &[&str]) -> Self {
        let mut at = 0;
        while at < names.len() {
            self.syscalls[at] = text(names[at]);
            at += 1;
        }
        self
    }

    #[inline]
    pub const fn fields(mut self, fields: &[Field]) -> Self {
        let mut at = 0;
        while at < fields.len() {
            self.fields[at] = fields[at];
            at += 1;
        }
        self
    }

    #[inline]
    pub const fn messages(mut self, messages: &[&str]) -> Self {
        let mut at = 0;
        while at < messages.len() {
            self.messages[at] = text(messages[at]);
            at += 1;
        }
        self
    }
}

/// Head of a captured value.
#[repr(C)]
struct Capture {
    field: u8,
    kind: u8,
    status: u8,
    reserved: [u8; 3],
    error: u16,
    stored: u32,
    length: u32,
}

/// The call that is being handled.
#[repr(C)]
pub struct Call {
    pub args: [u64; 6],
    pub boottime_ns: u64,
    pub number: u32,
    pub abi: u32,
    pub pid: u32,
    pub tid: u32,
    pub uid: u32,
    pub gid: u32,
    used: u32,
    captures: u32,
    pub message: u32,
    reserved: u32,
    data: [u8; DATA_BYTES],
    slack: [u8; size_of::<Capture>() + TEXT_BYTES + 8],
}

/// A map by its types, as libbpf reads them: numbers are lengths of arrays.
#[repr(C)]
pub struct Map<const KIND: usize, V> {
    r#type: *const [i32; KIND],
    max_entries: *const [i32; 1],
    key: *const u32,
    value: *const V,
}

impl<const KIND: usize, V> Map<KIND, V> {
    #[inline]
    const fn new() -> Self {
        Self { r#type: null(), max_entries: null(), key: null(), value: null() }
    }
}

// SAFETY: nobody reads it; it is replaced by a map of the kernel.
unsafe impl<const KIND: usize, V> Sync for Map<KIND, V> {}

/// BPF_MAP_TYPE_PERCPU_ARRAY and BPF_MAP_TYPE_PROG_ARRAY; the daemon puts its own maps in the place of both.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".maps")]
pub static tailcalld_calls: Map<6, Call> = Map::new();
#[unsafe(no_mangle)]
#[unsafe(link_section = ".maps")]
pub static tailcalld_after: Map<3, u32> = Map::new();

type Lookup = unsafe extern "C" fn(*const c_void, *const u32) -> *mut Call;
type TailCall = unsafe extern "C" fn(*mut c_void, *const c_void, u32) -> c_long;
type ReadText = unsafe extern "C" fn(*mut u8, u32, u64) -> c_long;

/// Gives the call back to the daemon: the last line of a handler.
#[inline(always)]
pub fn next(ctx: *mut c_void) -> c_int {
    // SAFETY: helper 12 is bpf_tail_call.
    unsafe {
        let tail_call: TailCall = transmute(12usize);
        tail_call(ctx, (&raw const tailcalld_after).cast(), 0);
    }
    0
}

impl Call {
    /// Returns the call; `None`, which does not happen, if there is none.
    #[inline(always)]
    pub fn current() -> Option<&'static mut Self> {
        let zero = 0;
        // SAFETY: helper 1 is bpf_map_lookup_elem; the memory belongs to this CPU until `next`.
        unsafe {
            let lookup: Lookup = transmute(1usize);
            lookup((&raw const tailcalld_calls).cast(), &raw const zero).as_mut()
        }
    }

    /// Captures a number.
    #[inline(always)]
    pub fn number(&mut self, field: u8, value: u64) {
        let Some(to) = self.begin(field, 1) else { return };
        // SAFETY: `slack` has room behind the last byte of `data` that `begin` allows.
        unsafe { to.cast::<u64>().write(value) };
        self.end(8, 8);
    }

    /// Captures a string in the memory of the process.
    #[inline(always)]
    pub fn text(&mut self, field: u8, user: u64) {
        let Some(to) = self.begin(field, 2) else { return };
        // SAFETY: helper 114 is bpf_probe_read_user_str, and `slack` has room for the text.
        let got = unsafe {
            let read: ReadText = transmute(114usize);
            read(to, TEXT_BYTES as u32, user)
        };
        if got > 0 {
            let length = got as u32 - 1;
            self.end(length, length);
        } else {
            self.unreadable(-got as u16);
        }
    }

    /// Returns the number of bytes that are used. It is kept in memory and read back, because verifiers follow what is in
    /// registers on each path.
    #[inline(always)]
    fn used(&self) -> usize {
        // SAFETY: a reference.
        unsafe { (&raw const self.used).read_volatile() as usize }
    }

    #[inline(always)]
    fn capture(&mut self) -> Option<*mut Capture> {
        let used = self.used();
        if used > DATA_BYTES - size_of::<Capture>() {
            return None;
        }
        // SAFETY: it was compared.
        Some(unsafe { (&raw mut self.data).cast::<u8>().add(used).cast() })
    }

    /// Begins a capture; returns where its bytes belong, `None` if there is no room.
    #[inline(always)]
    fn begin(&mut self, field: u8, kind: u8) -> Option<*mut u8> {
        let capture = self.capture()?;
        let (status, reserved, error, stored, length) = (0, [0; 3], 0, 0, 0);
        // SAFETY: `capture` is within `data`.
        unsafe {
            capture.write(Capture { field, kind, status, reserved, error, stored, length });
            Some(capture.add(1).cast())
        }
    }

    /// Ends a capture, of which as much is stored as there is room for. That number is kept in memory and read back, too:
    /// 5.10 does not see that two comparisons of it exclude each other.
    #[inline(always)]
    fn end(&mut self, stored: u32, length: u32) {
        let Some(capture) = self.capture() else { return };
        let room = (DATA_BYTES - size_of::<Capture>() - self.used()) as u32;
        // SAFETY: `capture` is within `data`, and `slack` has room for the padding.
        let kept = unsafe {
            (*capture).length = length;
            let in_memory = &raw mut (*capture).stored;
            in_memory.write_volatile(stored);
            if stored > room {
                in_memory.write_volatile(room);
                (*capture).status = 1;
            }
            let kept = in_memory.read_volatile();
            if kept > TEXT_BYTES as u32 {
                return;
            }
            let behind = capture.add(1).cast::<u8>().add(kept as usize);
            behind.cast::<u64>().write_unaligned(0);
            kept
        };
        self.used += size_of::<Capture>() as u32 + ((kept + 7) & !7);
        self.captures += 1;
    }

    #[inline(always)]
    fn unreadable(&mut self, error: u16) {
        let Some(capture) = self.capture() else { return };
        // SAFETY: `capture` is within `data`.
        unsafe {
            (*capture).status = 2;
            (*capture).error = error;
        }
        self.used += size_of::<Capture>() as u32;
        self.captures += 1;
    }
}
