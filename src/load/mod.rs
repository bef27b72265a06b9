//! Loads the BPF object: creates maps, has the programs verified, learns the daemon's identity. Nothing is
//! attached before the first table is live, and dropping `Bpf` leaves nothing in the kernel but what the service
//! manager keeps for the next daemon.

mod adoption;
mod attach;
mod attach_mode;
mod attachment;
mod boxes;
mod buckets;
mod cgroup_tags;
mod copies;
mod dispatchers;
mod errors;
mod executable;
mod fentry_functions;
mod file_identity;
mod function_links;
mod functions;
mod halves;
mod handler_manifest;
mod identity;
mod journal_open;
mod kept;
mod kept_link;
mod kernel_facts;
mod kernel_types;
mod kind_arrays;
mod kinds;
mod maps_only;
mod missed_calls;
mod misses;
mod needed_programs;
mod object;
mod objects;
mod other_dispatcher;
mod perf;
mod permissions;
mod predecessor;
mod preemption;
mod probe_links;
mod process_tree;
mod program_facts;
mod programs;
mod recipes;
mod rings;
mod slots;
mod table_check;
mod task_link;
mod wiring;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};

use anyhow::{Context as _, Result};
use attachment::Attachment;
use kept_link::{KeptLink, LinkKeeper};
use kinds::KindPrograms;
use libbpf_rs::{MapCore, OpenObject};
use nix::sys::signal::SigSet;
use objects::ChainedPrograms;
use probe_links::ProbeLinks;
use programs::{Pick, Programs};
use syscalls::{Abi, Slot};
use task_link::TaskLink;

use crate::bpf::{Shared, TailcalldSkel};
use crate::fd_store::FdStore;
use crate::handlers::Handlers;
use crate::stats::{CounterRows, Ledger};

pub use adoption::{Adoption, KernelState, LAYOUT};
pub use attach::Attach;
pub use attach_mode::{AttachMode, ReturnHooks};
use boxes::BoxRows;
pub use boxes::{BoxState, Boxes};
pub use buckets::Full;
pub use dispatchers::DISPATCHER;
pub use errors::preconditions;
pub use kept::{KeptSide, load_kept};
pub use kernel_facts::functions_are_on;
pub use maps_only::load_maps;
pub use missed_calls::MissedCalls;
pub use needed_programs::Wanted;
pub use object::{handlers, prepare};
pub use objects::{ChainKey, handlers_for, read_objects, verify as verify_object};
pub use other_dispatcher::OtherDispatcher;
pub use permissions::{PERF, is_bpf_unrestricted, may_open_perf_events};
pub use predecessor::{GLOBALS, Predecessor};
pub use probe_links::hook_of;
pub use rings::Rings;
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
    /// Black boxes; `None` without any.
    boxes: Option<BoxRows>,
    programs: Programs,
    /// Programs for kinds of probes that have a type of their own.
    kinds: BTreeMap<Abi, KindPrograms>,
    /// Rings and hooks that the object was loaded with, for further copies.
    rings_of_load: Rings,
    choice: AttachMode,
    /// Rings behind the first one.
    further_rings: Vec<OwnedFd>,
    /// `sys_enter`, at the entry of calls.
    dispatcher: Attachment,
    /// `uring_submit`, at the submission of operations of `io_uring`.
    submissions: Attachment,
    /// `probe`, at functions and tracepoints of the kernel.
    probes: ProbeLinks,
    /// `sys_exit`, at the return of those whose results are asked for.
    returns: Attachment,
    /// Slots of the calls of the live table, where the dispatcher sees returns as well.
    routed: BTreeSet<Slot>,
    /// `task_exit`, at the end of tasks; only while there are such calls.
    task_end: TaskLink,
    /// `task_exec`, at the execution of programs; only while calls wait for that.
    execution: TaskLink,
    /// Links of the programs that follow cgroups, and of those that follow process trees.
    cgroup_links: Vec<KeptLink>,
    tree_links: Vec<KeptLink>,
    /// Programs of the handlers in chains, once any was loaded.
    chained: Option<ChainedPrograms>,
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

