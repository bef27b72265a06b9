//! Layouts of structures that are passed to syscalls by address (`structs.txt`), by the C rules of each
//! ABI. A malformed line is skipped; a test proves that there is none.

/// Conditions on which members are printed.
mod condition;

/// Kinds of members.
mod kind;

/// Offsets and sizes.
mod layout;

/// Values of members.
mod read;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Abi;
use super::constants::{Sets, sets};
pub use condition::Condition;
pub use kind::{Format, MemberKind};
use layout::Layout;
pub use read::native_uint;

/// Layout of a structure in one ABI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    members: Vec<Member>,
    size: usize,
    align: usize,
    /// Form of the text: a list of values, in brackets, instead of named members.
    is_list: bool,
    /// Presence of members that are not printed.
    has_more: bool,
}

/// Member of a structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Name in C; empty if only the value is printed.
    pub name: &'static str,
    /// Type of the bytes, and their notation.
    pub kind: MemberKind,
    /// Offset from the beginning of the structure, in bytes.
    pub offset: usize,
    /// Size of one element, in bytes.
    pub width: usize,
    /// Length of an array, 0 if all bytes that follow belong to it; `None` for a single value.
    pub count: Option<usize>,
    /// Name of the member that holds the number of valid elements.
    pub length: Option<&'static str>,
    /// Phase in which the member is printed.
    pub visibility: Visibility,
    /// Absence from older and shorter forms of the structure, which end before it.
    pub is_optional: bool,
    /// Conditions on other members under which it is printed.
    pub conditions: Vec<Condition>,
}

/// Phase of the syscall in which a member is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// At entry and at exit.
    Always,
    /// At entry: the kernel reads it.
    Entry,
    /// At exit: the kernel writes it.
    Exit,
    /// Never: padding, and members that strace leaves out.
    Never,
}

/// Layouts of one ABI, by name.
pub(super) type Structures = BTreeMap<&'static str, Structure>;

/// Returns the layout called `name` in `abi`.
pub fn structure(abi: Abi, name: &str) -> Option<&'static Structure> {
    structures(abi).get(name)
}

/// Returns the names of all layouts of `abi`, sorted.
pub fn structure_names(abi: Abi) -> impl Iterator<Item = &'static str> {
    structures(abi).keys().copied()
}

fn structures(abi: Abi) -> &'static Structures {
    static STRUCTURES: LazyLock<[Structures; 2]> =
        LazyLock::new(|| Abi::ALL.map(|abi| parse(TEXT, abi.name(), sets(abi))));
    let [native, compat] = &*STRUCTURES;
    match abi {
        Abi::Native => native,
        Abi::Compat => compat,
    }
}

pub(super) const TEXT: &str = include_str!("../tables/structs.txt");

impl Structure {
    /// Returns its size in bytes, as `sizeof` does.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns the size of its oldest and shortest form, in bytes.
    pub fn min_size(&self) -> usize {
        let optional = self.members.iter().find(|member| member.is_optional);
        optional.map_or(self.size, |member| member.offset)
    }

    /// Returns its members in the order in which they are printed.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns whether it is printed as a list of values.
    pub fn is_list(&self) -> bool {
        self.is_list
    }

    /// Returns whether it has more members than are printed.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// Returns whether its last member takes all bytes that follow.
    pub fn is_variable_length(&self) -> bool {
        self.members.last().is_some_and(|member| member.count == Some(0))
    }

    /// Returns whether strace prints only its address.
    pub fn is_opaque(&self) -> bool {
        !self.has_more && self.members.iter().all(|member| member.visibility == Visibility::Never)
    }
}

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

/// Returns whether `abi` is in a list that is separated by commas.
fn is_one_of(abis: &str, abi: &str) -> bool {
    abis.split(',').any(|one| one == abi)
}

#[cfg(test)]
mod tests;
