//! Calls into the kernel.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};

use libbpf_rs::{AsRawLibbpf as _, OpenMap, OpenObject};
use syscalls::{Abi, Slot};

/// A file descriptor of our own for one that libbpf owns and gives out as a bare number.
///
/// # Errors
/// Fails if the process has no descriptors left.
pub fn duplicate(fd: i32) -> io::Result<OwnedFd> {
    // SAFETY: the caller got the number from libbpf just now and libbpf keeps it open for longer
    // than this call.
    unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()
}

/// Makes the maps of an object, and resolves the types of its programs, which are not loaded yet.
///
/// # Errors
/// With what libbpf or the kernel refused; then the object cannot be loaded any more.
pub fn make_maps(open: &mut OpenObject) -> libbpf_rs::Result<()> {
    // SAFETY: the object is open, and nobody else has it.
    let failed = unsafe { libbpf_sys::bpf_object__prepare(open.as_libbpf_object().as_ptr()) };
    if failed == 0 { Ok(()) } else { Err(libbpf_rs::Error::from_raw_os_error(-failed)) }
}

/// Returns a descriptor of a map whose object `make_maps` was called with.
///
/// # Errors
/// Fails if the process has no descriptors left.
pub fn map_of(map: &OpenMap<'_>) -> io::Result<OwnedFd> {
    // SAFETY: the map belongs to an open object.
    let fd = unsafe { libbpf_sys::bpf_map__fd(map.as_libbpf_object().as_ptr()) };
    if fd < 0 { Err(io::Error::from_raw_os_error(-fd)) } else { duplicate(fd) }
}

