use proptest::prelude::{any, proptest};

use super::{Number, register_number, register_value, result};
use crate::{Abi, Kind, Signature, Slot, Width, constant_set, name, number, signature};

const HOSTILE: [u64; 6] = [0, 1, u64::MAX, 0x8000_0000, 0xffff_ffff, 1 << 63];

fn text(kind: Kind, n: u64, abi: Abi) -> String {
    let mut out = String::new();
    register_value(kind, n, abi, &mut out);
    out
}

fn natively(kind: Kind) -> [String; 6] {
    HOSTILE.map(|n| text(kind, n, Abi::Native))
}

fn compat(kind: Kind) -> [String; 6] {
    HOSTILE.map(|n| text(kind, n, Abi::Compat))
}

fn open_flags() -> Kind {
    Kind::Flags(Width::Int, constant_set(Abi::Native, "open").unwrap())
}

#[test]
fn register_value_of_number_has_width_of_kind() {
    let int = ["0", "1", "-1", "-2147483648", "-1", "0"];
    assert_eq!(natively(Kind::Signed(Width::Int)), int);
    assert_eq!(compat(Kind::Signed(Width::Int)), int);
    assert_eq!(compat(Kind::Signed(Width::Long)), int);
    assert_eq!(
        natively(Kind::Signed(Width::Long)),
        ["0", "1", "-1", "2147483648", "4294967295", "-9223372036854775808"]
    );
    let uint = ["0", "1", "4294967295", "2147483648", "4294967295", "0"];
    assert_eq!(natively(Kind::Unsigned(Width::Int)), uint);
    assert_eq!(compat(Kind::Unsigned(Width::Long)), uint);
    assert_eq!(natively(Kind::Unsigned(Width::Long))[2], "18446744073709551615");
    let hex = ["0", "0x1", "0xffffffff", "0x80000000", "0xffffffff", "0"];
    assert_eq!(natively(Kind::Hex(Width::Int)), hex);
    assert_eq!(compat(Kind::Hex(Width::Long)), hex);
    assert_eq!(natively(Kind::Hex(Width::Long))[5], "0x8000000000000000");
}

#[test]
fn register_value_of_id_with_all_bits_is_minus_one() {
    let id = ["0", "1", "-1", "2147483648", "-1", "0"];
    assert_eq!(natively(Kind::Id(Width::Int)), id);
    assert_eq!(compat(Kind::Id(Width::Int)), id);
    assert_eq!(natively(Kind::Id(Width::Short)), ["0", "1", "-1", "0", "-1", "0"]);
    assert_eq!(text(Kind::Id(Width::Short), 0x1_fffe, Abi::Compat), "65534");
}

#[test]
fn register_value_of_flags_prints_unnamed_bits() {
    let all = text(open_flags(), u64::MAX, Abi::Native);
    assert!(all.starts_with("O_ACCMODE|O_CREAT|O_EXCL|O_NOCTTY|"), "{all}");
    assert!(all.ends_with("|O_PATH|O_TMPFILE|FASYNC|0xff80003c"), "{all}");
    assert_eq!(text(open_flags(), 0x1000_0000, Abi::Native), "O_RDONLY|0x10000000");
    assert_eq!(text(open_flags(), 0xffff_ffff_0000_0001, Abi::Native), "O_WRONLY");
    let prot = Kind::Flags(Width::Long, constant_set(Abi::Native, "prot").unwrap());
    assert_eq!(text(prot, 1 << 63 | 1, Abi::Native), "PROT_READ|0x8000000000000000");
    assert_eq!(text(prot, 1 << 63, Abi::Compat), "PROT_NONE");
    let at = Kind::Flags(Width::Int, constant_set(Abi::Native, "at").unwrap());
    assert_eq!(
        natively(at),
        [
            "0",
            "0x1 /* AT_??? */",
            &text(at, 0xffff_ffff, Abi::Native),
            "0x80000000 /* AT_??? */",
            &text(at, u64::MAX, Abi::Native),
            "0"
        ]
    );
}

#[test]
fn register_value_without_name_is_number() {
    let clock = Kind::Enum(Width::Int, constant_set(Abi::Native, "clock").unwrap());
    let hex = [
        "CLOCK_REALTIME",
        "CLOCK_MONOTONIC",
        "0xffffffff /* CLOCK_??? */",
        "0x80000000 /* CLOCK_??? */",
        "0xffffffff /* CLOCK_??? */",
        "CLOCK_REALTIME",
    ];
    assert_eq!(natively(clock), hex);
    assert_eq!(compat(clock), hex);
    assert_eq!(natively(Kind::Signal), ["0", "SIGHUP", "-1", "-2147483648", "-1", "0"]);
    assert_eq!(text(Kind::Signal, 33, Abi::Native), "SIGRT_1");
}

#[test]
fn register_value_of_descriptor_mode_and_address() {
    assert_eq!(natively(Kind::Dirfd), ["0", "1", "-1", "-2147483648", "-1", "0"]);
    for n in [0xffff_ff9c, -100_i64 as u64, 0x1234_ffff_ff9c] {
        assert_eq!(text(Kind::Dirfd, n, Abi::Compat), "AT_FDCWD");
    }
    assert_eq!(natively(Kind::Mode), ["000", "001", "0177777", "000", "0177777", "000"]);
    assert_eq!(text(Kind::Mode, 0o644, Abi::Native), "0644");
    for kind in [Kind::Address, Kind::Path, Kind::String, Kind::Strings, Kind::Struct("stat")] {
        assert_eq!(natively(kind)[..3], ["NULL", "0x1", "0xffffffffffffffff"]);
        assert_eq!(compat(kind), ["NULL", "0x1", "0xffffffff", "0x80000000", "0xffffffff", "NULL"]);
    }
}