/// Loads the object with those rings, for a daemon that no other one follows. Returns once the programs in `wanted` are
/// loaded.
///
/// # Errors
/// With what the kernel refused, and what to do about it.
pub fn load<'obj>(
    object: &'obj mut MaybeUninit<OpenObject>,
    rings: Rings,
    choice: AttachMode,
    wanted: Wanted<'_>,
) -> Result<Bpf<'obj>> {
    load_kept(object, rings, choice, wanted, &KeptSide::default())
}

/// Reads what a load needs to know of the kernel, in a thread, while the configuration is read.
pub fn prefetch() {
    kernel_types::KernelTypes::prefetch();
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

impl Bpf<'_> {
    /// Attaches the two programs that follow cgroups.
    ///
    /// # Errors
    /// Fails if the kernel refuses; what was attached goes when `self` is dropped.
    pub fn follow_cgroups(&mut self) -> Result<()> {
        let both: [Pick; 2] =
            [|programs| &programs.cgroup_mkdir, |programs| &programs.cgroup_rmdir];
        for pick in both {
            let program = self.programs.get(&self.skeleton, pick)?;
            let link = program.attach().context(CGROUPS)?;
            self.cgroup_links.push(self.keeper.keep(program, link));
        }
        Ok(())
    }

    /// Returns whether the returns of some calls can be seen at no cost to all others.
    pub fn are_returns_free(&self) -> bool {
        self.returns.attach().sees_returns()
    }

    /// Returns the kind of hook of the dispatcher.
    pub fn way_to_attach(&self) -> Attach {
        self.dispatcher.attach()
    }

    /// Returns whether the next start may choose another hook, if the kernel skips many calls at this one.
    pub fn is_attach_provisional(&self) -> bool {
        self.choice.is_provisional
    }

    /// Detaches everything. Calls that are in a handler at this moment still finish there.
    pub fn detach(&mut self) {
        self.dispatcher.detach_all();
        self.submissions.detach_all();
        self.probes.detach_all();
        self.returns.detach_all();
        self.task_end.detach();
        self.execution.detach();
        self.cgroup_links.clear();
        self.detach_process_trees();
        self.store.clear();
    }

    /// Returns the address of the inode of an open file. No other file has it while the file stays open.
    ///
    /// # Errors
    /// Fails if the kernel does not run the program that reads it.
    pub fn inode_address(&self, file: &File) -> Result<u64> {
        self.identify(Some(file.as_fd()))
    }

    fn identify(&self, file: Option<BorrowedFd<'_>>) -> Result<u64> {
        let program = self.programs.get(&self.skeleton, |programs| &programs.self_identify)?;
        identity::learn(program, &self.shared, file)
    }

    /// The table: programs by slot of both banks.
    pub fn syscalls(&self) -> &dyn MapCore {
        &self.skeleton.maps.syscalls
    }

    /// The processes of trees, by thread group.
    pub fn tree_members(&self) -> &dyn MapCore {
        &self.skeleton.maps.tree_members
    }

    /// The tags of cgroups, by their ids.
    pub fn tagged_cgroups(&self) -> &dyn MapCore {
        &self.skeleton.maps.cgroup_tags
    }

    /// Opens the ledger of the daemon.
    ///
    /// # Errors
    /// Fails if it cannot be mapped.
    pub fn ledger(&self) -> Result<Ledger> {
        Ledger::open(self.skeleton.maps.ledger.as_fd())
    }

    /// The rings, all of one size.
    pub fn rings(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let first = std::iter::once(self.skeleton.maps.events.as_fd());
        first.chain(self.further_rings.iter().map(OwnedFd::as_fd))
    }

    /// Returns the size of each ring, in bytes.
    pub fn ring_bytes(&self) -> u32 {
        self.skeleton.maps.events.max_entries()
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
