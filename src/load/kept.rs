//! Loading of the object for a daemon that goes on where another one ended, and that another one follows.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use libbpf_rs::OpenObject;
use libbpf_rs::skel::{OpenSkel as _, Skel as _};

use super::adoption::{self, Adoption, KernelState};
use super::attach::{Attach, Side};
use super::attach_mode::AttachMode;
use super::attachment::Attachment;
use super::copies::{self, ConcurrentLoad, LoadedCopy, Names};
use super::dispatchers::PROBE;
use super::halves::halves;
use super::kept_link::LinkKeeper;
use super::needed_programs::{self, Wanted};
use super::other_dispatcher::OtherDispatcher;
use super::predecessor::Predecessor;
use super::probe_links::ProbeLinks;
use super::programs::Programs;
use super::rings::{self, Rings};
use super::task_link::TaskLink;
use super::without_signals;
use super::{
    Bpf, boxes, cgroup_tags, errors, executable, object, preconditions, prepare, process_tree,
};
use crate::bpf::{Bank, OpenTailcalldSkel, Shared, TailcalldSkel};
use crate::fd_store::FdStore;
use crate::handlers::Handlers;
use crate::stats::CounterRows;

/// Kernel side that the previous daemon left.
#[derive(Debug, Default)]
pub struct KeptSide<'a> {
    /// Store with its descriptors, which keeps those of this daemon.
    pub store: FdStore,
    /// Description of its kernel side.
    pub state: Option<&'a KernelState>,
    /// Descriptions of predecessors from which it had not taken over completely, the oldest first.
    pub unfinished: Vec<&'a KernelState>,
}

/// Loads the object and keeps what is to outlive the daemon in the store. If the store has what the previous daemon left,
/// the object goes on with that. Returns once the programs in `wanted` are loaded.
///
/// # Errors
/// Fails where [`load`] does.
pub fn load_kept<'obj>(
    object: &'obj mut MaybeUninit<OpenObject>,
    rings: Rings,
    choice: AttachMode,
    wanted: Wanted<'_>,
    kept: &KeptSide<'_>,
) -> Result<Bpf<'obj>> {
    preconditions()?;
    let KeptSide { store, state, unfinished } = kept;
    let mut open = prepare(object, rings, &choice)?;
    let handlers = object::declared_handlers(&open)?;
    let stamp = adoption::stamp(open.open_object());
    let (adoption, predecessors) =
        adoption::reuse(open.open_object_mut(), store, *state, unfinished)?;
    let kept_rings = adoption::take_further_rings(store, *state, &adoption);
    let (scope, books) = match (&adoption, state) {
        (Adoption::Done, Some(state)) => (state.scope, state.books),
        (Adoption::Replaced(_), Some(state)) => (store.next_scope(), state.books),
        _ => (store.next_scope(), store.next_scope()),
    };
    let are_returns_free = choice.return_hooks().exit.sees_returns();
    let is_live = adoption == Adoption::Done;
    let first = needed_programs::needed(wanted, is_live, &open, &handlers, are_returns_free);
    if !is_live {
        let made = rings::make_first(&mut open, rings);
        made.map_err(|error| errors::refused_ring(error, rings))?;
    }
    let (mut skeleton, second) = load_first(open, &first, rings, &choice)?;
    let further_rings = further_rings(&skeleton, rings, kept_rings)?;
    if !is_live {
        boxes::make(&skeleton, rings.boxes)?;
    }
    let shared = match adoption {
        Adoption::Done => {
            Shared::take_reused(&mut skeleton).context("failed to map the globals")?
        }
        _ => Shared::take(&mut skeleton),
    };
    let shared = shared.context("the BPF object has no global variables")?;
    adoption::remove_unused(store, &adoption);
    let is_on_demand = matches!(wanted, Wanted::OnDemand(_));
    let programs = Programs::load_rest(first, second, &skeleton, rings, &choice, is_on_demand)?;
    let loaded = LoadedObject { skeleton, further_rings, shared, handlers, programs };
    let mut bpf = Bpf::new(loaded, (rings, choice), &store.scoped(scope))?;
    (bpf.stamp, bpf.scope, bpf.books) = (stamp, scope, books);
    (bpf.adoption, bpf.predecessors) = (adoption, predecessors);
    bpf.wire()?;
    bpf.identify(None)?;
    bpf.keep(*state);
    Ok(bpf)
}

