//! Structures that syscalls are passed by address: `structs.txt` in, the layout of one of them in one
//! ABI out, by the C rules of that ABI. It never sees memory. Never fails: a line that is not
//! understood is left out, and tests hold that there is none.

mod condition;
mod content;
mod layout;
mod read;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Abi;
use super::constants::{Sets, sets};
pub use condition::Condition;
pub use content::{Content, Plain};
use layout::Layout;
pub use read::number;

/// The layout of one structure in one ABI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    members: Vec<Member>,
    size: usize,
    align: usize,
    /// Told in brackets, as a list of values.
    is_list: bool,
    /// It has more members than are told.
    has_more: bool,
}

/// One member of a structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// As in C; empty where only the value is told.
    pub name: &'static str,
    /// How its bytes are read.
    pub content: Content,
    /// From the structure's beginning, in bytes.
    pub offset: usize,
    /// Of one element, in bytes.
    pub width: usize,
    /// The length of an array; `None` for a single value.
    pub count: Option<usize>,
    /// The member that says how many elements count.
    pub length: Option<&'static str>,
    /// When it is told.
    pub shown: Shown,
    /// Older forms of the structure end before it.
    pub is_optional: bool,
    /// On what else it depends whether it is told.
    pub conditions: Vec<Condition>,
}

/// When a member is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// At entry and at exit.
    Always,
    /// At entry: the kernel reads it.
    Entry,
    /// At exit: the kernel writes it.
    Exit,
    /// Never: padding, and what strace leaves out.
    Never,
}

/// The structures of one ABI, by name.
pub(super) type Structures = BTreeMap<&'static str, Structure>;

/// The layout of that name in that ABI.
pub fn structure(abi: Abi, name: &str) -> Option<&'static Structure> {
    structures(abi).get(name)
}

/// The names of all layouts of that ABI.
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
    /// As `sizeof` has it, in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The size of its oldest and shortest form, in bytes.
    pub fn least(&self) -> usize {
        let optional = self.members.iter().find(|member| member.is_optional);
        optional.map_or(self.size, |member| member.offset)
    }

    /// In the order in which they are told.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Whether it is told as a list of values.
    pub fn is_list(&self) -> bool {
        self.is_list
    }

    /// Whether it has more members than are told.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// Whether all bytes that follow belong to its last member.
    pub fn is_open(&self) -> bool {
        self.members.last().is_some_and(|member| member.count == Some(0))
    }

    /// Whether strace tells its address only.
    pub fn is_opaque(&self) -> bool {
        !self.has_more && self.members.iter().all(|member| member.shown == Shown::Never)
    }
}

/// The structures as that ABI has them. One that is nested stands before those that hold it.
fn parse(text: &'static str, abi: &str, sets: &'static Sets) -> Structures {
    let mut structures = Structures::new();
    let mut current: Option<(&str, Layout)> = None;
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        match head(line) {
            Some((abis, name, is_list)) => {
                structures.extend(current.take().map(|(name, layout)| (name, layout.finish())));
                let is_of = abis.is_none_or(|abis| is_one_of(abis, abi));
                current = is_of.then(|| (name, Layout::new(abi, is_list)));
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

/// `name: what it is`, `name[]: ...` or `abi,abi/name: ...`.
fn head(line: &'static str) -> Option<(Option<&'static str>, &'static str, bool)> {
    let (name, _) = line.split_once(": ").filter(|_| !line.starts_with(' '))?;
    let (abis, name) = match name.split_once('/') {
        Some((abis, name)) => (Some(abis), name),
        None => (None, name),
    };
    let plain = name.strip_suffix("[]");
    Some((abis, plain.unwrap_or(name), plain.is_some()))
}

fn is_one_of(abis: &str, abi: &str) -> bool {
    abis.split(',').any(|one| one == abi)
}

#[cfg(test)]
mod tests;