/// Takes a file descriptor that the service manager passed (sd_listen_fds(3)), or that came with a message: its own from
/// now on.
pub fn own(fd: i32) -> OwnedFd {
    // SAFETY: the service manager or the kernel opened the descriptor for this process, and each is taken once.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Returns how often the kernel skipped the program of a link to functions, which it counts since Linux 6.7; 0 for
/// other links.
///
/// # Errors
/// Fails if the kernel does not report it.
pub fn link_misses(link: BorrowedFd<'_>) -> io::Result<u64> {
    let mut info = libbpf_sys::bpf_link_info::default();
    let mut size = size_of_val(&info) as u32;
    // SAFETY: the descriptor is open, and both pointers are to variables of ours; the kernel writes
    // `size` bytes at most, and to no other address, since all those in `info` are zero.
    let failed = unsafe {
        libbpf_sys::bpf_link_get_info_by_fd(link.as_raw_fd(), &raw mut info, &raw mut size)
    };
    match (failed, info.type_) {
        (0, libbpf_sys::BPF_LINK_TYPE_KPROBE_MULTI) => {
            // SAFETY: the kernel has filled this member of the union, which consists of numbers.
            Ok(unsafe { info.__bindgen_anon_1.kprobe_multi.missed })
        }
        (0, _) => Ok(0),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Returns how often the kernel skipped an attached program because it was running on the same CPU
/// already: a task was preempted in it, and others went by. It happens to raw tracepoints from Linux
/// 7.2 on; kernels without the guard (5.10, 5.15) report 0.
///
/// # Errors
/// Fails if the kernel does not report it.
pub fn recursion_misses(program: BorrowedFd<'_>) -> io::Result<u64> {
    program_info(program.as_raw_fd()).map(|info| info.recursion_misses)
}

/// Deletes an element of a map whose keys are numbers of four bytes.
///
/// # Errors
/// `ENOENT` if it is empty already; otherwise what the kernel refused.
pub fn delete_element(map: BorrowedFd<'_>, key: u32) -> nix::Result<()> {
    // SAFETY: the descriptor is open, and the pointer is to a variable of ours, of the size that the keys have.
    let failed =
        unsafe { libbpf_sys::bpf_map_delete_elem(map.as_raw_fd(), (&raw const key).cast()) };
    if failed == 0 { Ok(()) } else { Err(nix::errno::Errno::last()) }
}

/// Puts a program into an array of programs.
///
/// # Errors
/// Fails if the kernel refuses: an array takes programs of one type.
pub fn set_program(array: BorrowedFd<'_>, key: u32, program: RawFd) -> nix::Result<()> {
    // SAFETY: the descriptor is open, and the pointers are to variables of ours, of the sizes that the keys and values of
    // an array of programs have.
    let failed = unsafe {
        libbpf_sys::bpf_map_update_elem(
            array.as_raw_fd(),
            (&raw const key).cast(),
            (&raw const program).cast(),
            libbpf_sys::BPF_ANY.into(),
        )
    };
    if failed == 0 { Ok(()) } else { Err(nix::errno::Errno::last()) }
}

/// Returns the id by which the kernel knows a program.
///
/// # Errors
/// Fails if the kernel does not report it.
pub fn program_id(program: RawFd) -> io::Result<u32> {
    program_info(program).map(|info| info.id)
}

pub(super) fn program_info(program: RawFd) -> io::Result<libbpf_sys::bpf_prog_info> {
    let mut info = libbpf_sys::bpf_prog_info::default();
    let mut size = size_of_val(&info) as u32;
    // SAFETY: the kernel refuses a number that is no program of ours, and both pointers are to variables of ours; the kernel writes
    // `size` bytes at most, and to no other address, since all those in `info` are zero.
    let failed =
        unsafe { libbpf_sys::bpf_prog_get_info_by_fd(program, &raw mut info, &raw mut size) };
    if failed == 0 { Ok(info) } else { Err(io::Error::last_os_error()) }
}

/// Syscalls of the self-test: they take a number, change nothing, hardly anybody makes them, and no seccomp
/// filter of a service refuses them.
pub const SELFTEST_CALLS: [&str; 5] =
    ["getpgid", "getsid", "sched_get_priority_min", "sched_get_priority_max", "sched_getscheduler"];

/// Makes one of the `SELFTEST_CALLS` with that argument; any other call is not made.
pub fn selftest_call(slot: Slot, nonce: u32) {
    if slot.abi() == Abi::Native && slot.name().is_some_and(|name| SELFTEST_CALLS.contains(&name)) {
        // SAFETY: these calls take numbers, return one, and touch no memory of ours.
        unsafe { nix::libc::syscall(i64::from(slot.nr()) as nix::libc::c_long, nonce) };
    }
}

/// Returns whether this kernel lets a raw tracepoint program sleep (7.2 and newer).
pub fn may_raw_tracepoints_sleep() -> bool {
    load_nothing(libbpf_sys::BPF_PROG_TYPE_RAW_TRACEPOINT, 0, libbpf_sys::BPF_F_SLEEPABLE).is_some()
}

/// Returns whether a program can be attached to many functions at once. The kernel is asked for a link to a
/// function that does not exist: only with CONFIG_FPROBE, and from 5.19 on, does it look for that one.
pub fn has_kprobe_multi() -> bool {
    let attach_type = libbpf_sys::BPF_TRACE_KPROBE_MULTI;
    let Some(program) = load_nothing(libbpf_sys::BPF_PROG_TYPE_KPROBE, attach_type, 0) else {
        return false;
    };
    let mut symbols = [c"no function".as_ptr()];
    let mut options = libbpf_sys::bpf_link_create_opts {
        sz: size_of::<libbpf_sys::bpf_link_create_opts>() as libbpf_sys::size_t,
        ..Default::default()
    };
    options.__bindgen_anon_1.kprobe_multi =
        libbpf_sys::bpf_link_create_opts__bindgen_ty_1__bindgen_ty_2 {
            cnt: symbols.len() as u32,
            syms: symbols.as_mut_ptr(),
            ..Default::default()
        };
    // SAFETY: the program is open, and the options point to as many C strings as they tell, all of
    // which outlive the call.
    let link = unsafe {
        libbpf_sys::bpf_link_create(program.as_raw_fd(), 0, attach_type, &raw const options)
    };
    link == -nix::libc::ESRCH
}

/// Opens and closes a perf event that counts nothing, on a CPU as those of classic tracepoints are.
///
/// # Errors
/// Fails if the kernel does not let this process open perf events.
pub fn open_perf_event() -> io::Result<()> {
    open_perf(libbpf_sys::PERF_TYPE_SOFTWARE, libbpf_sys::PERF_COUNT_SW_DUMMY.into()).map(drop)
}

/// Opens the perf event of a tracepoint, which is named by its id.
///
/// # Errors
/// Fails if the kernel does not let this process open perf events.
pub fn open_tracepoint(id: u64) -> io::Result<OwnedFd> {
    open_perf(libbpf_sys::PERF_TYPE_TRACEPOINT, id)
}

/// Opens a perf event of that type and number, of all processes.
///
/// # Errors
/// Fails if the kernel does not let this process open perf events.
pub(super) fn open_perf(kind: u32, config: u64) -> io::Result<OwnedFd> {
    let attributes = libbpf_sys::perf_event_attr {
        type_: kind,
        size: size_of::<libbpf_sys::perf_event_attr>() as u32,
        config,
        ..Default::default()
    };
    let (every_process, cpu, no_group) = (-1, 0, -1);
    // SAFETY: the attributes outlive the call and have the size that they name; the other arguments
    // are numbers.
    let fd = unsafe {
        nix::libc::syscall(
            nix::libc::SYS_perf_event_open,
            &raw const attributes,
            every_process,
            cpu,
            no_group,
            libbpf_sys::PERF_FLAG_FD_CLOEXEC,
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// A program of two instructions, `return 0`; `None` if the kernel has no such programs.
fn load_nothing(program_type: u32, attach_type: u32, prog_flags: u32) -> Option<OwnedFd> {
    let insns = [instruction(MOV_IMMEDIATE), instruction(EXIT)];
    let mut options = libbpf_sys::bpf_prog_load_opts {
        sz: size_of::<libbpf_sys::bpf_prog_load_opts>() as libbpf_sys::size_t,
        expected_attach_type: attach_type,
        prog_flags,
        ..Default::default()
    };
    // SAFETY: name and licence are C strings, `insns` holds that many instructions, and
    // all of them outlive the call.
    let fd = unsafe {
        libbpf_sys::bpf_prog_load(
            program_type,
            c"probe".as_ptr(),
            c"GPL".as_ptr(),
            insns.as_ptr(),
            insns.len() as libbpf_sys::size_t,
            &raw mut options,
        )
    };
    // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `r0 = 0` and `exit`, as uapi/linux/bpf.h encodes them.
const MOV_IMMEDIATE: u8 = 0xb7;
const EXIT: u8 = 0x95;

fn instruction(code: u8) -> libbpf_sys::bpf_insn {
    libbpf_sys::bpf_insn { code, ..Default::default() }
}

/// Returns the bytes of datagrams that the receiver has not taken out of its socket yet; 0 if that is unknown.
pub fn unread_bytes(socket: BorrowedFd<'_>) -> u32 {
    let mut bytes: i32 = 0;
    // SAFETY: the request writes one int, to a variable of ours.
    let failed =
        unsafe { nix::libc::ioctl(socket.as_raw_fd(), nix::libc::TIOCOUTQ, &raw mut bytes) };
    if failed == 0 { bytes.unsigned_abs() } else { 0 }
}

/// Waits until every program that was running is at its end: an RCU grace period. On a machine with a
/// single CPU nothing can be running while we are.
///
/// # Errors
/// Where the kernel has CPUs without a tick (`nohz_full`), which it would have to disturb.
pub fn wait_for_grace() -> io::Result<()> {
    // SAFETY: the call takes two numbers and touches no memory of ours.
    let failed = unsafe {
        nix::libc::syscall(nix::libc::SYS_membarrier, nix::libc::MEMBARRIER_CMD_GLOBAL, 0)
    };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
