//! Registers in the kernel's reading: numbers within flags, names of the call's own set, the width that the kernel
//! takes.

use super::strace::call;
use super::*;

fn natively(syscall: &str, registers: [u64; 6]) -> String {
    call(Abi::Native, syscall, registers)
}

/// do_mount (fs/namespace.c) drops the magic, so type and data are those of a new mount.
#[test]
fn mount_with_magic_has_type_and_data() {
    let mount = |flags| natively("mount", [1, 2, 3, flags, 4, 0]);
    assert_eq!(mount(0xc0ed_0000), "mount(0x1, 0x2, 0x3, MS_MGC_VAL, 0x4)");
    assert_eq!(mount(0xc0ed_0001), "mount(0x1, 0x2, 0x3, MS_MGC_VAL|MS_RDONLY, 0x4)");
    let parameters = |flags| {
        let slot = Slot::new(Abi::Native, number(Abi::Native, "mount").unwrap()).unwrap();
        let all = signature(slot).unwrap().arguments([1, 2, 3, flags, 4, 0]);
        all.map(|(one, _)| one.memory.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(parameters(0xc0ed_0000), [true, true, true, false, true]);
    assert_eq!(parameters(0xc0ed_1000), [true, true, false, false, false]);
    assert_eq!(parameters(0x4_0000), [true, true, false, false, false]);
}

#[test]
fn quotactl_without_command_has_no_name_of_type() {
    let quotactl = |command| natively("quotactl", [command, 0, 0, 0, 0, 0]);
    assert!(quotactl(0).starts_with("quotactl(QCMD(0 /* Q_??? */, USRQUOTA), "), "{}", quotactl(0));
    assert!(quotactl(1).starts_with("quotactl(QCMD(0 /* Q_??? */, GRPQUOTA), "), "{}", quotactl(1));
}

/// prctl compares all 64 bits of these.
#[test]
fn prctl_prints_register_in_full() {
    let prctl = |option, argument| natively("prctl", [option, argument, 0, 0, 0, 0]);
    assert_eq!(prctl(1, 9), "prctl(PR_SET_PDEATHSIG, SIGKILL)");
    assert_eq!(prctl(1, 0x1_0000_0009), "prctl(PR_SET_PDEATHSIG, 0x100000009)");
    assert_eq!(prctl(4, 1), "prctl(PR_SET_DUMPABLE, SUID_DUMP_USER)");
    let unknown = "prctl(PR_SET_DUMPABLE, 0x100000001 /* SUID_DUMP_??? */)";
    assert_eq!(prctl(4, 0x1_0000_0001), unknown);
}

/// These take 32 bits of a register, or the whole of it as a number without a sign.
#[test]
fn numbers_have_width_and_sign_of_the_kernel() {
    let (high, all) = (0xfeed_0000_0000_0003, u64::MAX);
    for (call, expected) in [
        (
            natively("prctl", [62, high - 1, high, high - 1, 8, 0]),
            "prctl(PR_SCHED_CORE, PR_SCHED_CORE_SHARE_TO, 3, PR_SCHED_CORE_SCOPE_PROCESS_GROUP, 0x8)",
        ),
        (
            natively("prctl", [6, high, 0, 0, 0, 0]),
            "prctl(PR_SET_UNALIGN, PR_UNALIGN_NOPRINT|PR_UNALIGN_SIGBUS)",
        ),
        (
            natively("prctl", [29, all, 0, 0, 0, 0]),
            "prctl(PR_SET_TIMERSLACK, 18446744073709551615)",
        ),
        (natively("ioctl", [1, 0x4c00, high, 0, 0, 0]), "ioctl(1, LOOP_SET_FD, 3)"),
        (natively("kcmp", [1, 2, 0, all, high, 0]), "kcmp(1, 2, KCMP_FILE, -1, 3)"),
        (
            natively("rseq", [0, 32, high - 2, 5, 0, 0]),
            "rseq(NULL, 0x20, RSEQ_FLAG_UNREGISTER, 0x5)",
        ),
        (natively("keyctl", [0, 1, all, 0, 0, 0]), "keyctl(KEYCTL_GET_KEYRING_ID, 1, -1)"),
        (natively("keyctl", [32, 1, high, all, 0, 0]), "keyctl(KEYCTL_WATCH_KEY, 1, 3, -1)"),
        (
            natively("mremap", [0x1000, 1, 2, 5, 0x2000, 0]),
            "mremap(0x1000, 1, 2, MREMAP_MAYMOVE|MREMAP_DONTUNMAP, 0x2000)",
        ),
        (natively("mremap", [0x1000, 1, 2, 1, 0x2000, 0]), "mremap(0x1000, 1, 2, MREMAP_MAYMOVE)"),
        (call(Abi::Compat, "readdir", [3, 0, 7, 0, 0, 0]), "readdir(3, NULL)"),
        (natively("ioctl", [1, 0x2402, high, 0, 0, 0]), "ioctl(1, PERF_EVENT_IOC_REFRESH, 3)"),
        (natively("ioctl", [1, 0x1262, all, 0, 0, 0]), "ioctl(1, BLKRASET, 18446744073709551615)"),
    ] {
        assert_eq!(call, expected);
    }
}

/// The mode is an unsigned short.
#[test]
fn mknod_prints_sixteen_bits_of_mode() {
    let mknod = natively("mknod", [1, 0xdead_0000 | 0o100_644, 0, 0, 0, 0]);
    assert_eq!(mknod, "mknod(0x1, S_IFREG|0644)");
}

/// The kernel takes the mode, and then refuses the flags.
#[test]
fn open_of_tmpfile_without_directory_has_mode() {
    let open = natively("open", [1, 0x40_0000, 0o600, 0, 0, 0]);
    assert!(open.ends_with(", 0600)"), "{open}");
}

#[test]
fn flags_have_names_of_their_call() {
    for (syscall, at, bits, expected) in [
        ("fchmodat2", 3, 0x1100, "AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH"),
        ("fchmodat2", 3, 0x200, "0x200 /* AT_??? */"),
        ("execveat", 4, 0x1_0000, "AT_EXECVE_CHECK"),
        ("execveat", 4, 0x200, "0x200 /* AT_??? */"),
        ("unlinkat", 2, 0x200, "AT_REMOVEDIR"),
        ("unlinkat", 2, 0x1_0000, "0x10000 /* AT_??? */"),
        ("linkat", 4, 0x400, "AT_SYMLINK_FOLLOW"),
        ("fchownat", 4, 0x400, "0x400 /* AT_??? */"),
        ("newfstatat", 3, 0x2800, "AT_STATX_FORCE_SYNC|AT_NO_AUTOMOUNT"),
        ("mount_setattr", 2, 0x8000, "AT_RECURSIVE"),
        ("move_pages", 5, 1, "0x1 /* MPOL_MF_??? */"),
        ("mbind", 5, 1, "MPOL_MF_STRICT"),
        ("fsmount", 2, 0x10_0000, "0x100000 /* MOUNT_ATTR_??? */"),
        ("fanotify_mark", 1, 0x110, "FAN_MARK_MNTNS"),
        ("futex_wake", 3, 0x83, "FUTEX2_SIZE_U64|FUTEX2_PRIVATE"),
    ] {
        let mut registers = [0; 6];
        registers[at] = bits;
        let slot = Slot::new(Abi::Native, number(Abi::Native, syscall).unwrap()).unwrap();
        let found = signature(slot).unwrap().with_positions(registers);
        let (_, one, n) = found.into_iter().find(|(nth, ..)| usize::from(*nth) == at).unwrap();
        assert_eq!(text(one.kind, n, Abi::Native), expected, "{syscall}");
    }
}
