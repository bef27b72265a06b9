//! Tree of the known cgroups: of each the name and the parent, in bounded memory. A user can create any number of
//! cgroups below a unit, with names of 255 bytes, so that all cgroups below one unit share a quarter of the room; the
//! units themselves, and the slices above them, always have room.

use std::collections::{HashMap, VecDeque};

use super::path::{PathState, step};
use super::tags::CgroupTags;
use crate::filter::NameKind;

/// Cgroups that are remembered. A table of them takes up to 11 MiB, without their names.
const NODES_MAX: usize = 200_000;
/// Bytes of the names of cgroups below units.
const NAMES_MAX: usize = 8 << 20;
/// Part of both that the cgroups below one unit may have.
const SHARE: usize = 4;

/// No cgroup path is deeper: PATH_MAX of two-byte components.
const DEPTH_MAX: usize = 2048;

/// Name of a cgroup whose own name had no room.
const NO_NAME: &str = "";

/// The cgroups of a hierarchy by id.
#[derive(Debug)]
pub(super) struct Tree {
    /// Root of the hierarchy, which has no name.
    pub root: u64,
    nodes: HashMap<u64, Node>,
    /// By unit; 0 for the slices above all units.
    shares: HashMap<u64, Share>,
    /// Bytes of all names below units.
    names: usize,
    nodes_max: usize,
    names_max: usize,
}

#[derive(Debug)]
struct Node {
    parent: u64,
    /// The outermost unit, whose share this cgroup is counted in; 0 for a slice above units.
    unit: u64,
    name: Box<str>,
}

#[derive(Debug, Default)]
struct Share {
    nodes: usize,
    names: usize,
}

impl Tree {
    /// Makes an empty tree.
    pub fn new(root: u64) -> Self {
        Self::bounded(root, NODES_MAX, NAMES_MAX)
    }

    fn bounded(root: u64, nodes_max: usize, names_max: usize) -> Self {
        let (nodes, shares) = (HashMap::new(), HashMap::new());
        Self { root, nodes, shares, names: 0, nodes_max, names_max }
    }

    /// Returns the number of known cgroups below the root.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Adds a cgroup. Returns false if its parent is unknown or the share of its unit is used up.
    pub fn insert(&mut self, id: u64, parent: u64, name: &str) -> bool {
        self.remove(id);
        let above = match self.nodes.get(&parent) {
            Some(node) => node.unit,
            None if parent == self.root => 0,
            None => return false,
        };
        let unit = match step(PathState::default(), name) {
            _ if above != 0 => above,
            (PathState::System, ..) => 0,
            _ => id,
        };
        self.add(id, Node { parent, unit, name: name.into() })
    }

    fn add(&mut self, id: u64, mut node: Node) -> bool {
        let is_below_unit = node.is_below_unit(id);
        let share = self.shares.entry(node.unit).or_default();
        let nodes = self.nodes.len();
        let is_full = if is_below_unit {
            share.nodes >= self.nodes_max / SHARE || nodes >= self.nodes_max / SHARE * (SHARE - 1)
        } else {
            nodes >= self.nodes_max
        };
        if is_full {
            return false;
        }
        share.nodes += 1;
        if is_below_unit {
            let length = node.name.len();
            let (of_unit, of_all) = (share.names + length, self.names + length);
            if of_unit <= self.names_max / SHARE && of_all <= self.names_max {
                (share.names, self.names) = (of_unit, of_all);
            } else {
                node.name = NO_NAME.into();
            }
        }
        self.nodes.insert(id, node);
        true
    }

    /// Removes a cgroup.
    pub fn remove(&mut self, id: u64) {
        let Some(node) = self.nodes.remove(&id) else { return };
        let Some(share) = self.shares.get_mut(&node.unit) else { return };
        share.nodes -= 1;
        if node.is_below_unit(id) {
            share.names -= node.name.len();
            self.names -= node.name.len();
        }
        if share.nodes == 0 {
            self.shares.remove(&node.unit);
        }
    }

    /// Adds the cgroups of an earlier tree that are not in this one, as far as there is room.
    pub fn add_missing(&mut self, before: Self) {
        for (id, node) in before.nodes {
            if !self.nodes.contains_key(&id) {
                self.add(id, node);
            }
        }
    }

    /// Returns the names from below the root down to a cgroup; `None` if it is not known to be below the root. A name
    /// that had no room is empty.
    pub fn components(&self, id: u64) -> Option<Vec<&str>> {
        let mut components = Vec::new();
        let mut at = id;
        while at != self.root {
            let node = self.nodes.get(&at)?;
            components.push(&*node.name);
            at = node.parent;
            if components.len() > DEPTH_MAX {
                return None;
            }
        }
        components.reverse();
        Some(components)
    }

    /// Returns the number of cgroups of the unit that a cgroup belongs to.
    fn cgroups_of_unit(&self, id: u64) -> usize {
        let share = self.nodes.get(&id).and_then(|node| self.shares.get(&node.unit));
        share.map_or(0, |share| share.nodes)
    }

