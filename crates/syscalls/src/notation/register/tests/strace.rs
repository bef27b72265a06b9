//! Calls and results as strace prints them.

use super::*;

pub fn call(abi: Abi, syscall: &str, registers: [u64; 6]) -> String {
    let slot = Slot::new(abi, number(abi, syscall).unwrap()).unwrap();
    let label = |label| format!("{label}=");
    let texts = signature(slot).unwrap().arguments(registers).map(|(one, n)| {
        format!("{}{}", one.label.map_or_else(String::new, label), text(one.kind, n, abi))
    });
    format!("{syscall}({})", texts.collect::<Vec<_>>().join(", "))
}

/// The working directory.
const CWD: u64 = 0xffff_ff9c;

/// Calls as strace prints them, with addresses in place of memory.
const CALLS: &[(&str, [u64; 6], &str)] = &[
    (
        "openat",
        [CWD, 0x7ffd_1234, 0x8_0000, 9, 9, 9],
        "openat(AT_FDCWD, 0x7ffd1234, O_RDONLY|O_CLOEXEC)",
    ),
    ("openat", [3, 0x10, 0x241, 0o666, 9, 9], "openat(3, 0x10, O_WRONLY|O_CREAT|O_TRUNC, 0666)"),
    ("close", [u64::MAX, 9, 9, 9, 9, 9], "close(-1)"),
    ("getpid", [9; 6], "getpid()"),
    ("read", [3, 0x1000, 832, 9, 9, 9], "read(3, 0x1000, 832)"),
    ("pread64", [3, 0x1000, 784, 64, 9, 9], "pread64(3, 0x1000, 784, 64)"),
    ("lseek", [3, -5_i64 as u64, 2, 9, 9, 9], "lseek(3, -5, SEEK_END)"),
    (
        "mmap",
        [0, 8192, 3, 0x22, 0xffff_ffff, 0],
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
    ),
    (
        "mmap",
        [0x7000, 4096, 5, 0x812, 3, 0x2_8000],
        "mmap(0x7000, 4096, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE, 3, 0x28000)",
    ),
    ("mprotect", [0x7000, 4096, 0, 9, 9, 9], "mprotect(0x7000, 4096, PROT_NONE)"),
    ("brk", [0, 9, 9, 9, 9, 9], "brk(NULL)"),
    ("madvise", [0x7000, 4096, 4, 9, 9, 9], "madvise(0x7000, 4096, MADV_DONTNEED)"),
    ("ioctl", [0, 0x5413, 0x1000, 9, 9, 9], "ioctl(0, TIOCGWINSZ, 0x1000)"),
    (
        "ioctl",
        [0, 0xdead_beef, 0x1000, 9, 9, 9],
        "ioctl(0, _IOC(_IOC_READ|_IOC_WRITE, 0xbe, 0xef, 0x1ead), 0x1000)",
    ),
    ("fcntl", [3, 1030, 10, 9, 9, 9], "fcntl(3, F_DUPFD_CLOEXEC, 10)"),
    (
        "socket",
        [1, 0x8_0801, 0, 9, 9, 9],
        "socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0)",
    ),
    ("connect", [3, 0x1000, 110, 9, 9, 9], "connect(3, 0x1000, 110)"),
    ("sendto", [3, 0x1000, 5, 0x4000, 0, 0], "sendto(3, 0x1000, 5, MSG_NOSIGNAL, NULL, 0)"),
    ("futex", [0x1000, 0x80, 2, 0, 0, 0], "futex(0x1000, FUTEX_WAIT_PRIVATE, 2, NULL)"),
    ("kill", [1, 15, 9, 9, 9, 9], "kill(1, SIGTERM)"),
    ("tgkill", [7, 8, 6, 9, 9, 9], "tgkill(7, 8, SIGABRT)"),
    ("rt_sigprocmask", [2, 0x1000, 0, 8, 9, 9], "rt_sigprocmask(SIG_SETMASK, 0x1000, NULL, 8)"),
    ("wait4", [0xffff_ffff, 0x1000, 3, 0, 9, 9], "wait4(-1, 0x1000, WNOHANG|WSTOPPED, NULL)"),
    ("prctl", [15, 0x1000, 0, 0, 0, 9], "prctl(PR_SET_NAME, 0x1000)"),
    ("unshare", [0x2002_0000, 9, 9, 9, 9, 9], "unshare(CLONE_NEWNS|CLONE_NEWPID)"),
    ("umount2", [0x1000, 2, 9, 9, 9, 9], "umount2(0x1000, MNT_DETACH)"),
    ("getrandom", [0x1000, 8, 1, 9, 9, 9], "getrandom(0x1000, 8, GRND_NONBLOCK)"),
    ("prlimit64", [0, 3, 0, 0x1000, 9, 9], "prlimit64(0, RLIMIT_STACK, NULL, 0x1000)"),
    (
        "clock_nanosleep",
        [1, 1, 0x1000, 0, 9, 9],
        "clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, 0x1000, NULL)",
    ),
    ("setresuid", [0xffff_ffff, 1000, 0, 9, 9, 9], "setresuid(-1, 1000, 0)"),
    ("epoll_ctl", [4, 1, 5, 0x1000, 9, 9], "epoll_ctl(4, EPOLL_CTL_ADD, 5, 0x1000)"),
    ("pipe2", [0x1000, 0x8_0800, 9, 9, 9, 9], "pipe2(0x1000, O_NONBLOCK|O_CLOEXEC)"),
    (
        "linkat",
        [CWD, 1, CWD, 2, 0x400, 9],
        "linkat(AT_FDCWD, 0x1, AT_FDCWD, 0x2, AT_SYMLINK_FOLLOW)",
    ),
    ("fchmodat", [CWD, 1, 0o4755, 9, 9, 9], "fchmodat(AT_FDCWD, 0x1, 04755)"),
    ("bpf", [5, 0x1000, 148, 9, 9, 9], "bpf(BPF_PROG_LOAD, 0x1000, 148)"),
    ("ptrace", [0x4206, 42, 0, 1, 9, 9], "ptrace(PTRACE_SEIZE, 42, NULL, PTRACE_O_TRACESYSGOOD)"),
    (
        "reboot",
        [0xfee1_dead, 672_274_793, 0x89ab_cdef, 0, 9, 9],
        "reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_ON)",
    ),
];

