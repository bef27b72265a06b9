//! The thread that loads objects of handlers. It is started before the daemon gives up its privileges, and keeps those that
//! a load takes; it reads no byte of a traced process.

use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::Context as _;
use libbpf_rs::{ObjectBuilder, OpenObject};

use super::folders::read_again;
use crate::bpf::ProgramCopy;
use crate::handlers::HandlerObject;
use crate::load::{Attach, errors, without_signals};
use crate::sandbox::{self, CapabilitySet, LaterAttachments, Needs};

/// Maps of the daemon that take the place of an object's maps with the same names.
#[derive(Debug)]
pub struct Maps {
    /// Memory of a handler for its call.
    pub calls: OwnedFd,
    /// Way back from a handler.
    pub after: OwnedFd,
}

/// An object to be loaded.
#[derive(Debug)]
struct LoadRequest {
    name: String,
    bytes: Vec<u8>,
}

/// Something to be loaded.
#[derive(Debug)]
enum LoaderRequest {
    Object(LoadRequest),
    Copy(ProgramCopy),
}

/// Outcome of a load: the program in the kernel, or what libbpf or the verifier said.
type Loaded = Result<OwnedFd, String>;

/// The thread, which does one load at a time.
#[derive(Debug)]
pub struct ObjectLoader {
    requests: SyncSender<LoaderRequest>,
    replies: Receiver<Loaded>,
}

impl ObjectLoader {
    /// Starts the thread, for programs of a table that is attached in this way. It gives up its privileges but those that a
    /// load takes.
    ///
    /// # Errors
    /// Fails if there can be no further thread.
    pub fn start(maps: Maps, attach: Attach) -> anyhow::Result<Self> {
        let (requests, to_do) = sync_channel::<LoaderRequest>(1);
        let (reply, replies) = sync_channel(1);
        let run = move || {
            enter_sandbox();
            for request in to_do {
                let loaded = match request {
                    LoaderRequest::Object(request) => load(&request, Some(&maps), attach),
                    LoaderRequest::Copy(copy) => copy.load().map_err(|error| error.to_string()),
                };
                if reply.send(loaded).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("tailcalld-objects".to_owned());
        thread.spawn(run).context("failed to start the thread that loads handlers")?;
        Ok(Self { requests, replies })
    }

    /// Loads an object and waits for that.
    ///
    /// # Errors
    /// The last words of libbpf or of the verifier.
    pub fn load(&self, name: &str, bytes: Vec<u8>) -> Loaded {
        self.ask(LoaderRequest::Object(LoadRequest { name: name.to_owned(), bytes }))
    }

    /// Loads a copy of a program, which shares the maps of that, and waits for it.
    ///
    /// # Errors
    /// Answer of the kernel.
    pub fn load_copy(&self, copy: ProgramCopy) -> Loaded {
        self.ask(LoaderRequest::Copy(copy))
    }

    fn ask(&self, request: LoaderRequest) -> Loaded {
        let ended = |_| "the thread that loads handlers has ended; restart tailcalld".to_owned();
        self.requests.send(request).map_err(|_| ended(()))?;
        self.replies.recv().map_err(|_| ended(()))?
    }
}

/// Gives up what the thread does not need.
fn enter_sandbox() {
    let always = CapabilitySet::BPF | CapabilitySet::PERFMON;
    let needs = Needs { always, operations: Vec::new() };
    let later = LaterAttachments { load_objects: true, ..LaterAttachments::default() };
    let done = sandbox::close_process()
        .and_then(|()| Ok(sandbox::drop_capabilities(&needs).map(drop)?))
        .and_then(|()| sandbox::filter_calls(later));
    if let Err(error) = done {
        tracing::warn!("the thread that loads handlers keeps privileges: {error:#}");
    }
}

/// Has the kernel verify a handler's program, and removes it again.
///
/// # Errors
/// The reason why the kernel refuses it, as a clause about the file.
pub fn verify(object: &HandlerObject, attach: Attach) -> Result<(), String> {
    let request = LoadRequest { name: object.handler.name.clone(), bytes: read_again(object)? };
    load(&request, None, attach).map(drop).map_err(|said| format!("cannot be loaded: {said}"))
}

fn load(request: &LoadRequest, maps: Option<&Maps>, attach: Attach) -> Loaded {
    errors::capture_libbpf_messages();
    let mut open = errors::said(|| {
        let mut builder = ObjectBuilder::default();
        builder.name(&request.name)?.open_memory(&request.bytes)
    })?;
    if let Some(maps) = maps {
        share(&mut open, maps)?;
    }
    for mut program in open.progs_mut() {
        attach.prepare(&mut program).map_err(|error| format!("{error:#}"))?;
    }
    let object = without_signals(|| errors::said(|| open.load()))?;
    let program = object.progs().next().ok_or("it has no program")?;
    let program = program.as_fd().try_clone_to_owned();
    program.map_err(|error| format!("its descriptor cannot be copied: {error}"))
}

/// Puts the maps of the daemon in the place of those of the object.
fn share(open: &mut OpenObject, maps: &Maps) -> Result<(), String> {
    for mut map in open.maps_mut() {
        let shared = match &*map.name().to_string_lossy() {
            "tailcalld_calls" => &maps.calls,
            "tailcalld_after" => &maps.after,
            _ => continue,
        };
        errors::said(|| map.reuse_fd(shared.as_fd()))?;
    }
    Ok(())
}

/// Returns the number of a descriptor, as maps of programs take it.
pub(super) fn number_of(program: &OwnedFd) -> [u8; 4] {
    program.as_raw_fd().to_ne_bytes()
}
