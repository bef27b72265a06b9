//! Builder of programs, from the last instruction to the first.

use std::collections::BTreeSet;

use syscalls::Slot;

use super::{
    Files, INSNS_MAX, Insn, NameKind, Next, Op, PATHS_MAX, PATTERNS_MAX, Program, StringMatch,
    TextSource, files,
};
use crate::config::{Pattern, UnitName};

/// A program that is being built. Its instructions are in the order in which they were added, which is the
/// reverse of that in which they run.
#[derive(Debug)]
pub(super) struct Builder {
    pub slot: Slot,
    insns: Vec<Insn>,
    patterns: Vec<StringMatch>,
    paths: Vec<u8>,
    files: Files,
    /// A property that cannot be read fulfils the conditions that are added; otherwise it fails them.
    unknown_holds: bool,
}

impl Builder {
    pub fn new(slot: Slot) -> Self {
        let (insns, patterns, paths) = (Vec::new(), Vec::new(), Vec::new());
        Self { slot, insns, patterns, paths, files: Files::default(), unknown_holds: true }
    }

    /// Sets whether a property that cannot be read fulfils the conditions that follow.
    pub fn unknown_holds(&mut self, holds: bool) {
        self.unknown_holds = holds;
    }

    /// Adds an instruction that jumps to earlier added ones, and returns its place.
    pub fn add(&mut self, op: Op, jt: Next, jf: Next) -> Next {
        self.insns.push(Insn { op, jt, jf });
        Next::Insn(self.insns.len() - 1)
    }

    /// Adds operations of which one must hold.
    pub fn any_of(&mut self, all: Vec<Op>, yes: Next, no: Next) -> Next {
        all.into_iter().rev().fold(no, |otherwise, what| self.add(what, yes, otherwise))
    }

    /// Adds operations of which none may hold.
    pub fn none_of(&mut self, all: Vec<Op>, yes: Next, no: Next) -> Next {
        all.into_iter().rev().fold(yes, |next, what| self.add(what, no, next))
    }

    pub fn names(
        &mut self,
        kind: NameKind,
        names: Option<&[UnitName]>,
        yes: Next,
        no: Next,
    ) -> Next {
        let of = |is_excluded: bool| -> BTreeSet<_> {
            let names = names.into_iter().flatten();
            let names = names.filter(|name| name.is_excluded == is_excluded);
            names.map(|name| (kind, name.text.clone())).collect()
        };
        let set = |names: BTreeSet<_>, or_unknown| {
            if names.is_empty() { vec![] } else { vec![Op::Names { names, or_unknown }] }
        };
        let next = self.none_of(set(of(true), !self.unknown_holds), yes, no);
        let wanted = set(of(false), self.unknown_holds);
        if wanted.is_empty() { next } else { self.any_of(wanted, next, no) }
    }

    pub fn container(&mut self, wanted: Option<bool>, yes: Next, no: Next) -> Next {
        match wanted {
            None => yes,
            Some(true) => self.add(Op::Container { or_unknown: self.unknown_holds }, yes, no),
            Some(false) => self.add(Op::Container { or_unknown: !self.unknown_holds }, no, yes),
        }
    }

    pub fn trees(&mut self, pids: Option<&[u32]>, yes: Next, no: Next) -> Next {
        match pids {
            None => yes,
            Some(pids) => {
                let pids = pids.iter().copied().collect();
                self.add(Op::Trees { pids, or_unknown: self.unknown_holds }, yes, no)
            }
        }
    }

    /// Adds patterns: one of those that are not excluded must match, and none of the others. Of the latter each is a pattern that
    /// matches strings that are not like it.
    pub fn patterns(
        &mut self,
        of: TextSource,
        patterns: Option<&[Pattern]>,
        yes: Next,
        no: Next,
    ) -> Next {
        let (excluded, wanted): (Vec<_>, Vec<_>) =
            patterns.into_iter().flatten().partition(|pattern| pattern.is_excluded);
        let mut next = yes;
        for pattern in excluded {
            let at = self.text(of, pattern, pattern.is_excluded, self.unknown_holds);
            next = self.add(Op::Patterns(BTreeSet::from([at])), next, no);
        }
        self.wanted(of, wanted, next, no)
    }

