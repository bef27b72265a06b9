//! Passes over all processes, which find members of process trees: when a table names new trees, and when the
//! programs missed some.

use std::io::Read as _;
use std::mem::offset_of;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context as _, Result};
use libbpf_rs::{Iter, MapCore, MapFlags};

use super::TreeBits;
use crate::bpf::types::{tag_size, tree_process};
use crate::load::Bpf;

/// Bit of a process that may be in any tree.
pub const UNKNOWN: u64 = 1 << tag_size::TREE_UNKNOWN.0;

/// Start of the first process that may have been missed, if none was.
pub const NONE_MISSED: u64 = u64::MAX;

/// Enough for trees of 500 generations, and an end of the race with processes that fork all the
/// time: their children follow them anyway.
const PASSES_MAX: usize = 64;

const FAILED: &str = "failed to ask the kernel for its processes";

impl Bpf<'_> {
    /// Finds members that are missing, of which the first may have started at that time, in ns of CLOCK_BOOTTIME.
    /// Processes that have started since then and may have lost their parent are in all trees from now on, for all
    /// that is known. Returns the number of processes that there is no room for.
    ///
    /// # Errors
    /// Fails if the kernel refuses to list processes.
    pub fn repair_process_trees(&self, since_ns: u64) -> Result<u64> {
        let lost = self.shared.process_trees_lost().load(Relaxed);
        let mask = mask(&self.tracked_trees.trees) | UNKNOWN;
        let mut unplaced = self.look_at_processes(mask, since_ns)?;
        if unplaced > 0 {
            self.forget_ended_members();
            unplaced = self.look_at_processes(mask, since_ns)?;
        }
        self.shared.process_trees_found().store(lost.wrapping_sub(unplaced), Relaxed);
        Ok(unplaced)
    }

    /// Looks at all processes until nothing changes: a tree may be deeper than the program looks, and processes fork
    /// meanwhile. Returns the number of processes that the last pass had no room for.
    pub(super) fn look_at_processes(&self, mask: u64, since_ns: u64) -> Result<u64> {
        let pass = self.shared.tree_pass();
        pass.mask.store(mask, Relaxed);
        pass.since_ns.store(since_ns, Relaxed);
        for _ in 0..PASSES_MAX {
            pass.number.fetch_add(1, Relaxed);
            pass.changes.store(0, Relaxed);
            pass.unplaced.store(0, Relaxed);
            self.list_processes()?;
            if pass.changes.load(Relaxed) == 0 {
                break;
            }
        }
        Ok(pass.unplaced.load(Relaxed))
    }

    fn list_processes(&self) -> Result<()> {
        let program = self.programs.get(&self.skeleton, |programs| &programs.proc_tree_seed)?;
        let link = program.attach().context(FAILED)?;
        let mut list = Iter::new(&link).context(FAILED)?;
        list.read_to_end(&mut Vec::new()).map(drop).context(FAILED)
    }

    /// Removes the roots of which `is_old` holds, by their number and their start.
    pub(super) fn forget_roots(&self, is_old: impl Fn(u32, u64) -> bool) {
        let starts = entries(&self.skeleton.maps.tree_roots, offset_of!(tree_process, start_ns));
        for (root, _) in starts.into_iter().filter(|(root, start_ns)| is_old(*root, *start_ns)) {
            let _ = self.skeleton.maps.tree_roots.delete(&root.to_ne_bytes());
        }
    }

    /// Removes the members that the last pass did not find: the kernel skipped the program at their end. A process
    /// that has got the pid of one meanwhile is found by the next pass.
    fn forget_ended_members(&self) {
        let last = self.shared.tree_pass().number.load(Relaxed);
        let passes = entries(&self.skeleton.maps.tree_members, offset_of!(tree_process, pass));
        for (group, _) in passes.into_iter().filter(|(_, pass)| *pass < last) {
            let _ = self.skeleton.maps.tree_members.delete(&group.to_ne_bytes());
        }
    }
}

/// Returns the keys of a map with the word of their value at that offset.
fn entries(map: &dyn MapCore, at: usize) -> Vec<(u32, u64)> {
    let entry = |key: Vec<u8>| {
        let value = map.lookup(&key, MapFlags::ANY).ok()??;
        let word = value.get(at..at + size_of::<u64>())?.try_into().ok()?;
        Some((u32::from_ne_bytes(key.try_into().ok()?), u64::from_ne_bytes(word)))
    };
    map.keys().filter_map(entry).collect()
}

/// Returns the bytes of a `struct tree_process`.
pub fn words(words: [u64; size_of::<tree_process>() / size_of::<u64>()]) -> Vec<u8> {
    words.into_iter().flat_map(u64::to_ne_bytes).collect()
}

/// Returns the bits of the trees.
pub fn mask(trees: &TreeBits) -> u64 {
    trees.values().fold(0, |bits, bit| bits | 1 << bit)
}
