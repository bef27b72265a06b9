//! Recipes of the handler `args`: which memory of each syscall it captures, by the signature. `struct recipe` of
//! `bpf/settings.h`. Pure.

/// Inner arguments.
mod inner;

pub use inner::inner_tables;

use syscalls::{
    Abi, Count, DescriptorMembers, Direction, Kind, Memory, Parameter, PathBase, Signature, Slot,
    SqeMember, Structure, UringOperation, Written, signature, structure, uring_operation,
};

use crate::bpf::types::{self, sqe_member, step_count, step_op, step_when};
use crate::plan::is_exec;

/// Elements of a vector that are captured, as many as strace prints.
const ELEMENTS: usize = 32;
/// Buffers or messages of a vector that are looked at when the call returns: more than any call has.
const VECTOR_ELEMENTS: usize = 65_535;
/// Bytes that one step captures, as in `TEXT_MAX_BYTES`.
const STEP_MAX_BYTES: usize = types::wire_size::TEXT_MAX_BYTES.0 as usize;
/// A `struct sockaddr_storage`.
const SOCKADDR_BYTES: usize = 128;
/// Bytes of a structure whose size the caller passes: the largest one that is printed, `struct statmount`.
const SIZED_BYTES: usize = 512;

/// Bytes that are captured behind a structure with the number of what follows: the longest handle of a file
/// (`MAX_HANDLE_SZ`).
const HANDLE_BYTES: usize = 128;
/// Bytes of a structure or a string that an argument is in some calls: the largest is
/// `struct loop_info64` of `ioctl`.
const SOME_BYTES: usize = 256;

/// The steps for a call of that slot; none for a syscall that is not known.
pub fn recipe(slot: Slot) -> types::recipe {
    let mut recipe = types::recipe::default();
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
    if let Some(members) = syscalls::descriptor_members(slot) {
        describe(members, &mut descriptors);
    }
    descriptors
}

