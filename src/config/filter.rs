//! The options that say which calls a route records: all parts of a filter must hold. Values with an
//! exclamation mark before them are those that must not be; of the others one is enough.

mod told;

use std::ops::RangeInclusive;

use crate::bpf::types::filter_size;

/// What must hold of a call. `None` is silent: in a route it means what `[defaults]` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Real user, in the initial user namespace.
    pub uid: Option<Vec<Ids>>,
    /// Real group.
    pub gid: Option<Vec<Ids>>,
    /// Login user; `u32::MAX` is one that was not set.
    pub loginuid: Option<Vec<Ids>>,
    /// Units of the system, by their whole name.
    pub unit: Option<Vec<Name>>,
    /// Slices of the system, with all that is below them.
    pub slice: Option<Vec<Name>>,
    /// Units of a user's own manager.
    pub user_unit: Option<Vec<Name>>,
    /// Whether the process runs in a container.
    pub container: Option<bool>,
    /// The task's name.
    pub comm: Option<Vec<Pattern>>,
    /// Path of the executable, as the process's own mount namespace has it.
    pub exe: Option<Vec<Pattern>>,
    /// The name of the parent's main thread.
    pub parent_comm: Option<Vec<Pattern>>,
    /// Processes, with all that descend from them.
    pub pid_tree: Option<Vec<u32>>,
    /// What arguments must be: all of these.
    pub argument: Option<Vec<Condition>>,
}

/// Numbers of users or groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    /// First and last.
    pub range: RangeInclusive<u32>,
    /// It must be none of these.
    pub is_excluded: bool,
}

/// A name that is compared as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Without the exclamation mark.
    pub text: String,
    /// It must not be this one.
    pub is_excluded: bool,
}

/// A text with a `*` at its begin or its end, or without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Without the star; [`Pattern::BYTES_MAX`] bytes at most.
    pub text: String,
    /// Where the star was.
    pub part: Part,
    /// It must not be like this.
    pub is_excluded: bool,
}

impl Pattern {
    /// Number of bytes that a pattern may have.
    pub const BYTES_MAX: usize = filter_size::PATTERN_BYTES.0 as usize;
}

/// Which part of a text a pattern tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// All of it.
    Whole,
    /// How it begins: `/etc/*`.
    Begin,
    /// How it ends: `*.key`.
    End,
}

/// What an argument must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its name in the syscall's signature.
    pub argument: String,
    /// What holds of it.
    pub test: Test,
}

/// A test of one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// As it is.
    Number(i128),
    /// What a constant's name stands for, in the set of the argument.
    Name(String),
}

impl Filter {
    /// These, and where they are silent, those of `below`. An empty list takes back what `below` says.
    pub(super) fn or(&self, below: &Self) -> Self {
        let Self { uid, gid, loginuid, unit, slice, user_unit, container, .. } = self;
        let Self { comm, exe, parent_comm, pid_tree, argument, .. } = self;
        Self {
            uid: either(uid, &below.uid),
            gid: either(gid, &below.gid),
            loginuid: either(loginuid, &below.loginuid),
            unit: either(unit, &below.unit),
            slice: either(slice, &below.slice),
            user_unit: either(user_unit, &below.user_unit),
            container: container.or(below.container),
            comm: either(comm, &below.comm),
            exe: either(exe, &below.exe),
            parent_comm: either(parent_comm, &below.parent_comm),
            pid_tree: either(pid_tree, &below.pid_tree),
            argument: either(argument, &below.argument),
        }
    }

    /// Whether it lets every call through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the kernel must know the process's cgroup to decide.
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
