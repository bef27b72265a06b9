use std::fs;
use std::path::Path;

use super::file::NAME;
use super::*;
use crate::stats::EventId;

fn opened(folder: &Path) -> FirstTimes {
    let mut times = FirstTimes::default();
    times.keep_in(folder.to_owned());
    times
}

fn id(boottime_ns: u64) -> EventId {
    EventId { boottime_ns, tid: 7 }
}

fn told(times: &mut FirstTimes, key: &[u8]) {
    assert_eq!(times.judge(key, 0), Novelty::First);
    times.note(key.to_vec(), 0, Receipt::Unsure);
    times.settle();
}

#[test]
fn judge_of_settled_key_is_known_also_by_next_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let mut times = opened(folder.path());
    told(&mut times, b"native\topenat\tunit=a.service");
    assert_eq!(times.judge(b"native\topenat\tunit=a.service", 0), Novelty::Known);
    drop(times);
    let mut next = opened(folder.path());
    assert_eq!(next.judge(b"native\topenat\tunit=a.service", 0), Novelty::Known);
    assert_eq!(next.judge(b"native\topenat\tunit=b.service", 0), Novelty::First);
    assert_eq!(next.len(), 1);
}

/// The kernel may count calls of a key only if no daemon takes it back.
#[test]
fn key_is_kept_once_it_is_settled_in_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut times = opened(folder.path());
    assert_eq!(times.judge(b"key", 0), Novelty::First);
    assert!(!times.is_kept(b"key"), "it is not noted");
    times.note(b"key".to_vec(), 0, Receipt::Unsure);
    assert!(!times.is_kept(b"key"), "it is open");
    times.settle();
    assert!(times.is_kept(b"key"));
    assert!(!times.is_kept(b"other"));
    let mut without_file = FirstTimes::default();
    told(&mut without_file, b"key");
    assert!(!without_file.is_kept(b"key"), "the next daemon does not know it");
}

#[test]
fn open_key_counts_if_the_ledger_proves_its_record() {
    let proof = Proof { delivering: id(5), is_done: true, saved: 9, refused: 0, is_lost: false };
    for (receipt, proof, expected) in [
        (Receipt::Ring(id(5)), Some(proof), Novelty::Known),
        (Receipt::Ring(id(6)), Some(proof), Novelty::First),
        (Receipt::Ring(id(5)), Some(Proof { is_done: false, ..proof }), Novelty::First),
        (Receipt::Ring(id(5)), Some(Proof { is_lost: true, ..proof }), Novelty::First),
        (Receipt::Saved(9), Some(proof), Novelty::Known),
        (Receipt::Saved(9), Some(Proof { refused: 9, ..proof }), Novelty::First),
        (Receipt::Saved(10), Some(proof), Novelty::First),
        (Receipt::Unsure, Some(proof), Novelty::First),
        (Receipt::Ring(id(5)), None, Novelty::First),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut times = opened(folder.path());
        assert_eq!(times.judge(b"key", 0), Novelty::First);
        times.note(b"key".to_vec(), 0, receipt);
        drop(times);
        let mut next = opened(folder.path());
        next.prove(proof);
        assert_eq!(next.judge(b"key", 0), expected, "{receipt:?} {proof:?}");
        drop(next);
        // The next daemon knows the keys of the previous one.
        let mut after = opened(folder.path());
        let other =
            Proof { delivering: id(100), is_done: true, saved: 0, refused: 0, is_lost: false };
        after.prove(Some(other));
        assert_eq!(after.judge(b"key", 0), expected, "then: {receipt:?} {proof:?}");
    }
}

#[test]
fn revoked_key_is_first_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut times = opened(folder.path());
    assert_eq!(times.judge(b"key", 0), Novelty::First);
    times.note(b"key".to_vec(), 0, Receipt::Unsure);
    times.fail();
    times.settle();
    assert_eq!(times.judge(b"key", 0), Novelty::First);
    drop(times);
    assert_eq!(opened(folder.path()).judge(b"key", 0), Novelty::First);
}

