//! Inner arguments: memory behind a second pointer. `struct inner_arguments` of `bpf/settings.h`. Pure.

use std::array;

use syscalls::{INNER_POSITION, InnerArguments, RegisterTest, Signature, Slot, signature};

use super::steps::all_steps;
use crate::bpf::types::{self, inner_size, step_op};

const ENTRIES: usize = inner_size::INNER_ARGUMENTS.0 as usize;
const CHOICES: usize = inner_size::INNER_CHOICES.0 as usize;

/// Tables of the programs, and which choice each slot has.
#[derive(Debug)]
pub struct InnerTables {
    /// Choices.
    pub choices: [types::inner_choice; CHOICES],
    /// Inner arguments, those of a choice after each other.
    pub arguments: [types::inner_arguments; ENTRIES],
    /// Slots by number, from 1, of their choice.
    pub slots: Vec<(Slot, u8)>,
}

/// Inner arguments of one syscall.
#[derive(Debug)]
pub(super) struct Choice {
    choice: types::inner_choice,
    pub arguments: Vec<types::inner_arguments>,
}

/// Returns the tables for all syscalls. What they have no room for is not captured; a test proves that all fit.
pub fn inner_tables() -> InnerTables {
    let mut tables = InnerTables {
        choices: array::from_fn(|_| types::inner_choice::default()),
        arguments: array::from_fn(|_| types::inner_arguments::default()),
        slots: Vec::new(),
    };
    let mut end = 0;
    let of_slots = (0..).map_while(Slot::from_index).filter_map(|slot| Some((slot, of(slot)?)));
    for (place, (slot, of)) in tables.choices.iter_mut().zip(of_slots) {
        let entries = tables.arguments.get_mut(end..end + of.arguments.len());
        let (Some(entries), Ok(first)) = (entries, u8::try_from(end)) else { break };
        end += of.arguments.len();
        *place = types::inner_choice { first, ..of.choice };
        entries.copy_from_slice(&of.arguments);
        tables.slots.push((slot, u8::try_from(tables.slots.len() + 1).unwrap_or_default()));
    }
    tables
}

/// Returns the inner arguments of a slot; `None` if no call has any that point to memory.
pub(super) fn of(slot: Slot) -> Option<Choice> {
    let signature = signature(slot)?;
    let choice = choice(slot, signature);
    let of_value = |value: u8| {
        let mut registers = [0; 6];
        *registers.get_mut(usize::from(choice.argument))? = u64::from(value) << choice.shift;
        let inner = signature.prototype(registers).inner_arguments(slot.abi())?;
        Some(entry(slot, &inner))
    };
    let arguments: Vec<_> =
        (0..choice.count).map(|value| of_value(value).unwrap_or_default()).collect();
    let has_steps = |one: &types::inner_arguments| {
        one.steps.iter().any(|step| u32::from(step.op) != step_op::STEP_END.0)
    };
    arguments.iter().any(has_steps).then_some(Choice { choice, arguments })
}

/// Returns the way from the value of an argument to an entry: without cases that have inner arguments, there is one.
fn choice(slot: Slot, signature: &Signature) -> types::inner_choice {
    let is_one = |test: &&RegisterTest| !test.any.is_empty();
    let cases = signature.cases().iter();
    let cases = cases.filter(|case| case.prototype().inner_arguments(slot.abi()).is_some());
    let tests: Vec<_> = cases.filter_map(|case| case.tests().first().filter(is_one)).collect();
    let bits = tests.iter().flat_map(|test| &test.any);
    let mask = bits.clone().fold(0, |mask, bits| mask | bits.mask);
    let most = bits.map(|bits| bits.value).max().unwrap_or_default();
    let shift = mask.trailing_zeros() % u64::BITS;
    types::inner_choice {
        mask: mask as u32,
        shift: shift as u8,
        argument: tests.first().map_or(0, |test| test.parameter),
        count: u8::try_from(most >> shift).unwrap_or_default().saturating_add(1),
        first: 0,
    }
}

fn entry(slot: Slot, inner: &InnerArguments<'_>) -> types::inner_arguments {
    let mut entry =
        types::inner_arguments { argument: inner.position, ..types::inner_arguments::default() };
    for (place, step) in entry.steps.iter_mut().zip(all_steps(slot, inner.signature)) {
        let (argument, counter) = (step.argument + INNER_POSITION, step.counter + INNER_POSITION);
        *place = types::step { argument, counter, ..step };
    }
    let places = entry.offsets.iter_mut().zip(&mut entry.widths).zip(&inner.members);
    for ((offset, width), member) in places {
        *offset = u8::try_from(member.offset).unwrap_or_default();
        *width = u8::try_from(member.width).unwrap_or_default();
    }
    entry
}

#[cfg(test)]
mod tests {
    use syscalls::Abi;

    use super::*;
    use crate::bpf::types::wire_size;

    fn slot(abi: Abi, name: &str) -> Slot {
        Slot::new(abi, syscalls::number(abi, name).unwrap()).unwrap()
    }

    #[test]
    fn inner_position_is_that_of_captures() {
        assert_eq!(u32::from(INNER_POSITION), wire_size::INNER_POSITION.0);
    }

    #[test]
    fn inner_tables_have_room_for_all_slots() {
        let tables = inner_tables();
        let slots: Vec<Slot> = (0..).map_while(Slot::from_index).collect();
        let with_inner: Vec<_> = slots.into_iter().filter(|slot| of(*slot).is_some()).collect();
        assert!(tables.slots.iter().map(|(slot, _)| *slot).eq(with_inner));
        assert!(tables.slots.len() > 8);
    }

    #[test]
    fn of_signal_mask_has_its_pointer_and_length() {
        let choice = of(slot(Abi::Native, "pselect6")).unwrap();
        let [one] = choice.arguments.as_slice() else { panic!("{choice:?}") };
        assert_eq!((one.argument, one.offsets[..2].to_vec()), (5, vec![0, 8]));
        assert_eq!(one.widths, [8, 8, 0, 0, 0, 0]);
        let [step, end, ..] = one.steps;
        assert_eq!((step.argument, step.counter), (INNER_POSITION, INNER_POSITION + 1));
        assert_eq!(u32::from(end.op), step_op::STEP_END.0);
    }

    #[test]
    fn of_case_has_its_bits_and_value() {
        let choice = of(slot(Abi::Native, "io_uring_enter")).unwrap();
        let types::inner_choice { mask, shift, argument, count, .. } = choice.choice;
        assert_eq!((mask, shift, argument, count), (8, 3, 3, 2));
        assert_eq!(choice.arguments[0].widths, [0; 6]);
        assert_eq!(choice.arguments[1].offsets[..3], [0, 8, 16]);
        let choice = of(slot(Abi::Compat, "socketcall")).unwrap();
        let types::inner_choice { mask, shift, argument, count, .. } = choice.choice;
        assert_eq!((mask, shift, argument, count), (u32::MAX, 0, 0, 21));
        assert_eq!(choice.arguments[2].widths, [4, 4, 4, 0, 0, 0]);
    }
}
