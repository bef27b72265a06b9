//! Recipes of all syscalls.

use syscalls::{Structure, structure};

use super::steps::{STEP_MAX_BYTES, printed_size};
use super::*;
use crate::bpf::types::step_count;
use crate::plan::is_exec;

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
const VECTOR_MAX_BYTES: usize = 12288 + 8 * (64 + 128 + 256 + 8 + 5 * 16);

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
        let all = all_steps(slot, signature(slot).unwrap());
        assert!(all.len() <= recipe(slot).steps.len(), "{slot}");
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
