//! Delivery of calls that have executed a file whose digest their rules ask for.

use super::Pipeline;
use super::digests::{Digest, DigestRequest};
use super::owner::UserOwner;
use super::pending::PendingCall;
use super::writer::WriterState;
use crate::decode::{Event, Executable, RingRecord, SyscallExit};

impl Pipeline {
    /// Delivers a call that has executed a file, once the digest of that is known.
    pub(super) fn deliver_executed(
        &mut self,
        call: PendingCall,
        exit: &SyscallExit<'_>,
        bytes: &[u8],
        file: Executable,
    ) {
        let sha256 = self.digests.find(&file);
        if sha256.is_some() {
            self.deliver_returned(&call, &exit.with_digest(sha256));
            return;
        }
        let request = self.digests.is_new(&file).then(|| self.request(&call, exit, file));
        match self.digests.hold(call, bytes, file, exit.boottime_ns) {
            Ok(()) => request.into_iter().for_each(|request| self.digests.request(request)),
            Err(call) => self.deliver_returned(&call, exit),
        }
    }

    fn request(
        &self,
        call: &PendingCall,
        exit: &SyscallExit<'_>,
        file: Executable,
    ) -> DigestRequest {
        let event = Event::decode(&call.header, &call.bytes, Some(exit), &self.handlers);
        let mut path = Vec::new();
        let is_known = event.as_ref().is_ok_and(|event| event.append_executed(&mut path));
        let is_initial = event.is_ok_and(|event| event.process.is_in_initial_mounts());
        DigestRequest {
            file,
            pid: call.header.pid,
            path: is_known.then_some(path),
            is_initial,
            executed_ns: exit.boottime_ns,
            owner: UserOwner::of_header(&call.header),
        }
    }

    /// Delivers the calls that wait for no digest any more, as far as the output accepts them. Returns whether any is
    /// left.
    pub(super) fn deliver_ready(&mut self) -> bool {
        while self.delivery.writer_state() == WriterState::Open {
            let Some((held, sha256)) = self.digests.take_ready() else { return false };
            if let Ok(RingRecord::Exit(exit)) = RingRecord::decode(&held.exit) {
                self.deliver_returned(&held.call, &exit.with_digest(sha256));
            }
        }
        true
    }

    /// Asks for digests from now on.
    pub fn open_digests(&mut self) {
        self.digests.open();
    }

    /// Removes and returns the next file whose digest a call waits for.
    pub fn take_digest_request(&mut self) -> Option<DigestRequest> {
        self.digests.take_request()
    }

    /// Takes a digest, and delivers the calls that wait for it at the end of the turn.
    pub fn learn(&mut self, digest: &Digest) {
        self.digests.learn(digest);
    }

    /// Returns the `CLOCK_BOOTTIME` at which the next call stops to wait for a digest, in ns.
    pub fn next_digest_ns(&self) -> Option<u64> {
        self.digests.next_due_ns()
    }
}