/// Loads the programs that the start waits for: half of them here, the others in a copy of the object by a thread.
fn load_first<'obj>(
    mut open: OpenTailcalldSkel<'obj>,
    first: &Names,
    rings: Rings,
    choice: &AttachMode,
) -> Result<(TailcalldSkel<'obj>, Option<LoadedCopy>)> {
    let (here, beside) = halves(first);
    copies::load_only(&mut open, &here);
    let concurrent =
        (!beside.is_empty()).then(|| ConcurrentLoad::begin(beside, rings, choice)).transpose()?;
    if let Some(concurrent) = &concurrent {
        concurrent.load_on(copies::make_maps(open.open_object_mut())?);
    }
    let skeleton = without_signals(|| errors::explain(|| open.load()))?;
    Ok((skeleton, concurrent.map(ConcurrentLoad::finish).transpose()?))
}

/// Returns the rings behind the first one: those that were kept, or new ones.
fn further_rings(
    skeleton: &TailcalldSkel<'_>,
    rings: Rings,
    kept: Option<Vec<OwnedFd>>,
) -> Result<Vec<OwnedFd>> {
    match kept {
        Some(kept) => return Ok(kept),
        None if rings.count == 1 => return Ok(Vec::new()),
        None => {}
    }
    let made = rings::make_further(rings);
    let made = made.map_err(|error| errors::refused_ring(error, rings))?;
    rings::share(skeleton, &made)?;
    Ok(made)
}

/// An object in the kernel.
pub(super) struct LoadedObject<'obj> {
    /// Maps and programs.
    pub skeleton: TailcalldSkel<'obj>,
    /// Rings behind the first one.
    pub further_rings: Vec<OwnedFd>,
    /// Globals.
    pub shared: Shared<'obj>,
    /// Handlers of the object.
    pub handlers: Handlers,
    /// Programs; none if only the maps are loaded.
    pub programs: Programs,
}

impl<'obj> Bpf<'obj> {
    /// Makes the owner of an object, attached to nothing. `store` keeps its links.
    pub(super) fn new(
        loaded: LoadedObject<'obj>,
        (rings_of_load, choice): (Rings, AttachMode),
        store: &FdStore,
    ) -> Result<Self> {
        let LoadedObject { skeleton, further_rings, shared, handlers, programs } = loaded;
        let exit = choice.return_hooks().exit;
        let AttachMode {
            attach,
            returns,
            task_start,
            execution,
            reason,
            limitations,
            functions,
            is_provisional: _,
        } = choice.clone();
        Ok(Self {
            shared,
            handlers,
            counters: CounterRows::open(&skeleton.maps.counters)?,
            boxes: boxes::rows(&skeleton, rings_of_load.boxes)?,
            programs,
            kinds: BTreeMap::new(),
            rings_of_load,
            choice,
            further_rings,
            dispatcher: Attachment::new(Side::Entry, attach, functions.clone()),
            submissions: Attachment::new(Side::Submission, attach, functions.clone()),
            probes: ProbeLinks::default(),
            returns: Attachment::new(Side::Return, exit, functions),
            routed: BTreeSet::new(),
            task_end: TaskLink::new(
                returns.map(|hooks| hooks.task_end),
                Attach::attach_to_task_end,
            ),
            execution: TaskLink::new(Ok(execution), Attach::attach_to_execution),
            cgroup_links: Vec::new(),
            tree_links: Vec::new(),
            keeper: LinkKeeper::new(store),
            store: store.clone(),
            stamp: String::new(),
            scope: 0,
            books: 0,
            predecessors: Vec::new(),
            others: Vec::new(),
            adoption: Adoption::Nothing,
            chained: None,
            tagged: cgroup_tags::TaggedNames::default(),
            tracked_trees: process_tree::TrackedTrees::new(task_start),
            reason,
            limitations,
            skeleton,
        })
    }
}

