//! Compiler of filters: the filters of a route's rules in, one sequence of instructions out, which the kernel runs: each
//! jumps forward to another one, to a rule, or to none. Pure; names of units and the like stay
//! names, `table` gives them their numbers.

mod argument;
mod build;
mod files;
mod ids;

use std::collections::BTreeSet;

pub use argument::{FDCWD, arguments};
pub use files::{FileBase, FileSource, Files, has_descriptor, has_path};

use build::Builder;
use syscalls::Slot;

use crate::bpf::types::{filter_size, name_kind};
use crate::config::{Condition, Filter, Pattern};
use serde::{Deserialize, Serialize};

/// Instructions that decide which rule a call is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Program {
    /// First step.
    pub first: Next,
    /// Instructions, each of which jumps to later ones only.
    pub insns: Vec<Insn>,
    /// Patterns that instructions compare.
    pub patterns: Vec<StringMatch>,
    /// Positions of the arguments that are texts, two at most.
    pub paths: Vec<u8>,
    /// Files that the call names, of which patterns compare the paths.
    pub files: Files,
}

/// One instruction, as `struct filter_insn` of `bpf/settings.h`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Insn {
    /// Operation: the operand, and the condition on it.
    pub op: Op,
    /// Step if the operation holds.
    pub jt: Next,
    /// Step if it does not hold.
    pub jf: Next,
}

/// Step after an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Next {
    /// Another instruction, by its place in the program.
    Insn(usize),
    /// The call is for that rule, by its place in the route.
    Accept(usize),
    /// The call is for no rule.
    Reject,
}

/// A condition that one look decides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    /// A number lies in a range.
    Within {
        /// Operand.
        number: Number,
        /// First and last, as `number` is made to compare.
        from: u64,
        /// See `from`.
        to: u64,
    },
    /// An argument has one of these bits.
    Bits {
        /// Position of the argument.
        position: u8,
        /// The bits.
        bits: u64,
    },
    /// The cgroup, or one above it, has one of these names.
    Names {
        /// The names.
        names: BTreeSet<(NameKind, String)>,
        /// Holds also if the names of the cgroup are unknown.
        or_unknown: bool,
    },
    /// The process runs in a container.
    Container {
        /// Holds also if that is unknown.
        or_unknown: bool,
    },
    /// The process descends from one of these, or is one.
    Trees {
        /// Process ids of the roots.
        pids: BTreeSet<u32>,
        /// Holds also if the ancestors of the process are unknown.
        or_unknown: bool,
    },
    /// One of these patterns matches, by their place in the program.
    Patterns(BTreeSet<usize>),
}

/// A number that is known of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Number {
    /// Real user.
    Uid,
    /// Real group.
    Gid,
    /// Effective user.
    Euid,
    /// Effective group.
    Egid,
    /// Login user.
    Loginuid,
    /// An argument.
    Argument {
        /// Position of the argument.
        position: u8,
        /// Part of the register that is compared, and how.
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

/// Owner of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Returns the number of the kind in the BPF programs.
    pub fn number(self) -> u64 {
        match self {
            Self::Unit => name_kind::NAME_UNIT.0.into(),
            Self::Slice => name_kind::NAME_SLICE.0.into(),
            Self::UserUnit => name_kind::NAME_USER_UNIT.0.into(),
            Self::Excluded => name_kind::NAME_EXCLUDED.0.into(),
        }
    }
}

/// A pattern, and the string that it is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StringMatch {
    /// String that is compared.
    pub of: TextSource,
    /// Text without the star.
    pub text: String,
    /// Part of the string that must be equal.
    pub part: crate::config::Part,
    /// The pattern matches strings that are not like that.
    pub is_negated: bool,
    /// The pattern matches a string that cannot be read.
    pub holds_unknown: bool,
}

