//! Sets of constants.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Constants that a value of one kind may consist of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConstantSet {
    /// Bits that are one value of several; all others are flags.
    pub(super) mask: u64,
    /// Comment on a value without a name: `F_???`.
    pub(super) unknown: Option<&'static str>,
    pub(super) constants: Vec<Constant>,
    /// Bits that hold a number.
    pub(super) field: Option<Field>,
}

/// Bits of a set of flags that hold a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub symbol: &'static str,
    pub mask: u64,
    pub shift: u32,
}

/// Value that certain bits must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BitPattern {
    /// Bits that are compared.
    pub mask: u64,
    /// Value of these bits.
    pub value: u64,
}

/// A value with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Constant {
    pub symbol: &'static str,
    pub value: u64,
    /// Bits that must have exactly this value; `None` for a flag, and for a value of the set's mask.
    pub mask: Option<u64>,
    /// The kernel takes these bits for zeros if they have that value.
    pub is_ignored: bool,
}

/// Sets of one ABI, by name.
pub type Sets = BTreeMap<&'static str, ConstantSet>;

impl ConstantSet {
    /// Creates a set of numbers, for an enumeration that is found in the running kernel.
    pub fn of_numbers(numbers: impl Iterator<Item = (&'static str, u64)>) -> Self {
        let constant = |(symbol, value)| Constant { symbol, value, mask: None, is_ignored: false };
        Self { mask: 0, unknown: None, constants: numbers.map(constant).collect(), field: None }
    }

    /// Returns the name of exactly that value.
    pub fn symbol(&self, value: u64) -> Option<&'static str> {
        self.constants.iter().find(|constant| constant.value == value).map(|found| found.symbol)
    }

    /// Returns the value of a name, which may be one of several names of that value.
    pub fn value(&self, symbol: &str) -> Option<u64> {
        // Comparing lengths first saves 4 ms of a start, which looks up some thousand names.
        let matches = |constant: &&Constant| match constant.symbol.len().cmp(&symbol.len()) {
            Ordering::Less => false,
            Ordering::Equal => constant.symbol == symbol,
            Ordering::Greater => {
                constant.symbol.contains(' ')
                    && constant.symbol.split(" or ").any(|one| one == symbol)
            }
        };
        self.constants.iter().find(matches).map(|found| found.value)
    }

    /// Returns the bits that are one value of several; 0 if all are flags.
    pub fn mask(&self) -> u64 {
        self.mask
    }

    /// Returns the number in the set's field of bits and the name of its shift; `None` if the number is 0.
    pub fn field(&self, value: u64) -> Option<(u64, &'static str)> {
        let field = self.field.filter(|field| value & field.mask != 0)?;
        Some(((value & field.mask) >> field.shift, field.symbol))
    }

    /// Returns the bits of the set's field.
    pub fn field_mask(&self) -> u64 {
        self.field.map_or(0, |field| field.mask)
    }

    /// Returns the comment on a value without a name: `F_???`.
    pub fn unknown(&self) -> Option<&'static str> {
        self.unknown
    }

    /// Returns the masked bits of `value` if they should have a name but have none.
    pub fn unknown_choice(&self, value: u64) -> Option<u64> {
        let choice = value & self.mask;
        let has_names = self.mask != 0 && self.symbol(0).is_some();
        (has_names && self.symbol(choice).is_none()).then_some(choice)
    }

    /// Passes the names that `value` consists of to `each`, in the order of the set; returns the bits
    /// without a name.
    pub fn symbols(&self, value: u64, mut each: impl FnMut(&'static str)) -> u64 {
        let mut rest = value;
        let mut is_choice_open = true;
        for constant in &self.constants {
            if let Some(mask) = constant.mask {
                if value & mask == constant.value && rest & mask == constant.value {
                    rest &= !mask;
                    each(constant.symbol);
                }
                continue;
            }
            let taken = match constant.value {
                choice if self.is_choice(choice) => {
                    let is_it = is_choice_open && choice == value & self.mask;
                    is_choice_open &= !is_it;
                    is_it
                }
                0 => value == 0,
                flags => flags == rest & flags,
            };
            if taken {
                rest &= !constant.value;
                each(constant.symbol);
            }
        }
        rest
    }

    /// Returns the number that a name stands for, if only some bits of a value are that number.
    pub fn number_within(&self, symbol: &str) -> Option<BitPattern> {
        let value = self.value(symbol)?;
        let mut own = self.numbers().filter(|number| number.value == value);
        let masked = BitPattern { mask: self.mask, value };
        own.next().or_else(|| self.is_choice(value).then_some(masked))
    }

    /// Returns the numbers with bits of their own.
    pub fn numbers(&self) -> impl Iterator<Item = BitPattern> + '_ {
        self.constants
            .iter()
            .filter_map(|one| Some(BitPattern { mask: one.mask?, value: one.value }))
    }

    /// Returns the number that the kernel ignores, if there is one.
    pub fn ignored(&self) -> Option<BitPattern> {
        let constant = self.constants.iter().find(|constant| constant.is_ignored)?;
        Some(BitPattern { mask: constant.mask?, value: constant.value })
    }

    /// Returns `value` without the bits of the numbers within it: the rest are flags.
    pub fn flags_of(&self, value: u64) -> u64 {
        self.numbers()
            .filter(|number| value & number.mask == number.value)
            .fold(value, |rest, number| rest & !number.mask)
    }

    /// Returns name and value of the constant with the highest value.
    pub fn highest(&self) -> Option<(&'static str, u64)> {
        let highest = self.constants.iter().max_by_key(|constant| constant.value)?;
        Some((highest.symbol, highest.value))
    }

    /// Returns the common prefix of all names, up to an underscore if there is one: `CLOCK_`, `POLL`.
    pub fn prefix(&self) -> &'static str {
        let first = self.constants.first().map_or("", |constant| constant.symbol);
        let common = self.constants.iter().fold(first, |common, constant| {
            let same = common.bytes().zip(constant.symbol.bytes()).take_while(|(a, b)| a == b);
            common.get(..same.count()).unwrap_or(common)
        });
        common.rfind('_').and_then(|end| common.get(..=end)).unwrap_or(common)
    }

    fn is_choice(&self, value: u64) -> bool {
        self.mask != 0 && value & !self.mask == 0
    }
}
