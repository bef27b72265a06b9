//! Cases of a signature: calls that pass certain tests, and their prototype.

use super::{Prototype, RegisterTest};
use crate::constants::Sets;

/// Calls of a function whose parameters differ from those of other calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    tests: Vec<RegisterTest>,
    pub(super) prototype: Prototype,
}

impl Case {
    /// Returns its tests, all of which must pass.
    pub fn tests(&self) -> &[RegisterTest] {
        &self.tests
    }

    /// Returns parameters and result of its calls.
    pub fn prototype(&self) -> &Prototype {
        &self.prototype
    }

    /// Returns whether a call with these registers belongs to the case.
    pub fn matches(&self, registers: [u64; 6]) -> bool {
        self.tests.iter().all(|test| test.passes(registers))
    }

    /// Parses `cmd=F_SETFD)` and the columns that replace those of `base` from the first column's name on, at
    /// the latest those after `cmd`.
    pub(super) fn parse(
        tests: &'static str,
        columns: &'static str,
        base: &Prototype,
        sets: &'static Sets,
    ) -> Option<Self> {
        let tests: Vec<_> = tests.strip_suffix(')')?.split(';').collect();
        let tested = base.position(RegisterTest::name(tests.first()?)?)?;
        let first = columns.split_once(':').and_then(|(name, _)| base.position(name));
        let kept = tested.checked_add(1)?.min(first.unwrap_or(usize::MAX));
        let prototype = Prototype::parse(columns, kept, base, sets)?;
        let tests = tests.into_iter().map(|test| RegisterTest::parse(test, &prototype.parameters));
        Some(Self { tests: tests.collect::<Option<_>>()?, prototype })
    }
}