#[test]
fn register_value_of_calls_is_that_of_strace() {
    for &(syscall, registers, expected) in CALLS {
        assert_eq!(call(Abi::Native, syscall, registers), expected);
    }
}

/// `openat ffffff9c 1 0<TAB>openat(AT_FDCWD, 0x1, O_RDONLY)`
fn registers(words: std::str::Split<char>) -> [u64; 6] {
    let mut registers = [0; 6];
    for (register, word) in registers.iter_mut().zip(words) {
        let hex = word.strip_prefix("0x").unwrap_or(word);
        *register = u64::from_str_radix(hex, 16).unwrap();
    }
    registers
}

fn agree(abi: Abi, calls: &str) {
    let mut differ = vec![];
    for line in calls.lines().filter(|line| !line.starts_with('#')) {
        let (passed, expected) = line.split_once('\t').unwrap();
        let mut words = passed.split(' ');
        let ours = call(abi, words.next().unwrap(), registers(words));
        differ.extend((ours != expected).then(|| format!("{passed}\n{ours}\n{expected}\n")));
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn native_calls_are_printed_as_by_strace() {
    agree(Abi::Native, include_str!("../../../../tests/strace.txt"));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn compat_calls_are_printed_as_by_strace() {
    agree(Abi::Compat, include_str!("../../../../tests/strace32.txt"));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn register_value_of_calls_of_x86_only() {
    use Abi::{Compat, Native};
    for (abi, syscall, registers, expected) in [
        (Native, "open", [0x10, 0x1_0000, 9, 9, 9, 9], "open(0x10, O_RDONLY|O_DIRECTORY)"),
        (Native, "access", [0x10, 4, 9, 9, 9, 9], "access(0x10, R_OK)"),
        (Native, "arch_prctl", [0x1002, 0x7f00, 9, 9, 9, 9], "arch_prctl(ARCH_SET_FS, 0x7f00)"),
        (
            Native,
            "clone",
            [0x120_0011, 0, 0, 0x20, 0, 9],
            "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, \
             child_tidptr=0x20)",
        ),
        (Compat, "open", [0x10, 0x8000, 9, 9, 9, 9], "open(0x10, O_RDONLY|O_LARGEFILE)"),
        (
            Native,
            "clone",
            [0x3d_0f00, 0x5000, 0x30, 0x20, 0x40, 9],
            "clone(child_stack=0x5000, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD\
             |CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, parent_tid=0x30, tls=0x40, \
             child_tidptr=0x20)",
        ),
        (Compat, "clone", [0x11, 0, 0, 7, 0x20, 9], "clone(child_stack=NULL, flags=SIGCHLD)"),
        (Compat, "lseek", [3, 0xffff_fffb, 1, 9, 9, 9], "lseek(3, -5, SEEK_CUR)"),
        (Compat, "pread64", [3, 0x1000, 16, 5, 1, 9], "pread64(3, 0x1000, 16, 4294967301)"),
        (Compat, "fcntl64", [3, 13, 0x1000, 9, 9, 9], "fcntl64(3, F_SETLK64, 0x1000)"),
        (
            Compat,
            "mmap2",
            [0, 4096, 1, 2, 3, 1],
            "mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x1000)",
        ),
        (Compat, "chown", [0x10, 0xffff, 100, 9, 9, 9], "chown(0x10, -1, 100)"),
        (Compat, "socketcall", [3, 0x1000, 9, 9, 9, 9], "socketcall(SYS_CONNECT, 0x1000)"),
        (Compat, "waitpid", [0xffff_ffff, 0, 1, 9, 9, 9], "waitpid(-1, NULL, WNOHANG)"),
        (Native, "swapon", [0, 0x8003, 9, 9, 9, 9], "swapon(NULL, SWAP_FLAG_PREFER|3)"),
        (Native, "swapon", [0, 7, 9, 9, 9, 9], "swapon(NULL, 7)"),
        (Compat, "kill", [0xffff_fff6, 9, 9, 9, 9, 9], "kill(-10, SIGKILL)"),
    ] {
        assert_eq!(call(abi, syscall, registers), expected);
    }
}

#[test]
fn results_are_printed_as_by_strace() {
    let text = |syscall, registers: [u64; 6], n: u64| {
        let slot = Slot::new(Abi::Native, number(Abi::Native, syscall).unwrap()).unwrap();
        let mut out = String::new();
        result(signature(slot).unwrap().result(registers), n, Abi::Native, &mut out);
        out
    };
    let fcntl = |command, n| text("fcntl", [3, command, 0, 0, 0, 0], n);
    assert_eq!(text("read", [0; 6], 42), "42");
    assert_eq!(text("mmap", [0; 6], 0x7f57_91bd_3000), "0x7f5791bd3000");
    assert_eq!(text("umask", [0; 6], 0o22), "022");
    assert_eq!(text("personality", [0; 6], 0x4_0000), "0x40000 (PER_LINUX|ADDR_NO_RANDOMIZE)");
    assert_eq!(text("personality", [0; 6], 0), "0 (PER_LINUX)");
    assert_eq!(text("adjtimex", [0; 6], 0), "0 (TIME_OK)");
    assert_eq!(text("clock_adjtime", [0; 6], 5), "5 (TIME_ERROR)");
    let query = "0x3 (MEMBARRIER_CMD_GLOBAL|MEMBARRIER_CMD_GLOBAL_EXPEDITED)";
    assert_eq!(text("membarrier", [0; 6], 3), query);
    assert_eq!(text("membarrier", [1, 0, 0, 0, 0, 0], 0), "0");
    assert_eq!(text("sched_getscheduler", [0; 6], 0), "0 (SCHED_OTHER)");
    assert_eq!(text("sched_getscheduler", [0; 6], 3), "3 (SCHED_BATCH)");
    assert_eq!(text("prctl", [3, 0, 0, 0, 0, 0], 1), "1 (SUID_DUMP_USER)");
    let best_effort = "0x4004 (IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4))";
    assert_eq!(text("ioprio_get", [1, 0, 0, 0, 0, 0], 0x4004), best_effort);
    assert_eq!(text("rt_sigtimedwait", [0; 6], 10), "10 (SIGUSR1)");
    assert_eq!(text("time", [0; 6], 1_795_968_394), "1795968394 (2026-11-29T16:06:34+0000)");
    assert_eq!(fcntl(0, 10), "10");
    assert_eq!(fcntl(1, 0), "0");
    assert_eq!(fcntl(1, 1), "0x1 (flags FD_CLOEXEC)");
    assert_eq!(fcntl(3, 0x402), "0x402 (flags O_RDWR|O_APPEND)");
    assert_eq!(fcntl(1025, 2), "0x2 (F_UNLCK)");
}
