//! SHA-256 of executables, one after the other, by a thread: the daemon never waits for a file. The thread opens and reads;
//! whether what it opened is the file that was executed, with the content that it had then, is compared by whoever has
//! the kernel's identity of both.

mod file_systems;
mod worker;

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use anyhow::Result;

use self::file_systems::is_local;
use self::worker::{Reply, Request, Worker};
use crate::decode::{Executable, Sha256};
use crate::pipeline::{Digest, DigestRequest};

pub use self::worker::CAPABILITIES;

/// Largest file that is read, in bytes.
const SIZE_MAX: u64 = 256 << 20;

/// Least age of a change for which every later change has another time, in ns. Up to Linux 6.12 a file system takes the
/// time of the last tick, of 10 ms at most.
const TICK_NS: u64 = 20_000_000;

/// Digester of one file at a time.
#[derive(Debug)]
pub struct Digester {
    worker: Worker,
    job: Option<Job>,
}

#[derive(Debug)]
struct Job {
    file: Executable,
    pid: u32,
    is_lasting: bool,
    step: Step,
}

/// State of a job: the request that the worker carries out.
#[derive(Debug)]
enum Step {
    OpenPath,
    OpenProcess,
    Read,
    /// A change may not show, but nobody writes to a file while a process executes it.
    FindProcess(Sha256),
}

impl Digester {
    /// Starts the thread, with the privileges of this one if that `is_closed`: has given up all that it does not need.
    ///
    /// # Errors
    /// Fails if there is no room for it, or for its descriptor.
    pub fn start(is_closed: bool) -> Result<Self> {
        Ok(Self { worker: Worker::start(is_closed)?, job: None })
    }

    /// Becomes readable when [`Self::advance`] has something to do.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.worker.fd()
    }

    /// Returns whether no file is read at present.
    pub fn is_idle(&self) -> bool {
        self.job.is_none()
    }

    /// Begins with a file that was executed at that time, ns since 1970 UTC. Returns the answer if there is nothing to
    /// read.
    pub fn begin(&mut self, request: DigestRequest, executed_ns: u64) -> Option<Digest> {
        let DigestRequest { file, pid, path, is_initial, .. } = request;
        if !is_local(file.magic) || file.size > SIZE_MAX {
            return Some(unknown(file));
        }
        let is_lasting = executed_ns.saturating_sub(file.changed_ns) >= TICK_NS;
        let (step, next) = match path.filter(|_| is_lasting) {
            Some(path) => (Step::OpenPath, Request::OpenPath { path, is_initial }),
            None => (Step::OpenProcess, Request::OpenProcess(pid)),
        };
        self.go_on(Job { file, pid, is_lasting, step }, next)
    }

    /// Takes what the worker has done. `identify` returns the identity of an open file. Returns the digest of the file once
    /// it is known, or cannot be.
    pub fn advance(
        &mut self,
        identify: impl Fn(BorrowedFd<'_>) -> Result<Executable>,
    ) -> Option<Digest> {
        let answer = self.worker.take_answer()?;
        let job = self.job.take()?;
        let is_same = |fd: &OwnedFd| identify(fd.as_fd()).is_ok_and(|found| found == job.file);
        match (job.step, answer) {
            (Step::OpenPath | Step::OpenProcess, Reply::Opened(Some(fd))) if is_same(&fd) => {
                let size = job.file.size;
                self.go_on(Job { step: Step::Read, ..job }, Request::Read(fd, size))
            }
            (Step::OpenPath, Reply::Opened(_)) => {
                let next = Request::OpenProcess(job.pid);
                self.go_on(Job { step: Step::OpenProcess, ..job }, next)
            }
            (Step::Read, Reply::Read(fd, Some(sha256))) if is_same(&fd) => {
                if job.is_lasting {
                    return Some(Digest { sha256: Some(sha256), is_lasting: true, file: job.file });
                }
                let next = Request::OpenProcess(job.pid);
                self.go_on(Job { step: Step::FindProcess(sha256), ..job }, next)
            }
            (Step::FindProcess(sha256), Reply::Opened(Some(fd))) if is_same(&fd) => {
                Some(Digest { sha256: Some(sha256), is_lasting: false, file: job.file })
            }
            _ => Some(unknown(job.file)),
        }
    }

    fn go_on(&mut self, job: Job, request: Request) -> Option<Digest> {
        if !self.worker.give(request) {
            return Some(unknown(job.file));
        }
        self.job = Some(job);
        None
    }
}

fn unknown(file: Executable) -> Digest {
    Digest { file, sha256: None, is_lasting: false }
}

#[cfg(test)]
mod tests;