#[test]
fn file_of_many_revoked_keys_stays_small() {
    let folder = tempfile::tempdir().unwrap();
    let mut times = opened(folder.path());
    told(&mut times, b"kept");
    for _ in 0..5_000 {
        assert_eq!(times.judge(b"key", 0), Novelty::First);
        times.note(b"key".to_vec(), 0, Receipt::Unsure);
        times.fail();
        times.settle();
    }
    let size = fs::metadata(folder.path().join(NAME)).unwrap().len();
    assert!(size < 100_000, "{size}");
    drop(times);
    assert_eq!(opened(folder.path()).judge(b"kept", 0), Novelty::Known);
}

#[test]
fn damaged_lines_are_left_out_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let mut times = opened(folder.path());
    for key in [b"one", b"two", b"six"] {
        told(&mut times, key);
    }
    drop(times);
    let whole = fs::read(&path).unwrap();
    let begin = whole.windows(3).position(|bytes| bytes == b"two").unwrap();
    for (at, byte) in [(begin, b'x'), (begin - 4, b'x'), (begin - 5, b'\n')] {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        fs::write(&path, &bytes).unwrap();
        let mut next = opened(folder.path());
        let verdicts = [b"one", b"two", b"six"].map(|key| next.judge(key, 0));
        assert_eq!(verdicts, [Novelty::Known, Novelty::First, Novelty::Known], "{at}");
    }
    // Cut anywhere: what is whole counts, and what comes then is kept.
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let mut next = opened(folder.path());
        let is_known = next.judge(b"six", 0) == Novelty::Known;
        assert!(!is_known, "{length}");
        told(&mut next, b"new");
        drop(next);
        assert_eq!(opened(folder.path()).judge(b"new", 0), Novelty::Known, "{length}");
    }
}

#[test]
fn file_of_another_version_is_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    for text in ["tailcalld first-times 2\nwhatever\n", "\0\u{1}", "\n"] {
        fs::write(&path, text).unwrap();
        let mut times = opened(folder.path());
        told(&mut times, b"key");
        assert_eq!(fs::read_to_string(path.with_extension("old")).unwrap(), text);
    }
}

#[test]
fn folder_that_is_no_folder_keeps_nothing_and_decides_all_the_same() {
    for folder in ["/proc/version", "/nonexistent/folder"] {
        let mut times = opened(Path::new(folder));
        told(&mut times, b"key");
        assert_eq!(times.judge(b"key", 0), Novelty::Known);
    }
}

#[test]
fn line_that_an_administrator_removes_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let mut times = opened(folder.path());
    told(&mut times, b"native\tread\tunit=a.service");
    told(&mut times, b"native\tread\tunit=b.service");
    drop(times);
    let text = fs::read_to_string(&path).unwrap();
    let left: Vec<_> = text.lines().filter(|line| !line.contains("unit=a.service")).collect();
    fs::write(&path, left.join("\n") + "\n").unwrap();
    let mut next = opened(folder.path());
    assert_eq!(next.judge(b"native\tread\tunit=a.service", 0), Novelty::First);
    assert_eq!(next.judge(b"native\tread\tunit=b.service", 0), Novelty::Known);
}

#[test]
fn user_without_room_leaves_room_for_others() {
    let mut times = FirstTimes::bounded(64, usize::MAX);
    let verdicts = (0..100_u32).map(|at| {
        let key = at.to_string().into_bytes();
        let verdict = times.judge(&key, 1_000);
        if verdict == Novelty::First {
            times.note(key, 1_000, Receipt::Unsure);
        }
        verdict
    });
    let first = verdicts.filter(|verdict| *verdict == Novelty::First).count();
    assert_eq!(first, 16);
    assert_eq!(times.judge(b"0", 1_000), Novelty::Known);
    assert_eq!(times.judge(b"other", 1_000), Novelty::NoRoom);
    assert_eq!(times.judge(b"other", 0), Novelty::First);
}
