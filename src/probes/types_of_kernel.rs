//! Types of the kernel behind their names and qualifiers.

use crate::btf::{Type, TypeId, Types, kinds};

/// Names and qualifiers that are followed to a type, at most.
const ALIASES_MAX: usize = 32;

/// Follows names and qualifiers; `None` for `void`.
pub(super) fn resolved(types: &Types<'_>, mut id: TypeId) -> Option<TypeId> {
    for _ in 0..ALIASES_MAX {
        let one = types.get(id)?;
        match one.number() {
            kinds::TYPEDEF | kinds::VOLATILE | kinds::CONST | kinds::RESTRICT | kinds::TYPE_TAG => {
                id = one.size_or_type;
            }
            _ => return Some(id),
        }
    }
    None
}

/// Returns whether a type is `char`, of which texts consist.
pub(super) fn is_char(types: &Types<'_>, one: Type<'_>) -> bool {
    one.number() == kinds::INT && types.text(one.name) == b"char"
}

/// Returns whether an integer is signed: a bit of the word behind its head.
pub(super) fn is_signed_int(one: Type<'_>) -> bool {
    const SIGNED: u32 = 1 << 24;
    one.elements(1).next().is_some_and(|word| word.first().is_some_and(|word| word & SIGNED != 0))
}
