//! The filters of a route's rules in, one sequence of tests out, as the kernel walks through it: each
//! test leads forward to another one, to a rule, or to none. Pure; names of units and the like stay
//! names, `wire` gives them their numbers.

mod argument;
mod build;
mod ids;

use std::collections::BTreeSet;

pub use argument::{FDCWD, arguments};

use build::Builder;
use syscalls::Slot;

use crate::bpf::types::{filter_size, name_kind};
use crate::config::{Condition, Filter, Pattern};

/// What decides which rule a call is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Program {
    /// Where it begins.
    pub first: Next,
    /// Each leads to later ones only.
    pub tests: Vec<Test>,
    /// The patterns that tests ask for.
    pub texts: Vec<Text>,
    /// Positions of the arguments that are texts, two at most.
    pub paths: Vec<u8>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Test {
    /// What it looks at, and what holds of it.
    pub what: What,
    /// Where it leads if that holds,
    pub yes: Next,
    /// and if not.
    pub no: Next,
}

/// Where a test leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Next {
    /// To another one, by its place in the program.
    Test(usize),
    /// The call is for that rule, by its place in the route.
    Rule(usize),
    /// It is for none.
    None,
}

/// A condition that one look decides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    /// A number lies in a range.
    Within {
        /// Which number.
        number: Number,
        /// First and last, as `number` is made to compare.
        from: u64,
        /// See `from`.
        to: u64,
    },
    /// An argument has one of these bits.
    Bits {
        /// Its position.
        position: u8,
        /// The bits.
        bits: u64,
    },
    /// The cgroup, or one above it, has one of these names.
    Names(BTreeSet<(NameKind, String)>),
    /// The process runs in a container.
    Container,
    /// The process descends from one of these, or is one.
    Trees(BTreeSet<u32>),
    /// One of these patterns holds, by their place in the program.
    Texts(BTreeSet<usize>),
}

/// A number that is known of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Number {
    /// Real user.
    Uid,
    /// Real group.
    Gid,
    /// Login user.
    Loginuid,
    /// An argument.
    Argument {
        /// Its position.
        position: u8,
        /// How much of its register counts, and how.
        width: Width,
    },
}

/// `enum operand_width` of `bpf/settings.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Width {
    Whole,
    Unsigned32,
    Signed32,
    Signed,
}

/// Whose name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameKind {
    /// A unit of the system.
    Unit,
    /// A slice of the system.
    Slice,
    /// A unit of a user's manager.
    UserUnit,
    /// A unit of the system that is excluded, whatever a filter says.
    Excluded,
}

impl NameKind {
    /// As the programs know it.
    pub fn number(self) -> u64 {
        match self {
            Self::Unit => name_kind::NAME_UNIT.0.into(),
            Self::Slice => name_kind::NAME_SLICE.0.into(),
            Self::UserUnit => name_kind::NAME_USER_UNIT.0.into(),
            Self::Excluded => name_kind::NAME_EXCLUDED.0.into(),
        }
    }
}

/// A pattern, and what it is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text {
    /// Which text.
    pub of: TextOf,
    /// Without its star.
    pub text: String,
    /// Which part of the text it tells.
    pub part: crate::config::Part,
    /// It holds where the text is not like that.
    pub is_negated: bool,
}

/// Texts that are known of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TextOf {
    /// The task's name.
    Comm,
    /// That of its parent.
    ParentComm,
    /// Path of the executable.
    Exe,
    /// An argument, by its place in [`Program::paths`].
    Argument(usize),
}

/// Number of tests that a call may go through.
pub const TESTS_MAX: usize = filter_size::INSNS_PER_CALL.0 as usize;
/// Number of patterns that one filter may have.
pub const TEXTS_MAX: usize = filter_size::PATTERNS_PER_FILTER.0 as usize;
/// Number of arguments that one filter may compare as texts.
pub const PATHS_MAX: usize = filter_size::FILTER_PATHS.0 as usize;

/// What decides between these rules of a slot.
///
/// # Errors
/// What the kernel cannot look at, or not that much: an argument that the syscall does not have, a
/// constant that is none of its, too many conditions.
pub fn compile<'f>(
    slot: Slot,
    filters: impl DoubleEndedIterator<Item = &'f Filter> + ExactSizeIterator,
) -> Result<Program, String> {
    let mut builder = Builder::new(slot);
    let mut first = Next::None;
    for (at, filter) in filters.enumerate().rev() {
        first = of_rule(&mut builder, filter, Next::Rule(at), first)?;
    }
    builder.finish(first)
}

/// Whether a condition can be asked of that syscall.
///
/// # Errors
/// As [`compile`], of this condition alone.
pub fn check(slot: Slot, condition: &Condition) -> Result<(), String> {
    let mut builder = Builder::new(slot);
    argument::test(&mut builder, condition, Next::None, Next::None).map(drop)
}

/// Cheap conditions stand first. They are built from the last to the first, since each leads to the one
/// behind it.
fn of_rule(
    builder: &mut Builder,
    filter: &Filter,
    rule: Next,
    otherwise: Next,
) -> Result<Next, String> {
    let mut next = rule;
    let texts: [(TextOf, &Option<Vec<Pattern>>); 3] = [
        (TextOf::Exe, &filter.exe),
        (TextOf::ParentComm, &filter.parent_comm),
        (TextOf::Comm, &filter.comm),
    ];
    for (of, patterns) in texts {
        next = builder.patterns(of, patterns.as_deref(), next, otherwise);
    }
    for condition in filter.argument.iter().flatten().rev() {
        next = argument::test(builder, condition, next, otherwise)?;
    }
    next = builder.trees(filter.pid_tree.as_deref(), next, otherwise);
    next = builder.container(filter.container, next, otherwise);
    let names = [
        (NameKind::UserUnit, &filter.user_unit),
        (NameKind::Slice, &filter.slice),
        (NameKind::Unit, &filter.unit),
    ];
    for (kind, names) in names {
        next = builder.names(kind, names.as_deref(), next, otherwise);
    }
    let ids = [
        (Number::Loginuid, &filter.loginuid),
        (Number::Gid, &filter.gid),
        (Number::Uid, &filter.uid),
    ];
    for (number, ids) in ids {
        next = ids::test(builder, number, ids.as_deref(), next, otherwise);
    }
    Ok(next)
}

#[cfg(test)]
mod tests;
