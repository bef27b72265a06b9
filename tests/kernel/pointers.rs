//! Memory behind a second pointer: of a structure that an argument points to, or of arguments that are in memory.

use syscalls::{Abi, Part, Status, notation};
use tailcalld::decode::Event;

use crate::memory::event_of;
#[cfg(target_arch = "x86_64")]
use crate::memory::{route_of, with_result};
#[cfg(target_arch = "x86_64")]
use crate::rig::lacks_function;
use crate::rig::{Rig, rig, slot};

/// `name(argument, argument)`.
pub fn text(event: &Event<'_>, name: &str) -> String {
    let mut out = event.display_name().unwrap_or(name).to_owned();
    let call = event.known_call().expect("a known syscall");
    for (at, one) in call.arguments().enumerate() {
        out.push_str(if at == 0 { "(" } else { ", " });
        notation::argument_with_memory(&one, &mut out);
    }
    out + ")"
}

/// Compares the text of the call that the trigger makes with these arguments.
#[track_caller]
fn assert_text(rig: &Rig, abi: Abi, name: &str, args: &[&str], expected: &str) {
    let nr = slot(abi, name).nr().to_string();
    let abi = if abi == Abi::Native { "native" } else { "compat" };
    event_of(rig, &[&[abi, &nr], args].concat(), |event| assert_eq!(text(event, name), expected));
}

#[test]
fn args_captures_signal_mask_behind_structure() {
    needs_root!();
    let rig = rig(&[(slot(Abi::Native, "pselect6"), "args")]);
    for (mask, expected) in [
        ("nested:words:0x10000;8", "{sigmask=[CHLD], sigsetsize=8}"),
        ("nested:0;8", "{sigmask=NULL, sigsetsize=8}"),
        ("nested:4096;8", "{sigmask=0x1000, sigsetsize=8}"),
        ("4096", "0x1000"),
        ("0", "NULL"),
    ] {
        let expected =
            format!("pselect6(0, NULL, NULL, NULL, {{tv_sec=0, tv_nsec=0}}, {expected})");
        let args = ["0", "0", "0", "0", "words:0,0", mask];
        assert_text(&rig, Abi::Native, "pselect6", &args, &expected);
    }
}

#[test]
fn args_inner_memory_that_is_unreadable_makes_the_argument_unreadable() {
    needs_root!();
    let rig = rig(&[(slot(Abi::Native, "pselect6"), "args")]);
    let nr = slot(Abi::Native, "pselect6").nr().to_string();
    for (mask, is_unreadable) in [("nested:4096;8", true), ("nested:words:1;8", false)] {
        event_of(&rig, &["native", &nr, "0", "0", "0", "0", "words:0,0", mask], |event| {
            let call = event.known_call().expect("a known syscall");
            assert_eq!(call.arguments().last().unwrap().is_unreadable(), is_unreadable);
            let inner = event.captures.of(16).first().map(|one| one.status);
            assert_eq!(inner == Some(Status::Ok), !is_unreadable);
        });
    }
}

#[test]
fn args_flag_decides_on_structure_with_pointers() {
    needs_root!();
    let rig = rig(&[(slot(Abi::Native, "io_uring_enter"), "args")]);
    for (args, expected) in [
        (
            ["8", "nested:words:0x10000;8;words:1,2", "24"],
            "IORING_ENTER_EXT_ARG, {sigmask=[CHLD], sigmask_sz=8, ts={tv_sec=1, tv_nsec=2}}, 24",
        ),
        // A set of signals, which is an address by chance.
        (["0", "nested:words:0x10000", "8"], "0, "),
    ] {
        let [flags, argp, size] = args;
        let nr = slot(Abi::Native, "io_uring_enter").nr().to_string();
        event_of(&rig, &["native", &nr, "-1", "0", "0", flags, argp, size], |event| {
            let text = text(event, "io_uring_enter");
            assert!(text.starts_with(&format!("io_uring_enter(-1, 0, 0, {expected}")), "{text}");
            assert_eq!(event.captures.iter().any(|one| one.index >= 16), flags == "8");
        });
    }
}

