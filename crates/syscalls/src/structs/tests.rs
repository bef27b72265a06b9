use std::collections::{BTreeMap, BTreeSet};

use super::{MemberKind, Structure, Structures, TEXT, header, is_one_of, layout::Layout, parse};
use crate::constants::{self, Sets};

const ABIS: [&str; 3] = ["x86_64", "i386", "aarch64"];

fn sets_of(abi: &str) -> &'static Sets {
    Box::leak(Box::new(constants::sets_of(abi)))
}

fn structures_of(abi: &str) -> Structures {
    parse(TEXT, abi, sets_of(abi))
}

#[test]
fn parse_reads_every_line_of_file() {
    for abi in ABIS {
        let (sets, structures) = (sets_of(abi), structures_of(abi));
        let mut layout = None;
        for line in TEXT.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if let Some((abis, name, is_list)) = header(line) {
                let has_abi = abis.is_none_or(|abis| is_one_of(abis, abi));
                assert!(!has_abi || structures.contains_key(name), "{abi} {name}");
                layout = has_abi.then(|| Layout::new(abi, is_list));
            } else if let Some(layout) = &mut layout {
                assert!(layout.line(line, abi, sets, &structures), "{abi}: {line}");
            }
        }
    }
}

#[test]
fn structures_are_unique_within_an_abi() {
    for abi in ABIS {
        let headers = TEXT.lines().filter(|line| !line.starts_with('#')).filter_map(header);
        let headers = headers.filter(|(abis, ..)| abis.is_none_or(|abis| is_one_of(abis, abi)));
        let mut names = BTreeSet::new();
        for (_, name, _) in headers {
            assert!(names.insert(name), "{abi} {name}");
        }
    }
}

/// Structures that the signatures of an ABI refer to.
fn named(abi: &str) -> BTreeSet<&'static str> {
    let table = crate::table::Table::parse(match abi {
        "x86_64" => include_str!("../../tables/x86_64.tsv"),
        "i386" => include_str!("../../tables/i386.tsv"),
        _ => include_str!("../../tables/aarch64.tsv"),
    });
    let functions: BTreeSet<_> = table.rows().flat_map(|(nr, _)| table.functions(nr)).collect();
    let lines =
        include_str!("../../tables/signatures.tsv").lines().filter(|line| !line.starts_with('#'));
    let lines = lines.filter(|line| {
        let head = line.split(['\t', '(']).next().unwrap();
        head.split(',').any(|function| {
            let (line_abi, function) = function.split_once('/').unwrap_or((abi, function));
            line_abi == abi && functions.contains(function)
        })
    });
    let cells = lines.flat_map(|line| line.split('\t').skip(1));
    let kinds = cells.filter_map(|cell| Some(cell.split_once(':')?.1));
    kinds
        .filter_map(|kind| kind.strip_prefix("struct:").or(kind.strip_prefix("sized:")))
        .map(|rest| rest.split(['[', ' ']).next().unwrap())
        .collect()
}

#[test]
fn structures_of_signatures_have_layouts() {
    for abi in ABIS {
        let structures = structures_of(abi);
        let missing: Vec<_> =
            named(abi).into_iter().filter(|name| !structures.contains_key(name)).collect();
        assert_eq!(missing, Vec::<&str>::new(), "{abi}");
    }
}

#[test]
fn conditions_refer_to_members_with_numbers() {
    for abi in ABIS {
        for (name, structure) in structures_of(abi) {
            let bytes = vec![0; structure.size()];
            for member in &structure.members {
                for condition in &member.conditions {
                    let number = structure.number(&bytes, condition.name());
                    assert!(number.is_some(), "{abi} {name}: {}", condition.name());
                }
            }
        }
    }
}

