use proptest::prelude::{any, proptest};
use syscalls::{Abi, Value};

use super::{Context, exact, is_absolute, number, short};
use crate::handlers::FieldKind;

const NATIVE: Context = Context { abi: Abi::Native, absolute: false };
const ABSOLUTE: Context = Context { abi: Abi::Native, absolute: true };
const COMPAT: Context = Context { abi: Abi::Compat, absolute: false };

const KINDS: [FieldKind; 11] = [
    FieldKind::Text,
    FieldKind::Texts,
    FieldKind::Unsigned,
    FieldKind::Signed,
    FieldKind::Hex,
    FieldKind::Dirfd,
    FieldKind::AtFlags,
    FieldKind::Clock,
    FieldKind::TimerFlags,
    FieldKind::Times,
    FieldKind::Sigevent,
];

fn exactly(kind: FieldKind, value: Value) -> String {
    let mut out = String::new();
    exact(kind, value, NATIVE, &mut out);
    out
}

fn shortly(kind: FieldKind, value: Value, context: Context) -> String {
    let mut out = String::new();
    short(kind, value, context, 200, &mut out);
    out
}

fn words(words: &[i64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

fn ints(ints: &[i32]) -> Vec<u8> {
    ints.iter().flat_map(|int| int.to_ne_bytes()).collect()
}

/// The expectations of this table were printed by strace 6.1 for the same arguments.
#[test]
fn exact_number_is_printed_as_by_strace() {
    for (kind, n, expected) in [
        (FieldKind::Unsigned, u64::MAX, "18446744073709551615"),
        (FieldKind::Signed, 0xffff_ffff, "-1"),
        (FieldKind::Signed, 0x7_0000_0005, "5"),
        (FieldKind::Hex, 0, "0"),
        (FieldKind::Hex, 0x1f, "0x1f"),
        (FieldKind::Dirfd, 0xffff_ff9c, "AT_FDCWD"),
        (FieldKind::Dirfd, (-100_i64) as u64, "AT_FDCWD"),
        (FieldKind::Dirfd, 7, "7"),
        (FieldKind::AtFlags, 0, "0"),
        (FieldKind::AtFlags, 0x1100, "AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH"),
        (FieldKind::AtFlags, 0x1_3000, "AT_EMPTY_PATH|AT_EXECVE_CHECK|0x2000"),
        (FieldKind::AtFlags, 0x40, "0x40 /* AT_??? */"),
        (FieldKind::TimerFlags, 0, "0"),
        (FieldKind::TimerFlags, 1, "TIMER_ABSTIME"),
        (FieldKind::TimerFlags, 3, "TIMER_ABSTIME|0x2"),
        (FieldKind::TimerFlags, 2, "0x2 /* TIMER_??? */"),
        (FieldKind::Clock, 7, "CLOCK_BOOTTIME"),
        (FieldKind::Clock, 11, "CLOCK_TAI"),
        (FieldKind::Clock, 77, "0x4d /* CLOCK_??? */"),
        (FieldKind::Clock, 0xffff_fffa, "0xfffffffa /* CLOCK_??? */"),
        (FieldKind::Text, 0, "NULL"),
        (FieldKind::Times, 0x1000, "0x1000"),
    ] {
        assert_eq!(exactly(kind, Value::Number(n)), expected, "{kind:?}");
    }
}

#[test]
fn short_clock_of_task_is_explained() {
    for (id, expected) in [
        (1, "CLOCK_MONOTONIC"),
        (-6, "the process's CPU clock"),
        (-2, "the thread's CPU clock"),
        (!(123 << 3) & !7 | 2, "the CPU clock of process 123"),
        (!(123 << 3) & !7 | 6, "the CPU clock of thread 123"),
        (!(5 << 3) & !7 | 3, "the clock of descriptor 5"),
        (-1, "0xffffffff /* CLOCK_??? */"),
    ] {
        assert_eq!(shortly(FieldKind::Clock, Value::Number(id as u64), NATIVE), expected);
    }
}

#[test]
fn exact_times_have_width_of_their_size() {
    let expected = "{it_interval={tv_sec=0, tv_nsec=0}, it_value={tv_sec=1, tv_nsec=500000000}}";
    let wide = words(&[0, 0, 1, 500_000_000]);
    assert_eq!(exactly(FieldKind::Times, Value::Bytes(&wide)), expected);
    let narrow = ints(&[0, 0, 1, 500_000_000]);
    assert_eq!(exactly(FieldKind::Times, Value::Bytes(&narrow)), expected);
    assert_eq!(exactly(FieldKind::Times, Value::Bytes(b"\x01\xff")), "<2 bytes: 01 ff>");
}

#[test]
fn short_times_of_compat_process_ignore_padding() {
    let padded = words(&[0, 0, 1, (7 << 32) | 500_000_000]);
    assert_eq!(shortly(FieldKind::Times, Value::Bytes(&padded), COMPAT), "once in 1.5 s");
    let native = shortly(FieldKind::Times, Value::Bytes(&padded), NATIVE);
    assert!(native.ends_with("it_value={tv_sec=1, tv_nsec=30564771072}}"), "{native}");
}

#[test]
fn short_times_are_words() {
    for (times, context, expected) in [
        ([2, 0, 1, 500_000_000], NATIVE, "first in 1.5 s, then every 2 s"),
        ([0, 0, 0, 250_000_000], NATIVE, "once in 250 ms"),
        ([0, 10_500, 0, 7], NATIVE, "first in 7 ns, then every 10.5 us"),
        ([0, 0, 1_700_000_000, 1], ABSOLUTE, "once at 1700000000.000000001 s"),
        ([0, 0, 0, 0], ABSOLUTE, "disarmed"),
        ([5, 0, 0, 0], NATIVE, "disarmed"),
        (
            [0, 0, -1, 0],
            NATIVE,
            "{it_interval={tv_sec=0, tv_nsec=0}, it_value={tv_sec=-1, tv_nsec=0}}",
        ),
    ] {
        assert_eq!(shortly(FieldKind::Times, Value::Bytes(&words(&times)), context), expected);
    }
    assert!(is_absolute(FieldKind::TimerFlags, Value::Number(1)));
    assert!(!is_absolute(FieldKind::TimerFlags, Value::Number(2)));
    assert!(!is_absolute(FieldKind::Signed, Value::Number(1)));
}

/// Value, signal, kind and thread; printed by strace 6.1 for the same structures, but for the function
/// of SIGEV_THREAD, which the kernel does not read.
#[test]
fn sigevent_is_printed_by_its_kind() {
    for (parts, expected, short) in [
        (
            [7, 0, 10, 0, 0],
            "{sigev_value={sival_int=7, sival_ptr=0x7}, sigev_signo=SIGUSR1, sigev_notify=SIGEV_SIGNAL}",
            "SIGUSR1",
        ),
        (
            [0, 0, 10, 4, 99],
            "{sigev_signo=SIGUSR1, sigev_notify=SIGEV_THREAD_ID, sigev_notify_thread_id=99}",
            "SIGUSR1 to thread 99",
        ),
        ([0, 0, 10, 1, 0], "{sigev_signo=10, sigev_notify=SIGEV_NONE}", "no signal"),
        ([0, 0, 40, 0, 0], "{sigev_signo=SIGRT_8, sigev_notify=SIGEV_SIGNAL}", "SIGRT_8"),
        ([0, 0, 32, 0, 0], "{sigev_signo=SIGRTMIN, sigev_notify=SIGEV_SIGNAL}", "SIGRTMIN"),
        ([0, 0, 70, 2, 0], "{sigev_signo=70, sigev_notify=SIGEV_THREAD}", "70"),
        (
            [0, 0, 40, 9, 0],
            "{sigev_signo=40, sigev_notify=0x9 /* SIGEV_??? */}",
            "{sigev_signo=40, sigev_notify=0x9 /* SIGEV_??? */}",
        ),
    ] {
        let bytes = ints(&parts);
        assert_eq!(exactly(FieldKind::Sigevent, Value::Bytes(&bytes)), expected);
        assert_eq!(shortly(FieldKind::Sigevent, Value::Bytes(&bytes), NATIVE), short);
    }
}

#[test]
fn exact_sigevent_of_32_bits_has_narrow_value() {
    let bytes = ints(&[-1, 14, 4, 77]);
    assert_eq!(
        exactly(FieldKind::Sigevent, Value::Bytes(&bytes)),
        "{sigev_value={sival_int=-1, sival_ptr=0xffffffff}, sigev_signo=SIGALRM, \
         sigev_notify=SIGEV_THREAD_ID, sigev_notify_thread_id=77}"
    );
}

#[test]
fn number_is_none_for_other_kinds() {
    assert_eq!(number(FieldKind::Signed, Value::Number(u64::MAX)), Some(super::Number::Signed(-1)));
    assert_eq!(number(FieldKind::Unsigned, Value::Number(3)), Some(super::Number::Unsigned(3)));
    assert_eq!(number(FieldKind::Hex, Value::Number(3)), None);
    assert_eq!(number(FieldKind::Unsigned, Value::Bytes(b"3")), None);
}

proptest! {
    #[test]
    fn any_value_of_any_kind_is_printable(bytes: Vec<u8>, n in any::<u64>()) {
        for kind in KINDS {
            for value in [Value::Number(n), Value::Text(&bytes), Value::Bytes(&bytes)] {
                for context in [NATIVE, ABSOLUTE, COMPAT] {
                    assert!(!shortly(kind, value, context).is_empty());
                    let text = exactly(kind, value);
                    assert!(!text.chars().any(char::is_control), "{text}");
                }
            }
        }
    }

    #[test]
    fn random_structure_is_rendered(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
        for size in [16, 20, 32, 64] {
            if let Some(bytes) = bytes.get(..size) {
                exactly(FieldKind::Times, Value::Bytes(bytes));
                exactly(FieldKind::Sigevent, Value::Bytes(bytes));
            }
        }
    }
}