#[test]
fn args_captures_signal_mask_of_io_pgetevents() {
    needs_root!();
    let rig = rig(&[(slot(Abi::Native, "io_pgetevents"), "args")]);
    let args = ["0", "1", "1", "0", "0", "nested:words:0x10000;8"];
    let expected = "io_pgetevents(NULL, 1, 1, NULL, NULL, {sigmask=[CHLD], sigsetsize=8})";
    assert_text(&rig, Abi::Native, "io_pgetevents", &args, expected);
}

/// `pwrite` of 3 bytes to descriptor 7, which does not exist, at 1.
const IOCB: &str = "words:0x5,0x0,0x700000001,4096,3,1,0,0";

#[test]
fn args_captures_structures_behind_vector_of_pointers() {
    needs_root!();
    let rig = rig(&[(slot(Abi::Native, "io_submit"), "args")]);
    let printed = "{aio_data=0x5, aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=7, aio_buf=0x1000, \
                   aio_nbytes=3, aio_offset=1}";
    let poll = "words:0,0,0x300000005,1,0,0,0,0";
    let polled = "{aio_data=0, aio_lio_opcode=IOCB_CMD_POLL, aio_fildes=3, aio_buf=0x1}";
    for (count, vector, expected) in [
        ("1", format!("nested:{IOCB}"), format!("[{printed}]")),
        ("2", format!("nested:{IOCB};{poll}"), format!("[{printed}, {polled}]")),
        ("3", format!("nested:4096;0;{IOCB}"), format!("[0x1000, NULL, {printed}]")),
        ("0", format!("nested:{IOCB}"), "[]".to_owned()),
        ("1", "4096".to_owned(), "0x1000".to_owned()),
    ] {
        let expected = format!("io_submit(NULL, {count}, {expected})");
        assert_text(&rig, Abi::Native, "io_submit", &["0", count, &vector], &expected);
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn args_captures_structures_behind_vector_of_short_pointers() {
    needs_root!();
    let rig = rig(&[(slot(Abi::Compat, "io_submit"), "args")]);
    let printed = "{aio_data=0x5, aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=7, aio_buf=0x1000, \
                   aio_nbytes=3, aio_offset=1}";
    let expected = format!("io_submit(NULL, 2, [{printed}, 0x1000])");
    let args = ["0", "2", &format!("nested32:{IOCB};4096")];
    assert_text(&rig, Abi::Compat, "io_submit", &args, &expected);
}

/// More structures than an event has room for.
#[test]
fn args_long_vector_of_pointers_is_marked() {
    needs_root!();
    let rig = rig(&[(slot(Abi::Native, "io_submit"), "args")]);
    let nr = slot(Abi::Native, "io_submit").nr().to_string();
    let vector = format!("nested:{}", [IOCB; 200].join(";"));
    event_of(&rig, &["native", &nr, "0", "200", &vector], |event| {
        let structures = event.captures.iter().filter(|one| one.part == Part::Buffer).count();
        assert_eq!(structures, 128);
        let call = event.known_call().expect("a known syscall");
        assert!(call.arguments().last().unwrap().is_truncated());
        assert!(text(event, "io_submit").ends_with("}, ...])"));
    });
}

#[test]
#[cfg(target_arch = "x86_64")]
fn args_captures_memory_of_arguments_in_memory() {
    needs_root!();
    let [select, pselect, mmap] =
        ["select", "pselect6_time64", "mmap"].map(|name| slot(Abi::Compat, name));
    let rig = rig(&[(select, "args"), (pselect, "args"), (mmap, "args")]);
    let assert_text = |name, args: &[&str], expected| {
        assert_text(&rig, Abi::Compat, name, args, expected);
    };
    assert_text(
        "select",
        &["nested32:1;words:1;0;0;words:0"],
        "select(1, [0], NULL, NULL, {tv_sec=0, tv_usec=0})",
    );
    assert_text("select", &["4096"], "select(0x1000)");
    assert_text(
        "pselect6_time64",
        &["0", "0", "0", "0", "words:0,0", "nested32:words:0x10000;8"],
        "pselect6_time64(0, NULL, NULL, NULL, {tv_sec=0, tv_nsec=0}, {sigmask=[CHLD], sigsetsize=8})",
    );
    assert_text(
        "mmap",
        &["nested32:0;4096;1;0x22;-1;0"],
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
    );
}

#[test]
#[cfg(target_arch = "x86_64")]
fn args_captures_memory_of_socketcall() {
    needs_root!();
    let rig = Rig::new(&route_of(slot(Abi::Compat, "socketcall"), with_result));
    for (args, expected) in [
        (
            ["3", "nested32:-1;words:0x0100007f50000002;16"],
            "connect(-1, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16)",
        ),
        (["3", "nested32:-1;4096;16"], "connect(-1, 0x1000, 16)"),
        (["9", "nested32:-1;text:abc;3;0"], "send(-1, \"abc\", 3, 0)"),
        (["14", "nested32:-1;1;2;words:1;4"], "setsockopt(-1, SOL_SOCKET, SO_REUSEADDR, [1], 4)"),
        (
            ["16", "nested32:-1;inner32:0+0+compat-buffers:one,two+2+0+0+0;0"],
            "sendmsg(-1, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"one\", iov_len=3}, \
             {iov_base=\"two\", iov_len=3}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0)",
        ),
    ] {
        let nr = slot(Abi::Compat, "socketcall").nr().to_string();
        event_of(&rig, &[&["compat", &nr], &args[..]].concat(), |event| {
            let text = text(event, "socketcall");
            assert!(text.starts_with(expected), "{text}");
            assert!(event.captures.iter().any(|one| one.index >= 16));
        });
    }
    // No such call: nothing is read as if the call were the next one that has inner arguments.
    let mask = "nested32:words:0x10000;8";
    for number in ["21", "22", "33", "-1"] {
        let nr = slot(Abi::Compat, "socketcall").nr().to_string();
        event_of(&rig, &["compat", &nr, number, mask, "0", "0", "0", mask], |event| {
            assert!(event.captures.iter().all(|one| one.index < 16), "{number}");
        });
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn args_captures_memory_that_socketcall_wrote() {
    needs_root!();
    let rig = Rig::new(&route_of(slot(Abi::Compat, "socketcall"), with_result));
    let nr = slot(Abi::Compat, "socketcall").nr().to_string();
    event_of(&rig, &["compat", &nr, "8", "nested32:1;1;0;room:8"], |event| {
        let text = text(event, "socketcall");
        let pair = text.strip_prefix("socketpair(AF_UNIX, SOCK_STREAM, 0, [").expect(&text);
        let (first, second) = pair.strip_suffix("])").and_then(|one| one.split_once(", ")).unwrap();
        assert_eq!(first.parse::<u32>().unwrap() + 1, second.parse::<u32>().unwrap());
    });
}

#[test]
#[cfg(target_arch = "x86_64")]
fn args_captures_residency_of_pages() {
    needs_root!();
    for (abi, word) in [(Abi::Native, "native"), (Abi::Compat, "compat")] {
        if lacks_function(slot(abi, "mincore")) {
            continue;
        }
        let rig = Rig::new(&route_of(slot(abi, "mincore"), with_result));
        let nr = slot(abi, "mincore").nr().to_string();
        for (bytes, expected) in
            [("1", "[1]"), ("8192", "[1, 1]"), ("8193", "[1, 1, 1]"), ("0", "[]")]
        {
            event_of(&rig, &[word, &nr, "long:16383", bytes, "long:60"], |event| {
                let text = text(event, "mincore");
                assert!(text.ends_with(&format!(", {bytes}, {expected})")), "{text}");
            });
        }
    }
}