/// Sizes in the kernel's own headers on x86_64 and i386; 0 if the ABI does not have the structure.
const SIZES: &[(&str, usize, usize)] = &[
    ("timespec", 16, 16),
    ("timeval", 16, 8),
    ("timezone", 8, 8),
    ("itimerspec", 32, 32),
    ("itimerval", 32, 16),
    ("utimbuf", 16, 8),
    ("tms", 32, 16),
    ("compat_tms", 0, 16),
    ("timex", 208, 208),
    ("stat", 144, 0),
    ("compat_stat", 0, 64),
    ("stat64", 0, 96),
    ("old_kernel_stat", 32, 32),
    ("statx", 256, 256),
    ("statfs", 120, 64),
    ("compat_statfs", 0, 64),
    ("compat_statfs64", 0, 84),
    ("rusage", 144, 72),
    ("compat_rusage", 0, 72),
    ("sysinfo", 112, 0),
    ("compat_sysinfo", 0, 64),
    ("rlimit", 16, 8),
    ("compat_rlimit", 0, 8),
    ("rlimit64", 16, 16),
    ("new_utsname", 390, 390),
    ("old_utsname", 325, 325),
    ("oldold_utsname", 45, 45),
    ("stack", 24, 12),
    ("sigevent", 64, 0),
    ("compat_sigevent", 0, 64),
    ("siginfo", 128, 128),
    ("compat_siginfo", 0, 128),
    ("pollfd", 8, 8),
    ("epoll_event", 12, 12),
    ("flock", 32, 16),
    ("compat_flock", 0, 16),
    ("compat_flock64", 0, 24),
    ("f_owner_ex", 8, 8),
    ("winsize", 8, 8),
    ("termios", 36, 36),
    ("termios2", 44, 44),
    ("sched_attr", 56, 56),
    ("open_how", 24, 24),
    ("clone_args", 88, 88),
    ("mq_attr", 64, 32),
    ("compat_mq_attr", 0, 32),
    ("ipc_perm", 48, 36),
    ("msqid_ds", 120, 0),
    ("compat_msqid_ds", 0, 88),
    ("semid_ds", 104, 0),
    ("compat_semid_ds", 0, 64),
    ("sembuf", 6, 6),
    ("cap_user_header", 8, 8),
    ("cap_user_data", 12, 12),
    ("user_desc", 16, 16),
    ("mount_attr", 32, 32),
    ("futex_waitv", 24, 24),
    ("io_event", 32, 32),
    ("iocb", 64, 64),
    ("io_uring_params", 120, 120),
    ("kexec_segment", 32, 16),
    ("compat_kexec_segment", 0, 16),
    ("robust_list_head", 24, 12),
    ("compat_robust_list_head", 0, 12),
    ("iovec", 16, 8),
    ("sockaddr_AF_INET", 16, 16),
    ("sockaddr_AF_INET6", 28, 28),
    ("sockaddr_AF_NETLINK", 12, 12),
    ("sockaddr_AF_PACKET", 20, 20),
    ("sockaddr_AF_X25", 18, 18),
    ("sockaddr_AF_NFC", 16, 16),
    ("sockaddr_AF_XDP", 16, 16),
    ("sockaddr_AF_QIPCRTR", 12, 12),
    ("landlock_ruleset_attr", 24, 24),
    ("perf_event_attr", 136, 136),
    ("rseq", 32, 32),
    ("file_handle", 8, 8),
    ("sq_offsets", 40, 40),
    ("cq_offsets", 40, 40),
    ("timespec32", 8, 8),
    ("timeval32", 8, 8),
    ("itimerspec32", 16, 16),
    ("itimerval32", 16, 16),
    ("utimbuf32", 8, 8),
    ("timex32", 128, 128),
    ("sigaction", 32, 20),
    ("compat_sigaction", 0, 20),
    ("compat_old_sigaction", 0, 16),
    ("aio_sigset", 16, 8),
    ("compat_shmid_ds", 0, 84),
    ("sched_param", 4, 4),
    ("ustat", 32, 20),
    ("compat_ustat", 0, 20),
    ("sockaddr_AF_VSOCK", 16, 16),
    ("sockaddr_AF_IPX", 16, 16),
    ("sockaddr_AF_MCTP", 12, 12),
    ("ifreq", 40, 32),
    ("ifconf", 16, 8),
    ("msghdr", 56, 28),
    ("compat_msghdr", 0, 28),
    ("mmsghdr", 64, 32),
    ("compat_mmsghdr", 0, 32),
    ("mnt_id_req", 32, 32),
    ("ns_id_req", 32, 32),
    ("statmount", 512, 512),
    ("xattr_args", 16, 16),
    ("file_attr", 24, 24),
    ("lsm_ctx", 32, 32),
    ("cachestat_range", 16, 16),
    ("cachestat", 40, 40),
    ("fd_set", 128, 128),
    ("sigset", 8, 8),
    ("compat_sel_arg_struct", 0, 20),
    ("mmap_arg_struct32", 0, 24),
    ("getcpu_cache", 128, 64),
    ("termio", 18, 18),
    ("rtc_time", 36, 36),
    ("file_clone_range", 32, 32),
    ("fstrim_range", 24, 24),
    ("loop_info64", 232, 232),
    ("dqblk", 72, 68),
    ("nextdqblk", 72, 72),
    ("dqinfo", 24, 24),
    ("io_uring_getevents_arg", 24, 24),
    ("seccomp_notif_sizes", 6, 6),
    ("sock_fprog", 16, 8),
    ("kcmp_epoll_slot", 12, 12),
    ("landlock_path_beneath_attr", 12, 12),
    ("landlock_net_port_attr", 16, 16),
    ("ptrace_syscall_info", 88, 84),
    ("linger", 8, 8),
    ("ucred", 12, 12),
    ("ip_mreq", 8, 8),
    ("ipv6_mreq", 20, 20),
    ("group_req", 136, 132),
    ("packet_mreq", 16, 16),
    ("tpacket_req", 16, 16),
];

