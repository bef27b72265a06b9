//! The BPF object: its skeleton, and the memory that is shared with its programs. This is the only
//! module with `unsafe` code.
#![allow(unsafe_code)]

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64};

mod skeleton {
    #![allow(clippy::all, missing_docs, missing_debug_implementations)]
    #![allow(clippy::undocumented_unsafe_blocks, clippy::wildcard_imports, clippy::ptr_as_ptr)]
    #![allow(clippy::unwrap_used, clippy::too_many_lines)]
    include!(concat!(env!("OUT_DIR"), "/tail_hello.skel.rs"));
}

pub use skeleton::{OpenTailHelloSkel, TailHelloLinks, TailHelloSkel, TailHelloSkelBuilder, types};

/// How many executables can be excluded.
pub const EXCLUDED_FILES: usize = types::wire_size::EXCLUDED_FILES.0 as usize;

/// The programs' global variables, as both sides see them at once. The kernel writes them while we
/// read, so they are reached through atomics only, never through a reference to the structure.
#[derive(Debug, Clone, Copy)]
pub struct Shared<'obj> {
    globals: NonNull<types::bss>,
    object: PhantomData<&'obj types::bss>,
}

impl<'obj> Shared<'obj> {
    /// Takes the mapping out of a loaded skeleton; `None` if it was taken before.
    pub fn take(skeleton: &mut TailHelloSkel<'obj>) -> Option<Self> {
        let globals = NonNull::from(skeleton.maps.bss_data.take()?);
        Some(Self { globals, object: PhantomData })
    }

    /// First slot of the live bank.
    pub fn bank(&self) -> &AtomicU32 {
        // SAFETY: the mapping lives as long as the object ('obj); the member is an aligned u32, and
        // no reference to the structure exists any more, so all accesses here are atomic.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.globals.as_ptr()).bank) }
    }

    /// `enum consumer_state`.
    pub fn consumer(&self) -> &AtomicU32 {
        // SAFETY: as in `bank`.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.globals.as_ptr()).consumer) }
    }

    /// Our own thread group in the initial pid namespace; 0 before `identify` ran.
    pub fn self_tgid(&self) -> &AtomicU32 {
        // SAFETY: as in `bank`.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.globals.as_ptr()).self_tgid) }
    }

    /// Cgroup events that the ring had no room for.
    pub fn cgroups_lost(&self) -> &AtomicU64 {
        // SAFETY: as in `bank`, with an aligned u64.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).cgroups_lost) }
    }

    /// Device and inode of the file that `identify` was last asked about.
    pub fn identified_file(&self) -> [&AtomicU64; 2] {
        // SAFETY: as in `bank`; two aligned u64.
        unsafe {
            let file = &raw mut (*self.globals.as_ptr()).identified_file;
            [
                AtomicU64::from_ptr(&raw mut (*file).device),
                AtomicU64::from_ptr(&raw mut (*file).inode),
            ]
        }
    }

    /// Device and inode of each excluded executable; `None` past the end of the list.
    pub fn excluded_file(&self, index: usize) -> Option<[&AtomicU64; 2]> {
        if index >= EXCLUDED_FILES {
            return None;
        }
        // SAFETY: as in `bank`; the index was checked against the array's length.
        unsafe {
            let files = &raw mut (*self.globals.as_ptr()).excluded_files;
            let file = files.cast::<types::file_id>().add(index);
            let device = AtomicU64::from_ptr(&raw mut (*file).device);
            Some([device, AtomicU64::from_ptr(&raw mut (*file).inode)])
        }
    }
}

/// A file descriptor of our own for one that libbpf owns and gives out as a bare number.
///
/// # Errors
/// When the process has no descriptors left.
pub fn duplicate(fd: i32) -> io::Result<OwnedFd> {
    // SAFETY: the caller got the number from libbpf just now and libbpf keeps it open for longer
    // than this call.
    unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()
}

/// How often the kernel skipped that attached program because it was running on the same CPU
/// already: a task was preempted in it, and others went by. It happens to raw tracepoints from Linux
/// 7.2 on; kernels without the guard (5.10, 5.15) tell 0.
///
/// # Errors
/// When the kernel refuses to tell.
pub fn recursion_misses(program: BorrowedFd<'_>) -> io::Result<u64> {
    let mut info = libbpf_sys::bpf_prog_info::default();
    let mut size = size_of_val(&info) as u32;
    // SAFETY: the descriptor is open, and both pointers are to variables of ours; the kernel writes
    // `size` bytes at most, and to no other address, since all those in `info` are zero.
    let failed = unsafe {
        libbpf_sys::bpf_prog_get_info_by_fd(program.as_raw_fd(), &raw mut info, &raw mut size)
    };
    if failed == 0 { Ok(info.recursion_misses) } else { Err(io::Error::last_os_error()) }
}

/// Whether this kernel lets a raw tracepoint program sleep (7.2 and newer): it is asked by loading
/// one of two instructions, `return 0`.
pub fn may_raw_tracepoints_sleep() -> bool {
    let insns = [instruction(MOV_IMMEDIATE), instruction(EXIT)];
    let mut options = libbpf_sys::bpf_prog_load_opts {
        sz: size_of::<libbpf_sys::bpf_prog_load_opts>() as libbpf_sys::size_t,
        prog_flags: libbpf_sys::BPF_F_SLEEPABLE,
        ..Default::default()
    };
    // SAFETY: name and licence are C strings, `insns` holds as many instructions as are told, and
    // all of them outlive the call.
    let fd = unsafe {
        libbpf_sys::bpf_prog_load(
            libbpf_sys::BPF_PROG_TYPE_RAW_TRACEPOINT,
            c"may_sleep".as_ptr(),
            c"GPL".as_ptr(),
            insns.as_ptr(),
            insns.len() as libbpf_sys::size_t,
            &raw mut options,
        )
    };
    if fd < 0 {
        return false;
    }
    // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
    drop(unsafe { <std::os::fd::OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(fd) });
    true
}

/// `r0 = 0` and `exit`, as uapi/linux/bpf.h encodes them.
const MOV_IMMEDIATE: u8 = 0xb7;
const EXIT: u8 = 0x95;

fn instruction(code: u8) -> libbpf_sys::bpf_insn {
    libbpf_sys::bpf_insn { code, ..Default::default() }
}
