//! A filter's program in, its tests and patterns as the kernel has them out.

use super::settings::Named;
use crate::bpf::types::{
    self, fact as Fact, filter_size, place_bit, test_end, test_op, test_width, text_kind, text_part,
};
use crate::config::Part;
use crate::filter::{Next, Number, Program, Test, Text, TextOf, What, Width};

/// Where a program stands in the bank.
pub(super) struct Place<'a> {
    /// Its first test.
    pub test: usize,
    /// Its first pattern.
    pub text: usize,
    /// The rows of the rules that it chooses from.
    pub rules: &'a [usize],
}

const PATHS: usize = filter_size::FILTER_PATHS.0 as usize;
const PATTERN_WORDS: usize = filter_size::PATTERN_WORDS.0 as usize;

/// What has no room is refused before it comes here, see `Settings::check`.
fn narrow<T: TryFrom<usize> + Default>(number: usize) -> T {
    T::try_from(number).unwrap_or_default()
}

/// `struct filter`.
pub(super) fn filter(program: &Program, place: &Place<'_>) -> types::filter {
    let mut paths = [0; PATHS];
    paths.iter_mut().zip(&program.paths).for_each(|(to, position)| *to = *position);
    let whats = || program.tests.iter().map(|test| &test.what);
    let facts = whats().fold(0, |bits, what| bits | fact_bit(what));
    let is_argument = |what: &What| {
        matches!(what, What::Bits { .. } | What::Within { number: Number::Argument { .. }, .. })
    };
    types::filter {
        first: next(program.first, place),
        texts: narrow(place.text),
        text_count: narrow(program.texts.len()),
        facts,
        arguments: u8::from(whats().any(is_argument) || !program.paths.is_empty()),
        text_kinds: program.texts.iter().fold(0, |bits, text| bits | 1 << kind(text.of)),
        paths,
        reserved: [0; 6],
    }
}

/// Of facts that the kernel gathers only where they are asked for.
fn fact_bit(what: &What) -> u8 {
    let fact = match what {
        What::Within { number: Number::Loginuid, .. } => Fact::FACT_LOGINUID,
        What::Names(_) | What::Container => Fact::FACT_PLACE,
        What::Trees(_) => Fact::FACT_TREES,
        _ => return 0,
    };
    1 << fact.0
}

fn next(next: Next, place: &Place<'_>) -> u16 {
    let end = |end: test_end| end.0 as usize;
    let row = |rule: usize| place.rules.get(rule).map(|row| end(test_end::TEST_CHOOSES) + row);
    narrow(match next {
        Next::Test(at) => place.test + at,
        Next::Rule(rule) => row(rule).unwrap_or(end(test_end::TEST_REFUSES)),
        Next::None => end(test_end::TEST_REFUSES),
    })
}

/// `struct test`.
pub(super) fn test(test: &Test, place: &Place<'_>, named: &Named) -> types::test {
    let (fact, op, width, a, b) = what(&test.what, named);
    types::test {
        fact,
        op: op.0 as u8,
        width: width.0 as u8,
        reserved: 0,
        yes: next(test.yes, place),
        no: next(test.no, place),
        a,
        b,
    }
}

fn what(what: &What, named: &Named) -> (u8, test_op, test_width, u64, u64) {
    let any_bit = |fact: u8, bits| (fact, test_op::TEST_ANY_BIT, test_width::WIDTH_WHOLE, bits, 0);
    let fact = |fact: Fact| fact.0 as u8;
    match what {
        What::Within { number, from, to } => {
            let (fact, width) = number_fact(*number);
            (fact, test_op::TEST_WITHIN, width, *from, *to)
        }
        What::Bits { position, bits } => any_bit(argument(*position), *bits),
        What::Container => any_bit(fact(Fact::FACT_PLACE), 1 << place_bit::PLACE_CONTAINER.0),
        What::Names(names) => {
            let bits = names.iter().filter_map(|name| named.names.get(name));
            any_bit(fact(Fact::FACT_PLACE), bits.fold(0, |bits, bit| bits | 1 << bit))
        }
        What::Trees(pids) => {
            let bits = pids.iter().filter_map(|pid| named.trees.get(pid));
            any_bit(fact(Fact::FACT_TREES), bits.fold(0, |bits, bit| bits | 1 << bit))
        }
        What::Texts(texts) => {
            any_bit(fact(Fact::FACT_TEXTS), texts.iter().fold(0, |bits, at| bits | 1 << at))
        }
    }
}

fn argument(position: u8) -> u8 {
    Fact::FACT_ARGUMENT.0 as u8 + position
}

fn number_fact(number: Number) -> (u8, test_width) {
    let of = |fact: Fact| (fact.0 as u8, test_width::WIDTH_WHOLE);
    match number {
        Number::Uid => of(Fact::FACT_UID),
        Number::Gid => of(Fact::FACT_GID),
        Number::Loginuid => of(Fact::FACT_LOGINUID),
        Number::Argument { position, width } => {
            let width = match width {
                Width::Whole => test_width::WIDTH_WHOLE,
                Width::Unsigned32 => test_width::WIDTH_UNSIGNED_32,
                Width::Signed32 => test_width::WIDTH_SIGNED_32,
                Width::Signed => test_width::WIDTH_SIGNED,
            };
            (argument(position), width)
        }
    }
}

/// `enum text_kind`.
fn kind(of: TextOf) -> u8 {
    match of {
        TextOf::Comm => text_kind::TEXT_COMM.0 as u8,
        TextOf::ParentComm => text_kind::TEXT_PARENT_COMM.0 as u8,
        TextOf::Exe => text_kind::TEXT_EXE.0 as u8,
        TextOf::Argument(place) => text_kind::TEXT_ARGUMENT.0 as u8 + narrow::<u8>(place),
    }
}

/// `struct text_test`.
pub(super) fn text(text: &Text) -> types::text_test {
    let ones = vec![u8::MAX; text.text.len()];
    let part = match text.part {
        Part::Whole => text_part::PART_ALL,
        Part::Begin => text_part::PART_BEGIN,
        Part::End => text_part::PART_END,
    };
    types::text_test {
        kind: kind(text.of),
        part: part.0 as u8,
        is_negated: u8::from(text.is_negated),
        length: narrow(text.text.len()),
        reserved: 0,
        words: words(text.text.as_bytes()),
        masks: words(&ones),
    }
}

/// Zeros follow.
fn words(bytes: &[u8]) -> [u64; PATTERN_WORDS] {
    let mut words = [0; PATTERN_WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks(size_of::<u64>())) {
        let mut whole = [0; size_of::<u64>()];
        whole.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        *word = u64::from_ne_bytes(whole);
    }
    words
}
