//! Sets of named constants (`constants.txt`, `ioctls.txt`): flags, enumerations and commands, with the names
//! of a value and the value of a name. A malformed line is skipped; a test proves that there is none.

/// Sets of constants.
mod set;

/// Parser of the files.
mod parse;

use std::sync::LazyLock;

use super::Abi;
pub(super) use parse::number;
use parse::parse;
pub(super) use set::Sets;
pub use set::{BitPattern, ConstantSet};

/// Returns the set called `name` in `abi`.
pub fn constant_set(abi: Abi, name: &str) -> Option<&'static ConstantSet> {
    sets(abi).get(name)
}

/// Returns all sets of `abi`.
pub(super) fn sets(abi: Abi) -> &'static Sets {
    static SETS: LazyLock<[Sets; 2]> = LazyLock::new(|| Abi::BOTH.map(|abi| sets_of(abi.name())));
    let [native, compat] = &*SETS;
    match abi.layout() {
        Abi::Compat => compat,
        _ => native,
    }
}

const TEXT: &str = include_str!("../tables/constants.txt");
const IOCTLS: &str = include_str!("../tables/ioctls.txt");

/// Parses the sets of the ABI with that name, of any architecture.
pub(super) fn sets_of(abi: &str) -> Sets {
    let mut sets = parse(TEXT, abi);
    sets.extend(parse(IOCTLS, abi));
    sets
}

#[cfg(test)]
mod tests;