#[test]
fn register_number_is_none_for_other_kinds() {
    let number = |kind| register_number(kind, u64::MAX, Abi::Native);
    assert_eq!(number(Kind::Signed(Width::Int)), Some(Number::Signed(-1)));
    assert_eq!(number(Kind::Unsigned(Width::Long)), Some(Number::Unsigned(u64::MAX)));
    assert_eq!(number(Kind::Id(Width::Int)), Some(Number::Signed(-1)));
    for kind in [Kind::Dirfd, Kind::Mode, Kind::Signal, Kind::Address, Kind::Hex(Width::Int)] {
        assert_eq!(number(kind), None);
    }
}

fn call(abi: Abi, syscall: &str, registers: [u64; 6]) -> String {
    let slot = Slot::new(abi, number(abi, syscall).unwrap()).unwrap();
    let texts =
        signature(slot).unwrap().arguments(registers).map(|(one, n)| text(one.kind, n, abi));
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
    agree(Abi::Native, include_str!("../../../tests/strace.txt"));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn compat_calls_are_printed_as_by_strace() {
    agree(Abi::Compat, include_str!("../../../tests/strace32.txt"));
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
            "clone(CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, NULL, 0x20)",
        ),
        (Compat, "open", [0x10, 0x8000, 9, 9, 9, 9], "open(0x10, O_RDONLY|O_LARGEFILE)"),
        (Compat, "clone", [0x11, 0, 0, 7, 0x20, 9], "clone(SIGCHLD, NULL)"),
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
        (Compat, "kill", [0xffff_fff6, 9, 9, 9, 9, 9], "kill(-10, SIGKILL)"),
    ] {
        assert_eq!(call(abi, syscall, registers), expected);
    }
}

proptest! {
    #[test]
    fn register_value_is_never_empty(registers in any::<[u64; 6]>()) {
        for abi in Abi::ALL {
            for slot in (0..512).filter(|&nr| name(abi, nr).is_some()).filter_map(|nr| Slot::new(abi, nr)) {
                for (one, n) in signature(slot).into_iter().flat_map(|known| known.arguments(registers)) {
                    let text = text(one.kind, n, abi);
                    assert!(!text.is_empty() && text.is_ascii(), "{slot} {}: {text:?}", one.name);
                }
            }
        }
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
    assert_eq!(text("sched_getscheduler", [0; 6], 0), "0 (SCHED_OTHER)");
    assert_eq!(text("sched_getscheduler", [0; 6], 3), "3 (SCHED_BATCH)");
    assert_eq!(text("prctl", [3, 0, 0, 0, 0, 0], 1), "1 (SUID_DUMP_USER)");
    let best_effort = "0x4004 (IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4))";
    assert_eq!(text("ioprio_get", [1, 0, 0, 0, 0, 0], 0x4004), best_effort);
    assert_eq!(fcntl(0, 10), "10");
    assert_eq!(fcntl(1, 0), "0");
    assert_eq!(fcntl(1, 1), "0x1 (flags FD_CLOEXEC)");
    assert_eq!(fcntl(3, 0x402), "0x402 (flags O_RDWR|O_APPEND)");
    assert_eq!(fcntl(1025, 2), "0x2 (F_UNLCK)");
}

#[test]
fn register_value_of_device_and_unknown_ioctl() {
    assert_eq!(text(Kind::Device, 0x1234_5678, Abi::Native), "makedev(0x456, 0x12378)");
    assert_eq!(text(Kind::Device, u64::MAX, Abi::Native), "makedev(0xfff, 0xfffff)");
    let commands = Kind::Ioctl(constant_set(Abi::Native, "ioctl").unwrap());
    assert_eq!(text(commands, 0x5499, Abi::Native), "_IOC(_IOC_NONE, 0x54, 0x99, 0)");
    assert_eq!(text(commands, 0x8fff_ffff, Abi::Native), "_IOC(_IOC_READ, 0xff, 0xff, 0xfff)");
    assert_eq!(text(commands, 0x4000_0000, Abi::Native), "_IOC(_IOC_WRITE, 0, 0, 0)");
    assert_eq!(text(commands, 0x5402, Abi::Native), "SNDCTL_TMR_START or TCSETS");
}

proptest! {
    #[test]
    fn result_of_any_call_is_never_empty(registers in any::<[u64; 6]>(), n in any::<u64>()) {
        for abi in Abi::ALL {
            for slot in (0..512).filter_map(|nr| Slot::new(abi, nr)) {
                let Some(known) = signature(slot) else { continue };
                let mut out = String::new();
                result(known.result(registers), n, abi, &mut out);
                assert!(!out.is_empty() && out.is_ascii(), "{slot}: {out:?}");
            }
        }
    }

    /// Random registers seldom match a case, so the test makes each case match.
    #[test]
    fn register_value_of_any_case_is_never_empty(registers in any::<[u64; 6]>()) {
        for abi in Abi::ALL {
            for slot in (0..512).filter_map(|nr| Slot::new(abi, nr)) {
                for case in signature(slot).into_iter().flat_map(Signature::cases) {
                    let mut registers = registers;
                    for test in case.tests() {
                        let Some(bits) = test.any.first() else { continue };
                        let register = &mut registers[usize::from(test.parameter)];
                        *register = *register & !bits.mask | bits.value;
                    }
                    assert!(case.matches(registers) || case.tests().iter().any(|one| one.any.is_empty()));
                    for (one, n) in signature(slot).unwrap().arguments(registers) {
                        let text = text(one.kind, n, abi);
                        assert!(!text.is_empty() && text.is_ascii(), "{slot} {}: {text:?}", one.name);
                    }
                }
            }
        }
    }
}
