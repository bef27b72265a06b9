//! A call of a process whose executable is another file's, by `PR_SET_MM_MAP`. The kernel accepts that once nothing of
//! the old executable is mapped, so code outside of it unmaps it and makes the calls.

use std::arch::global_asm;
use std::ffi::CString;
use std::fs::{File, read_link, read_to_string};
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd as _;

use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};

// Makes the calls of a list of `Call`, the last of which does not return.
#[cfg(target_arch = "x86_64")]
global_asm!(
    "set_exe_begin:",
    "mov r12, rdi",
    "2: mov rax, [r12]",
    "mov rdi, [r12 + 8]",
    "mov rsi, [r12 + 16]",
    "mov rdx, [r12 + 24]",
    "mov r10, [r12 + 32]",
    "mov r8, [r12 + 40]",
    "mov r9, [r12 + 48]",
    "syscall",
    "add r12, 56",
    "jmp 2b",
    "set_exe_end:",
);
#[cfg(target_arch = "aarch64")]
global_asm!(
    "set_exe_begin:",
    "mov x19, x0",
    "2: ldr x8, [x19]",
    "ldp x0, x1, [x19, #8]",
    "ldp x2, x3, [x19, #24]",
    "ldp x4, x5, [x19, #40]",
    "svc #0",
    "add x19, x19, #56",
    "b 2b",
    "set_exe_end:",
);

unsafe extern "C" {
    static set_exe_begin: u8;
    static set_exe_end: u8;
}

/// Number and arguments of a syscall.
type Call = [u64; 7];

fn call(nr: libc::c_long, args: &[u64]) -> Call {
    let mut call = [0; 7];
    call[0] = nr as u64;
    call[1..=args.len()].copy_from_slice(args);
    call
}

/// `trigger set-exe PATH native NUMBER`: prints the new link of the executable, then calls.
pub fn set_exe(path: &str, nr: u64) {
    let file = File::open(path).expect("the executable");
    let map = prctl_mm_map(page() as u64, file.as_raw_fd());
    let set =
        [libc::PR_SET_MM as u64, PR_SET_MM_MAP, map.as_ptr() as u64, size_of_val(&map) as u64];
    let name = CString::new("/proc/self/exe").expect("a name without NUL");
    let link = page() as u64;
    let mut calls = own_mappings();
    calls.extend([
        call(libc::SYS_prctl, &set),
        call(libc::SYS_readlinkat, &[0, name.as_ptr() as u64, link, PAGE as u64]),
        call(libc::SYS_write, &[1, link, PAGE as u64]),
        call(nr as libc::c_long, &[]),
        call(libc::SYS_exit_group, &[0]),
    ]);
    // SAFETY: the copied code takes a list of calls and does not return.
    unsafe { copied_code()(calls.as_ptr()) }
}

/// Returns the calls that unmap the executable.
fn own_mappings() -> Vec<Call> {
    let exe = read_link("/proc/self/exe").expect("/proc shows us");
    let maps = read_to_string("/proc/self/maps").expect("/proc shows our memory");
    let number = |hex: &str| u64::from_str_radix(hex, 16).expect("an address");
    let ours = maps.lines().filter(|line| line.ends_with(&format!(" {}", exe.display())));
    ours.map(|line| {
        let (range, _) = line.split_once(' ').expect("fields");
        let (from, to) = range.split_once('-').expect("a range");
        call(libc::SYS_munmap, &[number(from), number(to) - number(from)])
    })
    .collect()
}

const PR_SET_MM_MAP: u64 = 14;

/// `struct prctl_mm_map` of linux/prctl.h: all of the process in one page, without an auxiliary vector.
fn prctl_mm_map(page: u64, exe: i32) -> [u64; 13] {
    let mut map = [page; 13];
    map[1] = page + 1; // end_code
    map[4..6].fill(page + 1); // start_brk, brk: beyond the data
    map[11] = 0; // auxv
    map[12] = (exe as u64) << 32; // auxv_size, exe_fd
    map
}

const PAGE: usize = 4096;

/// Returns a page that belongs to no file.
fn page() -> *mut u8 {
    let size = NonZeroUsize::new(PAGE).expect("a size");
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE | ProtFlags::PROT_EXEC;
    // SAFETY: a new mapping of its own.
    let page = unsafe { mmap_anonymous(None, size, protection, MapFlags::MAP_PRIVATE) };
    page.expect("memory").as_ptr().cast()
}

/// Returns the code in a page of its own.
fn copied_code() -> unsafe extern "C" fn(*const Call) -> ! {
    let copy = page();
    // SAFETY: the code lies between its labels, is smaller than a page and depends on no address.
    unsafe {
        let begin = &raw const set_exe_begin;
        let length = (&raw const set_exe_end).offset_from(begin) as usize;
        std::ptr::copy_nonoverlapping(begin, copy, length);
        std::mem::transmute(copy)
    }
}
