//! Signatures of probes, as they were found in the running kernel, each in its slot.

use std::sync::OnceLock;

use super::parameter::Parameter;
use super::types::Signature;
use crate::{Abi, Slot};

/// Signatures of all kinds, each at the distance of its slot from the first.
static SIGNATURES: [OnceLock<Signature>; Abi::PROBE_SLOTS] =
    [const { OnceLock::new() }; Abi::PROBE_SLOTS];

/// Returns the signature of the probe in a slot; `None` if none has it.
pub(super) fn signature(slot: Slot) -> Option<&'static Signature> {
    place(slot)?.get()
}

/// Gives parameters to the probe in a slot, if it has none.
pub(crate) fn set_parameters(slot: Slot, parameters: Vec<Parameter>) {
    if let Some(place) = place(slot) {
        place.get_or_init(|| Signature::of_parameters(parameters));
    }
}

fn place(slot: Slot) -> Option<&'static OnceLock<Signature>> {
    SIGNATURES.get(usize::from(slot.index().checked_sub(Abi::Kprobe.first())?))
}
