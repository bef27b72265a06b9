//! Calls that the daemon makes after its start, of both glibc and musl, by name: an architecture lacks some of them.

use libbpf_sys as bpf;
use nix::libc;

/// Check of one argument, of which the lower half counts.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// The argument is one of these values.
    OneOf(u8, &'static [u32]),
    /// The bits of the argument that are in the mask are these.
    Bits(u8, u32, u32),
}

/// Calls that are allowed with any arguments.
#[rustfmt::skip]
pub const ALWAYS: &[&str] = &[
    // Files: configuration, cgroups, /proc, tracefs, the journal, the runtime directory.
    "open", "openat", "openat2", "close", "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev",
    "lseek", "stat", "lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat",
    "faccessat2", "getdents64", "readlink", "readlinkat", "getcwd", "fcntl", "flock", "ftruncate", "fsync",
    "fdatasync", "utimensat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "name_to_handle_at",
    "inotify_add_watch", "inotify_rm_watch", "dup", "umask",
    // Sockets that are there: journald, the service manager, clients.
    "connect", "accept", "accept4", "sendto", "sendmsg", "recvfrom", "recvmsg", "getsockopt", "setsockopt",
    "getsockname", "getpeername", "shutdown", "memfd_create",
    // Waiting.
    "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "nanosleep", "clock_nanosleep",
    "pause", "restart_syscall",
    // The barrier of the service manager.
    "pipe2",
    // The thread that reads executables, which a reload may start.
    "eventfd2",
    // Time, identity, random keys of hash tables.
    "clock_gettime", "clock_getres", "gettimeofday", "time", "getpid", "gettid", "getuid", "geteuid", "getgid",
    "getegid", "getrandom", "uname", "sysinfo",
    // Memory.
    "brk", "munmap", "mremap", "madvise",
    // Threads: one that closes links. A filter of its own lets clone3 fail.
    "clone3", "futex", "set_robust_list", "rseq", "set_tid_address", "sched_yield", "sched_getaffinity", "exit",
    // The end, signals.
    "exit_group", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
    // The grace period, and the calls of the self-test (`SELFTEST_CALLS`).
    "membarrier", "getpgid", "getsid", "sched_get_priority_min", "sched_get_priority_max", "sched_getscheduler",
];

/// Namespaces that clone could create, and the bit of a thread. `CLONE_NEWTIME` is no flag of clone.
const NAMESPACES: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

/// Calls that are allowed with some arguments.
pub const BY_ARGUMENT: &[(&str, Check)] = &[
    ("bpf", Check::OneOf(0, BPF_COMMANDS)),
    // Threads, but neither processes nor namespaces.
    ("clone", Check::Bits(0, (NAMESPACES | libc::CLONE_THREAD) as u32, libc::CLONE_THREAD as u32)),
    ("socket", Check::OneOf(0, &[libc::AF_UNIX as u32])),
    // The file of the metrics is for everyone, whatever the umask of the unit.
    ("fchmod", Check::OneOf(1, &[MODE_OF_METRICS])),
    // No memory becomes code.
    ("mmap", Check::Bits(2, libc::PROT_EXEC as u32, 0)),
    ("mprotect", Check::Bits(2, libc::PROT_EXEC as u32, 0)),
    (
        "ioctl",
        Check::OneOf(1, &[libc::TIOCOUTQ as u32, libc::FIONBIO as u32, libc::FIOCLEX as u32]),
    ),
    // abort() of glibc and musl.
    ("tgkill", Check::OneOf(2, &[libc::SIGABRT as u32])),
    ("tkill", Check::OneOf(1, &[libc::SIGABRT as u32])),
];

/// Mode of the file of the metrics.
pub const MODE_OF_METRICS: u32 = 0o644;

/// Commands of bpf(2) on what the daemon has open. It makes no map and opens nothing by an id.
const BPF_COMMANDS: &[u32] = &[
    bpf::BPF_MAP_LOOKUP_ELEM,
    bpf::BPF_MAP_UPDATE_ELEM,
    bpf::BPF_MAP_DELETE_ELEM,
    bpf::BPF_MAP_GET_NEXT_KEY,
    bpf::BPF_PROG_TEST_RUN,
    bpf::BPF_OBJ_GET_INFO_BY_FD,
    bpf::BPF_RAW_TRACEPOINT_OPEN,
    bpf::BPF_LINK_CREATE,
    bpf::BPF_ITER_CREATE,
    bpf::BPF_OBJ_PIN,
];

/// Call that loads a program. At fentry, the function that a reload adds takes a program of its own.
pub const PROGRAM_LOADS: &[(&str, Option<Check>)] =
    &[("bpf", Some(Check::OneOf(0, &[bpf::BPF_PROG_LOAD])))];

/// Calls that load an object: its own maps, its types and its program.
pub const OBJECT_LOADS: &[(&str, Option<Check>)] = &[
    (
        "bpf",
        Some(Check::OneOf(
            0,
            &[bpf::BPF_PROG_LOAD, bpf::BPF_MAP_CREATE, bpf::BPF_BTF_LOAD, bpf::BPF_MAP_FREEZE],
        )),
    ),
    // libbpf puts the descriptor of a shared map in the place of the object's own.
    ("dup3", None),
];

/// Calls that attach a program to a classic tracepoint, which is done through a perf event.
pub const PERF_EVENTS: &[(&str, Option<Check>)] = &[
    ("perf_event_open", None),
    ("ioctl", Some(Check::OneOf(1, &[PERF_ENABLE, PERF_DISABLE, PERF_SET_BPF]))),
];

/// `PERF_EVENT_IOC_ENABLE`, `PERF_EVENT_IOC_DISABLE` and `PERF_EVENT_IOC_SET_BPF` of linux/perf_event.h.
const PERF_ENABLE: u32 = 0x2400;
const PERF_DISABLE: u32 = 0x2401;
const PERF_SET_BPF: u32 = 0x4004_2408;
