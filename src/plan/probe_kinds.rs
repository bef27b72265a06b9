//! Kinds of probes of a table.

use std::collections::BTreeSet;

use syscalls::Abi;

use super::Plan;
use crate::config::AttachTo;

/// Returns the kinds of the probes of a table.
pub(super) fn kinds(plan: &Plan) -> BTreeSet<Abi> {
    plan.routes.keys().map(|slot| slot.abi()).filter(|abi| abi.is_probe()).collect()
}

/// Returns whether system calls that are attached to in this way may have programs of the type of a kind.
pub fn suits(attach: AttachTo, kind: Abi) -> bool {
    match attach {
        AttachTo::Auto => true,
        AttachTo::Function => kind == Abi::Kprobe,
        AttachTo::Tracepoint => kind != Abi::Kprobe,
    }
}
