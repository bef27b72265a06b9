use syscalls::Abi;

use super::*;
use crate::bpf::types::wire_size;
use crate::decode::Outcome;

const EVENT_SIZE: usize = wire_size::EVENT_SIZE.0 as usize;

fn header(tid: u32, boottime_ns: u64) -> Header {
    let slot = Slot::new(Abi::Native, 2).unwrap();
    let (generation, rule, pid) = (1, 0, 1);
    let (awaits_result, awaits_memory, is_exit_lost) = (true, false, false);
    let awaits_execution = false;
    Header {
        slot,
        generation,
        rule,
        boottime_ns,
        cgroup: 1,
        charged_uid: 1_000,
        pid,
        tid,
        awaits_result,
        awaits_execution,
        awaits_memory,
        awaits_executable: false,
        is_exit_lost,
    }
}

fn exit(tid: u32, entry_ns: u64) -> SyscallExit<'static> {
    SyscallExit::bare(tid, entry_ns, entry_ns + 1, Outcome::Died)
}

fn bytes(call: Option<PendingCall>) -> Option<Box<[u8]>> {
    call.map(|call| call.bytes)
}

#[test]
fn take_returns_event_of_same_thread_and_time_only() {
    let mut pending = Pending::default();
    assert!(pending.hold(header(7, 100), b"seven"));
    assert_eq!(pending.take(&exit(7, 99)), None);
    assert_eq!(pending.take(&exit(8, 100)), None);
    assert_eq!(bytes(pending.take(&exit(7, 100))).as_deref(), Some(&b"seven"[..]));
    assert_eq!(pending.take(&exit(7, 100)), None);
    assert_eq!((pending.room.taken(), pending.next_abandoned()), ((0, 0), None));
}

/// The exit of the first call was missed: a thread is in one call at a time.
#[test]
fn hold_abandons_earlier_event_of_thread() {
    let mut pending = Pending::default();
    assert!(pending.hold(header(7, 100), b"first"));
    assert!(pending.hold(header(7, 200), b"second"));
    assert_eq!(pending.count(), BTreeMap::from([(header(7, 0).slot, 2)]));
    assert_eq!(bytes(pending.next_abandoned()).as_deref(), Some(&b"first"[..]));
    assert_eq!(pending.count(), BTreeMap::from([(header(7, 0).slot, 1)]));
    assert_eq!(bytes(pending.take(&exit(7, 200))).as_deref(), Some(&b"second"[..]));
}

/// A daemon that was killed had saved it and left it in the ring.
#[test]
fn hold_of_restored_event_keeps_one() {
    let mut pending = Pending::default();
    assert!(pending.hold(header(7, 100), b"restored"));
    assert!(pending.hold(header(7, 100), b"from the ring"));
    assert_eq!(pending.next_abandoned(), None);
    assert_eq!(bytes(pending.take(&exit(7, 100))).as_deref(), Some(&b"from the ring"[..]));
    assert_eq!(pending.room.taken(), (0, 0));
}

#[test]
fn hold_without_room_returns_false() {
    let mut pending = Pending::default();
    assert!(pending.hold(header(1, 1), &vec![0; BYTES_MAX / 2]));
    assert!(!pending.hold(header(2, 2), b"two"));
    assert!(pending.take(&exit(1, 1)).is_some());
    assert!(pending.hold(header(2, 4), b"two"));
}

#[test]
fn hold_of_one_owner_leaves_room_for_others() {
    let mut pending = Pending::default();
    let of = |charged_uid, cgroup, tid| Header { charged_uid, cgroup, ..header(tid, 1) };
    let event = vec![0; BYTES_MAX >> 10];
    for (owner, (charged_uid, cgroup)) in
        [(1_000, 7), (0, 7), (0, 8), (1_001, 7)].into_iter().enumerate()
    {
        let first = u32::try_from(owner << 16).unwrap();
        let tids = first..first + (1 << 16);
        let held = tids.take_while(|&tid| pending.hold(of(charged_uid, cgroup, tid), &event));
        assert!(held.count() > 100, "owner {owner}");
    }
}

