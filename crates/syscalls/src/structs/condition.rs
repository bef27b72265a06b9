//! Conditions on which members are printed, such as `if:NAME&MASK=VALUE`.

use crate::constants::number;

/// Value that another member must have for this one to be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    name: &'static str,
    mask: u64,
    /// Value of the masked bits; `None` for any but 0.
    value: Option<u64>,
    /// Negation: the member is printed if the comparison does *not* hold.
    is_reversed: bool,
}

impl Condition {
    /// Parses `if:` or `unless:`, then `NAME`, `NAME&MASK`, `NAME=VALUE` or `NAME&MASK=VALUE`.
    pub(super) fn parse(text: &'static str) -> Option<Self> {
        let (keyword, rest) = text.split_once(':')?;
        let is_reversed = match keyword {
            "if" => false,
            "unless" => true,
            _ => return None,
        };
        let (rest, value) = match rest.split_once('=') {
            Some((rest, value)) => (rest, Some(number(value)?)),
            None => (rest, None),
        };
        let (name, mask) = match rest.split_once('&') {
            Some((name, mask)) => (name, number(mask)?),
            None => (rest, u64::MAX),
        };
        let is_named = !name.is_empty();
        is_named.then_some(Self { name, mask, value, is_reversed })
    }

    /// Returns the name of the member that it compares.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the bits of which one must be set, if that is all it compares.
    pub fn any_of(&self) -> Option<u64> {
        (self.value.is_none() && !self.is_reversed).then_some(self.mask)
    }

    /// Returns whether it is an `unless`: all of those must be met, but only one `if`.
    pub fn is_reversed(&self) -> bool {
        self.is_reversed
    }

    /// Returns whether a value of the member meets it; `None`, for bytes that end before the member, does not.
    pub fn is_met(&self, value: Option<u64>) -> bool {
        value.is_some_and(|value| {
            let bits = value & self.mask;
            let is_equal = self.value.map_or(bits != 0, |value| bits == value);
            is_equal != self.is_reversed
        })
    }
}
