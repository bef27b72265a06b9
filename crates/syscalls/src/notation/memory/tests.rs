//! Arguments of real syscalls with their memory.

mod kernel;

use super::{argument_with_memory, string_bytes};
use crate::{
    Abi, Call, Capture, Kind, Moment, Part, Slot, Socket, Status, Value, Width, number, signature,
};

const CUT: Status = Status::Truncated { length: Some(5000) };
const GONE: Status = Status::Unreadable { errno: 14 };

fn capture(index: u8, moment: Moment, value: Value<'_>, status: Status) -> Capture<'_> {
    Capture { index, part: Part::Whole, moment, value, status }
}

fn read(index: u8, bytes: &[u8]) -> Capture<'_> {
    capture(index, Moment::Entry, Value::Bytes(bytes), Status::Ok)
}

fn written(index: u8, bytes: &[u8]) -> Capture<'_> {
    capture(index, Moment::Return, Value::Bytes(bytes), Status::Ok)
}

/// Arguments of a native call that returned.
fn arguments(name: &str, args: [u64; 6], result: i64, captures: Vec<Capture<'_>>) -> Vec<String> {
    let slot = Slot::new(Abi::Native, number(Abi::Native, name).unwrap()).unwrap();
    let call = Call {
        abi: slot.abi(),
        registers: args,
        captures: &captures,
        result: Some(result),
        socket: None,
    };
    let arguments = call.arguments(signature(slot).unwrap()).map(|one| {
        let mut out = String::new();
        argument_with_memory(&one, &mut out);
        let is_text = one.parameter.kind == Kind::Path && out.starts_with('"');
        assert_eq!(string_bytes(&one).is_some(), is_text, "{out}");
        out
    });
    arguments.collect()
}

/// `sethostname("x", -1)` is refused before a byte is read.
#[test]
fn buffer_with_length_and_no_byte_is_an_address() {
    let nothing = || vec![read(0, b"")];
    let texts = |args, captures| arguments("sethostname", args, -22, captures);
    assert_eq!(texts([16, u64::MAX, 0, 0, 0, 0], nothing()), ["0x10", "4294967295"]);
    assert_eq!(texts([16, 0, 0, 0, 0, 0], nothing()), ["\"\"", "0"]);
    assert_eq!(texts([16, 1, 0, 0, 0, 0], vec![read(0, b"x")]), ["\"x\"", "1"]);
}

#[test]
fn join_keeps_both_texts_unless_after_extends_before() {
    let int = Kind::Pointer(Box::leak(Box::new(Kind::Signed(Width::Int))));
    for (kind, before, after, expected) in [
        (int, "[128]", "[16]", "[128 => 16]"),
        (Kind::Struct("flock"), "{a=1}", "{a=2}", "{a=1} => {a=2}"),
        (Kind::Struct("flock"), "{a=1}", "{a=1, b=2}", "{a=1, b=2}"),
        (Kind::Struct("flock"), "{}", "{b=2}", "{b=2}"),
        (Kind::Struct("flock"), "{a=1}", "{a=1}", "{a=1}"),
        (Kind::Struct("flock"), "{a=1}", "{a=12}", "{a=1} => {a=12}"),
    ] {
        let mut out = format!("f({before}{after}");
        super::join(kind, 2, 2 + before.len(), &mut out);
        assert_eq!(out, format!("f({expected}"));
    }
}

#[test]
fn string_is_quoted_and_unreadable_one_is_address() {
    let path = |value, status| vec![capture(0, Moment::Entry, value, status)];
    for (value, status, expected) in [
        (Value::Text(b"/etc"), Status::Ok, "\"/etc\""),
        (Value::Text(b"/long"), CUT, "\"/long\"..."),
        (Value::Text(b"\x1b[2J\n"), Status::Ok, "\"\\x1b[2J\\n\""),
    ] {
        assert_eq!(arguments("unlink", [0x1000; 6], 0, path(value, status)), [expected]);
    }
    assert_eq!(arguments("unlink", [0x1000; 6], 0, path(Value::Text(b""), GONE)), ["0x1000"]);
    assert_eq!(arguments("unlink", [0; 6], -14, vec![]), ["NULL"]);
}

