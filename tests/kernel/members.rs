//! Files behind descriptors in the memory of a call.

use std::fs::File;
use std::process::Stdio;

use syscalls::{Abi, notation};
use tailcalld::config::{Fds, Results};
use tailcalld::decode::{Event, KnownCall, RingRecord, render};
use tailcalld::load;

use crate::rig::{Rig, routes, slot, trigger_path};

/// Returns a rig whose events of these calls have the files behind descriptors, and results.
fn rig_of(abi: Abi, calls: &[&str]) -> Rig {
    let handlers = load::handlers().expect("the object opens");
    let calls: Vec<_> = calls.iter().map(|call| (slot(abi, call), "args")).collect();
    let mut plan = routes(&handlers, &calls);
    let rules = plan.routes.values_mut().flat_map(|route| &mut route.rules);
    rules.for_each(|rule| (rule.fds, rule.results) = (Fds::Names, Results::All));
    Rig::new(&plan)
}

/// Returns the arguments of the last of these calls that returned, as text; the descriptor 0 is `FILE` in it.
fn printed(rig: &Rig, abi: Abi, calls: &[(&str, &[&str])]) -> String {
    let path = trigger_path().canonicalize().expect("a path");
    let word = if abi == Abi::Compat { "compat" } else { "native" };
    let mut words = vec![];
    for (call, arguments) in calls {
        words.extend((!words.is_empty()).then(|| "then".to_owned()));
        words.extend([word.to_owned(), slot(abi, call).nr().to_string()]);
        words.extend(arguments.iter().map(|&word| word.to_owned()));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let records = rig.trigger_all_with(&words, Stdio::from(File::open(&path).expect("a file")));
    let mut exits = records.iter().filter_map(|bytes| match RingRecord::decode(bytes) {
        Ok(RingRecord::Exit(exit)) => Some(exit),
        _ => None,
    });
    let exit = exits.next_back().expect("a return");
    let is_entry = |bytes: &&Vec<u8>| matches!(RingRecord::decode(bytes), Ok(RingRecord::Syscall(header)) if header.boottime_ns == exit.entry_ns);
    let entry = records.iter().find(is_entry).expect("its entry");
    arguments(&rig.completed(entry, Some(&exit)))
        .replace(&format!("<{}>", path.display()), "<FILE>")
}

fn arguments(event: &Event<'_>) -> String {
    let (call, mut out) = (event.known_call(), String::new());
    for one in call.iter().flat_map(KnownCall::arguments) {
        out.push_str(if out.is_empty() { "" } else { ", " });
        let start = out.len();
        notation::argument_with_memory(&one, &mut out);
        render::append_files(event, &one, start, &mut out);
    }
    out
}

#[test]
fn members_of_sets_have_files() {
    needs_root!();
    let rig = rig_of(Abi::Native, &["pselect6"]);
    let zeros = ["0"; 15].join(",");
    let (empty, last) = (format!("words:0,{zeros}"), format!("words:1,{zeros}"));
    for (arguments, expected) in [
        (["1", "words:1", "0", "0", "words:0,0"], "1, [0<FILE>], NULL, NULL, "),
        (["70", "words:5,0x20", "words:1,0", "0", "0"], "70, [0<FILE> 2"),
        (["1024", &empty, &empty, &last, "words:0,0"], "1024, [], [], [0<FILE>] => []"),
        (["1", "0x1000", "0", "0", "0"], "1, 0x1000, "),
    ] {
        let text = printed(&rig, Abi::Native, &[("pselect6", &arguments)]);
        assert!(text.starts_with(expected), "{text}");
    }
    let text = printed(&rig, Abi::Native, &[("pselect6", &["70", "words:5,0x20", "words:1,0"])]);
    assert!(text.contains(" 69], [0<FILE>], NULL"), "{text}");
}

/// Returns a message without buffers that has control data of so many bytes.
fn message(control: &str, bytes: u64) -> String {
    format!("nested:0;0;0;0;words:{control};{bytes};0")
}

#[test]
fn descriptors_that_message_passes_have_files() {
    needs_root!();
    let rig = rig_of(Abi::Native, &["sendmsg"]);
    let (rights, credentials) = ("20,0x100000001,0", "28,0x200000001,0,0");
    let data = |control: &str, bytes| {
        let message = message(control, bytes);
        let text = printed(&rig, Abi::Native, &[("sendmsg", &["-1", &message, "0"])]);
        let parts = text.split("cmsg_data=").skip(1).filter_map(|part| part.split_once('}'));
        parts.map(|(data, _)| data.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(data(rights, 24), ["[0<FILE>]"]);
    assert_eq!(data("24,0x100000001,0x4d00000000", 24), ["[0<FILE>, 77]"]);
    let credentials_first = format!("{credentials},{rights}");
    assert_eq!(data(&credentials_first, 56), ["{pid=0, uid=0, gid=0", "[0<FILE>]"]);
    assert_eq!(data("20,0x200000001,0", 24), ["{pid=0, uid=0, gid=0"]);
    // Lengths that the process makes up: the kernel refuses them.
    for length in ["0", "15", "0xffffffff", "0xffffffffffffffff"] {
        let control = format!("{length},0x100000001,0,{rights}");
        let data = data(&control, 48);
        assert!(
            !data.iter().any(|one| one.starts_with("[0]") || one.starts_with("[0,")),
            "{data:?}"
        );
    }
    // The process writes into a buffer what the text of control data is.
    let hostile = "nested:0;0;buffers:cmsg_type=SCM_RIGHTS= cmsg_data=[0];1;0;0;0";
    let text = printed(&rig, Abi::Native, &[("sendmsg", &["-1", hostile, "0"])]);
    assert!(!text.contains("FILE"), "{text}");
}

#[test]
fn descriptors_that_message_brings_have_files() {
    needs_root!();
    let rig = rig_of(Abi::Native, &["recvmsg", "recvmmsg", "sendmmsg"]);
    let sent = "nested:0;0;buffers:a;1;words:20,0x100000001,0;24;0;0";
    let pair: (&str, &[&str]) = ("socketpair", &["1", "2", "0", "room:8"]);
    let send: (&str, &[&str]) = ("sendmmsg", &["3", sent, "1", "0"]);
    let text = printed(&rig, Abi::Native, &[pair, send]);
    assert!(text.contains("cmsg_data=[0<FILE>]"), "{text}");
    let received = "nested:0;0;buffers:a;1;room:64;64;0;0";
    for (call, arguments) in
        [("recvmsg", &["4", received, "0"][..]), ("recvmmsg", &["4", received, "1", "0", "0"])]
    {
        let text = printed(&rig, Abi::Native, &[pair, send, (call, arguments)]);
        assert!(text.contains("cmsg_type=SCM_RIGHTS, cmsg_data=[5<FILE>]"), "{text}");
    }
}

#[test]
fn descriptors_of_submitted_operations_have_files() {
    needs_root!();
    let rig = rig_of(Abi::Native, &["io_submit"]);
    let operation = |flags: u64| format!("words:5,0,1,4096,3,1,0,{flags}");
    for (flags, expected) in [(0, ""), (1, ", aio_resfd=0<FILE>")] {
        let (operation, with_gap) = (operation(flags), "words:0,0,0x4d00000001,0,0,0,0,0");
        let vector = format!("nested:{with_gap};0;{operation}");
        let text = printed(&rig, Abi::Native, &[("io_submit", &["0", "3", &vector])]);
        assert!(text.contains("aio_fildes=77, aio_"), "{text}");
        assert!(text.contains("aio_fildes=0<FILE>, aio_"), "{text}");
        assert!(text.ends_with(&format!("aio_offset=1{expected}}}]")), "{text}");
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn descriptors_in_memory_of_32_bit_calls_have_files() {
    needs_root!();
    let rig = rig_of(Abi::Compat, &["socketcall", "select", "mmap", "_newselect"]);
    let rights = "inner32:0+0+0+0+words:0x100000010,1+16+0";
    for (call, arguments, expected) in [
        ("socketcall", &["9", "nested32:0;text:abc;3;0"][..], "0<FILE>, \"abc\", 3, 0"),
        ("socketcall", &["1", "nested32:0;2;0"], "AF_UNSPEC, SOCK_DGRAM, 0"),
        ("select", &["nested32:1;words:1;0;0;words:0"], "1, [0<FILE>], NULL, NULL"),
        ("_newselect", &["1", "words:1", "0", "0", "words:0"], "1, [0<FILE>], NULL, NULL"),
        ("mmap", &["nested32:0;4096;1;2;0;0"], "NULL, 4096, PROT_READ, MAP_PRIVATE, 0<FILE>, 0"),
    ] {
        let text = printed(&rig, Abi::Compat, &[(call, arguments)]);
        assert!(text.starts_with(expected), "{text}");
    }
    let message = format!("nested32:-1;{rights};0");
    let text = printed(&rig, Abi::Compat, &[("socketcall", &["16", &message])]);
    assert!(text.contains("cmsg_type=SCM_RIGHTS, cmsg_data=[0<FILE>]"), "{text}");
    let text = printed(&rig, Abi::Compat, &[("socketcall", &["8", "nested32:1;1;0;room:8"])]);
    assert_eq!(text.matches("<UNIX").count(), 2, "{text}");
}

#[test]
fn pidfds_of_new_processes_have_numbers_of_these() {
    needs_root!();
    let rig = rig_of(Abi::Native, &["clone", "clone3"]);
    // CLONE_PIDFD, and SIGCHLD; CLONE_PARENT_SETTID has the number of the process at that place.
    let args = |flags: &str| format!("nested:{flags};room:4;0;room:4;17;0;0;0");
    for (call, arguments, before, after) in [
        ("clone", &["0x1011", "0", "room:4", "0", "0"][..], "[3<pid:", ">]"),
        ("clone3", &[&args("0x1000"), "64"], "pidfd=[3<pid:", ">], exit_signal=SIGCHLD"),
        ("clone", &["0x100011", "0", "room:4", "0", "0"], "SIGCHLD, [", "]"),
        ("clone3", &[&args("0x100000"), "64"], "parent_tid=[", "], exit_signal=SIGCHLD"),
    ] {
        let text = printed(&rig, Abi::Native, &[(call, arguments)]);
        let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{text}"));
        let (number, _) = rest.split_once(after).unwrap_or_else(|| panic!("{text}"));
        assert!(number.parse::<u32>().is_ok_and(|pid| pid > 1), "{text}");
        assert_eq!(text.contains("pid:"), before.contains("pid:"), "{text}");
    }
}