    /// Returns the tags of all cgroups whose names are known: first those of slices and units, then the others, those
    /// of units with few cgroups first, and of each the shallowest first. `bits` returns the bits of a name.
    pub fn tags(&self, bits: impl Fn(NameKind, &str) -> u64) -> Vec<(u64, CgroupTags)> {
        let mut children: HashMap<u64, Vec<u64>> = HashMap::new();
        for (id, node) in &self.nodes {
            children.entry(node.parent).or_default().push(*id);
        }
        let (mut tagged, mut below_units) = (Vec::new(), Vec::new());
        let mut queue = VecDeque::from([(self.root, CgroupTags::default())]);
        while let Some((id, tags)) = queue.pop_front() {
            let is_below_unit = self.nodes.get(&id).is_some_and(|node| node.is_below_unit(id));
            if is_below_unit { &mut below_units } else { &mut tagged }.push((id, tags));
            for child in children.remove(&id).unwrap_or_default() {
                if let Some(node) = self.nodes.get(&child).filter(|node| *node.name != *NO_NAME) {
                    queue.push_back((child, tags.below(&node.name, &bits)));
                }
            }
        }
        below_units.sort_by_key(|(id, _)| self.cgroups_of_unit(*id));
        tagged.append(&mut below_units);
        tagged
    }
}

impl Node {
    fn is_below_unit(&self, id: u64) -> bool {
        self.unit != 0 && self.unit != id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: u64 = 1;

    /// Makes a tree with the manager of a user, 3, in a slice.
    fn tree(nodes_max: usize, names_max: usize) -> Tree {
        let mut tree = Tree::bounded(ROOT, nodes_max, names_max);
        assert!(tree.insert(2, ROOT, "user.slice") && tree.insert(3, 2, "user@1000.service"));
        tree
    }

    #[test]
    fn insert_below_one_unit_leaves_room_for_others() {
        let mut tree = tree(1_000, usize::MAX);
        let inserted = (10..1_000).filter(|&id| tree.insert(id, 3, "c")).count();
        assert_eq!(inserted, 1_000 / SHARE - 1);
        assert!(tree.insert(2_000, 2, "user@1001.service") && tree.insert(2_001, 2_000, "c"));
        assert_eq!(tree.components(2_001), Some(vec!["user.slice", "user@1001.service", "c"]));
        assert!(tree.insert(2_002, ROOT, "sshd.service"));
    }

    #[test]
    fn insert_below_all_units_leaves_room_for_units() {
        let mut tree = tree(1_000, usize::MAX);
        for unit in 10_000..10_010 {
            tree.insert(unit, 2, "user@1000.service");
            for child in 0..1_000 {
                tree.insert(unit * 1_000 + child, unit, "c");
            }
        }
        assert!(tree.len() < 1_000 && tree.insert(5, ROOT, "sshd.service"));
    }

    #[test]
    fn names_of_one_unit_are_bounded_in_bytes() {
        let mut tree = tree(usize::MAX, 1_000);
        let name = "n".repeat(100);
        for id in 10..100 {
            assert!(tree.insert(id, 3, &name));
        }
        assert_eq!(tree.names, 200);
        assert_eq!(tree.components(99), Some(vec!["user.slice", "user@1000.service", NO_NAME]));
        for id in 10..100 {
            tree.remove(id);
        }
        assert!(tree.names == 0 && tree.insert(10, 3, &name) && tree.names == 100);
        for id in [10, 3, 2] {
            tree.remove(id);
        }
        assert!(tree.shares.is_empty() && tree.names == 0);
    }

    #[test]
    fn tags_have_units_before_cgroups_below_units() {
        let mut tree = tree(usize::MAX, usize::MAX);
        for (id, parent, name) in [
            (10, 3, "c"),
            (11, 10, "c"),
            (20, ROOT, "a.slice"),
            (21, 20, "a-b.slice"),
            (22, 21, "a-b-c.slice"),
            (23, 22, "web.service"),
            (24, 23, "worker"),
        ] {
            assert!(tree.insert(id, parent, name));
        }
        let tags =
            tree.tags(|kind, name| u64::from(kind == NameKind::Unit && name == "web.service"));
        let ids: Vec<_> = tags.iter().map(|(id, _)| *id).collect();
        let position = |id| ids.iter().position(|other| *other == id);
        assert!(
            position(23) < position(24)
                && position(24) < position(10)
                && position(10) < position(11),
            "{ids:?}"
        );
        let web = CgroupTags { bits: 1, state: PathState::Unit };
        assert!(tags.contains(&(23, web)) && tags.len() == 10, "{tags:?}");
    }

    #[test]
    fn tags_skip_cgroups_without_names() {
        let mut tree = tree(usize::MAX, 8);
        assert!(tree.insert(10, 3, "long") && tree.insert(11, 10, "x") && tree.insert(12, 3, "x"));
        let ids: Vec<_> = tree.tags(|_, _| 0).iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, [ROOT, 2, 3, 12]);
    }
}
