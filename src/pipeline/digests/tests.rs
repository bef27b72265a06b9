use syscalls::Abi;

use super::*;
use crate::decode::{Device, Header};

const SHA256: Sha256 = [7; 32];

fn file(inode: u64) -> Executable {
    Executable { device: Device(1), inode, generation: 1, size: 1, changed_ns: 1, magic: 1 }
}

fn call(tid: u32, uid: u32) -> PendingCall {
    let header = Header {
        slot: Slot::new(Abi::Native, 59).unwrap(),
        generation: 1,
        rule: 0,
        boottime_ns: 100,
        cgroup: 1,
        charged_uid: uid,
        pid: tid,
        tid,
        awaits_result: true,
        awaits_execution: true,
        awaits_memory: false,
        awaits_executable: true,
        is_exit_lost: false,
    };
    PendingCall { header, bytes: [0; 8].into(), is_recorded: false }
}

fn open() -> Digests {
    let mut digests = Digests::default();
    digests.open();
    digests
}

/// Holds a call that returned at 1000 ns, and requests the digest of its file.
fn hold(digests: &mut Digests, tid: u32, uid: u32, file: Executable) -> bool {
    let call = call(tid, uid);
    let (pid, owner) = (tid, UserOwner::of_header(&call.header));
    let is_held = digests.hold(call, b"exit", file, 1000).is_ok();
    if is_held {
        digests.request(DigestRequest {
            file,
            pid,
            path: None,
            is_initial: true,
            executed_ns: 1000,
            owner,
        });
    }
    is_held
}

fn ready(digests: &mut Digests) -> Vec<(u32, Option<Sha256>)> {
    let one = || digests.take_ready().map(|(held, sha256)| (held.call.header.tid, sha256));
    std::iter::from_fn(one).collect()
}

fn learn(digests: &mut Digests, file: Executable, sha256: Option<Sha256>, is_lasting: bool) {
    digests.learn(&Digest { file, sha256, is_lasting });
}

#[test]
fn hold_gives_call_back_while_nobody_answers() {
    assert!(!hold(&mut Digests::default(), 1, 1000, file(1)));
}

#[test]
fn learn_releases_calls_of_the_file_in_their_order() {
    let mut digests = open();
    for (tid, inode) in [(1, 1), (2, 2), (3, 1)] {
        assert!(hold(&mut digests, tid, 1000, file(inode)));
    }
    assert_eq!(digests.slots().count(), 3);
    learn(&mut digests, file(1), Some(SHA256), true);
    assert_eq!(ready(&mut digests), [(1, Some(SHA256)), (3, Some(SHA256))]);
    learn(&mut digests, file(2), None, false);
    assert_eq!(ready(&mut digests), [(2, None)]);
    assert_eq!((digests.find(&file(1)), digests.find(&file(2))), (Some(SHA256), None));
    assert_eq!((digests.room.taken(), digests.slots().count()), ((0, 0), 0));
}

#[test]
fn find_after_digest_that_does_not_last_returns_none() {
    let mut digests = open();
    assert!(hold(&mut digests, 1, 1000, file(1)));
    learn(&mut digests, file(1), Some(SHA256), false);
    assert_eq!((ready(&mut digests), digests.find(&file(1))), (vec![(1, Some(SHA256))], None));
}

#[test]
fn expire_releases_calls_a_second_after_their_return() {
    let mut digests = open();
    assert!(hold(&mut digests, 1, 1000, file(1)));
    assert_eq!(digests.next_due_ns(), Some(1000 + HOLD_NS));
    digests.expire(999 + HOLD_NS);
    assert_eq!(ready(&mut digests), []);
    digests.expire(1000 + HOLD_NS);
    assert_eq!((ready(&mut digests), digests.next_due_ns()), (vec![(1, None)], None));
}

#[test]
fn take_request_asks_once_for_a_file_and_not_for_those_that_nobody_waits_for() {
    let mut digests = open();
    for (tid, inode) in [(1, 1), (2, 1), (3, 2)] {
        assert!(hold(&mut digests, tid, 1000, file(inode)));
    }
    let inode = |request: Option<DigestRequest>| request.map(|request| request.file.inode);
    assert_eq!(inode(digests.take_request()), Some(1));
    assert!(!digests.is_new(&file(1)));
    digests.expire(u64::MAX);
    assert_eq!(inode(digests.take_request()), None);
    assert!(digests.is_new(&file(2)));
}

#[test]
fn take_request_alternates_between_owners() {
    let mut digests = open();
    for (tid, uid) in [(1, 1000), (2, 1000), (3, 1000), (4, 1001), (5, 1001)] {
        assert!(hold(&mut digests, tid, uid, file(tid.into())));
    }
    let pid = || digests.take_request().map(|request| request.pid);
    assert_eq!(std::iter::from_fn(pid).collect::<Vec<_>>(), [1, 4, 2, 5, 3]);
}

#[test]
fn hold_of_one_owner_leaves_room_for_others() {
    let mut digests = open();
    let of = |digests: &mut Digests, uid: u32| {
        (0..2000).take_while(|&tid| hold(digests, tid, uid, file(tid.into()))).count()
    };
    assert_eq!(of(&mut digests, 1000), CALLS_MAX / 4);
    assert!(of(&mut digests, 1001) > 100);
}

#[test]
fn find_forgets_the_oldest_of_too_many_files() {
    let mut digests = open();
    let last = KNOWN_MAX as u64;
    for inode in 0..=last {
        learn(&mut digests, file(inode), Some(SHA256), true);
    }
    assert_eq!((digests.find(&file(0)), digests.find(&file(1))), (None, Some(SHA256)));
    assert_eq!((digests.known.len(), digests.ages.len()), (KNOWN_MAX, KNOWN_MAX));
}
