use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};

use super::{Side, bpf_attr, dirents, structure, structures, wait_status};
use crate::Abi;

const SIDES: [Side; 2] = [Side::Entry, Side::Exit];

fn told(abi: Abi, name: &str, bytes: &[u8], side: Side) -> String {
    let mut out = String::new();
    match (name.strip_suffix("[]"), name.strip_prefix("bpf_attr:")) {
        (Some(name), _) => structures(abi, name, bytes, side, &mut out),
        (_, Some(command)) => bpf_attr(abi, command.parse().unwrap(), bytes, side, &mut out),
        _ => structure(abi, name, bytes, side, &mut out),
    }
    out
}

fn natively(name: &str, bytes: &[u8]) -> String {
    told(Abi::Native, name, bytes, Side::Entry)
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

/// A line of `samples.tsv` that is not as strace printed it, and what it is instead.
#[cfg(target_arch = "x86_64")]
fn is_wrong(line: &str) -> Option<String> {
    let [abi, name, side, hex, expected] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
    let abi = if abi == "i386" { Abi::Compat } else { Abi::Native };
    let side = if side == "exit" { Side::Exit } else { Side::Entry };
    let ours = told(abi, name, &unhex(hex), side);
    (ours != expected).then(|| format!("{line}\n{ours}"))
}

#[test]
#[cfg(target_arch = "x86_64")]
fn structures_are_printed_as_strace_prints_them() {
    let lines =
        include_str!("../../../tests/samples.tsv").lines().filter(|line| !line.starts_with('#'));
    let wrong: Vec<_> = lines.filter_map(is_wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Printed by strace 6.1 for the same numbers.
#[test]
fn the_status_of_a_child_is_taken_apart() {
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
fn bytes_that_end_too_early_give_the_whole_members() {
    let bytes = [1; 32];
    assert_eq!(natively("timespec32", &bytes[..7]), "{tv_sec=16843009, ...}");
    assert_eq!(natively("timespec32", &bytes[..3]), "{...}");
    assert_eq!(natively("timespec32", &[]), "{...}");
    assert_eq!(
        natively("itimerspec32", &bytes[..15]),
        "{it_interval={tv_sec=16843009, tv_nsec=16843009}, ...}"
    );
    assert_eq!(natively("rlimit64", &bytes[..8]), "{rlim_cur=72340172838076673, ...}");
    assert_eq!(natively("sockaddr", &bytes[..1]), "<1 bytes: 01>");
    assert_eq!(natively("siginfo", &bytes[..11]), "<11 bytes: 01 01 01 01 01 01 01 01 01 01 01>");
}

#[test]
fn an_older_form_is_whole_and_a_newer_one_has_more() {
    let mut bytes = [0; 48];
    assert_eq!(natively("file_handle", &bytes[..4]), "{handle_bytes=0}");
    let old = "{flags=0, exit_signal=0, stack=NULL, stack_size=0}";
    let mut args = [0; 96];
    assert_eq!(natively("clone_args", &args[..64]), old);
    assert_eq!(natively("clone_args", &args), old);
    args[95] = 1;
    assert_eq!(
        natively("clone_args", &args),
        "{flags=0, exit_signal=0, stack=NULL, stack_size=0, ...}"
    );
    bytes[8] = 1;
    assert_eq!(
        natively("landlock_ruleset_attr", &bytes[..16]),
        "{handled_access_fs=0, handled_access_net=LANDLOCK_ACCESS_NET_BIND_TCP}"
    );
}

#[test]
fn what_is_not_known_is_told_as_bytes() {
    for name in ["no_such_structure", "robust_list_head", "compat_stat"] {
        assert_eq!(natively(name, b"\x01\xff"), "<2 bytes: 01 ff>", "{name}");
    }
    assert_eq!(natively("no_such_structure[]", b"\x01"), "<1 bytes: 01>");
    assert_eq!(natively("bpf_attr:99", b"\x01"), "<1 bytes: 01>");
}

#[test]
fn signal_sets_have_any_size() {
    for (bytes, expected) in [
        (&[][..], "[]"),
        (&[0x02, 0x40][..], "[INT TERM]"),
        (&[0xff, 0xfe, 0xfb, 0xff][..], "~[KILL STOP]"),
        (&[0, 0, 0, 0, 0, 0, 0, 0, 1][..], "[65]"),
    ] {
        assert_eq!(natively("sigset", bytes), expected);
    }
}

#[test]
fn of_descriptors_only_those_come_back_of_which_something_came() {
    let polled = [3, 0, 0, 0, 1, 0, 0x11, 0, 5, 0, 0, 0, 4, 0, 0, 0];
    let exit = |bytes: &[u8]| told(Abi::Native, "pollfd[]", bytes, Side::Exit);
    assert_eq!(exit(&polled), "[{fd=3, revents=POLLIN|POLLHUP}]");
    assert_eq!(exit(&polled[8..]), "[]");
}

#[test]
fn both_halves_of_the_capabilities_are_one_set() {
    let words = [0x8000_0001_u32, 0, 0, 0x100, 0, 0xffff_fe00];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    assert_eq!(
        natively("cap_user_data", &bytes),
        "{effective=1<<CAP_CHOWN|1<<CAP_SETFCAP|1<<CAP_CHECKPOINT_RESTORE, permitted=0, \
         inheritable=0xfffffe0000000000 /* CAP_??? */}"
    );
    assert_eq!(
        natively("cap_user_data", &bytes[..12]),
        "{effective=1<<CAP_CHOWN|1<<CAP_SETFCAP, permitted=0, inheritable=0}"
    );
}

#[test]
fn entries_of_a_directory_are_counted() {
    let mut bytes = vec![0; 56];
    bytes[16] = 24;
    bytes[24 + 16] = 32;
    let count = |bytes: &[u8]| dirents(Abi::Native, "linux_dirent64", bytes);
    assert_eq!(count(&bytes), 2);
    assert_eq!(count(&bytes[..40]), 1);
    assert_eq!(count(&[]), 0);
    bytes[16] = 0;
    assert_eq!(count(&bytes), 1, "one without a length is the last");
    assert_eq!(dirents(Abi::Native, "no_such_structure", &bytes), 0);
}

/// Every structure of that ABI, and those that only code knows.
fn names() -> impl Iterator<Item = (Abi, String)> {
    let commands = (0..40).map(|command| format!("bpf_attr:{command}"));
    let vectors = crate::structure_names(Abi::Compat).map(|name| format!("{name}[]"));
    let plain = Abi::ALL
        .into_iter()
        .flat_map(|abi| crate::structure_names(abi).map(move |name| (abi, name.to_owned())));
    plain.chain(commands.chain(vectors).map(|name| (Abi::Compat, name)))
}

proptest! {
    // Each case tells every structure there is.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_bytes_are_told_in_plain_text(bytes in vec(any::<u8>(), 0..260), status: i32) {
        for (abi, name) in names() {
            for side in SIDES {
                let text = told(abi, &name, &bytes, side);
                assert!(!text.is_empty() || bytes.is_empty(), "{name}");
                assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{name}: {text}");
            }
            dirents(abi, &name, &bytes);
        }
        wait_status(status, &mut String::new());
    }
}

proptest! {
    #[test]
    fn addresses_and_signals_of_every_kind_are_told(
        bytes in vec(any::<u8>(), 2..140), family in 0..50_u16, signal in 0..70_i32, code in -7..9_i32
    ) {
        for abi in Abi::ALL {
            let mut address = bytes.clone();
            address[..2].copy_from_slice(&family.to_ne_bytes());
            let text = told(abi, "sockaddr", &address, Side::Exit);
            assert!(text.starts_with("{sa_family="), "{text}");
            let mut info = bytes.clone();
            info.resize(128, 0);
            info[..4].copy_from_slice(&signal.to_ne_bytes());
            info[8..12].copy_from_slice(&code.to_ne_bytes());
            let text = told(abi, "siginfo", &info, Side::Exit);
            assert!(text.is_ascii() && text.ends_with('}'), "{text}");
        }
    }
}
