use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};

use super::{Phase, bpf_attr, count_dirents, structure, structures, wait_status};
use crate::Abi;

const PHASES: [Phase; 2] = [Phase::Entry, Phase::Exit];

fn printed(abi: Abi, name: &str, bytes: &[u8], phase: Phase) -> String {
    let mut out = String::new();
    match (name.strip_suffix("[]"), name.strip_prefix("bpf_attr:")) {
        (Some(name), _) => structures(abi, name, bytes, phase, &mut out),
        (_, Some(command)) => bpf_attr(abi, command.parse().unwrap(), bytes, phase, &mut out),
        _ => structure(abi, name, bytes, phase, &mut out),
    }
    out
}

fn native_text(name: &str, bytes: &[u8]) -> String {
    printed(Abi::Native, name, bytes, Phase::Entry)
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

/// Returns a line of `samples.tsv` that is not printed as strace did, with the text printed instead.
#[cfg(target_arch = "x86_64")]
fn mismatch(line: &str) -> Option<String> {
    let [abi, name, phase, hex, expected] =
        line.split('\t').collect::<Vec<_>>().try_into().unwrap();
    let abi = if abi == "i386" { Abi::Compat } else { Abi::Native };
    let phase = if phase == "exit" { Phase::Exit } else { Phase::Entry };
    let ours = printed(abi, name, &unhex(hex), phase);
    (ours != expected).then(|| format!("{line}\n{ours}"))
}

#[test]
#[cfg(target_arch = "x86_64")]
fn structures_are_printed_as_by_strace() {
    let lines =
        include_str!("../../../tests/samples.tsv").lines().filter(|line| !line.starts_with('#'));
    let wrong: Vec<_> = lines.filter_map(mismatch).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Texts of strace 6.1 for the same numbers.
#[test]
fn wait_status_is_decoded_as_by_strace() {
    for (status, expected) in [
        (0, "[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]"),
        (0x7f00, "[{WIFEXITED(s) && WEXITSTATUS(s) == 127}]"),
        (0x12300, "[{WIFEXITED(s) && WEXITSTATUS(s) == 35}|PTRACE_EVENT_FORK<<16]"),
        (0x80, "[{WIFEXITED(s) && WEXITSTATUS(s) == 0}|0x80]"),
        (9, "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}]"),
        (0x8b, "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}]"),
        (65, "[{WIFSIGNALED(s) && WTERMSIG(s) == 65}]"),
        (0x137f, "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}]"),
        (0x857f, "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP | 0x80}]"),
        (0x227f, "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGRT_2}]"),
        (0x7f, "[{WIFSTOPPED(s) && WSTOPSIG(s) == 0}]"),
        (0x3057f, "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP}|PTRACE_EVENT_CLONE<<16]"),
        (0x8057f, "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP}|0x8 /* PTRACE_EVENT_??? */<<16]"),
        (0xffff, "[{WIFCONTINUED(s)}]"),
        (0x1_ffff, "[0x1ffff]"),
        (0xff, "[0xff]"),
        (
            -16,
            "[{WIFSIGNALED(s) && WTERMSIG(s) == 112 && WCOREDUMP(s)}\
             |0xffff /* PTRACE_EVENT_??? */<<16|0xff00]",
        ),
    ] {
        let mut out = String::new();
        wait_status(status, &mut out);
        assert_eq!(out, expected, "{status:#x}");
    }
}

#[test]
fn structure_with_too_few_bytes_has_complete_members() {
    let bytes = [1; 32];
    assert_eq!(native_text("timespec32", &bytes[..7]), "{tv_sec=16843009, ...}");
    assert_eq!(native_text("timespec32", &bytes[..3]), "{...}");
    assert_eq!(native_text("timespec32", &[]), "{...}");
    assert_eq!(
        native_text("itimerspec32", &bytes[..15]),
        "{it_interval={tv_sec=16843009, tv_nsec=16843009}, ...}"
    );
    assert_eq!(native_text("rlimit64", &bytes[..8]), "{rlim_cur=72340172838076673, ...}");
    assert_eq!(native_text("sockaddr", &bytes[..1]), "<1 bytes: 01>");
    assert_eq!(
        native_text("siginfo", &bytes[..11]),
        "<11 bytes: 01 01 01 01 01 01 01 01 01 01 01>"
    );
}

#[test]
fn structure_of_older_or_newer_size_is_printed() {
    let mut bytes = [0; 48];
    assert_eq!(native_text("file_handle", &bytes[..4]), "{handle_bytes=0}");
    let old = "{flags=0, exit_signal=0, stack=NULL, stack_size=0}";
    let mut args = [0; 96];
    assert_eq!(native_text("clone_args", &args[..64]), old);
    assert_eq!(native_text("clone_args", &args), old);
    args[95] = 1;
    assert_eq!(
        native_text("clone_args", &args),
        "{flags=0, exit_signal=0, stack=NULL, stack_size=0, ...}"
    );
    bytes[8] = 1;
    assert_eq!(
        native_text("landlock_ruleset_attr", &bytes[..16]),
        "{handled_access_fs=0, handled_access_net=LANDLOCK_ACCESS_NET_BIND_TCP}"
    );
}

#[test]
fn unknown_structure_is_printed_as_bytes() {
    for name in ["no_such_structure", "robust_list_head", "compat_stat"] {
        assert_eq!(native_text(name, b"\x01\xff"), "<2 bytes: 01 ff>", "{name}");
    }
    assert_eq!(native_text("no_such_structure[]", b"\x01"), "<1 bytes: 01>");
    assert_eq!(native_text("bpf_attr:99", b"\x01"), "<1 bytes: 01>");
}

#[test]
fn signal_set_of_any_size_is_printed() {
    for (bytes, expected) in [
        (&[][..], "[]"),
        (&[0x02, 0x40][..], "[INT TERM]"),
        (&[0xff, 0xfe, 0xfb, 0xff][..], "~[KILL STOP]"),
        (&[0, 0, 0, 0, 0, 0, 0, 0, 1][..], "[65]"),
    ] {
        assert_eq!(native_text("sigset", bytes), expected);
    }
}

#[test]
fn pollfd_without_events_is_left_out_at_exit() {
    let polled = [3, 0, 0, 0, 1, 0, 0x11, 0, 5, 0, 0, 0, 4, 0, 0, 0];
    let exit = |bytes: &[u8]| printed(Abi::Native, "pollfd[]", bytes, Phase::Exit);
    assert_eq!(exit(&polled), "[{fd=3, revents=POLLIN|POLLHUP}]");
    assert_eq!(exit(&polled[8..]), "[]");
}

#[test]
fn capabilities_joins_both_halves() {
    let words = [0x8000_0001_u32, 0, 0, 0x100, 0, 0xffff_fe00];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    assert_eq!(
        native_text("cap_user_data", &bytes),
        "{effective=1<<CAP_CHOWN|1<<CAP_SETFCAP|1<<CAP_CHECKPOINT_RESTORE, permitted=0, \
         inheritable=0xfffffe0000000000 /* CAP_??? */}"
    );
    assert_eq!(
        native_text("cap_user_data", &bytes[..12]),
        "{effective=1<<CAP_CHOWN|1<<CAP_SETFCAP, permitted=0, inheritable=0}"
    );
}

#[test]
fn count_dirents_counts_incomplete_last_entry() {
    let mut bytes = vec![0; 56];
    bytes[16] = 24;
    bytes[24 + 16] = 32;
    let count = |bytes: &[u8]| count_dirents(Abi::Native, "linux_dirent64", bytes);
    assert_eq!(count(&bytes), 2);
    assert_eq!(count(&bytes[..40]), 1);
    assert_eq!(count(&[]), 0);
    bytes[16] = 0;
    assert_eq!(count(&bytes), 1, "an entry without a length is the last");
    assert_eq!(count_dirents(Abi::Native, "no_such_structure", &bytes), 0);
}

/// Returns every structure, and the names that only code knows.
fn names() -> impl Iterator<Item = (Abi, String)> {
    let commands = (0..40).map(|command| format!("bpf_attr:{command}"));
    let vectors = crate::structure_names(Abi::Compat).map(|name| format!("{name}[]"));
    let plain = Abi::BOTH
        .into_iter()
        .flat_map(|abi| crate::structure_names(abi).map(move |name| (abi, name.to_owned())));
    plain.chain(commands.chain(vectors).map(|name| (Abi::Compat, name)))
}

proptest! {
    // Each case prints every structure.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn structure_of_any_bytes_is_plain_ascii(bytes in vec(any::<u8>(), 0..260), status: i32) {
        for (abi, name) in names() {
            for phase in PHASES {
                let text = printed(abi, &name, &bytes, phase);
                assert!(!text.is_empty() || bytes.is_empty(), "{name}");
                assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{name}: {text}");
            }
            count_dirents(abi, &name, &bytes);
        }
        wait_status(status, &mut String::new());
    }
}

proptest! {
    #[test]
    fn address_and_siginfo_of_any_kind_are_printed(
        bytes in vec(any::<u8>(), 2..140), family in 0..50_u16, signal in 0..70_i32, code in -7..9_i32
    ) {
        for abi in Abi::BOTH {
            let mut address = bytes.clone();
            address[..2].copy_from_slice(&family.to_ne_bytes());
            let text = printed(abi, "sockaddr", &address, Phase::Exit);
            assert!(text.starts_with("{sa_family="), "{text}");
            let mut info = bytes.clone();
            info.resize(128, 0);
            info[..4].copy_from_slice(&signal.to_ne_bytes());
            info[8..12].copy_from_slice(&code.to_ne_bytes());
            let text = printed(abi, "siginfo", &info, Phase::Exit);
            assert!(text.is_ascii() && text.ends_with('}'), "{text}");
        }
    }
}
