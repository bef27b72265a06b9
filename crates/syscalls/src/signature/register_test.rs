//! Tests of a register on which the parameters of a call depend.

use super::kind::{Kind, Width};
use super::parameter::Parameter;
use crate::constants::{BitPattern, ConstantSet, number};

/// Comparison of a register with several values or bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterTest {
    /// Position of the register.
    pub parameter: u8,
    /// Patterns of which one must match or, if negated, none.
    pub any: Vec<BitPattern>,
    /// Negation: the test passes if no pattern matches.
    pub negated: bool,
    /// Set of flags, whose numbers are left out of the comparison.
    pub(super) flags: Option<&'static ConstantSet>,
}

impl RegisterTest {
    /// Returns whether these registers pass the test.
    pub fn passes(&self, registers: [u64; 6]) -> bool {
        let register = registers.get(usize::from(self.parameter));
        let flags = |n: u64| self.flags.map_or(n, |set| set.flags_of(n));
        let register = register.map(|n| flags(*n));
        let has = |bits: &BitPattern| register.is_some_and(|n| n & bits.mask == bits.value);
        self.any.iter().any(has) != self.negated
    }

    /// Returns the name of the tested parameter.
    pub(super) fn name(text: &'static str) -> Option<&'static str> {
        Some(text.split_at(text.find(OPERATORS)?).0)
    }

    /// Parses `cmd=F_SETFD,F_SETFL` (equals one of them), `flags&O_CREAT,O_TMPFILE` (has all bits of one
    /// of them) or `flags!O_CREAT,O_TMPFILE` (has all bits of none).
    pub(super) fn parse(text: &'static str, parameters: &[Parameter]) -> Option<Self> {
        if text == NEVER {
            return Some(Self { parameter: 0, any: Vec::new(), negated: false, flags: None });
        }
        let name = Self::name(text)?;
        let position = parameters.iter().position(|one| one.name == name)?;
        let kind = parameters.get(position)?.kind;
        let (operator, symbols) = text.get(name.len()..)?.split_at_checked(1)?;
        let bits = |value| match operator {
            "=" => BitPattern { mask: kind.choice(), value },
            _ => BitPattern { mask: value, value },
        };
        // A symbol that the ABI does not have matches none of its calls.
        let any = symbols.split(',').filter_map(|symbol| kind.value(symbol)).map(bits).collect();
        let parameter = u8::try_from(position).ok()?;
        let flags = kind.set().filter(|_| operator != "=");
        Some(Self { parameter, any, negated: operator == "!", flags })
    }
}

/// A test that no call passes.
const NEVER: &str = "never";

const OPERATORS: [char; 3] = ['=', '&', '!'];

impl Kind {
    /// Returns the bits that `=` compares.
    fn choice(self) -> u64 {
        match self.set().map(ConstantSet::mask) {
            // The type of the quota is in the low bits.
            Some(mask) if matches!(self, Self::Quotactl(_)) => !mask & 0xffff_ffff,
            None | Some(0) if self.is(Width::Long) => u64::MAX,
            None | Some(0) => 0xffff_ffff,
            Some(mask) => mask,
        }
    }

    /// Returns the value of a symbol or a number.
    pub(super) fn value(self, symbol: &str) -> Option<u64> {
        let named = self.set().and_then(|set| set.value(symbol));
        named.or_else(|| number(symbol))
    }
}
