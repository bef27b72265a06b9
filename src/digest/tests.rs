use std::fs;
use std::path::Path;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::*;
use crate::decode::Device;

/// SHA-256 of `abc`, from FIPS 180-2, appendix B.1.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Longest wait for the thread: generous for a loaded machine.
const DEADLINE_MS: u16 = 30_000;

fn hex(sha256: Sha256) -> String {
    sha256.iter().map(|byte| format!("{byte:02x}")).collect()
}

const TMPFS: u32 = 0x0102_1994;

/// Identity by the content, which is not what the kernel says.
fn identity(path: &Path) -> Executable {
    let size = fs::metadata(path).unwrap().len();
    Executable { device: Device(1), inode: 1, generation: 1, size, changed_ns: 5, magic: TMPFS }
}

fn request(path: &Path, pid: u32) -> DigestRequest {
    DigestRequest::of(identity(path), pid, Some(path.to_str().unwrap().into()))
}

/// Returns what the digester says of a request, with the identities that the files have that it opens.
fn answer(request: DigestRequest, executed_ns: u64, identities: &[Executable]) -> Option<Sha256> {
    let mut digester = Digester::start(true).unwrap();
    if let Some(digest) = digester.begin(request, executed_ns) {
        return digest.sha256;
    }
    let left = std::cell::RefCell::new(identities.iter());
    loop {
        let mut fds = [PollFd::new(digester.fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut fds, PollTimeout::from(DEADLINE_MS)).unwrap(), 1);
        let identify = |_: BorrowedFd<'_>| Ok(*left.borrow_mut().next().expect("an identity"));
        if let Some(digest) = digester.advance(identify) {
            assert!(digester.is_idle());
            return digest.sha256;
        }
    }
}

const LATER: u64 = TICK_NS + 5;

#[test]
fn digest_of_file_by_path_is_that_of_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("abc");
    fs::write(&path, "abc").unwrap();
    let same = identity(&path);
    assert_eq!(answer(request(&path, 0), LATER, &[same, same]).map(hex).as_deref(), Some(ABC));
}

#[test]
fn file_that_is_another_or_changes_while_it_is_read_has_no_digest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("abc");
    fs::write(&path, "abc").unwrap();
    let same = identity(&path);
    let other = Executable { changed_ns: 6, ..same };
    // No process has the number 0, so only the path is opened.
    assert_eq!(answer(request(&path, 0), LATER, &[other]), None);
    assert_eq!(answer(request(&path, 0), LATER, &[same, other]), None);
    let longer = Executable { size: 4, ..same };
    let request = DigestRequest::of(longer, 0, Some(path.to_str().unwrap().into()));
    assert_eq!(answer(request, LATER, &[longer, longer]), None);
}

/// The test is such a process.
#[test]
fn file_that_was_just_changed_has_digest_if_a_process_executes_it_afterwards() {
    let exe = std::env::current_exe().unwrap();
    let (same, pid) = (identity(&exe), std::process::id());
    let other = Executable { inode: 2, ..same };
    assert!(answer(request(&exe, pid), LATER - 1, &[same, same, same]).is_some());
    assert_eq!(answer(request(&exe, pid), LATER - 1, &[same, same, other]), None);
    assert_eq!(answer(request(&exe, 0), LATER - 1, &[]), None);
}

#[test]
fn what_is_no_local_regular_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(answer(request(&path, 0), LATER, &[]), None);
    let remote = Executable { magic: 0x6969, ..identity(&path) };
    let large = Executable { size: SIZE_MAX + 1, ..identity(&path) };
    for file in [remote, large] {
        assert_eq!(answer(DigestRequest::of(file, 0, None), LATER, &[]), None);
    }
}
