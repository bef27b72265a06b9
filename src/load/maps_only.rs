//! Maps of the object of an earlier daemon with the same types, without its programs: enough to read its ring to the end.

use std::mem::MaybeUninit;

use anyhow::{Context as _, Result, anyhow, ensure};
use libbpf_rs::OpenObject;
use libbpf_rs::skel::OpenSkel as _;

use super::adoption::{self, Adoption, KernelState};
use super::attach::Attach;
use super::attach_mode::{AttachMode, ReturnHooks};
use super::copies::{self, Names};
use super::kept::LoadedObject;
use super::programs::Programs;
use super::rings::Rings;
use super::{Bpf, object, prepare};
use crate::bpf::Shared;
use crate::fd_store::FdStore;

/// Opens what the store has of the daemon that `state` describes. `unfinished` describes predecessors from which that
/// daemon had not taken over completely, the oldest first.
///
/// # Errors
/// Fails if the store lacks any of it, or if its types are others.
pub fn load_maps<'obj>(
    object: &'obj mut MaybeUninit<OpenObject>,
    store: &FdStore,
    state: &KernelState,
    unfinished: &[&KernelState],
) -> Result<Bpf<'obj>> {
    ensure!(state.layout == adoption::LAYOUT, "the executable has other types, too");
    let choice = hooks(state.hooks);
    // The size is that of the rings in the store.
    let count = 1 + u32::try_from(state.further_rings.len())?;
    let rings = Rings::of_predecessor(SMALLEST_RING, count);
    let mut open = prepare(object, rings, &choice)?;
    let handlers = object::declared_handlers(&open)?;
    let scoped = store.scoped(state.scope);
    adoption::check_kept(open.open_object(), &scoped, state).map_err(|reason| anyhow!(reason))?;
    let predecessors = adoption::older(store, unfinished);
    adoption::reuse_maps(open.open_object_mut(), store, state)?;
    let further_rings = adoption::take_further_rings(store, Some(state), &Adoption::Done);
    let further_rings = further_rings.unwrap_or_default();
    copies::load_only(&mut open, &Names::new());
    let mut skeleton = open.load().context("failed to open the maps")?;
    let shared = Shared::take_reused(&mut skeleton).context("failed to map the globals")?;
    let shared = shared.context("the BPF object has no global variables")?;
    let loaded = LoadedObject {
        skeleton,
        further_rings,
        shared,
        handlers,
        programs: Programs::only(Names::new())?,
    };
    let mut bpf = Bpf::new(loaded, (rings, choice), &scoped)?;
    (bpf.stamp, bpf.scope, bpf.books) = (state.stamp.clone(), state.scope, state.books);
    bpf.predecessors = predecessors;
    bpf.adopt_kinds(state);
    bpf.adopt_links(state);
    Ok(bpf)
}

const SMALLEST_RING: u32 = 1 << 16;

/// Returns the hooks of links that are attached already.
fn hooks((attach, exit): (Attach, Attach)) -> AttachMode {
    let returns = Ok(ReturnHooks { exit, task_end: exit });
    AttachMode { returns, ..AttachMode::with_tracepoint(attach, String::new()) }
}