impl Bpf<'_> {
    /// Takes the links of the previous daemon, or keeps the maps for the next one.
    fn keep(&mut self, state: Option<&KernelState>) {
        executable::keep(&self.store);
        match (&self.adoption, state) {
            (Adoption::Done, Some(state)) => {
                self.adopt_kinds(state);
                self.adopt_links(state);
                self.store.remove_received();
            }
            _ => {
                let has_books = self.books != self.scope;
                adoption::keep_maps(self.skeleton.object(), &self.store, self.scope, has_books);
                adoption::keep_rings(&self.further_rings, &self.store.scoped(self.scope));
            }
        }
    }

    /// Takes the links of the previous daemon, and attaches what it did not get to.
    pub(super) fn adopt_links(&mut self, state: &KernelState) {
        self.dispatcher.adopt(self.keeper.adopt("sys_enter"), &state.functions);
        self.submissions.adopt(self.keeper.adopt("uring_submit"), &state.functions);
        self.probes.adopt(self.keeper.adopt(PROBE), &state.functions);
        self.returns.adopt(self.keeper.adopt("sys_exit"), &state.functions);
        self.task_end.adopt(self.keeper.adopt("task_exit"));
        self.execution.adopt(self.keeper.adopt("task_exec"));
        self.cgroup_links = ["cgroup_mkdir", "cgroup_rmdir"]
            .map(|name| self.keeper.adopt(name))
            .into_iter()
            .flatten()
            .collect();
        self.tree_links = ["proc_tree_exit", "proc_tree_fork"]
            .map(|name| self.keeper.adopt(name))
            .into_iter()
            .flatten()
            .collect();
    }

    /// Makes a bank the live one. With `is_table` it is a table that takes over from the predecessor's, which decides
    /// about no call from now on.
    pub fn go_live(&self, bank: Bank, is_table: bool) {
        self.shared.set_live_bank(bank);
        if is_table && !(self.predecessors.is_empty() && self.others.is_empty()) {
            if self.dispatcher.attach().is_at_functions() {
                // Functions may run the newer program first: a call that it refused just now must find the other table.
                let begin = Instant::now();
                while begin.elapsed() < HANDOVER {
                    std::hint::spin_loop();
                }
            }
            self.predecessors.iter().for_each(Predecessor::silence);
            self.others.iter().for_each(OtherDispatcher::silence);
        }
    }

    /// Describes what the kernel has of this daemon, for the next one.
    ///
    /// # Errors
    /// Fails if the kernel does not report the id of a ring.
    pub fn kernel_state(&self) -> Result<KernelState> {
        let ring = adoption::id(self.skeleton.maps.events.as_fd())?;
        let further = self.further_rings.iter().map(|ring| adoption::id(ring.as_fd()));
        let further_rings = further.collect::<Result<_>>()?;
        let functions = self.dispatcher.functions();
        let functions = functions.chain(self.submissions.functions());
        let functions = functions.chain(self.probes.functions());
        let functions = functions.chain(self.returns.functions()).collect();
        let layout = adoption::LAYOUT.to_owned();
        let (stamp, scope, books) = (self.stamp.clone(), self.scope, self.books);
        let hooks = (self.dispatcher.attach(), self.returns.attach());
        let kinds = self.kinds.keys().map(|kind| kind.name().to_owned()).collect();
        Ok(KernelState {
            stamp,
            layout,
            scope,
            books,
            hooks,
            ring,
            further_rings,
            functions,
            kinds,
        })
    }

    /// Leaves what the service manager keeps to the next daemon.
    pub fn leave(&self) {
        self.store.leave();
    }

    /// Returns whether anybody keeps what is in the kernel for the next daemon.
    pub fn is_kept(&self) -> bool {
        self.store.is_open()
    }
}

/// Time between two programs at one function, unless the CPU is taken away.
const HANDOVER: Duration = Duration::from_micros(20);
