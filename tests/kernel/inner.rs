//! `socketcall` and `ipc` of the 32-bit ABI: what they stand for depends on their captures.
#![cfg(target_arch = "x86_64")]

use syscalls::Abi;

use crate::pointers::text;
use crate::rig::{Rig, lacks_function, rig, slot};

/// `socket(AF_UNIX, SOCK_DGRAM, 0)` of a call that the trigger makes.
fn arguments(rig: &Rig, name: &str, args: &[&str]) -> String {
    let nr = slot(Abi::Compat, name).nr().to_string();
    let events = rig.trigger(&[&["compat", &nr], args].concat());
    let [bytes] = events.as_slice() else { panic!("{} events", events.len()) };
    text(&rig.event(bytes), name)
}

#[test]
fn socketcall_captures_inner_arguments() {
    needs_root!();
    let rig = rig(&[(slot(Abi::Compat, "socketcall"), "args")]);
    for (args, expected) in [
        // Two words of 32 bits in each of 64.
        (["1", "words:0x200000001,0"], "socket(AF_UNIX, SOCK_DGRAM, 0)"),
        (["13", "words:0x2ffffffff"], "shutdown(-1, SHUT_RDWR)"),
        (["3", "words:0x1000ffffffff,16"], "connect(-1, 0x1000, 16)"),
        // The last word ends where the page does; then one is missing.
        (["13", "cliff:\u{1}\u{1}\u{1}\u{1}zzzz"], "shutdown(16843009, 0x7a7a7a7a /* SHUT_??? */)"),
        (["1", "cliff:aaaabbbb"], "socketcall(SYS_SOCKET, [1633771873, 1650614882, ...])"),
        (["1", "8"], "socketcall(SYS_SOCKET, 0x8)"),
        (["1", "0"], "socketcall(SYS_SOCKET, NULL)"),
        (["0", "8"], "socketcall(0, 0x8)"),
        (["21", "8"], "socketcall(21, 0x8)"),
    ] {
        assert_eq!(arguments(&rig, "socketcall", &args), expected);
    }
}

#[test]
fn ipc_captures_inner_arguments() {
    needs_root!();
    let ipc = slot(Abi::Compat, "ipc");
    if lacks_function(ipc) {
        return;
    }
    let rig = rig(&[(ipc, "args")]);
    // No System V object has this number, so nothing comes of any call.
    for (args, expected) in [
        (
            ["1", "-1", "1", "3", "words:0x1000ffff0002", "0"],
            "semop(-1, [{sem_num=2, sem_op=-1, sem_flg=SEM_UNDO}], 1)",
        ),
        (
            ["0x10004", "-1", "1", "0", "words:3", "words:0x200000001"],
            "semtimedop(-1, [{sem_num=3, sem_op=0, sem_flg=0}], 1, {tv_sec=1, tv_nsec=2})",
        ),
        (
            ["11", "-1", "3", "0x800", "words:0x63626100000007", "0"],
            "msgsnd(-1, {mtype=7, mtext=\"abc\"}, 3, IPC_NOWAIT)",
        ),
        (["3", "-1", "2", "0x110", "words:7", "0"], "semctl(-1, 2, IPC_64|SETVAL, [0x7])"),
        (["24", "-1", "0x100", "0", "0", "0"], "shmctl(-1, IPC_64|IPC_RMID, NULL)"),
        (["5", "1", "2", "3", "8", "0x10"], "ipc(5, 0x1, 0x2, 0x3, 0x8, 0x10)"),
    ] {
        assert_eq!(arguments(&rig, "ipc", &args), expected);
    }
}
