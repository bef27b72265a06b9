//! Recipes of the handler `args`: which memory of each syscall it captures, by the signature. `struct recipe` of
//! `bpf/settings.h`. Pure.

mod inner;
mod steps;

pub use inner::inner_tables;

use syscalls::{
    Abi, DescriptorForm, DescriptorMembers, Kind, Part, PathBase, Signature, Slot, SqeMember,
    UringOperation, signature, uring_operation,
};

use crate::bpf::types::{
    self, capture_moment, capture_part, member_form, sqe_member, step_op, step_when,
};
use steps::all_steps;

/// The steps for a call of that slot; none for a syscall that is not known.
pub fn recipe(slot: Slot) -> types::recipe {
    let mut recipe = types::recipe::default();
    if slot.abi().is_probe() {
        return recipe; // `probes` of bpf/globals.h has its texts
    }
    for (place, step) in
        recipe.steps.iter_mut().zip(signature(slot).map_or(vec![], |of| all_steps(slot, of)))
    {
        recipe.at_entry |= step.when & step_when::WHEN_ENTRY.0 as u8;
        *place = step;
    }
    recipe.strings = vector(slot, Kind::Strings);
    recipe.environment = vector(slot, Kind::Environment);
    recipe
}

/// Returns whether a call of that slot has a vector of buffers, or messages.
pub(super) fn has_vector(slot: Slot) -> bool {
    let is_vector = |step: &types::step| u32::from(step.op) >= step_op::STEP_POINTERS.0;
    let inner = inner::of(slot).into_iter().flat_map(|choice| choice.arguments);
    recipe(slot).steps.iter().any(is_vector)
        || inner.flat_map(|of| of.steps).any(|one| is_vector(&one))
}

/// Returns whether a call of that slot writes entries of a directory.
pub(super) fn has_entries(slot: Slot) -> bool {
    let mut steps = recipe(slot).steps.into_iter();
    steps.any(|step| u32::from(step.op) == step_op::STEP_ENTRIES.0)
}

/// Returns whether a call of that slot has inner arguments.
pub(super) fn has_inner(slot: Slot) -> bool {
    inner::of(slot).is_some()
}

/// Returns the path arguments for which the directory of a relative path is captured.
pub fn path_arguments(slot: Slot) -> types::path_arguments {
    let mut arguments = types::path_arguments::default();
    let known = syscalls::path_arguments(slot).filter(|one| one.base != PathBase::Unknown);
    for (place, argument) in arguments.of.iter_mut().zip(known) {
        place.path = argument.position + 1;
        if let PathBase::Descriptor(position) = argument.base {
            place.directory = position + 1;
        }
    }
    arguments
}

/// Returns the descriptors of a call of that slot.
pub fn descriptors(slot: Slot) -> types::descriptors_of_call {
    let mut descriptors = types::descriptors_of_call::default();
    let known = syscalls::descriptor_arguments(slot);
    for (place, position) in descriptors.arguments.iter_mut().zip(known) {
        *place = position + 1;
    }
    descriptors.is_result = syscalls::may_return_descriptor(slot).into();
    descriptors.directories =
        syscalls::directory_arguments(slot).fold(0, |bits, position| bits | 1 << position);
    let members = syscalls::descriptor_members(slot);
    for (place, members) in descriptors.places.iter_mut().zip(members) {
        *place = descriptor_place(members);
        descriptors.moments |= place.moments;
    }
    descriptors
}

fn descriptor_place(members: DescriptorMembers) -> types::descriptor_place {
    let moments = [
        (members.at_entry, capture_moment::MOMENT_ENTRY),
        (members.at_return, capture_moment::MOMENT_RETURN),
    ];
    let moments = moments.iter().filter(|(is, _)| *is).map(|(_, moment)| 1 << moment.0).sum();
    let part = match members.part {
        Part::Buffer => capture_part::PART_BUFFER,
        Part::Control => capture_part::PART_CONTROL,
        _ => capture_part::PART_WHOLE,
    };
    let (form, size, offset, flag) = match members.form {
        DescriptorForm::Members { size, offset, flag } => {
            (member_form::FORM_MEMBERS, size, offset, flag)
        }
        DescriptorForm::Bits => (member_form::FORM_BITS, 0, 0, None),
        DescriptorForm::Rights => (member_form::FORM_RIGHTS, 0, 0, None),
    };
    let (flags, mask) = flag.unwrap_or_default();
    let (part, form, field) = (part.0 as u8, form.0 as u8, members.index);
    types::descriptor_place { field, part, form, moments, size, offset, flags, mask }
}

/// Returns the members of an entry in the submission queue that are the arguments of an operation of `io_uring`.
pub fn uring_arguments(nr: u16) -> types::uring_arguments {
    let mut arguments = types::uring_arguments::default();
    let operation = Slot::new(Abi::IoUring, nr).and_then(uring_operation);
    let known = operation.map(UringOperation::arguments).unwrap_or_default();
    for (place, member) in arguments.of.iter_mut().zip(known) {
        *place = member_number(*member).0 as u8;
    }
    arguments
}

fn member_number(member: SqeMember) -> sqe_member {
    match member {
        SqeMember::None => sqe_member::SQE_NONE,
        SqeMember::Fd => sqe_member::SQE_FD,
        SqeMember::Off => sqe_member::SQE_OFF,
        SqeMember::Addr => sqe_member::SQE_ADDR,
        SqeMember::Len => sqe_member::SQE_LEN,
        SqeMember::Flags => sqe_member::SQE_FLAGS,
        SqeMember::Buffer => sqe_member::SQE_BUFFER,
        SqeMember::SpliceFd => sqe_member::SQE_SPLICE_FD,
        SqeMember::AddrLen => sqe_member::SQE_ADDR_LEN,
        SqeMember::Addr3 => sqe_member::SQE_ADDR3,
        SqeMember::AddrOrLen => sqe_member::SQE_ADDR_OR_LEN,
        SqeMember::OffOrLen => sqe_member::SQE_OFF_OR_LEN,
    }
}

/// The position of the argument of that kind, from 1; 0 if there is none.
fn vector(slot: Slot, kind: Kind) -> u8 {
    let parameters = signature(slot).map(Signature::parameters).unwrap_or_default();
    (1..).zip(parameters).find(|(_, one)| one.kind == kind).map_or(0, |(position, _)| position)
}

#[cfg(test)]
mod tests;