#[test]
fn size_is_that_of_the_kernel() {
    let (native, compat) = (structures_of("x86_64"), structures_of("i386"));
    let size = |structures: &Structures, name| structures.get(name).map_or(0, Structure::size);
    let ours = |name| (name, size(&native, name), size(&compat, name));
    let wrong: Vec<_> =
        SIZES.iter().filter(|row| ours(row.0) != **row).map(|row| (ours(row.0), row)).collect();
    assert_eq!(wrong, []);
}

#[test]
fn size_on_aarch64_differs() {
    let structures = structures_of("aarch64");
    for (name, size) in [("stat", 128), ("epoll_event", 16), ("semid_ds", 88), ("statfs", 120)] {
        assert_eq!(structures[name].size(), size, "{name}");
    }
}

#[test]
fn offsets_follow_c_rules_of_abi() {
    let text = "inner: x\n    a u8\n    b u64\nouter: x\n    a u16\n    i386/only int\n    \
                b struct:inner\n    c u8[3]\n    d hex at:b\n    -e u64 unaligned\n";
    let offsets = |abi: &str| -> Vec<_> {
        let structures: BTreeMap<_, _> = parse(text, abi, sets_of(abi));
        let outer = &structures["outer"];
        let members = outer.members.iter().map(|one| (one.name, one.offset, one.width));
        members.chain([("", outer.size(), 0)]).collect()
    };
    assert_eq!(
        offsets("x86_64"),
        [("a", 0, 2), ("b", 8, 16), ("c", 24, 1), ("d", 8, 8), ("e", 27, 8), ("", 40, 0)]
    );
    assert_eq!(
        offsets("i386"),
        [
            ("a", 0, 2),
            ("only", 4, 4),
            ("b", 8, 12),
            ("c", 20, 1),
            ("d", 8, 4),
            ("e", 23, 8),
            ("", 32, 0)
        ]
    );
}

#[test]
fn number_reads_member_at_its_offset() {
    let structures = parse(
        "s: x\n    a u8\n    b u16\n    c bits:4:8\n    d struct:s\n",
        "x86_64",
        sets_of("x86_64"),
    );
    let s = &structures["s"];
    assert_eq!(s.number(&[1, 0, 0x34, 0x12], "a"), Some(1));
    assert_eq!(s.number(&[1, 0, 0x34, 0x12], "b"), Some(0x1234));
    assert_eq!(s.number(&[1, 0, 0x34, 0x12], "c"), Some(0x23));
    assert_eq!(s.number(&[1, 0, 0x34], "b"), None);
    assert_eq!(s.number(&[1, 0, 0x34, 0x12], "d"), None);
    assert_eq!(s.members().len(), 3, "a structure cannot contain itself");
}

/// strace prints only the address of these.
#[test]
fn opaque_structures_are_those_of_strace() {
    let structures = structures_of("x86_64");
    let opaque = structures.iter().filter(|(_, one)| one.is_opaque()).map(|(name, _)| *name);
    let expected = [
        "bpf_attr",
        "getcpu_cache",
        "ifconf",
        "ifreq",
        "linux_dirent",
        "linux_dirent64",
        "old_utsname",
        "oldold_utsname",
        "robust_list_head",
        "rseq",
        "siginfo_none",
        "statmount",
        "ustat",
    ];
    assert_eq!(opaque.collect::<Vec<_>>(), expected);
}

#[test]
fn parse_skips_malformed_lines() {
    let text = "    a int\ns: x\n    a no_kind\n    b flags:no_set\n    c\n    d int if:\n    \
                e int x\n    f struct:none\n    g int at:none\n    h int[x]\n    i int\n";
    let structures = parse(text, "x86_64", sets_of("x86_64"));
    let names: Vec<_> = structures["s"].members.iter().map(|member| member.name).collect();
    assert_eq!(names, ["i"]);
    assert!(matches!(structures["s"].members[0].kind, MemberKind::Plain(_)));
}
