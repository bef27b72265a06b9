//! Digests of executables: those that are known, and the calls that wait for one. A digest is computed elsewhere; a call
//! waits for it for a second at most.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use syscalls::Slot;

use super::owner::UserOwner;
use super::pending::PendingCall;
use super::room::Room;
use crate::decode::{Executable, Sha256};

/// Longest time that a call waits for the digest of its file.
pub const HOLD_NS: u64 = 1_000_000_000;

/// Calls that wait, and their bytes; a call beyond that, or beyond the share of its owner, is recorded without a digest.
const CALLS_MAX: usize = 1024;
const BYTES_MAX: usize = 4 << 20;

/// Files whose digests are kept.
const KNOWN_MAX: usize = 4096;

/// A file whose digest is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestRequest {
    /// The file.
    pub file: Executable,
    /// Process that executes it.
    pub pid: u32,
    /// Path of the file, as the process saw it, if it is known.
    pub path: Option<Vec<u8>>,
    /// The process is in the initial mount namespace, whose paths are those of the daemon, but for what the service hides.
    pub is_initial: bool,
    /// Time at which it was executed, ns of `CLOCK_BOOTTIME`.
    pub executed_ns: u64,
    /// Owner of the call.
    pub(super) owner: UserOwner,
}

#[cfg(test)]
impl DigestRequest {
    /// Makes a request for a file that a process of root executes.
    pub fn of(file: Executable, pid: u32, path: Option<Vec<u8>>) -> Self {
        Self { file, pid, path, is_initial: true, executed_ns: 0, owner: UserOwner::Cgroup(1) }
    }
}

/// Digest of a file, or that it cannot be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    /// The file.
    pub file: Executable,
    /// The digest.
    pub sha256: Option<Sha256>,
    /// The digest is that of every later call with the same file: the next change would be another time.
    pub is_lasting: bool,
}

/// A call that has executed a program, and the record of its return.
#[derive(Debug)]
pub(super) struct HeldCall {
    pub call: PendingCall,
    pub exit: Box<[u8]>,
    file: Executable,
    due_ns: u64,
}

/// The stage.
#[derive(Debug)]
pub(super) struct Digests {
    /// Digests can be had.
    is_open: bool,
    known: BTreeMap<Executable, Sha256>,
    /// Files of `known`, the oldest first.
    ages: VecDeque<Executable>,
    /// Calls in the order of their returns.
    held: VecDeque<HeldCall>,
    /// Calls that wait no longer.
    ready: VecDeque<(HeldCall, Option<Sha256>)>,
    room: Room<UserOwner>,
    /// Files that are requested and not answered.
    asked: BTreeSet<Executable>,
    requests: VecDeque<DigestRequest>,
    last_owner: Option<UserOwner>,
}

impl Default for Digests {
    fn default() -> Self {
        Self {
            is_open: false,
            known: BTreeMap::new(),
            ages: VecDeque::new(),
            held: VecDeque::new(),
            ready: VecDeque::new(),
            room: Room::new(CALLS_MAX, BYTES_MAX),
            asked: BTreeSet::new(),
            requests: VecDeque::new(),
            last_owner: None,
        }
    }
}

impl Digests {
    /// Takes requests from now on: somebody answers them.
    pub fn open(&mut self) {
        self.is_open = true;
    }

    /// Returns the digest of a file, if it is known.
    pub fn find(&self, file: &Executable) -> Option<Sha256> {
        self.known.get(file).copied()
    }

    /// Returns whether a request for the file is still to be made.
    pub fn is_new(&self, file: &Executable) -> bool {
        !self.asked.contains(file)
    }

    /// Keeps a call until the digest of its file is known, for `HOLD_NS` after its return at `returned_ns`. Gives it back
    /// if there is no room.
    pub fn hold(
        &mut self,
        call: PendingCall,
        exit: &[u8],
        file: Executable,
        returned_ns: u64,
    ) -> Result<(), PendingCall> {
        let owner = UserOwner::of_header(&call.header);
        if !self.is_open || !self.room.take(owner, call.bytes.len() + exit.len()) {
            return Err(call);
        }
        let due_ns = returned_ns.saturating_add(HOLD_NS);
        self.held.push_back(HeldCall { call, exit: exit.into(), file, due_ns });
        Ok(())
    }

    /// Adds a request.
    pub fn request(&mut self, request: DigestRequest) {
        if self.asked.insert(request.file) {
            self.requests.push_back(request);
        }
    }

    /// Removes and returns the next request that a call waits for: of another owner than the last one, if there is one.
    pub fn take_request(&mut self) -> Option<DigestRequest> {
        if self.requests.is_empty() {
            return None;
        }
        let wanted: BTreeSet<Executable> = self.held.iter().map(|held| held.file).collect();
        let asked = &mut self.asked;
        self.requests.retain(|request| {
            let is_wanted = wanted.contains(&request.file);
            if !is_wanted {
                asked.remove(&request.file);
            }
            is_wanted
        });
        let is_next = |request: &DigestRequest| Some(request.owner) != self.last_owner;
        let at = self.requests.iter().position(is_next).unwrap_or_default();
        let request = self.requests.remove(at)?;
        self.last_owner = Some(request.owner);
        Some(request)
    }

    /// Takes an answer. The calls with that file wait no longer.
    pub fn learn(&mut self, digest: &Digest) {
        self.asked.remove(&digest.file);
        if let Some(sha256) = digest.sha256.filter(|_| digest.is_lasting) {
            self.keep(digest.file, sha256);
        }
        self.release(|held| held.file == digest.file, digest.sha256);
    }

    fn keep(&mut self, file: Executable, sha256: Sha256) {
        if self.known.insert(file, sha256).is_none() {
            self.ages.push_back(file);
        }
        if self.ages.len() > KNOWN_MAX {
            if let Some(oldest) = self.ages.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Stops the wait of calls that have waited long enough at `now_ns`.
    pub fn expire(&mut self, now_ns: u64) {
        if self.next_due_ns().is_some_and(|due_ns| due_ns <= now_ns) {
            self.release(|held| held.due_ns <= now_ns, None);
        }
    }

    /// Stops the wait of all calls.
    pub fn release_all(&mut self) {
        self.release(|_| true, None);
    }

    fn release(&mut self, is_ready: impl Fn(&HeldCall) -> bool, sha256: Option<Sha256>) {
        for held in std::mem::take(&mut self.held) {
            if is_ready(&held) {
                let owner = UserOwner::of_header(&held.call.header);
                self.room.give_back(owner, held.call.bytes.len() + held.exit.len());
                self.ready.push_back((held, sha256));
            } else {
                self.held.push_back(held);
            }
        }
    }

    /// Removes and returns the next call that waits no longer, with the digest of its file.
    pub fn take_ready(&mut self) -> Option<(HeldCall, Option<Sha256>)> {
        self.ready.pop_front()
    }

    /// Returns the `CLOCK_BOOTTIME` at which the next call stops to wait, in ns.
    pub fn next_due_ns(&self) -> Option<u64> {
        self.held.front().map(|held| held.due_ns)
    }

    /// Returns the slots of all calls.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        let ready = self.ready.iter().map(|(held, _)| held);
        self.held.iter().chain(ready).map(|held| held.call.header.slot)
    }
}

#[cfg(test)]
mod tests;