    /// Adds patterns of files that a call may name several of, or none. One of those that are not excluded must match
    /// any of the files, and none of the others any of them. So an excluded pattern is looked for like the others, and
    /// leads away: a file whose path is unknown has it where it must not decide.
    pub fn patterns_of_any(
        &mut self,
        of: TextSource,
        patterns: Option<&[Pattern]>,
        yes: Next,
        no: Next,
    ) -> Result<Next, String> {
        let Some(patterns) = patterns else { return Ok(yes) };
        self.add_files(of)?;
        let (excluded, wanted): (Vec<_>, Vec<_>) =
            patterns.iter().partition(|pattern| pattern.is_excluded);
        let excluded =
            excluded.into_iter().map(|one| self.text(of, one, false, !self.unknown_holds));
        let excluded: BTreeSet<_> = excluded.collect();
        let next =
            if excluded.is_empty() { yes } else { self.add(Op::Patterns(excluded), no, yes) };
        Ok(self.wanted(of, wanted, next, no))
    }

    fn wanted(&mut self, of: TextSource, wanted: Vec<&Pattern>, next: Next, no: Next) -> Next {
        if wanted.is_empty() {
            return next;
        }
        let holds = self.unknown_holds;
        let any = wanted.into_iter().map(|one| self.text(of, one, false, holds)).collect();
        self.add(Op::Patterns(any), next, no)
    }

    /// Adds the files of the syscall whose paths are compared.
    fn add_files(&mut self, of: TextSource) -> Result<(), String> {
        let slot = self.slot;
        let (files, what) = match of {
            TextSource::FdPath => (&mut self.files.descriptors, "descriptor"),
            _ => (&mut self.files.paths, "path"),
        };
        *files = match of {
            TextSource::FdPath => files::descriptors(slot),
            _ => files::paths(slot),
        };
        if files.is_empty() {
            Err(format!("{slot} has no argument that is a {what}"))
        } else {
            Ok(())
        }
    }

    /// Returns the place of an argument that is a string, which is added if it is new.
    pub fn path(&mut self, position: u8) -> TextSource {
        let known = self.paths.iter().position(|known| *known == position);
        TextSource::Argument(known.unwrap_or_else(|| {
            self.paths.push(position);
            self.paths.len() - 1
        }))
    }

    fn text(
        &mut self,
        of: TextSource,
        pattern: &Pattern,
        is_negated: bool,
        holds_unknown: bool,
    ) -> usize {
        let Pattern { text, part, .. } = pattern.clone();
        let text = StringMatch { of, text, part, is_negated, holds_unknown };
        let known = self.patterns.iter().position(|known| *known == text);
        known.unwrap_or_else(|| {
            self.patterns.push(text);
            self.patterns.len() - 1
        })
    }

    pub fn finish(self, first: Next) -> Result<Program, String> {
        let bounds = [
            (self.insns.len(), INSNS_MAX, "conditions"),
            (self.patterns.len(), PATTERNS_MAX, "patterns"),
            (self.paths.len(), PATHS_MAX, "arguments that are texts"),
        ];
        if let Some((count, most, what)) = bounds.iter().find(|(count, most, _)| count > most) {
            return Err(format!("{count} {what} are too many for one route, at most {most}"));
        }
        let last = self.insns.len().saturating_sub(1);
        let turned = |next| match next {
            Next::Insn(at) => Next::Insn(last.saturating_sub(at)),
            other => other,
        };
        let insns = self.insns.into_iter().rev();
        let insns = insns.map(|Insn { op, jt, jf }| Insn { op, jt: turned(jt), jf: turned(jf) });
        let (insns, first) = (insns.collect(), turned(first));
        Ok(Program { first, insns, patterns: self.patterns, paths: self.paths, files: self.files })
    }
}
