//! Operations of io_uring: slots of their own in the table, and the arguments of the syscalls that they stand for.

use std::process::{Child, Command, Stdio};

use syscalls::{Abi, Slot, notation};
use tailcalld::config::{Fds, Part, Pattern};
use tailcalld::decode::{Event, render};
use tailcalld::load;

use crate::rig::{Rig, kernel, rig, rig_of_triggers, routes, scaled, slot, trigger_path};

/// An operation by its name, its entry for the trigger, and the same as a syscall. Descriptors are open, because up to
/// Linux 5.18 an operation of another one is refused before the tracepoint.
const SAME: [(&str, &str, &str, &str); 18] = [
    (
        "openat",
        "fd=-100 addr=text:/etc/hosts flags=0x80000 len=0",
        "openat",
        "-100 text:/etc/hosts 0x80000 0",
    ),
    (
        "openat2",
        "fd=-100 addr=text:/etc off=words:0x10000,0,4 len=24",
        "openat2",
        "-100 text:/etc words:0x10000,0,4 24",
    ),
    ("close", "fd=99", "close", "99"),
    (
        "statx",
        "fd=-100 addr=text:/etc/hosts flags=0x100 len=0x7ff off=8",
        "statx",
        "-100 text:/etc/hosts 0x100 0x7ff 8",
    ),
    (
        "unlinkat",
        "fd=-100 addr=text:/nowhere/file flags=0x200",
        "unlinkat",
        "-100 text:/nowhere/file 0x200",
    ),
    (
        "renameat",
        "fd=-100 addr=text:/nowhere/old len=-100 off=text:/nowhere/new flags=1",
        "renameat2",
        "-100 text:/nowhere/old -100 text:/nowhere/new 1",
    ),
    (
        "mkdirat",
        "fd=-100 addr=text:/nowhere/folder len=0x1ed",
        "mkdirat",
        "-100 text:/nowhere/folder 0x1ed",
    ),
    (
        "symlinkat",
        "fd=-100 addr=text:target off=text:/nowhere/link",
        "symlinkat",
        "text:target -100 text:/nowhere/link",
    ),
    (
        "linkat",
        "fd=-100 addr=text:/nowhere/old len=-100 off=text:/nowhere/new flags=0x400",
        "linkat",
        "-100 text:/nowhere/old -100 text:/nowhere/new 0x400",
    ),
    ("fallocate", "fd=0 len=1 off=4096 addr=8192", "fallocate", "0 1 4096 8192"),
    ("sync_file_range", "fd=0 off=4096 len=512 flags=2", "sync_file_range", "0 4096 512 2"),
    ("fadvise", "fd=0 off=4096 len=8192 flags=4", "fadvise64", "0 4096 8192 4"),
    (
        "connect",
        "fd=0 addr=words:0x0100007f35000002,0 off=16",
        "connect",
        "0 words:0x0100007f35000002,0 16",
    ),
    ("shutdown", "fd=0 len=2", "shutdown", "0 2"),
    ("send", "fd=0 addr=text:hello len=5 flags=0x4000", "sendto", "0 text:hello 5 0x4000 0 0"),
    ("epoll_ctl", "fd=0 len=1 off=98 addr=words:1,0", "epoll_ctl", "0 1 98 words:1,0"),
    ("tee", "splice_fd=0 fd=0 len=4096 flags=1", "tee", "0 0 4096 1"),
    ("sendmsg", "fd=0 addr=message:one,two flags=0", "sendmsg", "0 message:one,two 0"),
];

const TWO_OPENAT: &str =
    "18 fd=-100 addr=text:/etc/one flags=0x80000 | 0 | 18 fd=-100 addr=text:/etc/two";

/// Returns the arguments of an event as a record has them, but for addresses, which differ from process to process.
fn arguments(event: &Event<'_>) -> Vec<String> {
    let text = |argument| {
        let mut text = String::new();
        notation::argument_with_memory(&argument, &mut text);
        if text.starts_with("0x4") && text.len() == "0x41234567".len() {
            "address".to_owned()
        } else {
            text
        }
    };
    event.known_call().expect("a signature").arguments().map(text).collect()
}

/// Returns the words of a call of the trigger.
fn words<'w>(first: &[&'w str], rest: &'w str) -> Vec<&'w str> {
    first.iter().copied().chain(rest.split(' ')).collect()
}

fn only<'r>(rig: &'r Rig, records: &'r [Vec<u8>]) -> Event<'r> {
    let [record] = records else { panic!("{} events", records.len()) };
    rig.event(record)
}

