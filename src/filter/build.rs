//! Tests, from the last to the first.

use std::collections::BTreeSet;

use syscalls::Slot;

use super::{NameKind, Next, PATHS_MAX, Program, TESTS_MAX, TEXTS_MAX, Test, Text, TextOf, What};
use crate::config::{Name, Pattern};

/// A program that is being made. Its tests stand in the order in which they were added, which is the
/// reverse of that in which they are walked through.
#[derive(Debug)]
pub(super) struct Builder {
    pub slot: Slot,
    tests: Vec<Test>,
    texts: Vec<Text>,
    paths: Vec<u8>,
}

impl Builder {
    pub fn new(slot: Slot) -> Self {
        Self { slot, tests: Vec::new(), texts: Vec::new(), paths: Vec::new() }
    }

    /// A test that leads to tests which were added before, and where it is.
    pub fn add(&mut self, what: What, yes: Next, no: Next) -> Next {
        self.tests.push(Test { what, yes, no });
        Next::Test(self.tests.len() - 1)
    }

    /// One of several must hold.
    pub fn any_of(&mut self, all: Vec<What>, yes: Next, no: Next) -> Next {
        all.into_iter().rev().fold(no, |otherwise, what| self.add(what, yes, otherwise))
    }

    /// None must hold.
    pub fn none_of(&mut self, all: Vec<What>, yes: Next, no: Next) -> Next {
        all.into_iter().rev().fold(yes, |next, what| self.add(what, no, next))
    }

    pub fn names(&mut self, kind: NameKind, names: Option<&[Name]>, yes: Next, no: Next) -> Next {
        let of = |is_excluded: bool| -> BTreeSet<_> {
            let names = names.into_iter().flatten();
            let names = names.filter(|name| name.is_excluded == is_excluded);
            names.map(|name| (kind, name.text.clone())).collect()
        };
        let set = |set: BTreeSet<_>| if set.is_empty() { vec![] } else { vec![What::Names(set)] };
        let next = self.none_of(set(of(true)), yes, no);
        let wanted = set(of(false));
        if wanted.is_empty() { next } else { self.any_of(wanted, next, no) }
    }

    pub fn container(&mut self, wanted: Option<bool>, yes: Next, no: Next) -> Next {
        match wanted {
            None => yes,
            Some(true) => self.add(What::Container, yes, no),
            Some(false) => self.add(What::Container, no, yes),
        }
    }

    pub fn trees(&mut self, pids: Option<&[u32]>, yes: Next, no: Next) -> Next {
        match pids {
            None => yes,
            Some(pids) => self.add(What::Trees(pids.iter().copied().collect()), yes, no),
        }
    }

    /// One of those that are not excluded, and none of the others. Of the latter each is a pattern that
    /// holds where the text is not like it.
    pub fn patterns(
        &mut self,
        of: TextOf,
        patterns: Option<&[Pattern]>,
        yes: Next,
        no: Next,
    ) -> Next {
        let (excluded, wanted): (Vec<_>, Vec<_>) =
            patterns.into_iter().flatten().partition(|pattern| pattern.is_excluded);
        let mut next = yes;
        for pattern in excluded {
            let at = self.text(of, pattern);
            next = self.add(What::Texts(BTreeSet::from([at])), next, no);
        }
        if wanted.is_empty() {
            return next;
        }
        let any = wanted.into_iter().map(|pattern| self.text(of, pattern)).collect();
        self.add(What::Texts(any), next, no)
    }

    /// The place of an argument that is a text.
    pub fn path(&mut self, position: u8) -> TextOf {
        let known = self.paths.iter().position(|known| *known == position);
        TextOf::Argument(known.unwrap_or_else(|| {
            self.paths.push(position);
            self.paths.len() - 1
        }))
    }

    fn text(&mut self, of: TextOf, pattern: &Pattern) -> usize {
        let Pattern { text, part, is_excluded } = pattern.clone();
        let text = Text { of, text, part, is_negated: is_excluded };
        let known = self.texts.iter().position(|known| *known == text);
        known.unwrap_or_else(|| {
            self.texts.push(text);
            self.texts.len() - 1
        })
    }

    pub fn finish(self, first: Next) -> Result<Program, String> {
        let bounds = [
            (self.tests.len(), TESTS_MAX, "conditions"),
            (self.texts.len(), TEXTS_MAX, "patterns"),
            (self.paths.len(), PATHS_MAX, "arguments that are texts"),
        ];
        if let Some((count, most, what)) = bounds.iter().find(|(count, most, _)| count > most) {
            return Err(format!("{count} {what} are too many for one route, at most {most}"));
        }
        let last = self.tests.len().saturating_sub(1);
        let turned = |next| match next {
            Next::Test(at) => Next::Test(last.saturating_sub(at)),
            other => other,
        };
        let tests = self.tests.into_iter().rev();
        let tests =
            tests.map(|Test { what, yes, no }| Test { what, yes: turned(yes), no: turned(no) });
        let (tests, first) = (tests.collect(), turned(first));
        Ok(Program { first, tests, texts: self.texts, paths: self.paths })
    }
}
