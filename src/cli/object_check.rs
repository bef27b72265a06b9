//! Verification of handlers in objects of their own, by the kernel, without attaching them.

use std::collections::BTreeMap;

use anyhow::anyhow;

use crate::config::printable;
use crate::load::{self, AttachMode, MissedCalls};
use crate::plan::Plan;
use crate::rpc::runtime_folder;

/// Chooses the hooks that the next daemon would.
pub(super) fn attach_mode(plan: &Plan) -> anyhow::Result<AttachMode> {
    let missed = MissedCalls::read(&runtime_folder());
    AttachMode::choose_after(plan.attach, &plan.routes, missed)
}

/// Has the kernel verify the programs of all handlers in objects of their own that the plan routes calls to.
pub(super) fn load_objects(plan: &Plan) -> anyhow::Result<()> {
    load::preconditions()?;
    let attach = attach_mode(plan)?.attach;
    let by_hook = plan.routes.iter().flat_map(|(slot, route)| {
        let hook = load::hook_of(slot.abi()).unwrap_or(attach);
        route.rules.iter().flat_map(|rule| &rule.chain).map(move |object| (hook, object))
    });
    let once: BTreeMap<_, _> = by_hook
        .map(|(hook, object)| ((hook.to_string(), &object.handler.name), (hook, object)))
        .collect();
    for (hook, object) in once.into_values() {
        load::verify_object(object, hook).map_err(|reason| {
            let path = printable(&object.path.to_string_lossy());
            anyhow!("handler \"{}\": {path} {reason}", object.handler.name)
        })?;
    }
    Ok(())
}
