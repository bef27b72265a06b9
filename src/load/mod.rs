//! Loads the BPF object: creates maps, has the programs verified, learns the daemon's identity. Nothing is
//! attached before the first table is live, and dropping `Bpf` leaves nothing in the kernel but what the service
//! manager keeps for the next daemon.

mod adoption;
mod attach;
mod attach_mode;
mod attachment;
mod buckets;
mod cgroup_tags;
mod errors;
mod executable;
mod functions;
mod handler_manifest;
mod identity;
mod journal_open;
mod kept;
mod kept_link;
mod kernel_facts;
mod maps_only;
mod misses;
mod object;
mod other_dispatcher;
mod perf;
mod permissions;
mod predecessor;
mod process_tree;
mod recipes;
mod table_check;
mod task_end;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, RawFd};

use anyhow::{Context as _, Result};
use attachment::Attachment;
use kept_link::{KeptLink, LinkKeeper};
use libbpf_rs::skel::Skel as _;
use libbpf_rs::{MapCore, MapFlags, OpenObject};
use nix::sys::signal::SigSet;
use syscalls::Slot;
use task_end::TaskEnd;

use crate::bpf::types::continuation;
use crate::bpf::{Shared, TailcalldSkel};
use crate::fd_store::FdStore;
use crate::handlers::Handlers;
use crate::stats::{CounterRows, Ledger};

pub use adoption::{Adoption, KernelState, LAYOUT};
pub use attach::Attach;
pub use attach_mode::{AttachMode, ReturnHooks};
pub use buckets::Full;
pub use errors::preconditions;
pub use kept::load_kept;
pub use kernel_facts::functions_are_on;
pub use maps_only::load_maps;
pub use misses::DISPATCHER;
pub use object::{handlers, prepare};
pub use other_dispatcher::OtherDispatcher;
pub use permissions::{is_bpf_unrestricted, may_open_perf_events};
pub use predecessor::{GLOBALS, Predecessor};
pub use table_check::{EMPTY, id_of};

/// The loaded object. Whoever owns it keeps the table alive: the kernel empties a program array when
/// the last file descriptor of it goes (kernel/bpf/arraymap.c, prog_array_map_clear).
#[allow(missing_debug_implementations)] // the skeleton has none
pub struct Bpf<'obj> {
    skeleton: TailcalldSkel<'obj>,
    /// Memory shared with the programs.
    pub shared: Shared<'obj>,
    /// Handlers of the object.
    pub handlers: Handlers,
    /// Counters of the programs.
    pub counters: CounterRows,
    programs: BTreeMap<u16, RawFd>,
    /// `sys_enter`, at the entry of calls.
    dispatcher: Attachment,
    /// `sys_exit`, at the return of those whose results are asked for.
    returns: Attachment,
    /// `task_exit`, at the end of tasks; only while there are such calls.
    task_end: TaskEnd,
    /// Links of the programs that follow cgroups, and of those that follow process trees.
    cgroup_links: Vec<KeptLink>,
    tree_links: Vec<KeptLink>,
    keeper: LinkKeeper,
    store: FdStore,
    stamp: String,
    /// Number in front of the names in the store, and of those of counters and ledger.
    scope: u32,
    books: u32,
    /// Kernel sides of previous daemons with another object of which anything is left, the oldest first.
    pub predecessors: Vec<Predecessor>,
    /// Dispatchers of objects with other types, of which this one takes over.
    pub others: Vec<OtherDispatcher>,
    /// Outcome of the attempt to go on with the kernel's side of the previous daemon.
    pub adoption: Adoption,
    tagged: cgroup_tags::TaggedNames,
    tracked_trees: process_tree::TrackedTrees,
    /// Reason for the kind of hook, as it is printed.
    pub reason: String,
    /// Sentences about what the configuration asks for and the hooks cannot do.
    pub limitations: Vec<String>,
}

/// Loads the object with a ring of that size, in bytes, for a daemon that no other one follows.
///
/// # Errors
/// With what the kernel refused, and what to do about it.
pub fn load(
    object: &mut MaybeUninit<OpenObject>,
    ring_bytes: u32,
    choice: AttachMode,
) -> Result<Bpf<'_>> {
    load_kept(object, ring_bytes, choice, &FdStore::default(), None, &[])
}

