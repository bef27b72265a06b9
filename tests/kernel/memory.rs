//! Tests of the memory that the handler `args` captures, by kind of argument, and from memory that is unmapped,
//! not resident, or about to change.

use std::collections::BTreeMap;

use syscalls::{Abi, Capture, Moment, Part, Slot, Status, Value};
use tailcalld::config::{Paths, Results};
use tailcalld::decode::{Event, RingRecord};
use tailcalld::plan::{Plan, Rule};

use crate::rig::{Rig, kernel, rig, routes, scaled, slot, trigger_path};

const UNREADABLE: Status = Status::Unreadable { errno: nix::libc::EFAULT };

pub fn native(name: &str) -> Slot {
    slot(Abi::Native, name)
}

/// One route to `args`, with settings.
pub fn route_of(slot: Slot, set: impl Fn(&mut Rule)) -> Plan {
    let mut plan =
        routes(&tailcalld::load::handlers().expect("the object opens"), &[(slot, "args")]);
    plan.routes.values_mut().flat_map(|route| &mut route.rules).for_each(set);
    plan
}

pub fn with_result(rule: &mut Rule) {
    rule.results = Results::All;
}

/// The trigger's calls, each with the record of its return if there is one.
fn calls(rig: &Rig, words: &[&str]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let mut calls: BTreeMap<u64, (Vec<u8>, Option<Vec<u8>>)> = BTreeMap::new();
    for bytes in rig.trigger_all(words) {
        match RingRecord::decode(&bytes).expect("the kernel writes what can be decoded") {
            RingRecord::Syscall(header) => {
                calls.insert(header.boottime_ns, (bytes.clone(), None));
            }
            RingRecord::Exit(exit) => {
                calls.entry(exit.entry_ns).and_modify(|call| call.1 = Some(bytes.clone()));
            }
            _ => {}
        }
    }
    calls.into_values().collect()
}

/// Returns the event of a call with what its return added, as the daemon decodes it.
fn whole<'a>(rig: &'a Rig, call: &'a (Vec<u8>, Option<Vec<u8>>)) -> Event<'a> {
    match call.1.as_ref().map(|bytes| RingRecord::decode(bytes)) {
        Some(Ok(RingRecord::Exit(exit))) => rig.completed(&call.0, Some(&exit)),
        _ => rig.event(&call.0),
    }
}

