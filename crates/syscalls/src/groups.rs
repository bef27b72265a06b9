//! Groups of syscalls, as in systemd's `SystemCallFilter=`: parses `groups.txt` and resolves nested
//! groups. Parsing never fails: a nested group that does not exist is empty, and a cycle of groups ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::{Abi, Slot, number};

/// A named set of syscalls.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// Name, with its `@`.
    pub name: &'static str,
    /// Description in one line, without a full stop.
    pub about: &'static str,
    members: BTreeSet<&'static str>,
}

/// A group as the file lists it: some members may be groups.
struct ListedGroup {
    about: &'static str,
    members: Vec<&'static str>,
}

impl Group {
    /// Returns the names of its syscalls, sorted, including those of nested groups and of other
    /// architectures.
    pub fn members(&self) -> impl Iterator<Item = &'static str> {
        self.members.iter().copied()
    }

    /// Returns whether the syscall `name` is a member, directly or by a nested group.
    pub fn contains(&self, name: &str) -> bool {
        self.members.contains(name)
    }

    /// Returns the slots of its members in both ABIs. Members that only other architectures have are
    /// left out.
    pub fn slots(&self) -> BTreeSet<Slot> {
        let both =
            Abi::BOTH.into_iter().flat_map(|abi| self.members().map(move |name| (abi, name)));
        both.filter_map(|(abi, name)| Slot::new(abi, number(abi, name)?)).collect()
    }
}

/// Returns the group called `name`, which begins with `@`.
pub fn group(name: &str) -> Option<&'static Group> {
    GROUPS.get(name)
}

/// Returns every group, sorted by name.
pub fn groups() -> impl Iterator<Item = &'static Group> {
    GROUPS.values()
}

static GROUPS: LazyLock<BTreeMap<&str, Group>> =
    LazyLock::new(|| resolve(&parse(include_str!("../tables/groups.txt"))));

fn parse(text: &'static str) -> BTreeMap<&'static str, ListedGroup> {
    let mut sets = BTreeMap::new();
    let mut current = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, about)) = line.split_once(": ") {
            current = Some(name);
            sets.insert(name, ListedGroup { about, members: Vec::new() });
        } else if let Some(set) = current.and_then(|name| sets.get_mut(name)) {
            set.members.extend(line.split_ascii_whitespace());
        }
    }
    sets
}

fn resolve(sets: &BTreeMap<&'static str, ListedGroup>) -> BTreeMap<&'static str, Group> {
    let whole = |(&name, set): (&&'static str, &ListedGroup)| {
        (name, Group { name, about: set.about, members: members_of(sets, name) })
    };
    sets.iter().map(whole).collect()
}

fn members_of(
    sets: &BTreeMap<&'static str, ListedGroup>,
    name: &'static str,
) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut pending = vec![name];
    while let Some(next) = pending.pop() {
        // A group is followed only once: groups that contain each other do not loop.
        if found.insert(next) {
            pending.extend(sets.get(next).into_iter().flat_map(|set| &set.members));
        }
    }
    found.retain(|member| !member.starts_with('@'));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../tables/groups.txt");

    fn below(set: &ListedGroup) -> impl Iterator<Item = &'static str> {
        set.members.iter().copied().filter(|member| member.starts_with('@'))
    }

    #[test]
    fn nested_groups_of_file_exist() {
        let sets = parse(TEXT);
        let nested: BTreeSet<_> = sets.values().flat_map(below).collect();
        assert_eq!(nested.len(), 23);
        assert_eq!(nested.iter().find(|name| !sets.contains_key(*name)), None);
    }

    #[test]
    fn nested_groups_of_file_have_no_cycle() {
        let mut sets = parse(TEXT);
        // A group without nested groups is a leaf; without a cycle, removing leaves empties the map.
        while let Some(leaf) = sets.iter().find(|(_, s)| below(s).next().is_none()).map(|(n, _)| *n)
        {
            sets.remove(leaf);
            sets.values_mut().for_each(|set| set.members.retain(|member| *member != leaf));
        }
        assert!(sets.is_empty(), "in a cycle: {:?}", sets.keys());
    }

    #[test]
    fn resolve_cycle_of_groups_ends() {
        let sets = resolve(&parse("@a: one\n @b read\n@b: two\n @a @gone write"));
        assert!(sets.values().all(|set| set.members().eq(["read", "write"])));
    }

    #[test]
    fn parse_reads_every_line_of_file() {
        let words =
            TEXT.lines().filter(|line| line.starts_with(' ')).flat_map(str::split_whitespace);
        let heads = TEXT.lines().filter(|line| line.starts_with('@'));
        let sets = parse(TEXT);
        assert_eq!((sets.len(), heads.count()), (30, 30));
        assert_eq!(sets.values().map(|set| set.members.len()).sum::<usize>(), words.count());
        assert!(sets.iter().all(|(name, set)| !set.members.is_empty() && !name.contains(' ')));
    }

    #[test]
    fn group_is_found_by_its_whole_name_only() {
        assert_eq!(group("@swap").map(|set| set.name), Some("@swap"));
        assert_eq!(group("@nothing"), None);
        assert_eq!(group("swap"), None);
        assert!(groups().map(|set| set.name).is_sorted());
        assert!(groups().all(|set| !set.about.is_empty() && !set.about.ends_with('.')));
    }

    #[test]
    fn members_include_those_of_nested_groups() {
        let service = group("@system-service").unwrap();
        assert_eq!(service.members().count(), 395);
        // A member of @sandbox, which is nested in @default.
        assert!(service.contains("seccomp"));
        assert!(!service.contains("mount") && !service.contains("@default"));
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn slots_are_those_of_both_abis() {
        let slots = |name| -> Vec<_> {
            let slots = group(name).unwrap().slots();
            slots.into_iter().map(|slot| (slot.abi(), slot.nr())).collect()
        };
        use Abi::{Compat, Native};
        assert_eq!(slots("@swap"), [(Native, 167), (Native, 168), (Compat, 87), (Compat, 115)]);
        // The other five of its seven members exist on s390 and powerpc only.
        assert_eq!(slots("@raw-io"), [(Native, 172), (Native, 173), (Compat, 101), (Compat, 110)]);
    }
}