/// Runs `load` with all signals blocked in this thread: the verifier gives up with EAGAIN when one is pending
/// (`bpf_check` in kernel/bpf/verifier.c), and libbpf tries five times only.
fn without_signals<T>(load: impl FnOnce() -> T) -> T {
    let before = SigSet::thread_get_mask();
    let is_blocked = before.is_ok() && SigSet::all().thread_block().is_ok();
    let result = load();
    if let (true, Ok(before)) = (is_blocked, before) {
        let _ = before.thread_set_mask();
    }
    result
}

/// Fills the array of programs that others continue with.
fn wire_continuations(skeleton: &TailcalldSkel<'_>) -> Result<()> {
    let programs = &skeleton.progs;
    let wanted = [
        (continuation::CONTINUE_ARGV, &programs.argv_copy),
        (continuation::CONTINUE_FILTER, &programs.filter_resume),
        (continuation::CONTINUE_MATCH, &programs.filter_match),
    ];
    wanted.iter().try_for_each(|(place, program)| {
        let (key, program) = (place.0.to_ne_bytes(), program.as_fd().as_raw_fd().to_ne_bytes());
        let wired = skeleton.maps.continuations.update(&key, &program, MapFlags::ANY);
        wired.context("failed to set the programs that handlers continue with")
    })
}

/// Fills the array of handlers that filters call.
fn wire_handlers(skeleton: &TailcalldSkel<'_>, programs: &BTreeMap<u16, RawFd>) -> Result<()> {
    programs.iter().try_for_each(|(&handler, program)| {
        let (key, program) = (u32::from(handler).to_ne_bytes(), program.to_ne_bytes());
        let wired = skeleton.maps.handlers.update(&key, &program, MapFlags::ANY);
        wired.context("failed to set the handlers that filters tail-call")
    })
}

fn handler_programs(
    skeleton: &TailcalldSkel<'_>,
    handlers: &Handlers,
) -> Result<BTreeMap<u16, RawFd>> {
    let named = |name: &str| -> Result<RawFd> {
        let wanted = format!("handle_{name}");
        let found = skeleton.object().progs().find(|program| program.name() == &*wanted);
        let found = found.with_context(|| format!("the BPF object has no program {wanted}"))?;
        Ok(found.as_fd().as_raw_fd())
    };
    handlers.iter().map(|handler| Ok((handler.id, named(&handler.name)?))).collect()
}

