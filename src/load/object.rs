//! The object inside this binary, as it is handed to the kernel: its declarations, sizes, constants, and
//! the types of its programs.

use std::mem::MaybeUninit;

use anyhow::{Context as _, Result};
use libbpf_rs::skel::{OpenSkel as _, SkelBuilder as _};
use libbpf_rs::{MapType, OpenObject};
use syscalls::Slot;

use super::attach::Attach;
use super::attach_mode::AttachMode;
use super::kernel_types::KernelTypes;
use super::rings::Rings;
use super::{boxes, errors, handler_manifest, recipes};
use crate::bpf::types::{counters_size, wire_size};
use crate::bpf::{OpenTailcalldSkel, TailcalldSkelBuilder};
use crate::handlers::Handlers;
use crate::stats::CounterRows;

/// The handlers of the object, without any privilege: it is only parsed.
///
/// # Errors
/// Fails if the object inside this binary is damaged.
pub fn handlers() -> Result<Handlers> {
    let mut object = MaybeUninit::uninit();
    declared_handlers(&open(TailcalldSkelBuilder::default(), &mut object)?)
}

/// The object as it is handed to the kernel, but not handed over yet.
///
/// # Errors
/// Fails if the object inside this binary is damaged.
pub fn prepare<'obj>(
    object: &'obj mut MaybeUninit<OpenObject>,
    rings: Rings,
    choice: &AttachMode,
) -> Result<OpenTailcalldSkel<'obj>> {
    let types = KernelTypes::get()?;
    let mut builder = TailcalldSkelBuilder::default();
    builder.object_builder_mut().btf_custom_path(types.path())?;
    let mut open = open(builder, object)?;
    set_types(&mut open, types)?;
    configure(&mut open, rings, choice)?;
    Ok(open)
}

fn open(
    builder: TailcalldSkelBuilder,
    object: &mut MaybeUninit<OpenObject>,
) -> Result<OpenTailcalldSkel<'_>> {
    errors::capture_libbpf_messages();
    builder.open(object).context("failed to open the BPF object")
}

pub(super) fn declared_handlers(open: &OpenTailcalldSkel<'_>) -> Result<Handlers> {
    let section = open.maps.rodata_handlers.initial_value().unwrap_or_default();
    Ok(Handlers::new(handler_manifest::read(section)?))
}

/// Sets the numbers of the structures that addresses can be made pointers to.
fn set_types(open: &mut OpenTailcalldSkel<'_>, types: &KernelTypes) -> Result<()> {
    let rodata = open.maps.rodata_data.as_deref_mut().context(NO_CONSTANTS)?;
    for one in &mut rodata.cast_types {
        let name = one.name.iter().take_while(|&&byte| byte != 0);
        let name: Vec<u8> = name.map(|byte| byte.to_ne_bytes()[0]).collect();
        one.id = types.structure(&String::from_utf8_lossy(&name));
    }
    Ok(())
}

const NO_CONSTANTS: &str = "the BPF object has no constants";

