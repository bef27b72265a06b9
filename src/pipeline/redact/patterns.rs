//! Patterns that concern a program: those that always apply, and those of the route.

use super::programs;
use crate::config::{Candidate, Hidden, Redact, SecretSet, Verdict};

/// Most texts that are looked at for the name of a program.
const CALLED_MAX: usize = 32;

/// Patterns of one call.
#[derive(Debug, Default)]
pub(super) struct Patterns<'r> {
    /// Patterns of the programs that are called.
    of_programs: Vec<&'static SecretSet>,
    /// Patterns of the route.
    more: Option<&'r SecretSet>,
}

impl<'r> Patterns<'r> {
    /// Returns the patterns that concern the program, by its path, by the name that it is called with, or as an argument of
    /// a program that calls it, such as `sudo` and `env`.
    pub fn of<'t>(called: impl Iterator<Item = &'t [u8]>, redact: &'r Redact) -> Self {
        let mut of_programs: Vec<&SecretSet> = Vec::new();
        for set in called.take(CALLED_MAX).filter_map(programs::patterns) {
            if !of_programs.iter().any(|known| std::ptr::eq(*known, set)) {
                of_programs.push(set);
            }
        }
        let more = if let Redact::Also(more) = redact { Some(more) } else { None };
        Self { of_programs, more }
    }

    /// Returns the part of a text that a pattern hides and none exempts. `beside` are patterns that concern the text as
    /// well.
    pub fn hidden(&self, text: &Candidate<'_>, beside: Option<&'r SecretSet>) -> Option<Hidden> {
        if !text.may_match() {
            return None;
        }
        let of_programs = self.of_programs.iter().copied();
        let sets = [programs::of_all()].into_iter().chain(of_programs).chain(beside);
        let verdicts = sets.chain(self.more).map(|set| set.verdict(text));
        let verdict = verdicts.fold(Verdict::default(), Verdict::and);
        verdict.hidden.filter(|_| !verdict.is_spared)
    }

    /// Returns whether no pattern can match a text in which there is no hint.
    pub fn need_a_hint(&self) -> bool {
        self.of_programs.is_empty() && self.more.is_none()
    }

    /// Returns whether a pattern of the route may match a part of a text.
    pub fn more_may_match(&self, text: &[u8]) -> bool {
        self.more.is_some_and(|more| more.may_match(text))
    }
}
