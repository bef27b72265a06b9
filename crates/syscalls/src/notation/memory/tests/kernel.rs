//! Memory in the kernel's reading: no more than it copied, nothing that it did not write, every cut marked.

use super::*;
use crate::Argument;

const SOME: Status = Status::Truncated { length: None };

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

fn ints(ints: &[u32]) -> Vec<u8> {
    ints.iter().flat_map(|int| int.to_ne_bytes()).collect()
}

/// Arguments of a native call that are marked as cut.
fn cut(name: &str, args: [u64; 6], result: i64, captures: &[Capture<'_>]) -> Vec<&'static str> {
    let slot = Slot::new(Abi::Native, number(Abi::Native, name).unwrap()).unwrap();
    let call =
        Call { abi: slot.abi(), registers: args, captures, result: Some(result), socket: None };
    let all = call.arguments(signature(slot).unwrap());
    all.filter(Argument::is_truncated).map(|one| one.parameter.name).collect()
}

#[test]
fn file_handle_has_bytes_by_its_count() {
    let handle = [ints(&[3, 1]), vec![0x13, 0, 0xff, 0x77]].concat();
    let captures = vec![capture(1, Moment::Entry, Value::Bytes(&handle), SOME)];
    let args = [5, 0x1000, 0, 0, 0, 0];
    assert_eq!(cut("open_by_handle_at", args, 3, &captures), [""; 0]);
    let expected = "{handle_bytes=3, handle_type=1, f_handle=\"\\x13\\x00\\xff\"}";
    assert_eq!(arguments("open_by_handle_at", args, 3, captures)[1], expected);
    let captures = vec![capture(1, Moment::Entry, Value::Bytes(&handle[..10]), SOME)];
    assert_eq!(cut("open_by_handle_at", args, 3, &captures), ["handle"]);
    let expected = "{handle_bytes=3, handle_type=1, f_handle=\"\\x13\\x00\"...}";
    assert_eq!(arguments("open_by_handle_at", args, 3, captures)[1], expected);
}

/// name_to_handle_at reads the number of bytes only.
#[test]
fn new_file_handle_has_bytes_after_the_call() {
    let before = [ints(&[128, 0x5a5a]), vec![0x5a; 128]].concat();
    let after = [ints(&[2, 1]), vec![7; 130]].concat();
    let captures = vec![
        capture(2, Moment::Entry, Value::Bytes(&before), SOME),
        capture(2, Moment::Return, Value::Bytes(&after[..136]), SOME),
    ];
    let expected = "{handle_bytes=128} => {handle_bytes=2, handle_type=1, f_handle=\"\\x07\\x07\"}";
    assert_eq!(arguments("name_to_handle_at", [5, 0, 0x1000, 0, 0, 0], 0, captures)[2], expected);
}

/// The request decides what follows the name of an interface, and whether the kernel reads or writes it.
#[test]
fn interface_has_members_of_its_request() {
    let name = [&b"lo"[..], &[0; 14]].concat();
    let ifreq = |rest: &[u8]| {
        let mut all = [name.as_slice(), rest].concat();
        all.resize(256, 0x5a);
        all
    };
    let printed = |request, before: &[u8], after: Option<&[u8]>| {
        let (before, after) = (ifreq(before), after.map(ifreq));
        let mut captures = vec![capture(2, Moment::Entry, Value::Bytes(&before), SOME)];
        captures.extend(
            after.iter().map(|after| capture(2, Moment::Return, Value::Bytes(after), SOME)),
        );
        let result = if after.is_some() { 0 } else { -19 };
        arguments("ioctl", [3, request, 0x1000, 0, 0, 0], result, captures)[2].clone()
    };
    let index = ints(&[7]);
    assert_eq!(printed(0x8933, &[], Some(&index)), r#"{ifr_name="lo", ifr_ifindex=7}"#);
    assert_eq!(printed(0x8933, &[], None), r#"{ifr_name="lo"}"#);
    let flags = [0x43, 0x10, 9, 9];
    let up = r#"{ifr_name="lo", ifr_flags=IFF_UP|IFF_BROADCAST|IFF_RUNNING|IFF_MULTICAST}"#;
    assert_eq!(printed(0x8914, &flags, None), up);
    assert_eq!(printed(0x8913, &[], Some(&flags)), up);
    let address = [2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let expected = "{ifr_name=\"lo\", ifr_addr={sa_family=AF_INET, sin_port=htons(0), \
                    sin_addr=inet_addr(\"127.0.0.1\")}}";
    assert_eq!(printed(0x8915, &[], Some(&address)), expected);
    let link = [1, 0, 2, 0, 0, 0, 0, 1, 9, 9];
    let expected =
        r#"{ifr_name="lo", ifr_hwaddr={sa_family=ARPHRD_ETHER, sa_data=02:00:00:00:00:01}}"#;
    assert_eq!(printed(0x8927, &[], Some(&link)), expected);
    assert_eq!(printed(0x8923, b"eth0\0", None), r#"{ifr_name="lo", ifr_newname="eth0"}"#);
    assert_eq!(
        printed(0x8910, &index, Some(&index)),
        r#"{ifr_ifindex=7} => {ifr_ifindex=7, ifr_name="lo"}"#.split_once(" => ").unwrap().1
    );
    let tun = printed(0x4004_54ca, &[2, 0x10], Some(&[2, 0x10]));
    assert_eq!(tun, r#"{ifr_name="lo", ifr_flags=IFF_TAP|IFF_NO_PI}"#);
}

/// Only the captured entries of a full buffer can be counted.
#[test]
fn entries_beyond_capture_are_not_counted_as_none() {
    let entry = [[0; 16].as_slice(), &[24, 0], &[0; 6]].concat();
    let entries = entry.repeat(4);
    let printed = |status, result| {
        let captures = vec![capture(1, Moment::Return, Value::Bytes(&entries), status)];
        arguments("getdents64", [3, 0x1000, 32768, 0, 0, 0], result, captures)[1].clone()
    };
    assert_eq!(printed(Status::Ok, 96), "0x1000 /* 4 entries */");
    let cut = Status::Truncated { length: Some(240) };
    assert_eq!(printed(cut, 240), "0x1000 /* at least 4 entries */");
}

/// The kernel side counts what was not captured.
#[test]
fn entries_of_long_directory_are_those_that_were_counted() {
    let entry = [[0; 16].as_slice(), &[24, 0], &[0; 6]].concat();
    let first = Status::Truncated { length: Some(240) };
    let first = capture(1, Moment::Return, Value::Bytes(&entry), first);
    let args = [3, 0x1000, 32768, 0, 0, 0];
    for (status, expected, names) in [
        (Status::Ok, "0x1000 /* 10 entries */", &[][..]),
        (Status::Truncated { length: None }, "0x1000 /* at least 10 entries */", &["dirent"]),
    ] {
        let rest = capture(1, Moment::Return, Value::Number(10), status);
        let captures = vec![first, Capture { part: Part::Rest, ..rest }];
        assert_eq!(cut("getdents64", args, 240, &captures), names);
        assert_eq!(arguments("getdents64", args, 240, captures)[1], expected);
    }
}

#[test]
fn option_shorter_than_int_is_bytes() {
    let printed = |bytes| {
        let captures = vec![written(3, bytes)];
        arguments("getsockopt", [3, 0, 2, 0x1000, 0x2000, 0], 0, captures)[3].clone()
    };
    assert_eq!(printed(b"@"), "\"\\x40\"");
    assert_eq!(printed(&[0xb, 0, 0]), "\"\\x0b\\x00\\x00\"");
    assert_eq!(printed(&[64, 0, 0, 0]), "[64]");
    assert_eq!(printed(b""), "0x1000");
}

/// The length counts instructions, of 8 bytes each (sk_get_filter in net/core/filter.c).
#[test]
fn filter_of_socket_is_no_text_of_as_many_bytes() {
    let captures = vec![written(3, &[6, 0])];
    let printed = arguments("getsockopt", [3, 1, 26, 0x1000, 0x2000, 0], 0, captures);
    assert_eq!(printed[3], "0x1000");
}

/// The kernel has fewer processors than the C library has room for, and writes as many signals as are asked for.
#[test]
fn set_may_be_short() {
    let bytes = words(&[3, 0, 0, 0]);
    let captures = vec![written(2, &bytes)];
    assert_eq!(arguments("sched_getaffinity", [0, 128, 0x1000, 0, 0, 0], 32, captures)[2], "[0 1]");
    let captures = vec![written(0, &[1, 0, 0, 0])];
    assert_eq!(arguments("rt_sigpending", [0x1000, 4, 0, 0, 0, 0], 0, captures)[0], "[HUP]");
}

#[test]
fn address_of_no_bytes_is_pointer() {
    let captures = vec![written(1, b"")];
    assert_eq!(arguments("accept", [3, 0x1000, 0x2000, 0, 0, 0], 4, captures)[1], "0x1000");
}

/// get_nodes takes one bit less than it is asked for; the memory has whole words.
#[test]
fn nodes_end_before_last_bit() {
    let printed = |nodes: u64, mask: &[u64]| {
        let mask = words(mask);
        let captures = vec![read(1, &mask)];
        arguments("set_mempolicy", [2, 0x1000, nodes, 0, 0, 0], 0, captures)[1].clone()
    };
    assert_eq!(printed(65, &[1]), "[0x1]");
    assert_eq!(printed(4, &[0xff]), "[0x7]");
    assert_eq!(printed(67, &[u64::MAX, u64::MAX]), "[0xffffffffffffffff, 0x3]");
}

/// select looks at the first n descriptors of a set.
#[test]
fn descriptors_from_the_count_on_are_none() {
    let mask = words(&[0b10_0001]);
    let captures = vec![read(1, &mask), written(1, &mask)];
    assert_eq!(arguments("select", [5, 0x1000, 0, 0, 0, 0], 0, captures)[1], "[0]");
}

#[test]
fn usage_without_child_is_address() {
    let (usage, none, child) = (vec![0x51; 144], vec![0; 128], ints(&[17, 0, 1]));
    let wait4 = |result| {
        arguments("wait4", [u64::MAX, 0, 1, 0x2000, 0, 0], result, vec![written(3, &usage)])
    };
    assert_eq!(wait4(0)[3], "0x2000");
    assert!(wait4(77)[3].starts_with("{ru_utime="));
    let waitid = |options, info| {
        let captures = vec![written(2, info), written(4, &usage)];
        arguments("waitid", [0, 0, 0x1000, options, 0x2000, 0], 0, captures)[4].clone()
    };
    assert_eq!(waitid(5, &none), "0x2000");
    assert!(waitid(5, &child).starts_with("{ru_utime="));
    assert!(waitid(4, &none).starts_with("{ru_utime="));
}

/// The result is the length of what there is, not of what was written.
#[test]
fn length_without_room_is_address() {
    let bytes = [0x51; 64];
    let keyctl = |command, room| {
        let captures = vec![capture(2, Moment::Return, Value::Bytes(&bytes), SOME)];
        arguments("keyctl", [command, 1, 0x1000, room, 0, 0], 22, captures)[2].clone()
    };
    let (describe, get_security, read_key) = (6, 17, 11);
    assert_eq!([keyctl(describe, 0), keyctl(read_key, 21)], ["0x1000", "0x1000"]);
    assert_eq!(keyctl(read_key, 22), format!("\"{}\"", "Q".repeat(22)));
    assert_eq!(keyctl(get_security, 2), "\"QQ\"");
    for (call, at, size) in [("getxattr", 2, 0x1000), ("listxattr", 1, 0)] {
        let cut = Status::Truncated { length: Some(22) };
        let captures = vec![capture(at, Moment::Return, Value::Bytes(b""), cut)];
        let printed = arguments(call, [1, 0x1000, size, 0, 0, 0], 22, captures);
        assert_eq!(printed[usize::from(at)], "0x1000", "{call}");
    }
}

/// The kernel writes nothing where there are no names.
#[test]
fn list_without_names_is_address() {
    let list = |result, bytes: &'static [u8]| {
        let args = [1, 0x1000, 100, 0, 0, 0];
        arguments("listxattr", args, result, vec![written(1, bytes)])[1].clone()
    };
    assert_eq!(list(0, b""), "0x1000");
    assert_eq!(list(5, b"a.b\0c"), r#""a.b\0c""#);
}

/// The kernel writes the time that is left if a signal interrupts the sleep, and at no other end.
#[test]
fn time_left_is_printed_of_interrupted_sleep() {
    let time = words(&[4, 5]);
    let nanosleep = |result: i64| {
        let args = [0x1000, 0x2000, 0, 0, 0, 0];
        arguments("nanosleep", args, result, vec![written(1, &time)])[1].clone()
    };
    assert_eq!(nanosleep(-516), "{tv_sec=4, tv_nsec=5}");
    assert_eq!([0, -4, -14].map(nanosleep), ["0x2000"; 3]);
}

#[test]
fn structure_of_ring_is_that_of_the_operation() {
    let register = |opcode, number, bytes: &[u8]| {
        let args = [3, opcode, 0x1000, number, 0, 0];
        let captures = vec![capture(2, Moment::Entry, Value::Bytes(bytes), SOME)];
        arguments("io_uring_register", args, 0, captures)[2].clone()
    };
    let zeros = |bytes: Vec<u8>| [bytes, vec![0; 100]].concat();
    assert_eq!(register(2, 2, &zeros(ints(&[4, u32::MAX]))), "[4, -1]");
    // The highest bit of the operation says that the ring is registered, too.
    assert_eq!(register(0x8000_0002, 1, &zeros(ints(&[4]))), "[4]");
    let napi = register(27, 1, &zeros(ints(&[50, 1])));
    assert_eq!(napi, "{busy_poll_to=50, prefer_busy_poll=1, opcode=0, op_param=0}");
    let clone = register(30, 1, &zeros(ints(&[5, 1, 2, 3, 4])));
    assert_eq!(clone, "{src_fd=5, flags=0x1, src_off=2, dst_off=3, nr=4}");
    assert_eq!(register(29, 0, &zeros(ints(&[1]))), "{clockid=CLOCK_MONOTONIC}");
    assert_eq!(register(12, 0, &zeros(ints(&[1]))), "0x1000");
}

#[test]
fn structure_of_newer_operation_of_ring_has_its_members() {
    let register = |opcode, result, moment, bytes: &[u8]| {
        let bytes = [bytes, &[0; 200]].concat();
        let captures = vec![
            capture(2, Moment::Entry, Value::Bytes(&bytes), SOME),
            capture(2, moment, Value::Bytes(&bytes), SOME),
        ];
        arguments("io_uring_register", [3, opcode, 0x1000, 1, 0, 0], result, captures)[2].clone()
    };
    let entry = |opcode, bytes: Vec<u8>| register(opcode, -22, Moment::Entry, &bytes);
    // A message: opcode and descriptor, user data of the other ring, kind, length, flags, own user data.
    let message = [words(&[0x5_0000_0028, 0xab, 0]), ints(&[7, 2]), words(&[0xcd])].concat();
    assert_eq!(
        entry(31, message),
        "{opcode=40, flags=0, ioprio=0, fd=5, off=0xab, addr=IORING_MSG_DATA, len=7, \
         msg_ring_flags=IORING_MSG_RING_FLAGS_PASS, user_data=0xcd, file_index=0, addr3=0}"
    );
    let region = words(&[0x2000, 1]);
    assert_eq!(entry(34, region), "{region_uptr=0x2000, flags=IORING_MEM_REGION_REG_WAIT_ARG}");
    let queue = [ints(&[2, 1, 256, 2]), words(&[0x2000, 0x3000]), vec![0; 32]].concat();
    assert_eq!(
        entry(32, queue),
        "{if_idx=2, if_rxq=1, rq_entries=256, flags=ZCRX_REG_NODEV, area_ptr=0x2000, \
         region_ptr=0x3000, rx_buf_len=0, event_desc=NULL}"
    );
    let command = |op, data| entry(36, [ints(&[9, op]), words(&[0, 0, data])].concat());
    assert_eq!(command(2, 1), "{zcrx_id=9, op=ZCRX_CTRL_ARM_EVENT, event_type=1}");
    assert_eq!(command(3, 0x4000), "{zcrx_id=9, op=ZCRX_CTRL_ADD_AREA, area_ptr=0x4000}");
    assert_eq!(command(0, 7), "{zcrx_id=9, op=ZCRX_CTRL_FLUSH_RQ}");
    let filter = [ints(&[1, 0, 18, 1, 4, 8]), words(&[0x5000])].concat();
    assert_eq!(
        entry(37, filter),
        "{cmd_type=IO_URING_BPF_CMD_FILTER, cmd_flags=0, opcode=18, \
         flags=IO_URING_BPF_FILTER_DENY_REST, filter_len=4, pdu_size=8, filter_ptr=0x5000}"
    );
    let question = [words(&[0, 0x6000]), ints(&[1, 40, u32::MAX - 94])].concat();
    assert_eq!(
        register(35, 0, Moment::Return, &question),
        "{next_entry=NULL, query_data=0x6000, query_op=IO_URING_QUERY_ZCRX, size=40, \
         result=-EOPNOTSUPP}"
    );
}

#[test]
fn error_of_socket_has_name() {
    let getsockopt = |error| {
        let (error, size) = (ints(&[error]), ints(&[4]));
        let captures = vec![written(3, &error), read(4, &size), written(4, &size)];
        arguments("getsockopt", [3, 1, 4, 0x1000, 0x2000, 0], 0, captures)[3].clone()
    };
    assert_eq!([111, 0].map(getsockopt), ["[ECONNREFUSED]", "[0]"]);
}

/// With MSG_TRUNC the result is the length of the message, of which the caller has what it has room for.
#[test]
fn message_longer_than_room_is_not_cut() {
    let status = Status::Truncated { length: Some(100) };
    let captures = vec![capture(1, Moment::Return, Value::Bytes(b"abcd"), status)];
    let received = |room| {
        let args = [3, 0x1000, room, 0x20, 0, 0];
        (cut("recvfrom", args, 100, &captures), arguments("recvfrom", args, 100, captures.clone()))
    };
    assert_eq!((received(4).0.len(), received(4).1[1].as_str()), (0, "\"abcd\""));
    assert_eq!((received(5).0, received(5).1[1].as_str()), (vec!["ubuf"], "\"abcd\"..."));
}

#[test]
fn messages_that_are_not_captured_are_marked() {
    let header = [words(&[0; 7]), ints(&[0, 0])].concat();
    let args = |count| [3, 0x1000, count, 0, 0, 0];
    let two = vec![read(1, &header), read(1, &header)];
    let printed = |count| arguments("sendmmsg", args(count), 2, two.clone())[1].clone();
    assert!(printed(3).ends_with("}}, ...]"), "{}", printed(3));
    assert!(printed(2).ends_with("}}]"), "{}", printed(2));
    assert_eq!(cut("sendmmsg", args(1025), 278, &two), ["mmsg"]);
    assert_eq!(cut("sendmmsg", args(2), 2, &two), [""; 0]);
    let two = vec![written(1, &header), written(1, &header)];
    assert_eq!(cut("recvmmsg", args(9), 3, &two), ["mmsg"]);
    assert_eq!(cut("recvmmsg", args(9), 2, &two), [""; 0]);
}

#[test]
fn message_has_lengths_before_and_after_the_call() {
    let header = |length| words(&[0, length, 0, 1, 0, 0, 0]);
    let received = |before, after| {
        let (before, after) = (header(before), header(after));
        let captures = vec![read(1, &before), written(1, &after)];
        arguments("recvmsg", [3, 0x1000, 0, 0, 0, 0], 0, captures)[1].clone()
    };
    let rest = "msg_iov=NULL, msg_iovlen=1, msg_controllen=0, msg_flags=0}";
    assert_eq!(received(110, 0), format!("{{msg_name=NULL, msg_namelen=110 => 0, {rest}"));
    assert_eq!(received(7, 7), format!("{{msg_name=NULL, msg_namelen=7, {rest}"));
    let header = |length, moved| [header(length), words(&[moved])].concat();
    let (before, after) = (header(128, 0xbad), header(16, 5));
    let captures = vec![read(1, &before), read(1, &before), written(1, &after)];
    let texts = |result, captures| arguments("recvmmsg", [3, 0x1000, 2, 0, 0, 0], result, captures);
    let name = format!("[{{msg_hdr={{msg_name=NULL, msg_namelen=128 => 16, {rest}, msg_len=5}}]");
    assert_eq!(texts(1, captures)[1], name);
    assert_eq!(texts(-11, vec![read(1, &before)])[1], "0x1000");
}

/// The kernel writes the lengths of those that it has sent, which may be fewer than the call passes.
#[test]
fn message_that_was_sent_has_its_length() {
    let header = |moved| [words(&[0, 0, 0, 0, 0, 0, 0]), words(&[moved])].concat();
    let (before, after) = (header(0xbad), [header(5), header(7)].concat());
    let entry = vec![read(1, &before); 3];
    let both = [entry.clone(), vec![written(1, &after)]].concat();
    let args = [3, 0x1000, 3, 0, 0, 0];
    let rest = "{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=NULL, msg_iovlen=0, \
                msg_controllen=0, msg_flags=0}";
    assert_eq!(cut("sendmmsg", args, 2, &both), [""; 0]);
    let expected = format!("[{rest}, msg_len=5}}, {rest}, msg_len=7}}, {rest}}}]");
    assert_eq!(arguments("sendmmsg", args, 2, both)[1], expected);
    let unsent = format!("[{rest}}}, {rest}}}, {rest}}}]");
    assert_eq!(arguments("sendmmsg", args, -11, entry)[1], unsent);
}

#[test]
fn time_has_date() {
    let time = words(&[1_795_968_396]);
    let texts = arguments("time", [0x1000, 0, 0, 0, 0, 0], 1_795_968_396, vec![written(0, &time)]);
    assert_eq!(texts, ["[1795968396 /* 2026-11-29T16:06:36+0000 */]"]);
}

#[test]
fn buffers_that_are_not_captured_are_marked() {
    let vector = words(&[0x1000, 1].repeat(9));
    let rest = capture(1, Moment::Entry, Value::Number(1), Status::Ok);
    let captures = [read(1, &vector), Capture { part: Part::Rest, ..rest }];
    let args = [1, 0x3000, 9, 0, 0, 0];
    assert_eq!(cut("writev", args, 9, &captures[..1]), [""; 0]);
    assert_eq!(cut("writev", args, 9, &captures), ["vec"]);
}

#[test]
fn vector_of_message_without_address_is_null() {
    let header = words(&[0, 0, 0, 0, 0, 0, 0]);
    let vector = Capture { part: Part::Vector, ..read(1, b"") };
    let printed = arguments("sendmsg", [3, 0x1000, 0, 0, 0, 0], 0, vec![read(1, &header), vector]);
    assert!(printed[1].contains("msg_iov=NULL, msg_iovlen=0"), "{}", printed[1]);
}

#[test]
fn control_data_behind_last_header_is_printed() {
    let header = words(&[0, 0, 0x2000, 0, 0x3000, 19, 0]);
    let control = [words(&[16]), ints(&[1, 1]), vec![1, 2, 3]].concat();
    let printed = |status| {
        let control = Capture { part: Part::Control, status, ..read(1, &control) };
        let captures = vec![read(1, &header), control];
        arguments("sendmsg", [3, 0x1000, 0, 0, 0, 0], 0, captures)[1].clone()
    };
    let whole = printed(Status::Ok);
    assert!(whole.contains("cmsg_data=[]}, <3 bytes: 01 02 03>], "), "{whole}");
    let partial = printed(Status::Truncated { length: Some(300) });
    assert!(partial.contains("cmsg_data=[]}, ...], "), "{partial}");
}

/// The kernel takes as much of a structure as its size says; 0 stands for the first version.
#[test]
fn structure_ends_where_its_size_says() {
    let attr = |size| {
        let bytes = [ints(&[size, 0]), words(&[1, 0, 0, 0, 0]), ints(&[7, 8])].concat();
        arguments("sched_setattr", [0, 0x1000, 0, 0, 0, 0], 0, vec![read(1, &bytes)])[1].clone()
    };
    assert!(attr(0).ends_with("sched_period=0}"), "{}", attr(0));
    assert!(attr(48).ends_with("sched_period=0}"), "{}", attr(48));
    assert!(attr(56).ends_with("sched_util_min=7, sched_util_max=8}"), "{}", attr(56));
    assert!(attr(57).ends_with("sched_util_max=8, ...}"), "{}", attr(57));
    let request = |size| {
        let bytes = [ints(&[size, 0]), words(&[1, 2, 3])].concat();
        let captures = vec![read(0, &bytes)];
        let cut = cut("listmount", [0x1000, 0, 0, 0, 0, 0], 0, &captures);
        (arguments("listmount", [0x1000, 0, 0, 0, 0, 0], 0, captures)[0].clone(), cut)
    };
    assert_eq!(request(24), ("{size=24, mnt_id=0x1, param=0x2}".to_owned(), vec![]));
    let whole = "{size=32, mnt_id=0x1, param=0x2, mnt_ns_id=0x3}";
    assert_eq!(request(32), (whole.to_owned(), vec![]));
    assert_eq!(request(33), (whole.replace("32", "33").replace('}', ", ...}"), vec!["req"]));
}

/// The option decides what is written: an address, a mask, names or a number.
#[test]
#[cfg(target_arch = "x86_64")]
fn state_of_the_processor_is_told_by_its_option() {
    for (option, value, expected) in [
        (0x1003, 0xe7, "[0xe7]"),
        (0x1021, 0xe7, "[0xe7 /* XFEATURE_MASK_FPSSE|XFEATURE_MASK_YMM|XFEATURE_MASK_AVX512 */]"),
        (0x1022, 0, "[0]"),
        (0x1024, 0x2000, "[0x2000 /* XFEATURE_MASK_??? */]"),
        (0x1024, 1 << 40 | 2, "[0x10000000002 /* XFEATURE_MASK_SSE|0x10000000000 */]"),
        (0x4001, 0xff, "[0xff]"),
        (0x4003, 6, "[6]"),
        (0x5005, 3, "[ARCH_SHSTK_SHSTK|ARCH_SHSTK_WRSS]"),
    ] {
        let args = [option, 0x1000, 0, 0, 0, 0];
        let bytes = words(&[value]);
        assert_eq!(arguments("arch_prctl", args, 0, vec![written(1, &bytes)])[1], expected);
        assert_eq!(arguments("arch_prctl", args, -22, vec![])[1], "0x1000");
    }
    let enable = [0x5001, 3, 9, 9, 9, 9];
    assert_eq!(arguments("arch_prctl", enable, 0, vec![])[1], "ARCH_SHSTK_SHSTK|ARCH_SHSTK_WRSS");
    assert_eq!(arguments("arch_prctl", [0x4004, 9, 9, 9, 9, 9], 0, vec![]).len(), 1);
}

#[test]
fn status_of_pages_is_node_or_error() {
    let pages = words(&[0, 0x1000, 7, 8, 9]);
    let status = ints(&[1, -2_i32 as u32, -14_i32 as u32, -4000_i32 as u32, 1 << 31]);
    let captures = vec![read(2, &pages), written(4, &status)];
    let printed = arguments("move_pages", [0, 5, 0x1000, 0, 0x2000, 2], 0, captures);
    assert_eq!(printed[2], "[NULL, 0x1000, 0x7, 0x8, 0x9]");
    assert_eq!(printed[4], "[1, -ENOENT, -EFAULT, -4000, -2147483648]");
}

/// The kernel takes a program of exactly the structure's size.
#[test]
fn filter_of_a_socket_has_the_size_of_its_structure() {
    let program = [words(&[2, 0x7000]), vec![0x5a; 4]].concat();
    for option in [26, 51] {
        for (size, expected) in [(16, "{len=2, filter=0x7000}"), (20, "0x1000"), (8, "0x1000")] {
            let captures = vec![read(3, &program[..size])];
            let args = [3, 1, option, 0x1000, size as u64, 0];
            assert_eq!(arguments("setsockopt", args, 0, captures)[3], expected);
        }
    }
}