#[test]
fn abandon_moves_calls_of_slot() {
    let mut pending = Pending::default();
    let call = header(7, 100);
    assert!(pending.hold(call, b"seven"));
    pending.abandon(|slot| slot != call.slot);
    assert_eq!(pending.next_abandoned(), None);
    pending.abandon(|slot| slot == call.slot);
    assert_eq!(bytes(pending.next_abandoned()).as_deref(), Some(&b"seven"[..]));
    assert_eq!((pending.room.taken(), pending.take(&exit(7, 100))), ((0, 0), None));
}

/// Bytes of an event with a capture.
fn event() -> Vec<u8> {
    let mut bytes = vec![7; EVENT_SIZE];
    bytes.extend([7; 32]);
    bytes
}

#[test]
fn take_running_returns_oldest_event_that_is_due() {
    let mut pending = Pending::default();
    for (tid, entry_ns) in [(1, 300), (2, 100), (3, 200)] {
        assert!(pending.hold(header(tid, entry_ns), b"x"));
    }
    assert!(pending.take(&exit(3, 200)).is_some());
    assert_eq!(pending.next_running_ns(), Some(RUNNING_NS + 100));
    assert_eq!(pending.take_running(RUNNING_NS + 99), None);
    let mut take = |now_ns| pending.take_running(now_ns).map(|call| call.header.tid);
    assert_eq!(take(RUNNING_NS + 100), Some(2));
    assert_eq!(take(RUNNING_NS + 299), None);
    assert_eq!(take(u64::MAX), Some(1));
    assert_eq!((pending.next_running_ns(), pending.room.taken()), (None, (0, 0)));
}

#[test]
fn call_that_awaits_execution_does_not_become_running() {
    let mut pending = Pending::default();
    let exec = |tid, at_ns| Header { awaits_execution: true, ..header(tid, at_ns) };
    assert!(pending.hold(exec(7, 100), b"seven") && pending.hold(exec(8, 200), b"eight"));
    assert!(pending.hold(header(9, 100), b"nine"));
    assert_eq!(pending.take_running(u64::MAX).map(|call| call.header.tid), Some(9));
    assert_eq!((pending.take_running(u64::MAX), pending.next_running_ns()), (None, None));
    assert_eq!(pending.take_unexecuted(RUNNING_NS + 199, |_| false), []);
    let slot = header(7, 100).slot;
    assert_eq!(pending.take_unexecuted(RUNNING_NS + 199, |_| true), [slot]);
    assert_eq!(bytes(pending.take(&exit(8, 200))).as_deref(), Some(&b"eight"[..]));
    assert_eq!(pending.room.taken(), (0, 0));
}

#[test]
fn hold_recorded_keeps_head_for_the_end() {
    let mut pending = Pending::default();
    let memory_only = Header { awaits_result: false, ..header(7, 100) };
    assert!(pending.hold(memory_only, &event()));
    let call = pending.take_running(u64::MAX).unwrap();
    pending.hold_recorded(&call);
    assert_eq!((pending.room.taken(), pending.next_running_ns()), ((1, EVENT_SIZE), None));
    assert!(pending.count().is_empty());
    let call = pending.take(&exit(7, 100)).unwrap();
    assert!(call.is_recorded && call.header.awaits_result);
    assert_eq!(call.bytes.len(), EVENT_SIZE);
    assert_eq!(pending.room.taken(), (0, 0));
}

#[test]
fn abandoned_call_that_is_recorded_is_not_delivered_again() {
    for next_call in [true, false] {
        let mut pending = Pending::default();
        assert!(pending.hold(header(7, 100), &event()));
        let call = pending.take_running(u64::MAX).unwrap();
        pending.hold_recorded(&call);
        if next_call {
            assert!(pending.hold(header(7, 200), b"second"));
            assert!(pending.take(&exit(7, 200)).is_some());
        } else {
            pending.abandon(|_| true);
        }
        assert_eq!(pending.next_abandoned(), None);
        assert_eq!((pending.room.taken(), pending.take(&exit(7, 100))), ((0, 0), None));
    }
}