/// The number of strings, and that of variables, is a lower bound where the vectors could not be counted.
#[test]
fn strings_that_were_left_out_are_counted() {
    let string = |text| capture(1, Moment::Entry, Value::Text(text), Status::Ok);
    let count = |index, count, status| capture(index, Moment::Entry, Value::Number(count), status);
    let mark = capture(1, Moment::Entry, Value::Bytes(b""), GONE);
    for (captures, argv, envp, is_cut) in [
        (vec![string(b"ls")], r#"["ls"]"#, "0x3", [false; 2]),
        (
            vec![string(b"ls"), count(1, 2, Status::Ok), count(2, 5, Status::Ok)],
            r#"["ls", ... /* 2 in all */]"#,
            "0x3 /* 5 vars */",
            [true, false],
        ),
        (
            vec![string(b"ls"), mark, count(1, 1, CUT), count(2, 5, CUT)],
            r#"["ls", <unreadable>, ... /* at least 1 in all */]"#,
            "0x3 /* at least 5 vars */",
            [true, true],
        ),
    ] {
        let registers = [0, 2, 3, 0, 0, 0];
        assert_eq!(arguments("execve", registers, 0, captures.clone())[1..], [argv, envp]);
        let slot = Slot::new(Abi::Native, number(Abi::Native, "execve").unwrap()).unwrap();
        let call =
            Call { abi: slot.abi(), registers, captures: &captures, result: Some(0), socket: None };
        let cut: Vec<_> =
            call.arguments(signature(slot).unwrap()).map(|one| one.is_truncated()).collect();
        assert_eq!(cut[1..], is_cut);
    }
}

#[test]
fn buffer_has_escapes_of_c() {
    let buffer = vec![capture(1, Moment::Entry, Value::Bytes(b"\x7fELF\0"), CUT)];
    let expected = ["1", "\"\\177ELF\\0\"...", "5000"];
    assert_eq!(arguments("write", [1, 0x1000, 5000, 0, 0, 0], 5, buffer), expected);
}

#[test]
fn changed_number_is_printed_twice() {
    let (before, after) = (16_i32.to_ne_bytes(), 110_i32.to_ne_bytes());
    let captures = vec![read(2, &before), written(2, &after)];
    let printed = |captures| arguments("accept", [3, 0x1000, 0x2000, 0, 0, 0], 4, captures);
    assert_eq!(printed(captures), ["3", "0x1000", "[16 => 110]"]);
    assert_eq!(printed(vec![read(2, &before), written(2, &before)]), ["3", "0x1000", "[16]"]);
    assert_eq!(printed(vec![read(2, &before)]), ["3", "0x1000", "[16]"]);
}

#[test]
fn iovec_prints_contents_or_address_of_each_buffer() {
    let words: Vec<u8> =
        [0x1000_u64, 3, 0x2000, 9].iter().flat_map(|word| word.to_ne_bytes()).collect();
    let buffer = Capture { part: Part::Buffer, ..read(1, b"abc") };
    let gone = Capture { status: GONE, value: Value::Bytes(b""), ..buffer };
    let captures = vec![read(1, &words), buffer, gone];
    let expected = "[{iov_base=\"abc\", iov_len=3}, {iov_base=0x2000, iov_len=9}]";
    assert_eq!(arguments("writev", [1, 0x3000, 2, 0, 0, 0], 3, captures)[1], expected);
}

#[test]
fn iovec_marks_buffers_that_were_not_captured() {
    let words: Vec<u8> =
        [0x1000_u64, 3, 0x2000, 9].iter().flat_map(|word| word.to_ne_bytes()).collect();
    let at = |part, value| Capture { part, ..capture(1, Moment::Return, value, Status::Ok) };
    let (vector, buffer) = (written(1, &words), at(Part::Buffer, Value::Bytes(b"abc")));
    let printed = |captures| arguments("readv", [0, 0x3000, 2, 0, 0, 0], 3, captures)[1].clone();
    let filled = "[{iov_base=\"abc\", iov_len=3}, {iov_base=\"\", iov_len=9}]";
    assert_eq!(printed(vec![vector, buffer]), filled);
    let cut = "[{iov_base=\"abc\", iov_len=3}, {iov_base=0x2000, iov_len=9}]";
    assert_eq!(printed(vec![vector, buffer, at(Part::Rest, Value::Number(1))]), cut);
}

/// The capture has as many bytes as any command of `ioctl` may need.
#[test]
fn memory_of_case_is_cut_to_its_size() {
    let mut bytes = [0xff_u8; 256];
    bytes[..4].copy_from_slice(&7_i32.to_ne_bytes());
    let status = Status::Truncated { length: None };
    let captures = vec![capture(2, Moment::Return, Value::Bytes(&bytes), status)];
    let fionread = 0x541b;
    assert_eq!(
        arguments("ioctl", [0, fionread, 0x1000, 0, 0, 0], 0, captures)[1..],
        ["FIONREAD", "[7]"]
    );
}

#[test]
fn status_of_wait_without_child_is_address() {
    let status = 0x300_i32.to_ne_bytes();
    let printed = |result| {
        arguments("wait4", [u64::MAX, 0x7000, 1, 0, 0, 0], result, vec![written(1, &status)])
    };
    assert_eq!(printed(77)[1], "[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]");
    assert_eq!(printed(0)[1], "0x7000");
}

#[test]
fn msgbuf_has_type_and_received_text() {
    let bytes = [&3_i64.to_ne_bytes()[..], b"text"].concat();
    let captures = vec![written(1, &bytes)];
    let expected = "{mtype=3, mtext=\"text\"}";
    assert_eq!(arguments("msgrcv", [1, 0x7000, 20, 0, 0, 0], 4, captures)[1], expected);
}

#[test]
fn hexbytes_are_hexadecimal() {
    let captures = vec![written(0, b"a\xff")];
    assert_eq!(arguments("getrandom", [0x7000, 2, 0, 0, 0, 0], 2, captures)[0], "\"\\x61\\xff\"");
}

#[test]
fn strings_print_total_if_some_are_missing() {
    let one = |text: &'static [u8]| capture(1, Moment::Entry, Value::Text(text), Status::Ok);
    let count = |number| capture(1, Moment::Entry, Value::Number(number), Status::Ok);
    let argv = |captures| arguments("execve", [0x1000, 0x2000, 0, 0, 0, 0], 0, captures)[1].clone();
    assert_eq!(argv(vec![one(b"ls"), one(b"-l")]), "[\"ls\", \"-l\"]");
    assert_eq!(argv(vec![one(b"ls"), count(300)]), "[\"ls\", ... /* 300 in all */]");
    // Nothing could be read at entry; the strings are those of the new program.
    assert_eq!(argv(vec![count(0), one(b"ls")]), "[\"ls\"]");
    assert_eq!(argv(vec![count(0)]), "0x2000");
    assert_eq!(argv(vec![capture(1, Moment::Entry, Value::Text(b""), GONE)]), "[<unreadable>]");
}

#[test]
fn socket_options_with_bits_have_their_meaning() {
    let set = |level, option, size, bytes: &'static [u8]| {
        let args = [3, level, option, 0x1000, size, 0];
        arguments("setsockopt", args, 0, vec![read(3, bytes)]).remove(3)
    };
    let (ports, filter) = (&[0x21, 0x43, 0x65, 0x87], &[9, 1, 0, 0]);
    assert_eq!(set(0, 51, 4, ports), "[0x87654321 /* 17185..34661 */]");
    assert_eq!(set(0, 51, 2, &ports[..2]), "\"!C\"");
    assert_eq!(set(255, 1, 4, filter), "[ICMP_ECHOREPLY ICMP_DEST_UNREACH ICMP_ECHO]");
    let get = |room: u32| {
        let (room, captures) = (room.to_ne_bytes(), written(3, filter));
        let captures = vec![captures, read(4, &room), written(4, &room)];
        arguments("getsockopt", [3, 255, 1, 0x1000, 0x2000, 0], 0, captures).remove(3)
    };
    assert_eq!(get(4), "[ICMP_ECHOREPLY ICMP_DEST_UNREACH ICMP_ECHO]");
}

