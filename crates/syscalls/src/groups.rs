//! The sets of `SystemCallFilter=`: `groups.txt` in, each set with all its members out. Never
//! fails: a nested set that does not exist has no members, and a circle of sets ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::{Abi, Slot, number};

/// A set of syscalls under one name.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// With its `@`.
    pub name: &'static str,
    /// What its members have in common; one line, without a full stop.
    pub about: &'static str,
    members: BTreeSet<&'static str>,
}

/// A set as the file has it: among its members may be sets.
struct Listed {
    about: &'static str,
    members: Vec<&'static str>,
}

impl Group {
    /// The names of its syscalls, sorted; those of nested sets and of other architectures too.
    pub fn members(&self) -> impl Iterator<Item = &'static str> {
        self.members.iter().copied()
    }

    /// Whether that syscall is a member, if only by a nested set.
    pub fn contains(&self, name: &str) -> bool {
        self.members.contains(name)
    }

    /// The slots of its members, in both ABIs. A member that only other architectures have, has
    /// none.
    pub fn slots(&self) -> BTreeSet<Slot> {
        let both = Abi::ALL.into_iter().flat_map(|abi| self.members().map(move |name| (abi, name)));
        both.filter_map(|(abi, name)| Slot::new(abi, number(abi, name)?)).collect()
    }
}

/// The set of that name, which begins with `@`.
pub fn group(name: &str) -> Option<&'static Group> {
    GROUPS.get(name)
}

/// Every set, by name.
pub fn groups() -> impl Iterator<Item = &'static Group> {
    GROUPS.values()
}

static GROUPS: LazyLock<BTreeMap<&str, Group>> =
    LazyLock::new(|| flat(&listed(include_str!("../tables/groups.txt"))));

fn listed(text: &'static str) -> BTreeMap<&'static str, Listed> {
    let mut sets = BTreeMap::new();
    let mut current = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, about)) = line.split_once(": ") {
            current = Some(name);
            sets.insert(name, Listed { about, members: Vec::new() });
        } else if let Some(set) = current.and_then(|name| sets.get_mut(name)) {
            set.members.extend(line.split_ascii_whitespace());
        }
    }
    sets
}

fn flat(sets: &BTreeMap<&'static str, Listed>) -> BTreeMap<&'static str, Group> {
    let whole = |(&name, set): (&&'static str, &Listed)| {
        (name, Group { name, about: set.about, members: all_below(sets, name) })
    };
    sets.iter().map(whole).collect()
}

fn all_below(sets: &BTreeMap<&'static str, Listed>, name: &'static str) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut pending = vec![name];
    while let Some(next) = pending.pop() {
        // Only what is new is followed: sets that contain each other do not loop.
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

    fn below(set: &Listed) -> impl Iterator<Item = &'static str> {
        set.members.iter().copied().filter(|member| member.starts_with('@'))
    }

    #[test]
    fn nested_sets_exist() {
        let sets = listed(TEXT);
        let nested: BTreeSet<_> = sets.values().flat_map(below).collect();
        assert_eq!(nested.len(), 23);
        assert_eq!(nested.iter().find(|name| !sets.contains_key(*name)), None);
    }

    #[test]
    fn no_set_contains_itself() {
        let mut sets = listed(TEXT);
        // What contains no set is a leaf; without a circle, plucking leaves empties the map.
        while let Some(leaf) = sets.iter().find(|(_, s)| below(s).next().is_none()).map(|(n, _)| *n)
        {
            sets.remove(leaf);
            sets.values_mut().for_each(|set| set.members.retain(|member| *member != leaf));
        }
        assert!(sets.is_empty(), "in a circle: {:?}", sets.keys());
    }

    #[test]
    fn a_circle_of_sets_ends() {
        let sets = flat(&listed("@a: one\n @b read\n@b: two\n @a @gone write"));
        assert!(sets.values().all(|set| set.members().eq(["read", "write"])));
    }

    #[test]
    fn every_line_of_the_file_is_read() {
        let words =
            TEXT.lines().filter(|line| line.starts_with(' ')).flat_map(str::split_whitespace);
        let heads = TEXT.lines().filter(|line| line.starts_with('@'));
        let sets = listed(TEXT);
        assert_eq!((sets.len(), heads.count()), (30, 30));
        assert_eq!(sets.values().map(|set| set.members.len()).sum::<usize>(), words.count());
        assert!(sets.iter().all(|(name, set)| !set.members.is_empty() && !name.contains(' ')));
    }

    #[test]
    fn lookups_by_name() {
        assert_eq!(group("@swap").map(|set| set.name), Some("@swap"));
        assert_eq!(group("@nothing"), None);
        assert_eq!(group("swap"), None);
        assert!(groups().map(|set| set.name).is_sorted());
        assert!(groups().all(|set| !set.about.is_empty() && !set.about.ends_with('.')));
    }

    #[test]
    fn members_of_nested_sets_are_members() {
        let service = group("@system-service").unwrap();
        assert_eq!(service.members().count(), 395);
        // By @default, which has it by @sandbox.
        assert!(service.contains("seccomp"));
        assert!(!service.contains("mount") && !service.contains("@default"));
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn slots_of_both_abis() {
        let slots = |name| -> Vec<_> {
            let slots = group(name).unwrap().slots();
            slots.into_iter().map(|slot| (slot.abi(), slot.nr())).collect()
        };
        use Abi::{Compat, Native};
        assert_eq!(slots("@swap"), [(Native, 167), (Native, 168), (Compat, 87), (Compat, 115)]);
        // Of its seven members, five are of s390 and powerpc.
        assert_eq!(slots("@raw-io"), [(Native, 172), (Native, 173), (Compat, 101), (Compat, 110)]);
    }
}
