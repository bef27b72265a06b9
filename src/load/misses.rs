//! Runs of the programs that the kernel skipped (`recursion_misses`), and what the maps had no room for.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context as _, Result};

use super::Bpf;
use super::dispatchers::{DISPATCHER, PROBE, SUBMISSION};
use super::programs::Pick;
use crate::stats::Misses;

impl Bpf<'_> {
    /// Returns how often the kernel skipped each program that is attached at times. Costs a system call a program.
    ///
    /// # Errors
    /// Fails if the kernel does not report it.
    pub fn misses(&self) -> Result<Misses> {
        let all: [(_, Pick, _); 10] = [
            (DISPATCHER, |programs| &programs.sys_enter, self.dispatcher.misses()),
            (SUBMISSION, |programs| &programs.uring_submit, self.submissions.misses()),
            (PROBE, |programs| &programs.probe, self.probes.misses() + self.skipped_by_kinds()?),
            ("sys_exit", |programs| &programs.sys_exit, self.returns.misses()),
            ("task_exit", |programs| &programs.task_exit, self.task_end.misses()),
            ("task_exec", |programs| &programs.task_exec, self.execution.misses()),
            ("cgroup_mkdir", |programs| &programs.cgroup_mkdir, 0),
            ("cgroup_rmdir", |programs| &programs.cgroup_rmdir, 0),
            ("proc_tree_fork", |programs| &programs.proc_tree_fork, self.task_starts_missed()),
            ("proc_tree_exit", |programs| &programs.proc_tree_exit, 0),
        ];
        all.into_iter()
            .map(|(name, pick, of_links)| Ok((name, self.skipped(name, pick)? + of_links)))
            .collect()
    }

    /// Returns the syscalls, operations and probes of any task that the dispatcher was not run for. They are in no counter: calls made =
    /// seen + these.
    ///
    /// # Errors
    /// Fails if the kernel does not report it.
    pub fn recursion_misses(&self) -> Result<u64> {
        let calls = self.skipped(DISPATCHER, |programs| &programs.sys_enter)?;
        let operations = self.skipped(SUBMISSION, |programs| &programs.uring_submit)?;
        let probes = self.skipped(PROBE, |programs| &programs.probe)?
            + self.probes.misses()
            + self.skipped_by_kinds()?;
        let of_links = self.dispatcher.misses() + self.submissions.misses();
        Ok(calls + operations + probes + of_links)
    }

    /// Returns the part of `recursion_misses` that is in the links and programs which are kept for the next daemon.
    ///
    /// # Errors
    /// Fails if the kernel does not report it.
    pub fn kept_misses(&self) -> Result<u64> {
        let of_gone = self.dispatcher.misses_of_gone()
            + self.submissions.misses_of_gone()
            + self.probes.misses_of_gone();
        Ok(self.recursion_misses()?.saturating_sub(of_gone))
    }

    /// Returns the cgroups that came or went while the kernel skipped the program that follows them: at raw
    /// tracepoints from Linux 7.2 on.
    ///
    /// # Errors
    /// Fails if the kernel does not report it.
    pub fn cgroups_skipped(&self) -> Result<u64> {
        let created = self.skipped("cgroup_mkdir", |programs| &programs.cgroup_mkdir)?;
        Ok(created + self.skipped("cgroup_rmdir", |programs| &programs.cgroup_rmdir)?)
    }

    /// Returns the cgroups that came or went without an event, because the ring was full.
    pub fn cgroups_lost(&self) -> u64 {
        self.shared.cgroups_lost().load(Relaxed)
    }

    /// Returns the number of times that a cgroup found no room in the map of tags, or had a name that the programs
    /// could not read.
    pub fn cgroup_tags_lost(&self) -> u64 {
        self.shared.cgroup_tags_lost().load(Relaxed)
    }

    /// Returns the processes that the process trees may lack: those without room, and those whose start the kernel
    /// skipped the program for.
    ///
    /// # Errors
    /// Fails if the kernel does not report it.
    pub fn process_trees_lost(&self) -> Result<u64> {
        let skipped = self.skipped("proc_tree_fork", |programs| &programs.proc_tree_fork)?;
        let skipped = skipped + self.task_starts_missed();
        Ok(self.shared.process_trees_lost().load(Relaxed) + skipped)
    }

    /// Returns how often the kernel skipped a program, and those of earlier daemons that its links may still run.
    fn skipped(&self, name: &str, pick: Pick) -> Result<u64> {
        let earlier = self.keeper.adopted_programs(name).iter().map(AsFd::as_fd);
        let own = self.programs.loaded(&self.skeleton, pick).map(|program| program.as_fd());
        let programs = earlier.chain(own);
        let counts: std::io::Result<Vec<u64>> =
            programs.map(crate::bpf::recursion_misses).collect();
        let counts = counts
            .with_context(|| format!("failed to read how often the kernel skipped {name}"))?;
        Ok(counts.into_iter().sum())
    }
}