impl Bpf<'_> {
    /// Attaches the two programs that follow cgroups.
    ///
    /// # Errors
    /// Fails if the kernel refuses; what was attached goes when `self` is dropped.
    pub fn follow_cgroups(&mut self) -> Result<()> {
        let programs = &self.skeleton.progs;
        for program in [&programs.cgroup_mkdir, &programs.cgroup_rmdir] {
            let link = program.attach().context(CGROUPS)?;
            self.cgroup_links.push(self.keeper.keep(program, link));
        }
        Ok(())
    }

    /// Attaches the dispatcher to calls of these slots. The first call may come before this returns.
    ///
    /// # Errors
    /// Fails if the kernel refuses; nothing has changed then.
    pub fn attach_slots<'a>(&mut self, slots: impl Iterator<Item = &'a Slot>) -> Result<()> {
        self.dispatcher.attach_slots(&self.keeper, &self.skeleton.progs.sys_enter, slots)
    }

    /// Detaches the dispatcher from all slots except these.
    pub fn detach_unused<'a>(&mut self, slots: impl Iterator<Item = &'a Slot>) {
        self.dispatcher.detach_unused(slots);
    }

    /// Attaches the program at the return of calls to these slots.
    ///
    /// # Errors
    /// Fails where `attach_slots` does, and if the calls cannot be followed to their end.
    pub fn attach_returns(&mut self, slots: &BTreeSet<Slot>) -> Result<()> {
        if !slots.is_empty() {
            self.task_end.attach(&self.keeper, &self.skeleton.progs.task_exit)?;
        }
        self.returns.attach_slots(&self.keeper, &self.skeleton.progs.sys_exit, slots.iter())
    }

    /// Detaches the program at the return of calls from all slots except these.
    pub fn detach_unused_returns(&mut self, slots: &BTreeSet<Slot>) {
        self.returns.detach_unused(slots.iter());
        if slots.is_empty() {
            self.task_end.detach();
        }
    }

    /// Returns whether the returns of some calls can be seen at no cost to all others.
    pub fn are_returns_free(&self) -> bool {
        self.returns.attach() == Attach::Function
    }

    /// Returns the kind of hook of the dispatcher.
    pub fn way_to_attach(&self) -> Attach {
        self.dispatcher.attach()
    }

    /// Returns the slots whose calls the dispatcher cannot see: they have no function to attach to.
    pub fn unattachable<'a>(&self, slots: impl Iterator<Item = &'a Slot>) -> Vec<Slot> {
        self.dispatcher.unattachable(slots)
    }

    /// Attaches both programs of calls anew to these slots, whatever became of their links.
    ///
    /// # Errors
    /// Fails where `attach_slots` and `attach_returns` do.
    pub fn attach_anew<'a>(
        &mut self,
        slots: impl Iterator<Item = &'a Slot>,
        returns: &BTreeSet<Slot>,
    ) -> Result<()> {
        self.dispatcher.detach_all();
        self.returns.detach_all();
        self.attach_slots(slots)?;
        self.attach_returns(returns)
    }

    /// Detaches everything. Calls that are in a handler at this moment still finish there.
    pub fn detach(&mut self) {
        self.dispatcher.detach_all();
        self.returns.detach_all();
        self.task_end.detach();
        self.cgroup_links.clear();
        self.detach_process_trees();
        self.store.clear();
    }

    /// Returns whether the object has its programs, and not only its maps.
    pub(super) fn has_programs(&self) -> bool {
        !self.programs.is_empty()
    }

    /// The program of a handler; `None` if there is no such handler.
    pub fn program(&self, handler: u16) -> Option<RawFd> {
        self.programs.get(&handler).copied()
    }

    /// The program that decides which rule a call is for.
    pub fn filter_program(&self) -> RawFd {
        self.skeleton.progs.filter.as_fd().as_raw_fd()
    }

    /// The program that answers our own test call.
    pub fn selftest_program(&self) -> RawFd {
        self.skeleton.progs.selftest.as_fd().as_raw_fd()
    }

    /// Returns the address of the inode of an open file. No other file has it while the file stays open.
    ///
    /// # Errors
    /// Fails if the kernel does not run the program that reads it.
    pub fn inode_address(&self, file: &File) -> Result<u64> {
        self.identify(Some(file.as_fd()))
    }

    fn identify(&self, file: Option<BorrowedFd<'_>>) -> Result<u64> {
        identity::learn(&self.skeleton.progs.self_identify, &self.shared, file)
    }

    /// The table: programs by slot of both banks.
    pub fn syscalls(&self) -> &dyn MapCore {
        &self.skeleton.maps.syscalls
    }

    /// The processes of trees, by thread group.
    pub fn tree_members(&self) -> &dyn MapCore {
        &self.skeleton.maps.tree_members
    }

    /// Opens the ledger of the daemon.
    ///
    /// # Errors
    /// Fails if it cannot be mapped.
    pub fn ledger(&self) -> Result<Ledger> {
        Ledger::open(self.skeleton.maps.ledger.as_fd())
    }

    /// The ring.
    pub fn events(&self) -> &dyn MapCore {
        &self.skeleton.maps.events
    }

    /// Returns after every program that was running when it was called.
    ///
    /// # Errors
    /// Fails if the kernel knows neither way to wait.
    pub fn wait_for_grace(&self) -> Result<()> {
        crate::bpf::wait_for_grace().or_else(|_| self.wait_with_an_update())
    }

    fn wait_with_an_update(&self) -> Result<()> {
        let inner = self.skeleton.maps.grace_inner.as_fd().as_raw_fd().to_ne_bytes();
        let flags = libbpf_rs::MapFlags::ANY;
        let updated = self.skeleton.maps.grace.update(&0u32.to_ne_bytes(), &inner, flags);
        updated.context("failed to wait for the programs that are running")
    }
}

const CGROUPS: &str = "failed to attach to the tracepoints of cgroups";
