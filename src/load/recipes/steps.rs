//! Steps that capture the memory that the arguments of a call point to, each by its kind and the number of elements.

use syscalls::{
    Abi, Count, Direction, Kind, Memory, Parameter, Signature, Slot, Structure, Written, structure,
};

use crate::bpf::types::{self, step_count, step_op, step_when};
use crate::plan::is_exec;

/// Elements of a vector that are captured, as many as strace prints.
const ELEMENTS: usize = 32;
/// Buffers or messages of a vector that are looked at when the call returns: more than any call has.
const VECTOR_ELEMENTS: usize = 65_535;
/// Bytes that one step captures, as in `TEXT_MAX_BYTES`.
pub(super) const STEP_MAX_BYTES: usize = types::wire_size::TEXT_MAX_BYTES.0 as usize;
/// A `struct sockaddr_storage`.
const SOCKADDR_BYTES: usize = 128;
/// Bytes of a structure whose size the caller passes: the largest one that is printed, `struct statmount`.
const SIZED_BYTES: usize = 512;

/// Messages whose lengths are captured: `MESSAGES_MAX` of `bpf/vector.h`.
const MESSAGES: usize = 8;

/// Bytes that are captured behind a structure with the number of what follows: the longest handle of a file
/// (`MAX_HANDLE_SZ`).
const HANDLE_BYTES: usize = 128;
/// Bytes of a structure or a string that an argument is in some calls: the largest is
/// `struct loop_info64` of `ioctl`.
const SOME_BYTES: usize = 256;

/// Returns the steps for all arguments of a signature.
pub(super) fn all_steps(slot: Slot, signature: &Signature) -> Vec<types::step> {
    (0..6).flat_map(|at| steps(slot, signature, at)).collect()
}

/// Returns the steps for the argument at a position; none if it points to nothing that can be captured.
fn steps(slot: Slot, signature: &Signature, at: u8) -> Vec<types::step> {
    let position = usize::from(at);
    let all = signature.parameters();
    let always = all.get(position).and_then(|one| pointer(slot, all, at, one));
    if let Some(step) = always {
        return all.get(position).map_or_else(Vec::new, |one| with_lengths(slot, one, step));
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

/// Returns the step for a pointer; for messages that are sent two, because the kernel reads them, and writes the length
/// of each.
fn with_lengths(slot: Slot, parameter: &Parameter, step: types::step) -> Vec<types::step> {
    let is_sent = parameter.memory.is_some_and(|memory| memory.direction == Direction::InOut);
    let size = Kind::Address.size(slot.abi()).and_then(|long| u16::try_from(8 * long).ok());
    match size {
        Some(size) if is_sent && parameter.kind == Kind::Mmsghdr => {
            let lengths = types::step {
                op: step_op::STEP_BYTES.0 as u8,
                when: step_when::WHEN_RETURN.0 as u8,
                by_result: 1,
                size,
                most: size.saturating_mul(MESSAGES as u16),
                ..step
            };
            vec![types::step { when: step_when::WHEN_ENTRY.0 as u8, ..step }, lengths]
        }
        _ => vec![step],
    }
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
        Kind::Sized(name) => match length_of_entry(slot.abi(), name) {
            Some(element) => (step_op::STEP_ENTRIES, Shape { element, ..bytes(STEP_MAX_BYTES) }),
            None => (step_op::STEP_BYTES, bytes(SIZED_BYTES)),
        },
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
pub(super) fn printed_size(abi: Abi, name: &str) -> Option<usize> {
    structure(abi, name).filter(|layout| !layout.is_opaque()).map(Structure::size)
}

/// Returns whether a structure contains the number of elements that follow it.
fn is_counted(abi: Abi, name: &str) -> bool {
    let last = structure(abi, name).and_then(|layout| layout.members().last());
    last.is_some_and(|last| last.count == Some(0) && last.length.is_some())
}

/// Returns the offset of the length of a directory's entry, if the structure is one.
fn length_of_entry(abi: Abi, name: &str) -> Option<usize> {
    let layout = structure(abi, name).filter(|_| name.contains("dirent"))?;
    layout.members().iter().find(|member| member.name == "d_reclen").map(|member| member.offset)
}

/// Returns how the number of elements is found, and the argument that contains it.
fn counter(slot: Slot, all: &[Parameter], parameter: &Parameter, count: Count) -> (step_count, u8) {
    match count {
        Count::One | Count::Fixed(_) => (step_count::COUNT_ONE, 0),
        Count::Pointed(at) => (step_count::COUNT_POINTED, at),
        Count::ButOne(at) => (step_count::COUNT_BITS_BUT_ONE, at),
        Count::Pages(at) => (step_count::COUNT_PAGES, at),
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