/// Checks the captures of the one call that the trigger makes.
pub fn captures(rig: &Rig, words: &[&str], check: impl Fn(&[Capture<'_>])) {
    event_of(rig, words, |event| check(&event.captures));
}

/// Checks the event of the one call that the trigger makes.
pub fn event_of(rig: &Rig, words: &[&str], check: impl Fn(&Event<'_>)) {
    let calls = calls(rig, words);
    let [call] = calls.as_slice() else { panic!("{} calls", calls.len()) };
    check(&whole(rig, call));
}

pub fn entry(index: u8, value: Value<'_>, status: Status) -> Capture<'_> {
    Capture { index, part: Part::Whole, moment: Moment::Entry, value, status }
}

pub fn at_return(index: u8, bytes: &[u8]) -> Capture<'_> {
    Capture { moment: Moment::Return, ..entry(index, Value::Bytes(bytes), Status::Ok) }
}

#[test]
fn args_captures_paths_up_to_their_end() {
    needs_root!();
    let rig = rig(&[(native("linkat"), "args")]);
    let nr = native("linkat").nr().to_string();
    for (length, status) in [
        (0, Status::Ok),
        (4095, Status::Ok),
        (4096, Status::Ok),
        (4097, Status::Truncated { length: None }),
    ] {
        let path = format!("long:{length}");
        captures(&rig, &["native", &nr, "-1", &path, "-1", "text:other", "0"], |captures| {
            let kept = vec![b'x'; length.min(4096)];
            let other = entry(3, Value::Text(b"other"), Status::Ok);
            assert_eq!(captures, [entry(1, Value::Text(&kept), status), other], "{length}");
        });
    }
}

#[test]
fn args_unmapped_memory_is_unreadable() {
    needs_root!();
    let rig = rig(&[(native("linkat"), "args")]);
    let nr = native("linkat").nr().to_string();
    // NULL needs no capture: the register tells.
    captures(&rig, &["native", &nr, "-1", "0", "-1", "0", "0"], |captures| {
        assert_eq!(captures, [])
    });
    for address in ["8", "0xffffffff81000000", "cliff:/bin/x"] {
        captures(&rig, &["native", &nr, "-1", address, "-1", "text:b", "0"], |captures| {
            let other = entry(3, Value::Text(b"b"), Status::Ok);
            assert_eq!(captures, [entry(1, Value::Text(b""), UNREADABLE), other], "{address}");
        });
    }
}

#[test]
fn args_long_buffer_is_truncated_with_length() {
    needs_root!();
    let (write, length) = (native("write"), |length| Status::Truncated { length: Some(length) });
    for (buffer_bytes, kept, status) in
        [(0, 0, length(5000)), (32, 32, length(5000)), (4096, 4096, length(5000))]
    {
        let rig = Rig::new(&route_of(write, |route| route.buffer_bytes = buffer_bytes));
        let nr = write.nr().to_string();
        captures(&rig, &["native", &nr, "-1", "long:5000", "5000"], |captures| {
            assert_eq!(captures, [entry(1, Value::Bytes(&vec![b'x'; kept]), status)]);
        });
        captures(&rig, &["native", &nr, "-1", "text:abc", "0"], |captures| {
            assert_eq!(captures, [entry(1, Value::Bytes(b""), Status::Ok)]);
        });
    }
}

/// Up to the end of the page; that there is more is said.
#[test]
fn args_buffer_before_unmapped_page_is_read_in_part() {
    needs_root!();
    let rig = rig(&[(native("write"), "args")]);
    let nr = native("write").nr().to_string();
    captures(&rig, &["native", &nr, "-1", "cliff:near", "20"], |captures| {
        let status = Status::Truncated { length: Some(20) };
        assert_eq!(captures, [entry(1, Value::Bytes(b"near"), status)]);
    });
    captures(&rig, &["native", &nr, "-1", "8", "20"], |captures| {
        assert_eq!(captures, [entry(1, Value::Bytes(b""), UNREADABLE)]);
    });
    // A length that no buffer has.
    captures(&rig, &["native", &nr, "-1", "cliff:near", "-1"], |captures| {
        let status = Status::Truncated { length: Some(0x7fff_ffff) };
        assert_eq!(captures, [entry(1, Value::Bytes(b"near"), status)]);
    });
}

#[test]
fn args_captures_each_element_of_iovec() {
    needs_root!();
    let rig = rig(&[(native("writev"), "args")]);
    let nr = native("writev").nr().to_string();
    let buffer =
        |bytes| Capture { part: Part::Buffer, ..entry(1, Value::Bytes(bytes), Status::Ok) };
    captures(&rig, &["native", &nr, "-1", "buffers:one,three", "2"], |captures| {
        let [vector, buffers @ ..] = captures else { panic!("no vector") };
        assert!(matches!(vector.value, Value::Bytes(bytes) if bytes.len() == 32), "{vector:?}");
        assert_eq!(buffers, [buffer(b"one"), buffer(b"three")]);
    });
    // At most 128 elements are recorded, and all of them are read.
    for (given, count, length) in [("1000", "1000", 16_000), ("40", "100000", 65_536 * 16)] {
        captures(&rig, &["native", &nr, "-1", &format!("many:{given}"), count], |captures| {
            let [vector, buffers @ ..] = captures else { panic!("no vector") };
            let length = Some(length.min(count.parse::<u32>().unwrap() * 16));
            assert_eq!(vector.status, Status::Truncated { length });
            assert!(matches!(vector.value, Value::Bytes(bytes) if bytes.len() == 2048));
            let (given, empty) = buffers.split_at(given.parse().unwrap_or(128).min(128));
            assert!(given.iter().all(|one| *one == buffer(b"x")), "{given:?}");
            // Behind the given ones, the memory is zero.
            assert!(empty.iter().all(|one| *one == buffer(b"")), "{empty:?}");
            assert_eq!(buffers.len(), 128);
        });
    }
    captures(&rig, &["native", &nr, "-1", "buffers:one", "0"], |captures| {
        assert_eq!(captures, [entry(1, Value::Bytes(b""), Status::Ok)]);
    });
    captures(&rig, &["native", &nr, "-1", "8", "3"], |captures| {
        assert_eq!(captures, [entry(1, Value::Bytes(b""), UNREADABLE)]);
    });
}

/// A budget of bytes bounds all buffers of a call: what it does not reach is counted.
#[test]
fn args_captures_buffers_until_budget_is_used_up() {
    needs_root!();
    let nr = native("writev").nr().to_string();
    let rig = Rig::new(&route_of(native("writev"), |rule| rule.buffer_bytes = 4096));
    let texts = format!("buffers:{}", ["y".repeat(2000).as_str(); 9].join(","));
    captures(&rig, &["native", &nr, "-1", &texts, "9"], |captures| {
        let [vector, buffers @ .., rest] = captures else { panic!("no vector") };
        assert_eq!(vector.status, Status::Ok);
        let lengths = buffers.iter().map(|one| match one.value {
            Value::Bytes(bytes) if one.part == Part::Buffer => bytes.len(),
            _ => panic!("{one:?}"),
        });
        // 12,288 bytes: the vector has 160, each buffer 2,016.
        assert_eq!(lengths.collect::<Vec<_>>(), [2000, 2000, 2000, 2000, 2000, 2000, 16]);
        assert_eq!(buffers[6].status, Status::Truncated { length: Some(2000) });
        assert_eq!((rest.part, rest.value), (Part::Rest, Value::Number(2)));
    });
}

#[test]
fn args_captures_each_of_eight_messages() {
    needs_root!();
    let nr = native("sendmmsg").nr().to_string();
    let rig = rig(&[(native("sendmmsg"), "args")]);
    let rooms = ["5"; 9].join(",");
    captures(&rig, &["native", &nr, "-1", &format!("received:{rooms}"), "9", "0"], |captures| {
        let count = |part| captures.iter().filter(|one| one.part == part).count();
        let all = [Part::Whole, Part::Name, Part::Vector, Part::Buffer, Part::Rest].map(count);
        assert_eq!(all, [8, 8, 8, 8, 0]);
    });
}

#[test]
fn args_captures_lengths_of_messages_that_were_sent() {
    needs_root!();
    let call = native("sendmmsg");
    let rig = Rig::new(&route_of(call, with_result));
    let [connect, nr] = [native("connect"), call].map(|slot| slot.nr().to_string());
    // Its own name, \x01\0\0abcdefghij.
    let name = "words:0x6564636261000001,0x6a69686766";
    let connect = ["bound", "native", &connect, "9", name, "13", "then"];
    let dont_wait = "0x40";
    let send = ["native", &nr, "9", "received:0,0,0", "3", dont_wait];
    captures(&rig, &[&connect[..], &send].concat(), |captures| {
        let lengths = captures.iter().filter(|one| one.moment == Moment::Return);
        let lengths: Vec<_> = lengths.map(|one| (one.part, one.value)).collect();
        let [(Part::Whole, Value::Bytes(bytes))] = lengths[..] else { panic!("{lengths:?}") };
        // As many as the socket takes.
        assert!(bytes.len() % 64 == 0 && !bytes.is_empty(), "{}", bytes.len());
        assert!(bytes.chunks(64).all(|one| one[56..60] == 8_u32.to_ne_bytes()), "{bytes:?}");
    });
}

#[test]
fn args_captures_name_control_and_buffers_of_msghdr() {
    needs_root!();
    let rig = rig(&[(native("sendmsg"), "args")]);
    let nr = native("sendmsg").nr().to_string();
    captures(&rig, &["native", &nr, "-1", "message:one,two", "0"], |captures| {
        let parts: Vec<_> = captures.iter().map(|piece| piece.part).collect();
        let buffers = [Part::Buffer, Part::Buffer];
        assert_eq!(parts[..4], [Part::Whole, Part::Name, Part::Control, Part::Vector]);
        assert_eq!(parts[4..], buffers);
        let values: Vec<_> = [1, 2, 4, 5].iter().map(|&at: &usize| captures[at].value).collect();
        let expected: [&[u8]; 4] = [b"\x01\0/name", b"control!", b"one", b"two"];
        assert_eq!(values, expected.map(Value::Bytes));
    });
}

#[test]
fn args_captures_written_memory_at_return() {
    needs_root!();
    let [pipe, getcwd, readlink] = ["pipe2", "getcwd", "readlinkat"].map(native);
    let rig = Rig::new(&route_of(pipe, with_result));
    captures(&rig, &["native", &pipe.nr().to_string(), "room:8", "0"], |captures| {
        let [Capture { value: Value::Bytes(bytes), .. }] = captures else { panic!("{captures:?}") };
        assert_eq!(captures, [at_return(0, bytes)]);
        let fds: Vec<i32> =
            bytes.chunks(4).map(|fd| i32::from_ne_bytes(fd.try_into().unwrap())).collect();
        assert!(fds.len() == 2 && fds[0] > 2 && fds[1] == fds[0] + 1, "{fds:?}");
    });
    // A call that fails writes nothing.
    captures(&rig, &["native", &pipe.nr().to_string(), "room:8", "-1"], |captures| {
        assert_eq!(captures, [])
    });
    drop(rig);

    let folder = std::env::current_dir().expect("a folder");
    let folder = folder.as_os_str().as_encoded_bytes();
    let rig = Rig::new(&route_of(getcwd, with_result));
    captures(&rig, &["native", &getcwd.nr().to_string(), "room:4096", "4096"], |captures| {
        assert_eq!(captures, [Capture { value: Value::Text(folder), ..at_return(0, b"") }]);
    });
    drop(rig);

    // As many bytes as the result says, and as the limit allows.
    let rig = Rig::new(&route_of(readlink, |route| (with_result(route), route.buffer_bytes = 3).1));
    let nr = readlink.nr().to_string();
    let program = trigger_path().canonicalize().expect("the trigger is there");
    let program = program.as_os_str().as_encoded_bytes();
    captures(
        &rig,
        &["native", &nr, "-100", "text:/proc/self/exe", "room:4096", "4096"],
        |captures| {
            let [_, link] = captures else { panic!("{captures:?}") };
            let length = u32::try_from(program.len()).ok();
            let status = Status::Truncated { length };
            assert_eq!(*link, Capture { status, ..at_return(2, &program[..3]) });
        },
    );
}

#[test]
fn args_compat_call_has_32_bit_pointers() {
    needs_root!();
    let writev = slot(Abi::Compat, "writev");
    let rig = rig(&[(writev, "args")]);
    // Two elements of 32 bits each: of the word's halves, the first is the address.
    let words = ["compat", &writev.nr().to_string(), "-1", "compat-buffers:one,three", "2"]
        .map(str::to_owned);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    captures(&rig, &words, |captures| {
        let values: Vec<_> = captures[1..].iter().map(|piece| piece.value).collect();
        assert_eq!(values, [Value::Bytes(b"one"), Value::Bytes(b"three")]);
    });
}

/// A thread changes the vector while it is read: each call is one event that can be decoded, and says no
/// more than was there at some moment.
#[test]
fn args_changing_memory_decodes() {
    needs_root!();
    let writev = native("writev");
    let rig = Rig::with_ring(&route_of(writev, |_| {}), 64 << 20);
    let (times, nr) = (scaled(20_000), writev.nr().to_string());
    let words = ["shifting", &times.to_string(), "native", &nr, "-1", "buffers:abcd", "1"];
    let calls = calls(&rig, &words.map(|word| word));
    assert_eq!(calls.len() as u64, times);
    for call in &calls {
        let event = rig.event(&call.0);
        let [vector, buffers @ ..] = &event.captures[..] else { panic!("no vector") };
        assert!(matches!(vector.value, Value::Bytes(bytes) if bytes.len() == 16), "{vector:?}");
        for buffer in buffers {
            let Value::Bytes(bytes) = buffer.value else { panic!("{buffer:?}") };
            // With a length of its own choice the thread shows what lies behind, which is nothing.
            let known = bytes.iter().zip(b"abcd".iter().chain(std::iter::repeat(&0)));
            assert!(known.into_iter().all(|(byte, was)| byte == was), "{bytes:?}");
        }
    }
}

/// A program that drops its path's page before each call hides none of them.
#[test]
fn args_non_resident_path_is_read_at_return() {
    needs_root!();
    let unlink = native("unlinkat");
    let count = scaled(10_000);
    for set in [with_result, |rule: &mut Rule| rule.paths = Paths::Exact] {
        let rig = Rig::with_ring(&route_of(unlink, set), 64 << 20);
        let times = count.to_string();
        let calls =
            calls(&rig, &["times", &times, "native", &unlink.nr().to_string(), "-100", "dropped"]);
        assert_eq!(calls.len() as u64, count);
        let mut paths: Vec<Vec<u8>> = calls.iter().map(|call| path(&rig, call)).collect();
        paths.sort_unstable();
        let expected = (0..count).map(|nth| format!("/nowhere/{nth:08}").into_bytes());
        assert!(paths.into_iter().eq(expected), "some path is wrong");
        assert!(calls.iter().any(|call| was_hidden(&rig, call)), "no page was ever gone");
    }
}

/// Without the return the same paths stay unreadable, so the test above does test something.
#[test]
fn args_non_resident_path_is_unreadable_at_entry() {
    needs_root!();
    let unlink = native("unlinkat");
    let rig = rig(&[(unlink, "args")]);
    let calls = calls(&rig, &["native", &unlink.nr().to_string(), "-100", "dropped"]);
    let [call] = calls.as_slice() else { panic!("{} calls", calls.len()) };
    assert!(call.1.is_none() && was_hidden(&rig, call));
}

/// Path and arguments of an executed program are read from the memory of the new program if their pages were not
/// resident at entry. Of a script the interpreter is left out, and the kernel has put its path in
/// the place of the first argument.
#[test]
fn exec_non_resident_path_is_read_from_new_program() {
    needs_root!();
    let script = std::env::temp_dir().join(format!("tailcalld-script-{}", std::process::id()));
    std::fs::write(&script, "#!/bin/sh\nexit 0\n").expect("a script");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&script, mode).expect("an executable script");
    let script = script.to_str().expect("a plain path");
    let execve = native("execve");
    let handlers = tailcalld::load::handlers().expect("the object opens");
    for handler in ["exec", "args"] {
        let mut plan = routes(&handlers, &[(execve, handler)]);
        plan.routes.values_mut().for_each(|route| route.rules[0].paths = Paths::Exact);
        let rig = Rig::new(&plan);
        for program in ["/bin/sh", script, "/nonexistent"] {
            let words = [&format!("dropped:{program}"), "dropped-argv:sh,-c,exit 0", "0"];
            let nr = execve.nr().to_string();
            let calls = calls(&rig, &[&["native", &nr], &words[..]].concat());
            let [call] = calls.as_slice() else { panic!("{} calls", calls.len()) };
            assert!(was_hidden(&rig, call), "the pages were there");
            let event = whole(&rig, call);
            let texts = event.captures.iter().filter_map(|piece| match piece.value {
                Value::Text(text) => Some(std::str::from_utf8(text).expect("the test's own text")),
                _ => None,
            });
            let expected = match program {
                "/bin/sh" => [program, "sh", "-c", "exit 0"],
                // From Linux 6.9 on the file is opened first, and the kernel has not read them either.
                "/nonexistent" if kernel() >= (6, 9) => [program, "", "", ""],
                "/nonexistent" => [program, "sh", "-c", "exit 0"],
                script => [script, script, "-c", "exit 0"],
            };
            assert_eq!(texts.collect::<Vec<_>>(), expected, "{handler}");
        }
    }
    std::fs::remove_file(script).expect("the script goes");
}

/// Returns the texts and the numbers of an event, one after the other.
fn values(event: &Event<'_>) -> Vec<String> {
    let value = |piece: &Capture<'_>| match piece.value {
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bytes(_) => "?".to_owned(),
    };
    let cut = |piece: &Capture<'_>| if piece.status.is_truncated() { "..." } else { "" };
    event.captures.iter().map(|piece| value(piece) + cut(piece)).collect()
}

/// The options of the entry hold for arguments that are read from the new program, and their number and length
/// are known then.
#[test]
fn exec_non_resident_arguments_keep_to_options() {
    needs_root!();
    let execve = native("execve");
    let handlers = tailcalld::load::handlers().expect("the object opens");
    for (argv_bytes, kept) in [(4096, &["sh", "-c", "exit 0"][..]), (4, &["sh", "-c"]), (0, &[])] {
        let mut plan = routes(&handlers, &[(execve, "exec")]);
        plan.routes.values_mut().for_each(|route| {
            route.rules[0].paths = Paths::Exact;
            route.rules[0].argv_bytes = argv_bytes;
        });
        let rig = Rig::new(&plan);
        let nr = execve.nr().to_string();
        for vector in ["dropped-argv:sh,-c,exit 0", "dropped-vector:sh,-c,exit 0"] {
            let calls = calls(&rig, &["native", &nr, "text:/bin/sh", vector, "0"]);
            let [call] = calls.as_slice() else { panic!("{} calls", calls.len()) };
            assert!(was_hidden(&rig, call) || argv_bytes == 0, "the pages were there");
            let expected = [&["/bin/sh"], kept, &["3", "10"]].concat();
            assert_eq!(values(&whole(&rig, call)), expected, "{vector}, {argv_bytes}");
        }
    }
}

/// A string that only some calls have is captured as far as any other one, and is marked where it is cut.
#[test]
fn args_string_of_some_calls_is_captured_up_to_its_end() {
    needs_root!();
    let texts = |name: &str, words: &[&str]| {
        let rig = rig(&[(native(name), "args")]);
        let nr = native(name).nr().to_string();
        let calls = calls(&rig, &[&["native", &nr], words].concat());
        let [call] = calls.as_slice() else { panic!("{} calls", calls.len()) };
        let event = rig.event(&call.0);
        let known = event.known_call().expect("a known syscall");
        let text = |argument: syscalls::Argument<'_>| {
            let text = syscalls::notation::string_bytes(&argument)?;
            Some((text.len(), argument.is_truncated()))
        };
        known.arguments().filter_map(text).collect::<Vec<_>>()
    };
    // FSCONFIG_SET_PATH; FSCONFIG_SET_BINARY, whose value is no string.
    for (length, seen) in [(1500, (1500, false)), (4096, (4096, false)), (5000, (4096, true))] {
        let value = format!("long:{length}");
        let words = ["-1", "3", "text:source", &value, "-100"];
        assert_eq!(texts("fsconfig", &words), [(6, false), seen], "{length}");
    }
    assert_eq!(texts("fsconfig", &["-1", "2", "text:source", "text:binary", "6"]), [(6, false)]);
    // PR_SET_NAME
    assert_eq!(texts("prctl", &["15", "long:300"]), [(256, true)]);
    assert_eq!(texts("prctl", &["15", "text:name"]), [(4, false)]);
}

/// A vector that cannot be read at all is marked, and no string of it is taken for the last one.
#[test]
fn args_vector_that_ends_in_unreadable_memory_is_marked() {
    needs_root!();
    let execve = native("execve");
    let rig = rig(&[(execve, "args")]);
    let nr = execve.nr().to_string();
    let calls = calls(&rig, &["native", &nr, "text:/x", "8", "0"]);
    let [call] = calls.as_slice() else { panic!("{} calls", calls.len()) };
    assert_eq!(values(&rig.event(&call.0)), ["/x", "?", "0..."]);
}

fn path(rig: &Rig, call: &(Vec<u8>, Option<Vec<u8>>)) -> Vec<u8> {
    let event = whole(rig, call);
    match &event.captures[..] {
        [Capture { value: Value::Text(path), status: Status::Ok, .. }] => path.to_vec(),
        other => panic!("{other:?}"),
    }
}

fn was_hidden(rig: &Rig, call: &(Vec<u8>, Option<Vec<u8>>)) -> bool {
    rig.event(&call.0).captures.iter().any(|piece| piece.status == UNREADABLE)
}
