//! On what a member depends: `if:NAME&MASK=VALUE` in, whether a structure meets it out.

use super::Structure;

/// What another member must hold for this one to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    name: &'static str,
    mask: u64,
    /// What the bits of the mask are; `None` for any but 0.
    value: Option<u64>,
    /// Told where the structure does *not* meet it.
    is_reversed: bool,
}

impl Condition {
    /// `if:` or `unless:`, and `NAME`, `NAME&MASK`, `NAME=VALUE` or `NAME&MASK=VALUE`.
    pub(super) fn parse(text: &'static str) -> Option<Self> {
        let (word, rest) = text.split_once(':')?;
        let is_reversed = match word {
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

    /// The member that it looks at.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it forbids where it is not met; others allow where they are.
    pub fn is_reversed(&self) -> bool {
        self.is_reversed
    }

    /// Whether these bytes meet it; what cannot be read meets none.
    pub fn is_met(&self, structure: &Structure, bytes: &[u8]) -> bool {
        structure.number(bytes, self.name).is_some_and(|number| {
            let bits = number & self.mask;
            let is_it = self.value.map_or(bits != 0, |value| bits == value);
            is_it != self.is_reversed
        })
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
