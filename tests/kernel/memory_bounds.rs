//! Tests of the bounds of captured memory: no more than the kernel reads, and no more than it writes.

use syscalls::{Capture, Moment, Part, Status, Value};

use crate::memory::{at_return, captures, entry, event_of, native, route_of, with_result};
use crate::pointers::text;
use crate::rig::{Rig, rig};

/// The kernel writes as much of a name as there is room for, and returns its length.
#[test]
fn args_name_of_socket_ends_with_room_of_caller() {
    needs_root!();
    let getsockname = native("getsockname");
    let rig = Rig::new(&route_of(getsockname, with_result));
    let nr = getsockname.nr().to_string();
    let name = b"\x01\0\0abcdefghij";
    for room in [0, 1, 4, 13, 40] {
        let words = format!("words:{room}");
        let words = ["bound", "native", &nr, "9", "long:60", &words];
        let before = i32::to_ne_bytes(room);
        let before = entry(2, Value::Bytes(&before), Status::Ok);
        let length = at_return(2, &[13, 0, 0, 0]);
        captures(&rig, &words, |captures| match room as usize {
            0 => assert_eq!(captures, [before, length]),
            room => {
                let written = at_return(1, &name[..room.min(13)]);
                assert_eq!(captures, [written, before, length], "{room}");
            }
        });
    }
}

#[test]
fn args_option_of_socket_ends_with_room_of_caller() {
    needs_root!();
    let getsockopt = native("getsockopt");
    let rig = Rig::new(&route_of(getsockopt, with_result));
    let nr = getsockopt.nr().to_string();
    // SOL_SOCKET, SO_TYPE: SOCK_DGRAM is 2.
    captures(&rig, &["bound", "native", &nr, "9", "1", "3", "long:60", "words:1"], |captures| {
        assert!(captures.contains(&at_return(3, &[2])), "{captures:?}");
    });
    captures(&rig, &["bound", "native", &nr, "9", "1", "3", "long:60", "words:40"], |captures| {
        assert!(captures.contains(&at_return(3, &[2, 0, 0, 0])), "{captures:?}");
    });
}

/// Names in the captures of a received message.
fn names<'c>(captures: &[Capture<'c>]) -> Vec<&'c [u8]> {
    let names = captures.iter().filter(|one| one.part == Part::Name);
    let written = names.filter(|one| one.moment == Moment::Return && one.status == Status::Ok);
    written
        .map(|one| match one.value {
            Value::Bytes(bytes) => bytes,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn args_name_of_message_ends_with_room_of_caller() {
    needs_root!();
    let name: &[u8] = b"\x01\0\0abcdefghij";
    let [recvmsg, recvmmsg] = ["recvmsg", "recvmmsg"].map(native);
    let rig = Rig::new(&route_of(recvmsg, with_result));
    let nr = recvmsg.nr().to_string();
    for (room, expected) in [("0", vec![]), ("4", vec![&name[..4]]), ("128", vec![name])] {
        let message = format!("received:{room}");
        captures(&rig, &["bound", "native", &nr, "9", &message, "0"], |captures| {
            assert_eq!(names(captures), expected, "{room}");
        });
    }
    drop(rig);
    let rig = Rig::new(&route_of(recvmmsg, with_result));
    let nr = recvmmsg.nr().to_string();
    let words = ["bound", "native", &nr, "9", "received:5,128", "2", "0", "0"];
    captures(&rig, &words, |captures| assert_eq!(names(captures), [&name[..5], name]));
    let words = ["bound", "native", &nr, "9", "received:128,3", "2", "0", "0"];
    captures(&rig, &words, |captures| assert_eq!(names(captures), [name, &name[..3]]));
    let words = ["bound", "native", &nr, "9", "received:128,3,2,4,5,6,7,8,9", "9", "0x40", "0"];
    let rooms = [128, 3, 2, 4, 5, 6, 7, 8].map(|room: usize| &name[..room.min(name.len())]);
    captures(&rig, &words, |captures| assert_eq!(names(captures), rooms));
}

#[test]
fn args_captures_room_and_length_of_each_message() {
    needs_root!();
    let rig = Rig::new(&route_of(native("recvmmsg"), with_result));
    let nr = native("recvmmsg").nr().to_string();
    let words = ["bound", "native", &nr, "9", "received:128,13", "2", "0", "0"];
    event_of(&rig, &words, |event| {
        let text = text(event, "recvmmsg");
        assert_eq!(text.matches("msg_len=4").count(), 2, "{text}");
        assert!(text.contains(", msg_namelen=128 => 13, "), "{text}");
        assert!(text.contains(", msg_namelen=13, "), "{text}");
    });
}

/// The kernel takes one node less than it is asked for.
#[test]
fn args_mask_of_nodes_ends_before_last_bit() {
    needs_root!();
    let set_mempolicy = native("set_mempolicy");
    let rig = rig(&[(set_mempolicy, "args")]);
    let nr = set_mempolicy.nr().to_string();
    for (nodes, length) in [("0", 0), ("1", 0), ("2", 8), ("65", 8), ("66", 16)] {
        captures(&rig, &["native", &nr, "0x99", "words:1,0xabcd", nodes], |captures| {
            let words = [1_u64.to_ne_bytes(), 0xabcd_u64.to_ne_bytes()].concat();
            let mask = entry(1, Value::Bytes(&words[..length]), Status::Ok);
            assert_eq!(captures, [mask], "{nodes}");
        });
    }
}

#[test]
fn args_captures_bytes_of_file_handle() {
    needs_root!();
    let open_by_handle = native("open_by_handle_at");
    let rig = rig(&[(open_by_handle, "args")]);
    let nr = open_by_handle.nr().to_string();
    let words = ["native", &nr, "-1", "words:0x100000008,0x1122334455667788", "0"];
    captures(&rig, &words, |captures| {
        let [Capture { value: Value::Bytes(bytes), .. }] = captures else { panic!("{captures:?}") };
        let handle = [0x1_0000_0008_u64, 0x1122_3344_5566_7788].map(u64::to_ne_bytes).concat();
        assert_eq!(bytes[..16], handle);
    });
}
