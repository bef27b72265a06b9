//! Arguments that depend on another one: the tests of a line of `signatures.tsv` in, whether a call's
//! registers pass them out.

use super::{Form, Kind, Parameter, Width, rows};
use crate::constants::{Set, Sets, number};

/// Calls that take something else than others of the same function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    tests: Vec<Test>,
    pub(super) form: Form,
}

/// Whether a register is one of several, or has certain bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The position of the register.
    pub parameter: u8,
    /// It holds if the register has any of these, or, negated, none.
    pub any: Vec<Bits>,
    /// Whether the test holds for the registers that have none of them.
    pub negated: bool,
}

/// Some bits of a register, and what they have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits {
    /// Those that count.
    pub mask: u64,
    /// What they are.
    pub value: u64,
}

impl Case {
    /// All of them hold.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// What is passed then.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// Whether it is a call of this case.
    pub fn holds(&self, registers: [u64; 6]) -> bool {
        self.tests.iter().all(|test| test.holds(registers))
    }

    /// `cmd=F_SETFD)` and the cells that replace those of `base` from the first cell's name on, at
    /// the latest those after `cmd`.
    pub(super) fn parse(
        tests: &'static str,
        cells: &'static str,
        base: &Form,
        sets: &'static Sets,
    ) -> Option<Self> {
        let tests: Vec<_> = tests.strip_suffix(')')?.split(';').collect();
        let tested = base.position(Test::name(tests.first()?)?)?;
        let first = cells.split_once(':').and_then(|(name, _)| base.position(name));
        let kept = tested.checked_add(1)?.min(first.unwrap_or(usize::MAX));
        let form = rows::form(cells, kept, base, sets)?;
        let tests = tests.into_iter().map(|test| Test::parse(test, &form.parameters));
        Some(Self { tests: tests.collect::<Option<_>>()?, form })
    }
}

impl Test {
    /// Whether it is true of these registers.
    pub fn holds(&self, registers: [u64; 6]) -> bool {
        let register = registers.get(usize::from(self.parameter));
        let has = |bits: &Bits| register.is_some_and(|n| n & bits.mask == bits.value);
        self.any.iter().any(has) != self.negated
    }

    fn name(text: &'static str) -> Option<&'static str> {
        Some(text.split_at(text.find(OPERATORS)?).0)
    }

    /// `cmd=F_SETFD,F_SETFL` is one of them, `flags&O_CREAT,O_TMPFILE` has all bits of one of them,
    /// `flags!O_CREAT,O_TMPFILE` of none.
    pub(super) fn parse(text: &'static str, parameters: &[Parameter]) -> Option<Self> {
        if text == NEVER {
            return Some(Self { parameter: 0, any: Vec::new(), negated: false });
        }
        let name = Self::name(text)?;
        let position = parameters.iter().position(|one| one.name == name)?;
        let kind = parameters.get(position)?.kind;
        let (operator, symbols) = text.get(name.len()..)?.split_at_checked(1)?;
        let bits = |value| match operator {
            "=" => Bits { mask: kind.choice(), value },
            _ => Bits { mask: value, value },
        };
        // What an ABI does not know, none of its calls is.
        let any = symbols.split(',').filter_map(|symbol| kind.value(symbol)).map(bits).collect();
        Some(Self { parameter: u8::try_from(position).ok()?, any, negated: operator == "!" })
    }
}

/// A test that no call passes.
const NEVER: &str = "never";

const OPERATORS: [char; 3] = ['=', '&', '!'];

impl Kind {
    /// The bits that `=` compares.
    fn choice(self) -> u64 {
        match self.set().map(Set::mask) {
            // What it is for, stands in the low bits.
            Some(mask) if matches!(self, Self::Quotactl(_)) => !mask & 0xffff_ffff,
            None | Some(0) if self.is(Width::Long) => u64::MAX,
            None | Some(0) => 0xffff_ffff,
            Some(mask) => mask,
        }
    }

    /// What a symbol or a number stands for.
    pub(super) fn value(self, symbol: &str) -> Option<u64> {
        let named = self.set().and_then(|set| set.value(symbol));
        named.or_else(|| number(symbol))
    }
}