/// Prints an argument of a call on a socket.
fn of_socket(
    (name, at): (&str, usize),
    socket: Option<Socket>,
    args: [u64; 6],
    captures: &[Capture<'_>],
) -> String {
    let slot = Slot::new(Abi::Native, number(Abi::Native, name).unwrap()).unwrap();
    let (abi, result) = (slot.abi(), Some(32));
    let call = Call { abi, registers: args, captures, result, socket };
    let argument = call.arguments(signature(slot).unwrap()).nth(at).unwrap();
    let mut out = String::new();
    argument_with_memory(&argument, &mut out);
    out
}

#[test]
fn messages_of_netlink_are_told_where_the_socket_is_known_to_be_one() {
    let message = [&32_u32.to_ne_bytes()[..], &[18, 0, 1, 3, 7, 0, 0, 0], &[0; 20]].concat();
    let (netlink, unix) = ([16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 0, b'/']);
    let (send, route) = (("sendto", 1), Some(Socket::Netlink(Some(0))));
    let args = [3, 0x1000, 32, 0, 0x2000, 12];
    let (buffer, to) = (read(1, &message), |address| read(4, address));
    let text = r#"" \0\0\0\22\0\1\3\7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0""#;
    let number = "[{nlmsg_len=32, nlmsg_type=0x12 /* NLMSG_??? */, ";
    let name = "[{nlmsg_len=32, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST|NLM_F_DUMP, ";
    for (socket, captures, expected) in [
        (None, vec![buffer], text),
        (None, vec![buffer, to(&unix)], text),
        (None, vec![buffer, to(&netlink)], number),
        (Some(Socket::Other), vec![buffer, to(&netlink)], text),
        (route, vec![buffer], name),
        (route, vec![buffer, to(&unix)], name),
    ] {
        let text = of_socket(send, socket, args, &captures);
        assert!(text.starts_with(expected), "{text}");
    }
    // The buffer that a call fills, with an address that it fills, too.
    let captures = [written(1, &message), written(4, &netlink)];
    assert!(of_socket(("recvfrom", 1), None, args, &captures).starts_with(number));
    let captures = [written(1, &message), read(4, &netlink)];
    assert!(of_socket(("recvfrom", 1), route, args, &captures).starts_with(name));
    // Buffers of messages; those of vectors are no messages.
    let header: Vec<u8> =
        [0x2000_u64, 12, 0x3000, 1, 0, 0, 0].iter().flat_map(|n| n.to_ne_bytes()).collect();
    let vector = [0x1000_u64.to_ne_bytes(), 32_u64.to_ne_bytes()].concat();
    let part = |part, bytes| Capture { part, ..read(1, bytes) };
    let mut captures = vec![
        part(Part::Whole, &header[..]),
        part(Part::Vector, &vector),
        part(Part::Buffer, &message),
    ];
    let place = ("sendmsg", 1);
    let iov = |contents: &str| format!("msg_iov=[{{iov_base={contents}");
    assert!(of_socket(place, None, args, &captures).contains(&iov(text)));
    assert!(of_socket(place, route, args, &captures).contains(&iov(name)));
    captures.insert(1, part(Part::Name, &netlink));
    assert!(of_socket(place, None, args, &captures).contains(&iov(number)));
    let captures = [read(1, &vector), part(Part::Buffer, &message)];
    assert!(of_socket(("writev", 1), route, args, &captures).contains(text));
}

proptest::proptest! {
    #[test]
    fn argument_with_any_bytes_is_printable(
        nr in 0_u16..470,
        args: [u64; 6],
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80),
    ) {
        for abi in Abi::BOTH {
            let slot = Slot::new(abi, nr).unwrap();
            let parts = [Part::Whole, Part::Name, Part::Vector, Part::Buffer, Part::Control];
            let moments = [Moment::Entry, Moment::Return];
            let captures = (0..6).flat_map(|index| parts.map(|part| Capture {
                part,
                ..capture(index, moments[usize::from(index % 2)], Value::Bytes(&bytes), CUT)
            }));
            let captures: Vec<_> = captures.collect();
            let socket = Some(Socket::Netlink(args.first().map(|one| *one as u16 % 22)));
            let call = Call { abi, registers: args, captures: &captures, result: None, socket };
            for one in signature(slot).into_iter().flat_map(|known| call.arguments(known)) {
                let mut out = String::new();
                argument_with_memory(&one, &mut out);
                assert!(!out.is_empty() && !out.chars().any(char::is_control), "{out}");
            }
        }
    }
}
