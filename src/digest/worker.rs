//! The thread that opens and reads executables. It has no privileges but those to do that, and cannot be waited for.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context as _, Result};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::stat::{SFlag, fstat};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, open, openat2};
use rustix::io::Errno;
use rustix::process::setpriority_process;
use sha2::{Digest as _, Sha256 as Hasher};

use crate::decode::Sha256;
use crate::sandbox::{self, CapabilitySet, LaterAttachments, Needs};

/// Capabilities to open the executables of all processes, and those that root alone may not read.
pub const CAPABILITIES: CapabilitySet =
    CapabilitySet::SYS_PTRACE.union(CapabilitySet::DAC_READ_SEARCH);

/// Bytes that are read at once.
const CHUNK: usize = 256 << 10;

/// Nice value: what is recorded matters more than its digest.
const NICE: i32 = 10;

/// Something for the thread to do.
#[derive(Debug)]
pub enum Request {
    /// Opens a path, if the kernel has all of it in memory. A path of the initial mount namespace is also opened otherwise.
    OpenPath { path: Vec<u8>, is_initial: bool },
    /// Opens the executable of a process.
    OpenProcess(u32),
    /// Reads a file that was opened, of so many bytes.
    Read(OwnedFd, u64),
}

/// Outcome of a request.
#[derive(Debug)]
pub enum Reply {
    /// A regular file, open as a path only.
    Opened(Option<OwnedFd>),
    /// The file, and its digest.
    Read(OwnedFd, Option<Sha256>),
}

/// The thread, which does one request at a time.
#[derive(Debug)]
pub struct Worker {
    requests: SyncSender<Request>,
    answers: Receiver<Reply>,
    done: Arc<EventFd>,
}

impl Worker {
    /// Starts the thread. Unless this one `is_closed`, the thread gives up its privileges but those that it needs.
    ///
    /// # Errors
    /// Fails if there is no room for it, or for its descriptor.
    pub fn start(is_closed: bool) -> Result<Self> {
        const FAILED: &str = "failed to start the thread that reads executables";
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let done = Arc::new(EventFd::from_flags(flags).context(FAILED)?);
        let (requests, to_do) = sync_channel(1);
        let (answer, answers) = sync_channel(1);
        let signal = Arc::clone(&done);
        let run = move || {
            if !is_closed {
                enter_sandbox();
            }
            for request in to_do {
                if answer.send(carry_out(request)).is_err() || signal.write(1).is_err() {
                    return;
                }
            }
        };
        // The kernel's log would have each call that the filter refuses: one sets the name.
        let thread = thread::Builder::new();
        let thread = if is_closed { thread } else { thread.name("tailcalld-hash".to_owned()) };
        // It ends with the daemon, or when nobody has requests for it.
        thread.spawn(run).context(FAILED)?;
        Ok(Self { requests, answers, done })
    }

    /// Gives a request; returns `false` if the thread has ended.
    pub fn give(&self, request: Request) -> bool {
        self.requests.try_send(request).is_ok()
    }

    /// Becomes readable with an answer.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.done.as_fd()
    }

    /// Removes and returns the answer, if there is one.
    pub fn take_answer(&self) -> Option<Reply> {
        let _ = self.done.read();
        self.answers.try_recv().ok()
    }
}

/// Gives up what the thread does not need.
fn enter_sandbox() {
    // A service may not set it, but then has a value of its own.
    let _ = setpriority_process(None, NICE);
    let needs = Needs { always: CAPABILITIES, operations: Vec::new() };
    let done = sandbox::close_process()
        .and_then(|()| Ok(sandbox::drop_capabilities(&needs).map(drop)?))
        .and_then(|()| sandbox::filter_calls(LaterAttachments::default()));
    if let Err(error) = done {
        tracing::warn!("the thread that reads executables keeps privileges: {error:#}");
    }
}

fn carry_out(request: Request) -> Reply {
    match request {
        Request::OpenPath { path, is_initial } => Reply::Opened(open_path(&path, is_initial)),
        Request::OpenProcess(pid) => Reply::Opened(open_process(pid)),
        Request::Read(file, size) => {
            let sha256 = read(&file, size);
            Reply::Read(file, sha256)
        }
    }
}

/// The path was just executed, so all of it is in the kernel's cache. One that is not would be looked up wherever it leads
/// here, which may wait for ever. `RESOLVE_CACHED` came with Linux 5.12, and `RestrictSUIDSGID=` of the service forbids
/// openat2(2), whose arguments a filter cannot see: without it, only what this file system tree led to a moment ago.
fn open_path(path: &[u8], is_initial: bool) -> Option<OwnedFd> {
    let path = Path::new(OsStr::from_bytes(path));
    let resolve = ResolveFlags::CACHED | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let file = match openat2(CWD, path, flags, Mode::empty(), resolve) {
        Err(Errno::NOSYS | Errno::INVAL) if is_initial => open(path, flags, Mode::empty()),
        result => result,
    };
    regular(told(file, path)?)
}

fn open_process(pid: u32) -> Option<OwnedFd> {
    let path = format!("/proc/{pid}/exe");
    let file = open(&path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    regular(told(file, path.as_ref())?)
}

/// Returns the file, or tells why there is none.
fn told(file: rustix::io::Result<OwnedFd>, path: &Path) -> Option<OwnedFd> {
    file.inspect_err(|error| tracing::debug!("failed to open {}: {error}", path.display())).ok()
}

/// To open a device has effects.
fn regular(file: OwnedFd) -> Option<OwnedFd> {
    let mode = fstat(&file).ok()?.st_mode;
    (SFlag::from_bits_truncate(mode & SFlag::S_IFMT.bits()) == SFlag::S_IFREG).then_some(file)
}

/// Reads a file that is open as a path. One of another size has changed. A lease of another process lets it fail.
fn read(file: &OwnedFd, size: u64) -> Option<Sha256> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut file = File::from(told(open(&path, flags, Mode::empty()), path.as_ref())?);
    let (mut hasher, mut chunk, mut total) = (Hasher::new(), vec![0; CHUNK], 0);
    loop {
        let bytes = file.read(&mut chunk).ok()?;
        total += bytes as u64;
        if bytes == 0 || total > size {
            return (total == size).then(|| hasher.finalize().into());
        }
        hasher.update(chunk.get(..bytes)?);
    }
}
