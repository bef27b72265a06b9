//! Signatures in, what the handler `args` does with each syscall's memory out: `struct recipe` of
//! `bpf/event.h`. Pure.

use crate::bpf::types::{self, step_count, step_op, step_when};
use crate::syscalls::{
    Abi, Count, Direction, Kind, Memory, Parameter, Signature, Slot, Structure, signature,
    structure,
};

/// Elements of a vector that are captured, as many as strace prints.
const ELEMENTS: usize = 32;
/// Bytes that one step captures, as in `TEXT_MAX_BYTES`.
const STEP_MAX_BYTES: usize = types::wire_size::TEXT_MAX_BYTES.0 as usize;
/// A `struct sockaddr_storage`.
const SOCKADDR_BYTES: usize = 128;
/// A structure whose size the caller tells: the largest that people look into, `struct statmount`.
const SIZED_BYTES: usize = 512;

/// A structure or a string that another argument may make of a register: the largest is
/// `struct loop_info64` of `ioctl`.
const SOME_BYTES: usize = 256;

/// The steps for a call of that slot; none for a syscall that is not known.
pub fn recipe(slot: Slot) -> types::recipe {
    let mut recipe = types::recipe::default();
    let steps = (0..6).filter_map(|at| step(slot, signature(slot)?, at));
    for (place, step) in recipe.steps.iter_mut().zip(steps) {
        recipe.at_entry |= u32::from(step.when) & step_when::WHEN_ENTRY.0;
        *place = step;
    }
    recipe
}

/// What is done about the register at that position; `None` if nothing can be.
fn step(slot: Slot, signature: &Signature, at: u8) -> Option<types::step> {
    let position = usize::from(at);
    let always = signature.parameters().get(position).and_then(|one| pointer(slot, at, one));
    let forms = signature.cases().iter().map(|case| case.form().parameters());
    let sometimes = forms.filter_map(|all| Some((all.get(position)?, all.get(position)?.memory?)));
    always.or_else(|| some(slot, at, sometimes))
}

/// The pointer is one in every call.
fn pointer(slot: Slot, at: u8, parameter: &Parameter) -> Option<types::step> {
    let memory = parameter.memory?;
    let (op, shape) = shape(slot, parameter.kind, memory.count)?;
    let (count, counter) = counter(slot, parameter, memory.count);
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

/// It is one in some calls: as much as any of them may need.
fn some<'a>(
    slot: Slot,
    at: u8,
    parameters: impl Iterator<Item = (&'a Parameter, Memory)>,
) -> Option<types::step> {
    let mut step =
        types::step { op: step_op::STEP_SOME.0 as u8, argument: at, ..Default::default() };
    for (parameter, memory) in parameters {
        let (_, shape) = shape(slot, parameter.kind, memory.count)?;
        let is_one = matches!(memory.count, Count::One | Count::Fixed(_));
        let size = if is_one {
            shape.element.max(usize::from(shape.element == 1) * SOME_BYTES)
        } else {
            SOME_BYTES
        };
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
    let vector = Shape { element: 1, most: ELEMENTS, extra: 0 };
    Some(match kind {
        Kind::Path if is_exec(slot) => (step_op::STEP_PROGRAM, bytes(STEP_MAX_BYTES)),
        Kind::Path | Kind::String => (step_op::STEP_TEXT, bytes(STEP_MAX_BYTES)),
        Kind::Bytes => (step_op::STEP_BYTES, bytes(0)),
        Kind::Sockaddr => (step_op::STEP_BYTES, bytes(SOCKADDR_BYTES)),
        Kind::Sized(name) => (step_op::STEP_BYTES, bytes(sized(name))),
        Kind::Msgbuf => (step_op::STEP_BYTES, Shape { extra: long, ..bytes(0) }),
        Kind::Bits(_) => (step_op::STEP_BYTES, Shape { element: long, ..bytes(SIZED_BYTES) }),
        Kind::Pointer(kind) => (step_op::STEP_BYTES, elements(kind.size(slot.abi())?)),
        Kind::Struct(name) => (step_op::STEP_BYTES, elements(told(slot.abi(), name)?)),
        Kind::Iovec => (step_op::STEP_VECTOR, vector),
        Kind::Msghdr => (step_op::STEP_MESSAGE, vector),
        Kind::Mmsghdr => (step_op::STEP_MESSAGES, vector),
        _ => return None,
    })
}

/// The size of a structure of which some member is told.
fn told(abi: Abi, name: &str) -> Option<usize> {
    structure(abi, name).filter(|layout| !layout.is_opaque()).map(Structure::size)
}

/// Entries of a directory are counted, for which they must be there.
fn sized(name: &str) -> usize {
    if name.contains("dirent") { STEP_MAX_BYTES } else { SIZED_BYTES }
}

fn is_exec(slot: Slot) -> bool {
    matches!(slot.name(), Some("execve" | "execveat"))
}

/// Which argument tells how many elements there are, and how.
fn counter(slot: Slot, parameter: &Parameter, count: Count) -> (step_count, u8) {
    match count {
        Count::One | Count::Fixed(_) => (step_count::COUNT_ONE, 0),
        Count::Pointed(at) => (step_count::COUNT_POINTED, at),
        Count::Argument(at) | Count::Result(at) => match parameter.kind {
            Kind::Bits(_) => (step_count::COUNT_BITS, at),
            _ if is_wide(slot, at) => (step_count::COUNT_LONG, at),
            _ => (step_count::COUNT_INT, at),
        },
    }
}

/// Whether all of that register counts.
fn is_wide(slot: Slot, at: u8) -> bool {
    let parameter = signature(slot).and_then(|all| all.parameters().get(usize::from(at)));
    let size = parameter.and_then(|parameter| parameter.kind.size(Abi::Native));
    slot.abi() == Abi::Native && size == Some(8)
}

/// Of a vector that the kernel fills, the addresses and sizes are there at entry.
fn when(op: step_op, direction: Direction) -> u8 {
    let entry = direction.is_read() || op == step_op::STEP_VECTOR || op == step_op::STEP_MESSAGE;
    let bits = [(entry, step_when::WHEN_ENTRY), (direction.is_written(), step_when::WHEN_RETURN)];
    bits.iter().filter(|(is, _)| *is).map(|(_, when)| when.0 as u8).sum()
}
