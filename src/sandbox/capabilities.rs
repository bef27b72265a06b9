//! Capabilities that the daemon keeps. What a kernel requires for an operation depends on its version and its sysctls,
//! so the operation is tried without.

use std::io;

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};

/// Something that the daemon does after its start, with the capabilities that may be required for it.
#[allow(missing_debug_implementations)] // closures have none
pub struct Operation<'a> {
    /// Does it, and returns whether that was permitted.
    pub is_permitted: Box<dyn Fn() -> bool + 'a>,
    /// Capabilities of which one is enough, the least first.
    pub candidates: &'static [CapabilitySet],
}

/// Everything that the daemon does after its start.
#[allow(missing_debug_implementations)]
pub struct Needs<'a> {
    /// Capabilities that are kept without a trial, as far as there are any.
    pub always: CapabilitySet,
    /// Operations, each of which is tried without and then with its candidates.
    pub operations: Vec<Operation<'a>>,
}

/// Drops all capabilities of this thread but those that are needed. Returns what is kept.
///
/// # Errors
/// Fails if the kernel refuses; then the capabilities are those from before.
pub fn drop_capabilities(needs: &Needs<'_>) -> io::Result<CapabilitySet> {
    let before = capabilities(None)?;
    empty_bounding_set();
    clear_ambient_capability_set()?;
    let kept = needed(needs, before.permitted);
    let dropped = kept.and_then(|kept| {
        set_capabilities(None, sets(kept, kept))?;
        Ok(kept)
    });
    if dropped.is_err() {
        set_capabilities(None, before)?;
    }
    dropped
}

/// Returns the capabilities without which an operation is not permitted.
fn needed(needs: &Needs<'_>, permitted: CapabilitySet) -> io::Result<CapabilitySet> {
    let mut kept = needs.always & permitted;
    for Operation { is_permitted, candidates } in &needs.operations {
        let is_permitted_with = |effective| -> io::Result<bool> {
            set_capabilities(None, sets(effective, permitted))?;
            Ok(is_permitted())
        };
        let missing = CapabilitySet::empty();
        for &candidate in [missing].iter().chain(*candidates) {
            if permitted.contains(candidate) && is_permitted_with(kept | candidate)? {
                kept |= candidate;
                break;
            }
        }
    }
    Ok(kept)
}

fn sets(effective: CapabilitySet, permitted: CapabilitySet) -> CapabilitySets {
    CapabilitySets { effective, permitted, inheritable: CapabilitySet::empty() }
}

/// Empties the set of capabilities that programs could gain. The service may not (`CAP_SETPCAP`), and need not: it
/// cannot execute any.
fn empty_bounding_set() {
    for capability in CapabilitySet::all().iter() {
        let _ = remove_capability_from_bounding_set(capability);
    }
}
