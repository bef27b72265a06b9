//! Process trees that filters name, and their members at the time of a reload. The programs add children of
//! members themselves.

mod passes;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context as _, Result};
use libbpf_rs::{MapCore as _, MapFlags};

use self::passes::{NONE_MISSED, UNKNOWN, mask, words};
use super::Bpf;

/// Bit of each root, which is a process's number in our own pid namespace.
pub type TreeBits = BTreeMap<u32, u8>;

/// Trees that the programs track.
#[derive(Debug, Default)]
pub(super) struct TrackedTrees {
    trees: TreeBits,
}

impl Bpf<'_> {
    /// Makes the programs track these trees. Trees that were tracked before keep their members.
    ///
    /// # Errors
    /// Fails if the kernel refuses to attach what follows processes, or to list them.
    pub fn track_process_trees(&mut self, trees: &TreeBits) -> Result<()> {
        if self.tracked_trees.trees == *trees {
            return Ok(());
        }
        self.attach_process_trees()?;
        self.seed_process_trees(trees)?;
        if trees.is_empty() {
            self.skeleton.links.proc_tree_fork = None;
            self.skeleton.links.proc_tree_exit = None;
        }
        self.tracked_trees.trees.clone_from(trees);
        Ok(())
    }

    fn attach_process_trees(&mut self) -> Result<()> {
        let (links, programs) = (&mut self.skeleton.links, &self.skeleton.progs);
        if links.proc_tree_fork.is_none() {
            let what = "failed to attach to the tracepoints of processes";
            links.proc_tree_exit = Some(programs.proc_tree_exit.attach().context(what)?);
            links.proc_tree_fork = Some(programs.proc_tree_fork.attach().context(what)?);
        }
        Ok(())
    }

    /// Returns whether any tree is tracked. A process that is missing in the trees makes no event.
    pub fn tracks_processes(&self) -> bool {
        !self.tracked_trees.trees.is_empty()
    }

    /// Finds the members of new trees. A bit that meant another tree before is taken from all processes first.
    fn seed_process_trees(&self, trees: &TreeBits) -> Result<()> {
        let before = &self.tracked_trees.trees;
        let mut staying = trees.clone();
        staying.retain(|root, bit| before.get(root) == Some(bit));
        let unknown = if staying.is_empty() { 0 } else { UNKNOWN };
        self.forget_roots(|root, _| !staying.contains_key(&root));
        if staying != *before {
            self.look_at_processes(mask(&staying) | unknown, NONE_MISSED)?;
        }
        self.add_roots(trees.iter().filter(|(root, _)| !staying.contains_key(*root)))?;
        let unplaced = self.look_at_processes(mask(trees) | unknown, NONE_MISSED)?;
        // A process that gets the pid of a root later is not the root.
        self.forget_roots(|_, start_ns| start_ns == 0);
        self.shared.process_trees_lost().fetch_add(unplaced, Relaxed);
        Ok(())
    }

    fn add_roots<'a>(&self, roots: impl Iterator<Item = (&'a u32, &'a u8)>) -> Result<()> {
        for (root, bit) in roots {
            let value = words([0, 1 << bit, 0]);
            let added =
                self.skeleton.maps.tree_roots.update(&root.to_ne_bytes(), &value, MapFlags::ANY);
            added.with_context(|| format!("no room for the tree of process {root}"))?;
        }
        Ok(())
    }
}
