//! The thread that loads objects of handlers, and what else a reload loads. It is started before the daemon gives up its
//! privileges, and keeps those that a load takes; it reads no byte of a traced process.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use anyhow::Context as _;
use libbpf_rs::{ObjectBuilder, OpenObject};

use super::folders::read_again;
use crate::handlers::HandlerObject;
use crate::load::{Attach, PERF, errors, may_open_perf_events, without_signals};
use crate::sandbox::{self, CapabilitySet, LaterAttachments, Needs, Operation};

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

/// Outcome of a load: the program in the kernel, or what libbpf or the verifier said.
type Loaded = Result<OwnedFd, String>;

/// Work for the thread, which sends the outcome itself.
type LoaderJob = Box<dyn FnOnce() + Send>;

/// The thread, which does one job at a time.
#[derive(Debug)]
pub struct ObjectLoader {
    jobs: SyncSender<LoaderJob>,
}

impl ObjectLoader {
    /// Starts the thread. It gives up its privileges but those that a load takes, and with `opens_perf_events` an
    /// attachment to a classic tracepoint.
    ///
    /// # Errors
    /// Fails if there can be no further thread.
    pub fn start(opens_perf_events: bool) -> anyhow::Result<Self> {
        let (jobs, to_do) = sync_channel::<LoaderJob>(1);
        let run = move || {
            enter_sandbox(opens_perf_events);
            for job in to_do {
                job();
            }
        };
        let thread = thread::Builder::new().name("tailcalld-objects".to_owned());
        thread.spawn(run).context("failed to start the thread that loads handlers")?;
        Ok(Self { jobs })
    }

    /// Loads an object for programs that are attached in this way, and waits for that.
    ///
    /// # Errors
    /// The last words of libbpf or of the verifier.
    pub fn load(&self, name: &str, bytes: Vec<u8>, (maps, attach): (Maps, Attach)) -> Loaded {
        let request = LoadRequest { name: name.to_owned(), bytes };
        let loaded = self.run(move || load(&request, Some(&maps), attach));
        loaded.map_err(|error| error.to_string())?
    }

    /// Runs a job in the thread and waits for its outcome.
    ///
    /// # Errors
    /// Fails if the thread has ended.
    pub fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        let (reply, replies) = sync_channel(1);
        let job = move || drop(reply.send(job()));
        self.jobs.send(Box::new(job)).ok().context(ENDED)?;
        replies.recv().context(ENDED)
    }
}

const ENDED: &str = "the thread that loads handlers has ended; restart tailcalld";

/// Gives up what the thread does not need.
fn enter_sandbox(opens_perf_events: bool) {
    let always = CapabilitySet::BPF | CapabilitySet::PERFMON;
    let mut needs = Needs { always, operations: Vec::new() };
    if opens_perf_events {
        let is_permitted = Box::new(may_open_perf_events);
        needs.operations.push(Operation { is_permitted, candidates: &PERF });
    }
    // A reload may add a probe at a classic tracepoint, where the kernel permits it.
    let later = LaterAttachments {
        open_perf_events: true,
        load_objects: true,
        ..LaterAttachments::default()
    };
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
