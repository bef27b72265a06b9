//! What the programs know of trees of processes: who is in one already. Children follow their parents
//! into it, which the programs learn of themselves.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context as _, Result};
use libbpf_rs::{Iter, MapCore as _, MapFlags};

use super::Bpf;

/// The bit of each root, which is a process's number in our own pid namespace.
pub type Trees = BTreeMap<u32, u8>;

/// What the kernel was told last.
#[derive(Debug, Default)]
pub(super) struct Told {
    trees: Trees,
}

const FAILED: &str = "failed to ask the kernel for its processes";

impl Bpf<'_> {
    /// Makes the programs tell these trees apart; those that were told before keep who is in them.
    ///
    /// # Errors
    /// When the kernel refuses to attach what follows processes, or to list them.
    pub fn tell_trees(&mut self, trees: &Trees) -> Result<()> {
        if self.told_trees.trees == *trees {
            return Ok(());
        }
        if self.skeleton.links.tree_fork.is_none() {
            let programs = &self.skeleton.progs;
            let what = "failed to follow processes that are born and end";
            self.skeleton.links.tree_exit = Some(programs.tree_exit.attach().context(what)?);
            self.skeleton.links.tree_fork = Some(programs.tree_fork.attach().context(what)?);
        }
        self.seed_trees(trees)?;
        if trees.is_empty() {
            self.skeleton.links.tree_fork = None;
            self.skeleton.links.tree_exit = None;
        }
        self.told_trees.trees.clone_from(trees);
        Ok(())
    }

    /// Twice: a child that is born of one who was not reached yet may have been passed over.
    fn seed_trees(&self, trees: &Trees) -> Result<()> {
        let before = &self.told_trees.trees;
        let kept = trees.iter().filter(|(root, bit)| before.get(*root) == Some(*bit));
        let kept: u64 = kept.fold(0, |bits, (_, bit)| bits | 1 << bit);
        self.shared.tree_kept().store(kept, Relaxed);
        let roots = &self.skeleton.maps.tree_roots;
        for key in roots.keys() {
            let _ = roots.delete(&key);
        }
        let new = trees.iter().filter(|(_, bit)| kept & 1 << **bit == 0);
        for (root, bit) in new {
            let bits = 1_u64 << bit;
            roots
                .update(&root.to_ne_bytes(), &bits.to_ne_bytes(), MapFlags::ANY)
                .with_context(|| format!("no room for the tree of process {root}"))?;
        }
        self.list_processes()?;
        self.list_processes()
    }

    fn list_processes(&self) -> Result<()> {
        let link = self.skeleton.progs.tree_seed.attach().context(FAILED)?;
        let mut list = Iter::new(&link).context(FAILED)?;
        list.read_to_end(&mut Vec::new()).map(drop).context(FAILED)
    }
}