fn configure(open: &mut OpenTailcalldSkel<'_>, rings: Rings, choice: &AttachMode) -> Result<()> {
    handler_manifest::number(open.maps.rodata_handlers.initial_value_mut().unwrap_or_default());
    set_rings(open, rings)?;
    boxes::configure(open, rings.boxes)?;
    let rows = CounterRows::count()?;
    open.maps.counters.set_max_entries(rows).context("failed to size the counters")?;
    let has_storage = MapType::TaskStorage.is_supported().unwrap_or(false);
    open.maps.pending_tasks.set_autocreate(has_storage).context("failed to leave out a map")?;
    let rodata = open.maps.rodata_data.as_deref_mut().context(NO_CONSTANTS)?;
    rodata.ring_grant_events = grant_events(rings, rows / counters_size::COUNTERS_ROWS.0);
    rodata.attach_kind = choice.attach.kind();
    rodata.is_session = (choice.attach == Attach::Session).into();
    let returns = choice.return_hooks();
    rodata.return_kind = returns.exit.kind();
    rodata.task_start_kind = choice.task_start.kind();
    rodata.execution_kind = choice.execution.kind();
    for (recipe, slot) in rodata.recipes.iter_mut().zip((0..).map_while(Slot::from_index)) {
        *recipe = recipes::recipe(slot);
    }
    let inner = recipes::inner_tables();
    (rodata.inner_choices, rodata.inner_arguments) = (inner.choices, inner.arguments);
    for (slot, number) in inner.slots {
        if let Some(recipe) = rodata.recipes.get_mut(usize::from(slot.index())) {
            recipe.inner = number;
        }
    }
    let path_arguments = rodata.path_arguments.iter_mut().zip((0..).map_while(Slot::from_index));
    for (arguments, slot) in path_arguments {
        *arguments = recipes::path_arguments(slot);
    }
    let descriptors = rodata.descriptors_of.iter_mut().zip((0..).map_while(Slot::from_index));
    for (of_call, slot) in descriptors {
        *of_call = recipes::descriptors(slot);
    }
    let arguments = rodata.uring_arguments.iter_mut().zip(0..);
    for (of_operation, nr) in arguments {
        *of_operation = recipes::uring_arguments(nr);
    }
    for mut program in open.open_object_mut().progs_mut() {
        match &*program.name().to_string_lossy() {
            "sys_exit" | "result_descriptor" | "result_members" | "result_vectors"
            | "result_entries" => {
                returns.exit.prepare(&mut program)?;
            }
            "task_exit" => returns.task_end.prepare(&mut program)?,
            "task_exec" => choice.execution.prepare(&mut program)?,
            "proc_tree_fork" => choice.task_start.prepare(&mut program)?,
            name if shares_the_table(name) => choice.attach.prepare(&mut program)?,
            _ => {}
        }
    }
    Ok(())
}

/// Returns the number of events without captures that each CPU may emit before it looks at the ring's fill again.
fn grant_events(rings: Rings, cpus: u32) -> u32 {
    let (header, event) = (8, wire_size::EVENT_SIZE.0);
    rings.bytes / counters_size::RING_GRANTS.0 / rings.most_cpus(cpus).max(1) / (header + event)
}

/// Sets the size of the rings and which CPU uses which. The others are made when the object is loaded.
fn set_rings(open: &mut OpenTailcalldSkel<'_>, rings: Rings) -> Result<()> {
    open.maps.events.set_max_entries(rings.bytes).context("failed to set the ring's size")?;
    let by_number = &mut open.maps.rings;
    by_number.set_autocreate(rings.count > 1).context("failed to leave out a map")?;
    by_number.set_max_entries(rings.count).context("failed to set the number of rings")?;
    let rodata = open.maps.rodata_data.as_deref_mut().context(NO_CONSTANTS)?;
    (rodata.ring_bytes, rodata.ring_count) = (rings.bytes, rings.count);
    rodata.ring_of = rings.by_cpu();
    Ok(())
}

/// A program array takes programs of one type only.
pub(super) fn shares_the_table(program: &str) -> bool {
    matches!(
        program,
        "sys_enter"
            | "uring_submit"
            | "probe"
            | "selftest"
            | "exec_unrouted"
            | "argv_copy"
            | "names"
            | "ancestor_exe"
            | "descriptors"
            | "members"
            | "capabilities"
            | "vectors"
            | "inner_args"
            | "chain"
    ) || program.starts_with("filter")
        || program.starts_with("handle_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Bytes of a name that the kernel keeps.
    const KERNEL_NAME: usize = 15;

    #[test]
    fn names_of_programs_differ_in_kernel() {
        let mut object = MaybeUninit::uninit();
        let open = open(TailcalldSkelBuilder::default(), &mut object).unwrap();
        let programs = open.open_object().progs();
        let names: Vec<_> = programs.map(|one| one.name().to_string_lossy().into_owned()).collect();
        let cut: Vec<_> = names.iter().filter(|name| name.len() > KERNEL_NAME).collect();
        assert_eq!(cut, ["result_descriptor"], "docs/architecture.md names them");
        let kept = names.iter().map(|name| name.get(..KERNEL_NAME).unwrap_or(name));
        assert_eq!(kept.collect::<BTreeSet<_>>().len(), names.len());
    }
}