fn describe(members: DescriptorMembers, descriptors: &mut types::descriptors_of_call) {
    const MOST: u8 = types::descriptor_size::DESCRIPTOR_MEMBERS.0 as u8;
    let (counter, count) = match members.count {
        Count::Argument(at) => (at + 1, MOST),
        Count::Fixed(count) => (0, count.min(MOST)),
        _ => (0, 1),
    };
    (descriptors.counter, descriptors.count) = (counter, count);
    descriptors.members = members.position + 1;
    descriptors.size = members.size;
    descriptors.at_return = members.at_return.into();
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

/// Returns the steps for all arguments of a signature.
fn all_steps(slot: Slot, signature: &Signature) -> Vec<types::step> {
    (0..6).flat_map(|at| steps(slot, signature, at)).collect()
}

/// Returns the steps for the argument at a position; none if it points to nothing that can be captured.
fn steps(slot: Slot, signature: &Signature, at: u8) -> Vec<types::step> {
    let position = usize::from(at);
    let all = signature.parameters();
    let always = all.get(position).and_then(|one| pointer(slot, all, at, one));
    if let Some(step) = always {
        return vec![step];
    }
    let prototypes = signature.cases().iter().map(|case| case.prototype().parameters());
    let sometimes: Vec<_> = prototypes
        .filter_map(|all| Some((all.get(position)?, all.get(position)?.memory?)))
        .collect();
    let (texts, others): (Vec<_>, Vec<_>) =
        sometimes.into_iter().partition(|(one, memory)| is_long_text(one, memory));
    let text = texts.first().and_then(|(one, _)| pointer(slot, all, at, one));
    text.into_iter().chain(some(slot, at, others.into_iter())).collect()
}

/// Returns whether a string may be as long as a path: it is captured up to its end, beside what the argument is
/// in other calls.
fn is_long_text(parameter: &Parameter, memory: &Memory) -> bool {
    matches!(parameter.kind, Kind::Path | Kind::String) && memory.count == Count::One
}

/// Returns the step for a pointer that is one in every call.
fn pointer(slot: Slot, all: &[Parameter], at: u8, parameter: &Parameter) -> Option<types::step> {
    let memory = parameter.memory?;
    let (op, shape) = shape(slot, parameter.kind, memory.count)?;
    let op = if memory.written == Written::Interrupted { step_op::STEP_LEFT } else { op };
    let (count, counter) = counter(slot, all, parameter, memory.count);
    Some(types::step {
        op: op.0 as u8,
        argument: at,
        when: when(op, memory.direction),
        count: count.0 as u8,
        counter,
        by_result: matches!(memory.count, Count::Result(_)).into(),
        size: u16::try_from(shape.element).ok()?,
        most: u16::try_from(shape.most).ok()?,
        extra: u16::try_from(shape.extra).ok()?,
    })
}

/// Returns the step for an argument that is a pointer in some calls: as much as any of them may need.
fn some<'a>(
    slot: Slot,
    at: u8,
    parameters: impl Iterator<Item = (&'a Parameter, Memory)>,
) -> Option<types::step> {
    let mut step =
        types::step { op: step_op::STEP_SOME.0 as u8, argument: at, ..Default::default() };
    for (parameter, memory) in parameters {
        let Some((_, shape)) = shape(slot, parameter.kind, memory.count) else { continue };
        let is_one = matches!(memory.count, Count::One | Count::Fixed(_));
        let size = if is_one && shape.element > 1 { shape.element } else { SOME_BYTES };
        step.size = step.size.max(u16::try_from(size.min(SOME_BYTES)).ok()?);
        step.when |= when(step_op::STEP_SOME, memory.direction);
    }
    step.most = step.size;
    (step.size > 0).then_some(step)
}

/// Bytes of an element, of all that are kept (0: as the route says), and before the first one.
struct Shape {
    element: usize,
    most: usize,
    extra: usize,
}

fn shape(slot: Slot, kind: Kind, count: Count) -> Option<(step_op, Shape)> {
    let long = Kind::Address.size(slot.abi())?;
    let elements = |size: usize| Shape {
        element: if let Count::Fixed(count) = count { size * usize::from(count) } else { size },
        most: STEP_MAX_BYTES.min(ELEMENTS * size),
        extra: 0,
    };
    let bytes = |most| Shape { element: 1, most, extra: 0 };
    let vector = Shape { element: 1, most: VECTOR_ELEMENTS, extra: 0 };
    Some(match kind {
        Kind::Path if is_exec(slot) => (step_op::STEP_PROGRAM, bytes(STEP_MAX_BYTES)),
        Kind::Path | Kind::String => (step_op::STEP_TEXT, bytes(STEP_MAX_BYTES)),
        Kind::Bytes | Kind::HexBytes | Kind::Packet => (step_op::STEP_BYTES, bytes(0)),
        Kind::Sockaddr => (step_op::STEP_BYTES, bytes(SOCKADDR_BYTES)),
        Kind::Sized(name) => (step_op::STEP_BYTES, bytes(sized(name))),
        Kind::Msgbuf => (step_op::STEP_BYTES, Shape { extra: long, ..bytes(0) }),
        Kind::Bits(_) => (step_op::STEP_BYTES, Shape { element: long, ..bytes(SIZED_BYTES) }),
        Kind::Pointer(kind) => (step_op::STEP_BYTES, elements(kind.size(slot.abi())?)),
        Kind::Struct(name) if is_counted(slot.abi(), name) => {
            let size = printed_size(slot.abi(), name)?.saturating_add(HANDLE_BYTES);
            (step_op::STEP_SOME, Shape { element: size, most: size, extra: 0 })
        }
        Kind::Struct(name) => (step_op::STEP_BYTES, elements(printed_size(slot.abi(), name)?)),
        Kind::Pointers(name) => {
            let element = printed_size(slot.abi(), name)?;
            (step_op::STEP_POINTERS, Shape { element, most: VECTOR_ELEMENTS, extra: 0 })
        }
        Kind::Iovec => (step_op::STEP_VECTOR, vector),
        Kind::Msghdr => (step_op::STEP_MESSAGE, vector),
        Kind::Mmsghdr => (step_op::STEP_MESSAGES, vector),
        _ => return None,
    })
}

/// Returns the size of a structure, if any of its members is printed.
fn printed_size(abi: Abi, name: &str) -> Option<usize> {
    structure(abi, name).filter(|layout| !layout.is_opaque()).map(Structure::size)
}

/// Returns whether a structure contains the number of elements that follow it.
fn is_counted(abi: Abi, name: &str) -> bool {
    let last = structure(abi, name).and_then(|layout| layout.members().last());
    last.is_some_and(|last| last.count == Some(0) && last.length.is_some())
}

/// Entries of a directory are counted, for which they must be there.
fn sized(name: &str) -> usize {
    if name.contains("dirent") { STEP_MAX_BYTES } else { SIZED_BYTES }
}

/// Returns how the number of elements is found, and the argument that contains it.
fn counter(slot: Slot, all: &[Parameter], parameter: &Parameter, count: Count) -> (step_count, u8) {
    match count {
        Count::One | Count::Fixed(_) => (step_count::COUNT_ONE, 0),
        Count::Pointed(at) => (step_count::COUNT_POINTED, at),
        Count::ButOne(at) => (step_count::COUNT_BITS_BUT_ONE, at),
        Count::Argument(at) | Count::Result(at) => match parameter.kind {
            Kind::Bits(_) => (step_count::COUNT_BITS, at),
            _ if is_wide(slot, all, at) => (step_count::COUNT_LONG, at),
            _ => (step_count::COUNT_INT, at),
        },
    }
}

/// Returns whether an argument has 64 bits.
fn is_wide(slot: Slot, all: &[Parameter], at: u8) -> bool {
    let size = all.get(usize::from(at)).and_then(|parameter| parameter.kind.size(Abi::Native));
    slot.abi() != Abi::Compat && size == Some(8)
}

/// Returns the ends of a call at which a step runs. Addresses and sizes of a vector that the kernel fills are
/// there at entry.
fn when(op: step_op, direction: Direction) -> u8 {
    let entry = direction.is_read() || op == step_op::STEP_VECTOR || op == step_op::STEP_MESSAGE;
    let bits = [(entry, step_when::WHEN_ENTRY), (direction.is_written(), step_when::WHEN_RETURN)];
    bits.iter().filter(|(is, _)| *is).map(|(_, when)| when.0 as u8).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots() -> impl Iterator<Item = Slot> {
        (0..).map_while(Slot::from_index)
    }

    fn steps(slot: Slot) -> impl Iterator<Item = types::step> {
        recipe(slot).steps.into_iter().take_while(|step| u32::from(step.op) != step_op::STEP_END.0)
    }

    fn slot_named(name: &str) -> Slot {
        Slot::new(Abi::Native, syscalls::number(Abi::Native, name).unwrap()).unwrap()
    }

    /// `VECTORS_MAX_BYTES`, and of each of `MESSAGES_MAX` a header, a name, control data and `PART_REST`, in
    /// `bpf/vector.h`.
    const VECTOR_MAX_BYTES: usize = 12288 + 8 * (56 + 128 + 256 + 8 + 5 * 16);

    fn bytes_of(steps: &[types::step]) -> usize {
        let used = steps.iter().take_while(|step| u32::from(step.op) != step_op::STEP_END.0);
        let bytes = used.map(|step| match u32::from(step.op) {
            op if op >= step_op::STEP_POINTERS.0 => VECTOR_MAX_BYTES,
            _ if step.most == 0 => STEP_MAX_BYTES + 16,
            _ => usize::from(step.most) + 16,
        });
        bytes.sum()
    }

    #[test]
    fn recipe_captures_fit_into_an_event() {
        let room = types::wire_size::CAPTURES_MAX_BYTES.0 as usize;
        for slot in slots() {
            let inner = inner::of(slot).into_iter().flat_map(|choice| choice.arguments);
            let largest = inner.max_by_key(|of| bytes_of(&of.steps)).unwrap_or_default();
            let bytes = [bytes_of(&recipe(slot).steps), bytes_of(&largest.steps)].into_iter();
            let bytes: usize = bytes.sum();
            assert!(bytes <= room, "{slot}: {bytes} bytes");
        }
    }

    #[test]
    fn recipe_has_step_for_every_pointer() {
        let opaque = |slot: Slot, name| printed_size(slot.abi(), name).is_none();
        for slot in slots().filter(|slot| signature(*slot).is_some()) {
            let parameters = signature(slot).unwrap().parameters();
            for (at, one) in parameters.iter().enumerate().filter(|(_, one)| one.memory.is_some()) {
                let is_left_out = match one.kind {
                    Kind::Strings | Kind::Environment => is_exec(slot),
                    Kind::Struct(name) => opaque(slot, name),
                    _ => false,
                };
                let has_step = steps(slot).any(|step| usize::from(step.argument) == at);
                assert_eq!(has_step, !is_left_out, "{slot}: {}", one.name);
            }
        }
    }

    #[test]
    fn recipe_of_ioctl_captures_largest_alternative() {
        let ioctl: Vec<_> = steps(slot_named("ioctl")).collect();
        let both = step_when::WHEN_ENTRY.0 | step_when::WHEN_RETURN.0;
        let [arg] = ioctl.as_slice() else { panic!("{ioctl:?}") };
        assert_eq!((u32::from(arg.op), u32::from(arg.when)), (step_op::STEP_SOME.0, both));
        let largest = structure(Abi::Native, "loop_info64").map(Structure::size);
        assert!(largest.is_none_or(|size| usize::from(arg.size) >= size));
    }

    #[test]
    fn recipe_has_text_beside_bytes_where_another_argument_decides() {
        let steps_of = |name| {
            let steps = steps(slot_named(name));
            steps.map(|step| (step.argument, step_op(step.op.into()))).collect::<Vec<_>>()
        };
        let (text, some) = (step_op::STEP_TEXT, step_op::STEP_SOME);
        assert_eq!(steps_of("fsconfig"), [(2, text), (3, text), (3, some)]);
        // The kernel takes 15 bytes of the name of a thread.
        assert_eq!(steps_of("prctl").first(), Some(&(1, some)));
        for slot in slots().filter(|slot| signature(*slot).is_some()) {
            let all = (0..6).flat_map(|at| super::steps(slot, signature(slot).unwrap(), at));
            assert!(all.count() <= recipe(slot).steps.len(), "{slot}");
        }
    }

    #[test]
    fn recipe_has_at_most_one_vector() {
        for slot in slots() {
            let vectors = steps(slot).filter(|step| u32::from(step.op) >= step_op::STEP_POINTERS.0);
            assert!(vectors.count() <= 1, "{slot}");
        }
    }

    #[test]
    fn recipe_of_read_captures_result_bytes_at_return() {
        let read: Vec<_> = steps(slot_named("read")).collect();
        let expected = types::step {
            op: step_op::STEP_BYTES.0 as u8,
            argument: 1,
            when: step_when::WHEN_RETURN.0 as u8,
            count: step_count::COUNT_LONG.0 as u8,
            counter: 2,
            by_result: 1,
            size: 1,
            most: 0,
            extra: 0,
        };
        assert_eq!(format!("{read:?}"), format!("{:?}", [expected]));
        assert_eq!(recipe(slot_named("read")).at_entry, 0);
    }
}
