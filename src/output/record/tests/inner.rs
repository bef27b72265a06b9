//! The calls that `socketcall` and `ipc` stand for. What strace 6.1 prints for the same calls.
#![cfg(target_arch = "x86_64")]

use syscalls::{Abi, Capture, Moment, Part, Slot, Status, Value, number};

use super::sentence;
use crate::decode::Event;
use crate::handlers::Handler;
use crate::output::samples;

const BY: &str = " by bash (pid 1234, uid 1000, i386)";

fn call<'a>(
    handler: &'a Handler,
    name: &str,
    args: [u64; 6],
    captures: Vec<Capture<'a>>,
) -> Event<'a> {
    let slot = Slot::new(Abi::Compat, number(Abi::Compat, name).unwrap()).unwrap();
    Event { slot, args, ..samples::event(handler, captures) }
}

fn capture(index: u8, bytes: &[u8], status: Status) -> Capture<'_> {
    Capture { index, part: Part::Whole, moment: Moment::Entry, value: Value::Bytes(bytes), status }
}

fn printed(name: &str, args: [u64; 6], memory: &[(u8, &[u8], Status)]) -> String {
    let handler = samples::plain_handler();
    let captures = memory.iter().map(|(index, bytes, status)| capture(*index, bytes, *status));
    let text = sentence(&call(&handler, name, args, captures.collect()));
    text.strip_suffix(BY).expect("the task is named").to_owned()
}

/// Status of memory that the handler `args` captures without knowing its size.
const SOME: Status = Status::Truncated { length: None };

const ADDRESS: u64 = 0x3000_0000;

fn socketcall(call: u64, words: &[u32]) -> String {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    printed("socketcall", [call, 0x1000_0000, 3, 4, 5, 6], &[(1, &bytes, SOME)])
}

fn ipc(args: [u64; 6]) -> String {
    printed("ipc", args, &[])
}

#[test]
fn message_of_socketcall_is_that_of_inner_call() {
    let words = [u32::MAX, 2, 3, 0x3000_0000, 5, 0x3000_0000];
    for (call, expected) in [
        (1, "socket(0xffffffff /* AF_??? */, SOCK_DGRAM, 3)"),
        (2, "bind(-1, 0x2, 3)"),
        (3, "connect(-1, 0x2, 3)"),
        (4, "listen(-1, 2)"),
        (5, "accept(-1, 0x2, 0x3)"),
        (6, "getsockname(-1, 0x2, 0x3)"),
        (7, "getpeername(-1, 0x2, 0x3)"),
        (8, "socketpair(0xffffffff /* AF_??? */, SOCK_DGRAM, 3, 0x30000000)"),
        (9, "send(-1, 0x2, 3, MSG_FASTOPEN|0x10000000)"),
        (10, "recv(-1, 0x2, 3, MSG_FASTOPEN|0x10000000)"),
        (11, "sendto(-1, 0x2, 3, MSG_FASTOPEN|0x10000000, 0x5, 805306368)"),
        (12, "recvfrom(-1, 0x2, 3, MSG_FASTOPEN|0x10000000, 0x5, 0x30000000)"),
        (13, "shutdown(-1, SHUT_RDWR)"),
        (14, "setsockopt(-1, 0x2 /* SOL_?? */, 3, 0x30000000, 5)"),
        (15, "getsockopt(-1, 0x2 /* SOL_?? */, 3, 0x30000000, 0x5)"),
        (16, "sendmsg(-1, 0x2, MSG_OOB|MSG_PEEK)"),
        (17, "recvmsg(-1, 0x2, MSG_OOB|MSG_PEEK)"),
        (18, "accept4(-1, 0x2, 0x3, 0x30000000 /* SOCK_??? */)"),
        (19, "recvmmsg(-1, 0x2, 3, MSG_FASTOPEN|0x10000000, 0x5)"),
        (20, "sendmmsg(-1, 0x2, 3, MSG_FASTOPEN|0x10000000)"),
    ] {
        assert_eq!(socketcall(call, &words), expected);
    }
    let unix = [1, 1, 0, 9, 9, 9];
    assert_eq!(socketcall(1, &unix), "socket(AF_UNIX, SOCK_STREAM, 0)");
    let inet = [2, 0x80801, 17, 9, 9, 9];
    let expected = "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_UDP)";
    assert_eq!(socketcall(1, &inet), expected);
    let netlink = [16, 3, 4, 9, 9, 9];
    assert_eq!(socketcall(1, &netlink), "socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG)");
}

#[test]
fn message_of_unknown_inner_call_has_outer_arguments() {
    let unreadable = Status::Unreadable { errno: 14 };
    for (call, args, memory, expected) in [
        (1, 0, None, "socketcall(SYS_SOCKET, NULL)"),
        (1, 8, Some((&b""[..], unreadable)), "socketcall(SYS_SOCKET, 0x8)"),
        (1, 16, Some((b"\x01\0\0\0\x02\0\0\0\0\0\0", SOME)), "socketcall(SYS_SOCKET, [1, 2, ...])"),
        (0, 16, Some((&[0; 24], SOME)), "socketcall(0, 0x10)"),
        (21, 16, Some((&[0; 24], SOME)), "socketcall(21, 0x10)"),
        (0xffff_ffff, 16, Some((&[0; 24], SOME)), "socketcall(-1, 0x10)"),
    ] {
        let memory: Vec<_> = memory.into_iter().map(|(bytes, status)| (1, bytes, status)).collect();
        assert_eq!(printed("socketcall", [call, args, 0, 0, 0, 0], &memory), expected);
    }
    assert_eq!(ipc([5, 1, 2, 3, ADDRESS, 16]), "ipc(5, 0x1, 0x2, 0x3, 0x30000000, 0x10)");
    assert_eq!(ipc([0, 0, 0, 0, 0, 0]), "ipc(0, 0, 0, 0, 0, 0)");
}