/// Strings that are known of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TextSource {
    /// The task's name.
    Comm,
    /// Name of the parent.
    ParentComm,
    /// Path of the executable.
    Exe,
    /// An argument, by its place in [`Program::paths`].
    Argument(usize),
    /// Any path argument, made absolute.
    Path,
    /// Path of the file behind any descriptor that is an argument.
    FdPath,
}

/// Instructions that a call may run.
pub const INSNS_MAX: usize = filter_size::INSNS_PER_CALL.0 as usize;
/// Patterns that one filter may have.
pub const PATTERNS_MAX: usize = filter_size::PATTERNS_PER_FILTER.0 as usize;
/// Arguments that one filter may compare as strings.
pub const PATHS_MAX: usize = filter_size::FILTER_PATHS.0 as usize;

/// Effect of a rule on the calls that it selects. It decides about calls with a property that cannot be read: they
/// go to the rule that records most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Each call is recorded: an unreadable property matches.
    Record,
    /// Some of the calls are recorded (a limit, sampling), or only their number: an unreadable property matches
    /// if no other rule takes the call.
    Thin,
    /// No call is recorded: an unreadable property does not match.
    Drop,
}

/// Compiles the filters of the rules of a slot.
///
/// # Errors
/// A filter that the kernel cannot decide: an argument that the syscall does not have, a
/// constant that is none of its, too many conditions.
pub fn compile<'f>(
    slot: Slot,
    rules: impl DoubleEndedIterator<Item = (&'f Filter, Effect)> + ExactSizeIterator + Clone,
) -> Result<Program, String> {
    let mut builder = Builder::new(slot);
    let mut first = Next::Reject;
    let thin = rules.clone().enumerate().filter(|(_, (filter, effect))| {
        *effect == Effect::Thin && filter.has_unreadable_property()
    });
    let again: Vec<usize> = thin.map(|(at, _)| at).collect();
    // The last rule has no other behind it that might take the call.
    let is_last_alone = again.as_slice() == [rules.len().wrapping_sub(1)];
    // Behind all rules: those that thin, once more, for the calls that they have not taken because of an
    // unreadable property.
    for (at, (filter, _)) in rules.clone().enumerate().rev() {
        if again.contains(&at) && !is_last_alone {
            builder.unknown_holds(true);
            first = of_rule(&mut builder, filter, Next::Accept(at), first)?;
        }
    }
    for (at, (filter, effect)) in rules.enumerate().rev() {
        let is_last = is_last_alone && again.contains(&at);
        builder.unknown_holds(effect == Effect::Record || is_last);
        first = of_rule(&mut builder, filter, Next::Accept(at), first)?;
    }
    builder.finish(first)
}

/// Checks that a condition can be decided for a syscall.
///
/// # Errors
/// Those of [`compile`], for this condition alone.
pub fn check(slot: Slot, condition: &Condition) -> Result<(), String> {
    let mut builder = Builder::new(slot);
    argument::test(&mut builder, condition, Next::Reject, Next::Reject).map(drop)
}

/// Adds the instructions of one filter, those of cheap conditions first. They are built from the last to the first, since each leads to the one
/// behind it.
fn of_rule(
    builder: &mut Builder,
    filter: &Filter,
    rule: Next,
    otherwise: Next,
) -> Result<Next, String> {
    let mut next = rule;
    let texts: [(TextSource, &Option<Vec<Pattern>>); 3] = [
        (TextSource::Exe, &filter.exe),
        (TextSource::ParentComm, &filter.parent_comm),
        (TextSource::Comm, &filter.comm),
    ];
    for (of, patterns) in texts {
        next = builder.patterns(of, patterns.as_deref(), next, otherwise);
    }
    for (of, patterns) in [(TextSource::Path, &filter.path), (TextSource::FdPath, &filter.fd_path)]
    {
        next = builder.patterns_of_any(of, patterns.as_deref(), next, otherwise)?;
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
        (Number::Egid, &filter.egid),
        (Number::Euid, &filter.euid),
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
