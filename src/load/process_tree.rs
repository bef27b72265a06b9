//! Process trees that filters name, and their members at the time of a reload. The programs add children of
//! members themselves.

mod passes;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context as _, Result};
use libbpf_rs::{MapCore as _, MapFlags};

use self::passes::{NONE_MISSED, UNKNOWN, mask, words};
use super::kept_link::KeptLink;
use super::{Attach, Bpf};

/// Bit of each root, which is a process's number in our own pid namespace.
pub type TreeBits = BTreeMap<u32, u8>;

/// Trees that the programs track.
#[derive(Debug)]
pub(super) struct TrackedTrees {
    trees: TreeBits,
    /// Hook of `proc_tree_fork`.
    task_start: Attach,
    /// Misses of links that are gone.
    misses: u64,
}

impl TrackedTrees {
    /// Creates an empty set of trees.
    pub fn new(task_start: Attach) -> Self {
        Self { trees: TreeBits::new(), task_start, misses: 0 }
    }
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
            self.detach_process_trees();
        }
        self.tracked_trees.trees.clone_from(trees);
        Ok(())
    }

    /// Goes on with the trees of the previous daemon.
    pub fn adopt_process_trees(&mut self, trees: &TreeBits) {
        self.tracked_trees.trees.clone_from(trees);
    }

    fn attach_process_trees(&mut self) -> Result<()> {
        if self.tree_links.is_empty() {
            let what = "failed to attach to the start and the end of processes";
            // The end first: a process that is added is removed.
            let end = self.programs.get(&self.skeleton, |programs| &programs.proc_tree_exit)?;
            let start = self.programs.get(&self.skeleton, |programs| &programs.proc_tree_fork)?;
            let link = end.attach().context(what)?;
            self.tree_links.push(self.keeper.keep(end, link));
            let hook = self.tracked_trees.task_start;
            let link = hook.attach_to_task_start(start).context(what)?;
            self.tree_links.push(self.keeper.keep(start, link));
        }
        Ok(())
    }

    /// Detaches what follows processes.
    pub(super) fn detach_process_trees(&mut self) {
        self.tracked_trees.misses = self.task_starts_missed();
        self.tree_links.clear();
    }

    /// Returns the starts of tasks that the kernel skipped at the function.
    pub(super) fn task_starts_missed(&self) -> u64 {
        self.tracked_trees.misses + self.tree_links.iter().map(KeptLink::misses).sum::<u64>()
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
