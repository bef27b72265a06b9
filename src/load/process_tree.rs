//! Process trees that filters name, and their members at the time of a reload. The programs add children of
//! members themselves.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context as _, Result};
use libbpf_rs::{Iter, MapCore as _, MapFlags};

use super::Bpf;

/// Bit of each root, which is a process's number in our own pid namespace.
pub type TreeBits = BTreeMap<u32, u8>;

/// Trees that the programs track.
#[derive(Debug, Default)]
pub(super) struct TrackedTrees {
    trees: TreeBits,
}

/// Enough for trees of 500 generations, and an end of the race with processes that fork all the
/// time: their children follow them anyway.
const PASSES_MAX: usize = 64;

const FAILED: &str = "failed to ask the kernel for its processes";

impl Bpf<'_> {
    /// Makes the programs track these trees. Trees that were tracked before keep their members.
    ///
    /// # Errors
    /// Fails if the kernel refuses to attach what follows processes, or to list them.
    pub fn track_process_trees(&mut self, trees: &TreeBits) -> Result<()> {
        if self.tracked_trees.trees == *trees {
            return Ok(());
        }
        if self.skeleton.links.proc_tree_fork.is_none() {
            let programs = &self.skeleton.progs;
            let what = "failed to attach to the tracepoints of processes";
            self.skeleton.links.proc_tree_exit =
                Some(programs.proc_tree_exit.attach().context(what)?);
            self.skeleton.links.proc_tree_fork =
                Some(programs.proc_tree_fork.attach().context(what)?);
        }
        self.seed_process_trees(trees)?;
        if trees.is_empty() {
            self.skeleton.links.proc_tree_fork = None;
            self.skeleton.links.proc_tree_exit = None;
        }
        self.tracked_trees.trees.clone_from(trees);
        Ok(())
    }

    /// Finds the members of new trees. Repeats until nothing changes: a tree may be deeper than the program looks,
    /// and processes fork meanwhile.
    fn seed_process_trees(&self, trees: &TreeBits) -> Result<()> {
        let asked = trees.values().fold(0, |bits, bit| bits | 1 << bit);
        self.shared.tree_mask().store(asked, Relaxed);
        let roots = &self.skeleton.maps.tree_roots;
        for key in roots.keys() {
            let _ = roots.delete(&key);
        }
        let before = &self.tracked_trees.trees;
        for (root, bit) in trees.iter().filter(|(root, _)| !before.contains_key(*root)) {
            let bits = 1_u64 << bit;
            roots
                .update(&root.to_ne_bytes(), &bits.to_ne_bytes(), MapFlags::ANY)
                .with_context(|| format!("no room for the tree of process {root}"))?;
        }
        for _ in 0..PASSES_MAX {
            self.shared.tree_changes().store(0, Relaxed);
            self.list_processes()?;
            if self.shared.tree_changes().load(Relaxed) == 0 {
                break;
            }
        }
        Ok(())
    }

    fn list_processes(&self) -> Result<()> {
        let link = self.skeleton.progs.proc_tree_seed.attach().context(FAILED)?;
        let mut list = Iter::new(&link).context(FAILED)?;
        list.read_to_end(&mut Vec::new()).map(drop).context(FAILED)
    }
}