#[test]
fn operation_has_arguments_of_syscall_that_it_stands_for() {
    needs_root!();
    needs_operations!();
    let operations = SAME.map(|(operation, ..)| slot(Abi::IoUring, operation));
    let calls = SAME.map(|(_, _, syscall, _)| slot(Abi::Native, syscall));
    let routed: Vec<(Slot, &str)> =
        operations.iter().chain(&calls).map(|slot| (*slot, "args")).collect();
    let rig = rig_of_triggers(&routed);

    for ((operation, entry, syscall, call), (ring, native)) in
        SAME.into_iter().zip(operations.into_iter().zip(calls))
    {
        // The rings of 5.10 are those of 5.15, but for operations that need functions of its file systems.
        if kernel() < (5, 15) && ["mkdirat", "symlinkat", "linkat"].contains(&operation) {
            continue;
        }
        let number = ring.nr().to_string();
        let of_ring: Vec<_> = rig
            .trigger(&words(&["uring", &number], entry))
            .into_iter()
            .filter(|record| rig.event(record).slot == ring)
            .collect();
        let number = native.nr().to_string();
        let of_call: Vec<_> = rig
            .trigger(&words(&["native", &number], call))
            .into_iter()
            .filter(|record| rig.event(record).slot == native)
            .collect();
        let (of_ring, of_call) = (only(&rig, &of_ring), &rig.event(of_call.last().expect(syscall)));
        assert_eq!(arguments(&of_ring), arguments(of_call), "{operation}");
        assert_eq!((of_ring.slot.abi(), of_ring.slot.name()), (Abi::IoUring, Some(operation)));
        assert_eq!((of_ring.pid, of_ring.tid), (of_ring.pid, of_ring.pid), "{operation}");
    }
}

/// Returns a rig for operations whose events have the files behind descriptors.
fn described(names: &[&str]) -> Rig {
    let handlers = load::handlers().expect("the object opens");
    let wanted: Vec<_> = names.iter().map(|name| (slot(Abi::IoUring, name), "args")).collect();
    let mut plan = routes(&handlers, &wanted);
    let rules = plan.routes.values_mut().flat_map(|route| &mut route.rules);
    rules.for_each(|rule| (rule.fds, rule.names) = (Fds::Names, true));
    Rig::new(&plan)
}

/// Returns the descriptors of an event as a record has them.
fn descriptors(event: &Event<'_>) -> Vec<String> {
    let call = event.known_call().expect("a signature");
    let text = |argument| {
        let mut text = String::new();
        notation::argument_with_memory(&argument, &mut text);
        render::open_file(event.file_of(&argument)?, &mut text);
        Some(text)
    };
    call.arguments().filter_map(text).collect()
}

#[test]
fn index_of_registered_file_is_no_descriptor() {
    needs_root!();
    needs_operations!();
    let rig = described(&["fsync", "close", "splice", "tee"]);
    for (entry, expected) in [
        ("3 sqe=1 fd=0", &["0<registered file>"][..]),
        // IORING_OP_CLOSE of the registered file 0, and of a descriptor.
        ("19 splice_fd=1", &["0<registered file>"]),
        ("19 fd=9", &["9</etc>"]),
        // SPLICE_F_FD_IN_FIXED is of the input, IOSQE_FIXED_FILE of the output.
        ("30 splice_fd=0 fd=9 addr=-1 off=-1 len=1 flags=0x80000000", &["0<registered file>"]),
        ("33 sqe=1 splice_fd=9 fd=0 len=1", &["0<registered file>"]),
        ("33 splice_fd=9 fd=9 len=1", &["9</etc>", "9</etc>"]),
    ] {
        let records = rig.trigger(&words(&["at", "/etc", "uring", "registered=9"], entry));
        assert_eq!(descriptors(&only(&rig, &records)), expected, "{entry}");
    }
}

/// A ring with large entries, IORING_SETUP_SQE128.
#[test]
fn ring_of_large_entries_has_arguments() {
    needs_root!();
    needs_operations!();
    let openat = slot(Abi::IoUring, "openat");
    let rig = rig(&[(openat, "args")]);
    for setup in ["setup=0", "setup=0x400"] {
        if setup == "setup=0x400" && kernel() < (5, 19) {
            continue;
        }
        let records = rig.trigger(&words(&["uring", setup], TWO_OPENAT));
        let events: Vec<_> = records.iter().map(|record| rig.event(record)).collect();
        let paths: Vec<_> = events.iter().map(|event| arguments(event)[1].clone()).collect();
        assert_eq!(paths, ["\"/etc/one\"", "\"/etc/two\""], "{setup}");
        assert!(events.iter().all(|event| event.slot == openat), "{setup}");
    }
}

