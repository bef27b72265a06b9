//! How a structure is laid out: the lines of its block in, offsets and size out.

use super::{Condition, Content, Member, Shown, Structure, Structures, is_one_of};
use crate::constants::Sets;

/// A structure in the making.
pub(super) struct Layout {
    structure: Structure,
    /// Where the next member may begin.
    end: usize,
    word: usize,
    /// The most that a member of 8 bytes is aligned to.
    wide: usize,
}

impl Layout {
    pub(super) fn new(abi: &str, is_list: bool) -> Self {
        let word = if matches!(abi, "i386" | "arm") { 4 } else { 8 };
        let wide = if abi == "i386" { 4 } else { 8 };
        let structure =
            Structure { members: Vec::new(), size: 0, align: 1, is_list, has_more: false };
        Self { structure, end: 0, word, wide }
    }

    /// Takes a line in; whether it was understood.
    pub(super) fn line(
        &mut self,
        line: &'static str,
        abi: &str,
        sets: &'static Sets,
        structures: &Structures,
    ) -> bool {
        if line.trim() == "..." {
            self.structure.has_more = true;
            return true;
        }
        let mut words = line.split_ascii_whitespace();
        let (Some(name), Some(kind)) = (words.next(), words.next()) else { return false };
        let (is_of, name) = match name.split_once('/') {
            Some((abis, name)) => (is_one_of(abis, abi), name),
            None => (true, name),
        };
        let Some((member, align)) = self.member(name, kind, sets, structures) else { return false };
        let Some((member, align)) = self.marked(member, align, words) else { return false };
        if is_of {
            self.push(member, align);
        }
        true
    }

    /// By the C rules a structure is as long as a multiple of its alignment.
    pub(super) fn finish(mut self) -> Structure {
        self.structure.size = self.end.next_multiple_of(self.structure.align);
        self.structure
    }

    /// A member without its place, and what it is aligned to.
    fn member(
        &self,
        name: &'static str,
        kind: &'static str,
        sets: &'static Sets,
        structures: &Structures,
    ) -> Option<(Member, usize)> {
        let (kind, count) = match kind.strip_suffix(']').and_then(|kind| kind.split_once('[')) {
            Some((kind, "")) => (kind, Some(0)),
            Some((kind, count)) => (kind, Some(count.parse().ok()?)),
            None => (kind, None),
        };
        let (content, width, align) = Content::parse(kind, self.word, sets, structures)?;
        let (shown, name) = match name.strip_prefix('-') {
            Some(hidden) => (Shown::Never, hidden),
            None => (Shown::Always, if name == "_" { "" } else { name }),
        };
        let member = Member {
            name,
            content,
            offset: usize::MAX,
            width,
            count,
            length: None,
            shown,
            is_optional: false,
            conditions: Vec::new(),
        };
        Some((member, align.min(self.wide)))
    }

    /// With what the words behind the kind say.
    fn marked(
        &self,
        mut member: Member,
        mut align: usize,
        words: impl Iterator<Item = &'static str>,
    ) -> Option<(Member, usize)> {
        for word in words {
            match word {
                "entry" => member.shown = Shown::Entry,
                "exit" => member.shown = Shown::Exit,
                "optional" => member.is_optional = true,
                "unaligned" => align = 1,
                "aligned" => align = 8,
                _ => match word.split_once(':')? {
                    ("at", name) => member.offset = self.find(name)?.offset,
                    ("count", name) => member.length = Some(name),
                    _ => member.conditions.push(Condition::parse(word)?),
                },
            }
        }
        Some((member, align))
    }

    fn find(&self, name: &str) -> Option<&Member> {
        self.structure.members.iter().find(|member| member.name == name)
    }

    fn push(&mut self, mut member: Member, align: usize) {
        if let (Content::Bits { .. }, Some(before)) =
            (&member.content, self.structure.members.last())
        {
            (member.offset, member.width) = (before.offset, before.width);
            self.structure.members.push(member);
            return;
        }
        if member.offset == usize::MAX {
            member.offset = self.end.next_multiple_of(align.max(1));
        }
        self.structure.align = self.structure.align.max(align);
        self.end = self.end.max(member.end());
        self.structure.members.push(member);
    }
}