#[test]
fn message_of_ipc_is_that_of_inner_call() {
    for (call, expected) in [
        (1, "semop(1, 0x30000000, 2)"),
        (2, "semget(0x1, 2, 003)"),
        (3, "semctl(1, 2, IPC_INFO, 0x30000000)"),
        (4, "semtimedop(1, 0x30000000, 2, 0x10)"),
        (11, "msgsnd(1, 0x30000000, 2, 0x3 /* MSG_??? */)"),
        (12, "msgrcv(1, 0x30000000, 2, 0x3 /* MSG_??? */)"),
        (13, "msgget(0x1, 002)"),
        (14, "msgctl(1, IPC_STAT, 0x30000000)"),
        (21, "shmat(1, 0x30000000, 0x2 /* SHM_??? */)"),
        (22, "shmdt(0x30000000)"),
        (23, "shmget(0x1, 2, 003)"),
        (24, "shmctl(1, IPC_STAT, 0x30000000)"),
        (0x10001, "semop(1, 0x30000000, 2)"),
        (0x10004, "semtimedop(1, 0x30000000, 2, 0x10)"),
        (0x10015, "shmat(1, 0x30000000, 0x2 /* SHM_??? */)"),
        (0x1000c, "msgrcv(1, 0x30000000, 2, 16, 0x3 /* MSG_??? */)"),
    ] {
        assert_eq!(ipc([call, 1, 2, 3, ADDRESS, 16]), expected);
    }
    for (args, expected) in [
        ([3, 1, 2, 0x110, 7, 6], "semctl(1, 2, IPC_64|SETVAL, 0x7)"),
        ([3, 1, 2, 16, 0, 6], "semctl(1, 2, SETVAL, NULL)"),
        ([14, 1, 0x100, 0, 0, 0], "msgctl(1, IPC_64|IPC_RMID, NULL)"),
        ([24, 1, 0x10e, 0, 0, 0], "shmctl(1, IPC_64|SHM_INFO, NULL)"),
        ([23, 0, 4096, 0o1666, 0, 6], "shmget(IPC_PRIVATE, 4096, IPC_CREAT|0666)"),
        ([13, 0, 0x3ff, 0, 0, 0], "msgget(IPC_PRIVATE, IPC_CREAT|0777)"),
        ([21, 9, 0x1000, 3, ADDRESS, 0], "shmat(9, 0x30000000, SHM_RDONLY)"),
    ] {
        assert_eq!(ipc(args), expected);
    }
}

#[test]
fn message_of_ipc_has_captured_memory() {
    let operations = b"\0\0\xff\xff\0\x10\x01\0\xff\xff\0\x10";
    let room = [operations.as_slice(), &[7; 100]].concat();
    let timeout = [1, 0, 0, 0, 2, 0, 0, 0, 9, 9, 9, 9];
    let message = b"\x01\0\0\0abc and what lies behind";
    for (args, memory, expected) in [
        (
            [1, 9, 2, 3, ADDRESS, 0],
            vec![(4, room.as_slice(), SOME)],
            "semop(9, [{sem_num=0, sem_op=-1, sem_flg=SEM_UNDO}, \
             {sem_num=1, sem_op=-1, sem_flg=SEM_UNDO}], 2)",
        ),
        (
            [4, 7, 1, 0, ADDRESS, ADDRESS],
            vec![(4, &[0, 0, 1, 0, 0, 0, 9, 9], SOME), (5, &timeout, SOME)],
            "semtimedop(7, [{sem_num=0, sem_op=1, sem_flg=0}], 1, {tv_sec=1, tv_nsec=2})",
        ),
        (
            [11, 9, 3, 0x800, ADDRESS, 0],
            vec![(4, message, SOME)],
            "msgsnd(9, {mtype=1, mtext=\"abc\"}, 3, IPC_NOWAIT)",
        ),
        ([3, 1, 2, 16, ADDRESS, 6], vec![(4, &timeout, SOME)], "semctl(1, 2, SETVAL, [0x1])"),
        (
            [3, 1, 2, 0x100, ADDRESS, 6],
            vec![(4, &[0; 9], SOME)],
            "semctl(1, 2, IPC_64|IPC_RMID, [NULL])",
        ),
    ] {
        assert_eq!(printed("ipc", args, &memory), expected);
    }
}

#[test]
fn inner_name_is_found_without_memory() {
    let handler = samples::plain_handler();
    let name = |name, args| {
        let event = call(&handler, name, args, vec![]);
        (event.inner_name(), event.display_name())
    };
    assert_eq!(name("socketcall", [1, 8, 0, 0, 0, 0]), (Some("socket"), None));
    assert_eq!(name("socketcall", [21, 8, 0, 0, 0, 0]), (None, None));
    assert_eq!(name("ipc", [0x10001, 0, 0, 0, 0, 0]), (Some("semop"), Some("semop")));
    assert_eq!(name("ipc", [5, 0, 0, 0, 0, 0]), (None, None));
    assert_eq!(name("read", [1, 0, 0, 0, 0, 0]), (None, None));
}
