//! The options that select the calls that a route records: all parts of a filter must hold. Values with an
//! exclamation mark before them are those that must not be; of the others one is enough.

mod display;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::bpf::types::filter_size;

/// Conditions on a call, all of which must hold. A part that is `None` in a route is taken from `[defaults]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Real user, in the initial user namespace.
    pub uid: Option<Vec<Ids>>,
    /// Real group.
    pub gid: Option<Vec<Ids>>,
    /// Effective user, numbered likewise.
    pub euid: Option<Vec<Ids>>,
    /// Effective group.
    pub egid: Option<Vec<Ids>>,
    /// Login user; `u32::MAX` is one that was not set.
    pub loginuid: Option<Vec<Ids>>,
    /// Units of the system, by their whole name.
    pub unit: Option<Vec<UnitName>>,
    /// Slices of the system, with all that is below them.
    pub slice: Option<Vec<UnitName>>,
    /// Units of a user's own manager.
    pub user_unit: Option<Vec<UnitName>>,
    /// State that the process runs in a container, or that it does not.
    pub container: Option<bool>,
    /// The task's name.
    pub comm: Option<Vec<Pattern>>,
    /// Path of the executable, as the process's own mount namespace has it.
    pub exe: Option<Vec<Pattern>>,
    /// Any path that the call passes, absolute.
    pub path: Option<Vec<Pattern>>,
    /// Path of the file behind any descriptor that the call passes.
    pub fd_path: Option<Vec<Pattern>>,
    /// The name of the parent's main thread.
    pub parent_comm: Option<Vec<Pattern>>,
    /// Processes, with all that descend from them.
    pub pid_tree: Option<Vec<u32>>,
    /// Conditions on arguments, all of which must hold.
    pub argument: Option<Vec<Condition>>,
}

impl Filter {
    /// Returns whether a condition is about a property that the kernel cannot read of each call: memory of the
    /// process that is not resident, a path that is too deep, a cgroup or ancestor that is not known.
    pub fn has_unreadable_property(&self) -> bool {
        let is_text =
            |condition: &Condition| matches!(condition.comparison, Comparison::Matches(_));
        let names = [&self.unit, &self.slice, &self.user_unit];
        let texts = [&self.comm, &self.exe, &self.parent_comm, &self.path, &self.fd_path];
        names.iter().any(|names| names.is_some())
            || texts.iter().any(|patterns| patterns.is_some())
            || self.container.is_some()
            || self.pid_tree.is_some()
            || self.argument.iter().flatten().any(is_text)
    }
}

/// Numbers of users or groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    /// First and last.
    pub range: RangeInclusive<u32>,
    /// The number must not be in the range.
    pub is_excluded: bool,
}

/// A name that is compared as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitName {
    /// Name without the exclamation mark.
    pub text: String,
    /// The name must not be this one.
    pub is_excluded: bool,
}

/// A string with a `*` at its beginning or its end, or without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    /// Text without the star; [`Pattern::BYTES_MAX`] bytes at most.
    pub text: String,
    /// Part of a string that must match, as the position of the star says.
    pub part: Part,
    /// The string must not match.
    pub is_excluded: bool,
}

impl Pattern {
    /// Number of bytes that a pattern may have.
    pub const BYTES_MAX: usize = filter_size::PATTERN_BYTES.0 as usize;
}

/// Part of a string that a pattern compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// Whole string.
    Whole,
    /// Beginning of the string: `/etc/*`.
    Begin,
    /// End of the string: `*.key`.
    End,
}

/// A condition on one argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Name of the argument in the syscall's signature.
    pub argument: String,
    /// Comparison that must hold for its value.
    pub comparison: Comparison,
}

/// A comparison of the value of an argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `= 3`, `!= AT_FDCWD`.
    Equals {
        /// A number, or the name of a constant of that argument.
        value: Word,
        /// `!=`.
        is_negated: bool,
    },
    /// `< 3`, `<= 3`, `> 3`, `>= 3`, as the argument's own type compares.
    Compares {
        /// The bounds, open ends at the extremes.
        range: RangeInclusive<i128>,
    },
    /// `& O_CREAT|O_TRUNC`: any of these bits; `!& O_CREAT`: none of them.
    Masks {
        /// Numbers or names of flags of that argument.
        bits: Vec<Word>,
        /// `!&`.
        is_negated: bool,
    },
    /// `= "/etc/*"`, `!= "/proc/*"`: of a path or another string.
    Matches(Pattern),
}

/// A value in a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// A number.
    Number(i128),
    /// Name of a constant in the set of the argument.
    Name(String),
}

impl Filter {
    /// Returns this filter, with the parts that are `None` taken from `below`. An empty list revokes a part of `below`.
    pub(super) fn or(&self, below: &Self) -> Self {
        let Self { uid, gid, euid, egid, loginuid, unit, slice, user_unit, container, .. } = self;
        let Self { comm, exe, path, fd_path, parent_comm, pid_tree, argument, .. } = self;
        Self {
            uid: either(uid, &below.uid),
            gid: either(gid, &below.gid),
            euid: either(euid, &below.euid),
            egid: either(egid, &below.egid),
            loginuid: either(loginuid, &below.loginuid),
            unit: either(unit, &below.unit),
            slice: either(slice, &below.slice),
            user_unit: either(user_unit, &below.user_unit),
            container: container.or(below.container),
            comm: either(comm, &below.comm),
            exe: either(exe, &below.exe),
            path: either(path, &below.path),
            fd_path: either(fd_path, &below.fd_path),
            parent_comm: either(parent_comm, &below.parent_comm),
            pid_tree: either(pid_tree, &below.pid_tree),
            argument: either(argument, &below.argument),
        }
    }

    /// Returns whether the filter accepts every call.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether the kernel must put the path of a file together to decide.
    pub fn asks_for_path(&self) -> bool {
        self.exe.is_some() || self.path.is_some() || self.fd_path.is_some()
    }

    /// Returns whether the kernel must know the process's cgroup to decide.
    pub fn asks_for_cgroup(&self) -> bool {
        self.unit.is_some()
            || self.slice.is_some()
            || self.user_unit.is_some()
            || self.container.is_some()
    }
}

fn either<T: Clone>(this: &Option<Vec<T>>, below: &Option<Vec<T>>) -> Option<Vec<T>> {
    this.as_ref().or(below.as_ref()).filter(|all| !all.is_empty()).cloned()
}