/// A thread of the kernel reads the queue (IORING_SETUP_SQPOLL). It belongs to the process, and has a name that tells it.
#[test]
fn operation_that_kernel_thread_submits_is_of_process() {
    needs_root!();
    needs_operations!();
    let openat = slot(Abi::IoUring, "openat");
    let rig = rig(&[(openat, "args")]);
    rig.trigger_by(|name| {
        let mut command = Command::new(trigger_path());
        command.args(words(&["uring", "setup=2"], TWO_OPENAT)).env("TRIGGER_NAME", name);
        let mut child = command.stdout(Stdio::null()).spawn().expect("the trigger starts");
        let pid = child.id();
        assert!(child.wait().expect("the trigger ends").success());
        let records = rig.events();
        let events = records.iter().map(|record| rig.event(record));
        let events: Vec<_> = events.filter(|event| event.pid == pid).collect();
        let paths: Vec<_> = events.iter().map(|event| arguments(event)[1].clone()).collect();
        assert_eq!(paths, ["\"/etc/one\"", "\"/etc/two\""]);
        let thread = format!("iou-sqp-{pid}");
        assert!(events.iter().all(|event| event.tid != pid && event.comm == thread.as_bytes()));
    });
}

/// A CPU handles operations and syscalls in turn: none is taken for the other, and each is counted once.
#[test]
fn operations_beside_syscalls_are_each_recorded_once_by_their_slot() {
    needs_root!();
    needs_operations!();
    let (ring, native) = (slot(Abi::IoUring, "fallocate"), slot(Abi::Native, "fallocate"));
    let handlers = load::handlers().expect("the object opens");
    let plan = routes(&handlers, &[(ring, "args"), (native, "args")]);
    let rig = Rig::with_ring(&plan, 16 * 1024 * 1024);
    let (rings, times) = (scaled(200), scaled(20_000));
    let before = (rig.counters(ring), rig.counters(native));
    let entries = vec!["17 fd=0 len=1 off=2 addr=3"; 50].join(" | ");
    let number = native.nr().to_string();
    let records = rig.trigger_by(|name| {
        let start = |words: &[&str]| {
            let mut command = Command::new(trigger_path());
            command.args(words).env("TRIGGER_NAME", name).stdout(Stdio::null());
            command.spawn().expect("the trigger starts")
        };
        let times = times.to_string();
        let calls = start(&["times", &times, "native", &number, "66", "4", "5", "6"]);
        let mut others: Vec<_> = Vec::new();
        for _ in 0..rings {
            others.push(start(&words(&["uring"], &entries)));
            others.drain(..others.len().saturating_sub(4)).for_each(wait);
        }
        others.into_iter().chain([calls]).for_each(wait);
    });

    let count = |slot: Slot, args: [u64; 4]| {
        let mut events = records.iter().map(|record| rig.event(record));
        events.by_ref().filter(|event| event.slot == slot && event.args[..4] == args).count() as u64
    };
    assert_eq!((count(ring, [0, 1, 2, 3]), count(native, [66, 4, 5, 6])), (rings * 50, times));
    let after = (rig.counters(ring), rig.counters(native));
    assert_eq!(after.0.seen - before.0.seen, rings * 50);
    assert_eq!((after.0.lost(), after.1.lost()), (before.0.lost(), before.1.lost()));
}

fn wait(mut child: Child) {
    assert!(child.wait().expect("the trigger ends").success());
}

/// `path` sees the path that an operation resolves to, and leaves other operations out.
#[test]
fn filter_by_path_selects_operations() {
    needs_root!();
    needs_operations!();
    let openat = slot(Abi::IoUring, "openat");
    let handlers = load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(openat, "args")]);
    let rules = plan.routes.values_mut().flat_map(|route| &mut route.rules);
    rules.for_each(|rule| {
        let pattern = Pattern { text: "/etc/".to_owned(), part: Part::Begin, is_excluded: false };
        rule.filter.path = Some(vec![pattern]);
    });
    let rig = Rig::new(&plan);
    let before = rig.counters(openat);
    let entries = "18 fd=-100 addr=text:/etc/one | 18 fd=9 addr=text:two | 18 fd=-100 addr=text:/usr/three \
                   | 18 fd=9 addr=text:../usr/four | 18 fd=-100 addr=text:five";
    let records = rig.trigger(&words(&["from", "/etc", "at", "/etc", "uring"], entries));
    let paths: Vec<_> =
        records.iter().map(|record| arguments(&rig.event(record))[1].clone()).collect();
    assert_eq!(paths, ["\"/etc/one\"", "\"two\"", "\"five\""]);
    let after = rig.counters(openat);
    assert_eq!((after.seen - before.seen, after.filtered - before.filtered), (5, 2));
}
