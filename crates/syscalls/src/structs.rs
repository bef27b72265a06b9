//! Layouts of structures that are passed to syscalls by address (`structs.txt`), by the C rules of each
//! ABI. A malformed line is skipped; a test proves that there is none.

/// Conditions on which members are printed.
mod condition;

/// Layouts and their members.
mod types;

/// Parser of kinds.
mod kind_parser;

/// Offsets and sizes.
mod layout;

/// Values of members.
mod read;

/// Structures of the running kernel.
mod of_kernel;

use std::sync::LazyLock;

use super::Abi;
use super::constants::{Sets, sets};
pub use condition::Condition;
use layout::{Layout, is_one_of};
pub use of_kernel::give_structure;
pub use read::native_uint;
use types::Structures;
pub use types::{Format, Member, MemberKind, Structure, Visibility};

/// Returns the layout called `name` in `abi`, or of the running kernel.
pub fn structure(abi: Abi, name: &str) -> Option<&'static Structure> {
    structures(abi).get(name).or_else(|| of_kernel::structure(name))
}

/// Returns the names of all layouts of `abi`, sorted.
pub fn structure_names(abi: Abi) -> impl Iterator<Item = &'static str> {
    structures(abi).keys().copied()
}

/// Returns a layout with a single member of that kind, which is printed bare.
pub(super) fn value_of_kind(abi: Abi, kind: &'static str) -> Option<Structure> {
    let mut layout = Layout::new(abi.name(), false);
    layout.value(kind, sets(abi), structures(abi)).then(|| layout.finish())
}

fn structures(abi: Abi) -> &'static Structures {
    static STRUCTURES: LazyLock<[Structures; 2]> =
        LazyLock::new(|| Abi::BOTH.map(|abi| parse(TEXT, abi.name(), sets(abi))));
    let [native, compat] = &*STRUCTURES;
    match abi {
        Abi::Compat => compat,
        _ => native,
    }
}

pub(super) const TEXT: &str = include_str!("../tables/structs.txt");

/// Parses the layouts as `abi` has them. A nested structure precedes those that contain it.
fn parse(text: &'static str, abi: &str, sets: &'static Sets) -> Structures {
    let mut structures = Structures::new();
    let mut current: Option<(&str, Layout)> = None;
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        match header(line) {
            Some((abis, name, is_list)) => {
                structures.extend(current.take().map(|(name, layout)| (name, layout.finish())));
                let has_abi = abis.is_none_or(|abis| is_one_of(abis, abi));
                current = has_abi.then(|| (name, Layout::new(abi, is_list)));
            }
            None => {
                if let Some((_, layout)) = &mut current {
                    layout.line(line, abi, sets, &structures);
                }
            }
        }
    }
    structures.extend(current.map(|(name, layout)| (name, layout.finish())));
    structures
}

/// Parses `name: description`, `name[]: ...` or `abi,abi/name: ...`; returns ABIs, name, and whether it
/// is printed as a list.
fn header(line: &'static str) -> Option<(Option<&'static str>, &'static str, bool)> {
    let (name, _) = line.split_once(": ").filter(|_| !line.starts_with(' '))?;
    let (abis, name) = match name.split_once('/') {
        Some((abis, name)) => (Some(abis), name),
        None => (None, name),
    };
    let plain = name.strip_suffix("[]");
    Some((abis, plain.unwrap_or(name), plain.is_some()))
}

#[cfg(test)]
mod tests;
