//! Computes offsets and size of a structure from the lines of its block in `structs.txt`.

use super::condition::Condition;
use super::types::{Member, MemberKind, Structure, Structures, Visibility};
use crate::constants::Sets;

/// Layout under construction.
pub(super) struct Layout {
    structure: Structure,
    /// Offset behind the last member.
    end: usize,
    /// Size of a C long.
    long: usize,
    /// Largest alignment of a member of 8 bytes.
    max_align: usize,
}

impl Layout {
    pub(super) fn new(abi: &str, is_list: bool) -> Self {
        let long = if matches!(abi, "i386" | "arm") { 4 } else { 8 };
        let max_align = if abi == "i386" { 4 } else { 8 };
        let structure =
            Structure { members: Vec::new(), size: 0, align: 1, is_list, has_more: false };
        Self { structure, end: 0, long, max_align }
    }

    /// Adds the member of a line; returns whether the line is well-formed.
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
        let (has_abi, name) = match name.split_once('/') {
            Some((abis, name)) => (is_one_of(abis, abi), name),
            None => (true, name),
        };
        let Some((member, align)) = self.member(name, kind, sets, structures) else { return false };
        let Some((member, align)) = self.with_marks(member, align, words) else { return false };
        if has_abi {
            self.push(member, align);
        }
        true
    }

    /// Adds a member without a name; returns whether there is such a kind.
    pub(super) fn value(
        &mut self,
        kind: &'static str,
        sets: &'static Sets,
        structures: &Structures,
    ) -> bool {
        let member = self.member("_", kind, sets, structures);
        member.map(|(member, align)| self.push(member, align)).is_some()
    }

    /// Returns the layout. By the C rules, its size is a multiple of its alignment.
    pub(super) fn finish(mut self) -> Structure {
        self.structure.size = self.end.next_multiple_of(self.structure.align);
        self.structure
    }

    /// Parses name and kind of a member; returns it without an offset, and its alignment.
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
        let (kind, width, align) = MemberKind::parse(kind, self.long, sets, structures)?;
        let (visibility, name) = match name.strip_prefix('-') {
            Some(hidden) => (Visibility::Never, hidden),
            None => (Visibility::Always, if name == "_" { "" } else { name }),
        };
        let member = Member {
            name,
            kind,
            offset: usize::MAX,
            width,
            count,
            length: None,
            visibility,
            is_optional: false,
            conditions: Vec::new(),
            extent: None,
            pointed: None,
            is_written: false,
        };
        Some((member, align.min(self.max_align)))
    }

    /// Applies the marks that follow the kind.
    fn with_marks(
        &self,
        mut member: Member,
        mut align: usize,
        marks: impl Iterator<Item = &'static str>,
    ) -> Option<(Member, usize)> {
        for mark in marks {
            match mark {
                "entry" => member.visibility = Visibility::Entry,
                "exit" => member.visibility = Visibility::Exit,
                "optional" => member.is_optional = true,
                "written" => member.is_written = true,
                "unaligned" => align = 1,
                "aligned" => align = 8,
                "extent" => member.extent = Some(0),
                _ => match mark.split_once(':')? {
                    ("at", name) => member.offset = self.find(name)?.offset,
                    ("count", name) => member.length = Some(name),
                    ("to", kind) => member.pointed = Some(kind),
                    ("extent", default) => member.extent = Some(default.parse().ok()?),
                    _ => member.conditions.push(Condition::parse(mark)?),
                },
            }
        }
        Some((member, align))
    }

    fn find(&self, name: &str) -> Option<&Member> {
        self.structure.members.iter().find(|member| member.name == name)
    }

    /// Places a member behind the last one, unless it has an offset already.
    fn push(&mut self, mut member: Member, align: usize) {
        if let (MemberKind::Bits { .. }, Some(before)) =
            (&member.kind, self.structure.members.last())
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

/// Returns whether `abi` is in a list that is separated by commas.
pub(super) fn is_one_of(abis: &str, abi: &str) -> bool {
    abis.split(',').any(|one| one == abi)
}
