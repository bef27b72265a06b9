//! Link of the program at the end of tasks, which ends the calls that never return.

use anyhow::Result;
use libbpf_rs::ProgramMut;

use super::attach::Attach;
use super::kept_link::{KeptLink, LinkKeeper};
use crate::error::Failure;

/// Link of the program `task_exit`.
#[derive(Debug)]
pub(super) struct TaskEnd {
    /// Kind of hook; the failure where this kernel has, or permits, none.
    hook: Result<Attach, Failure>,
    link: Option<KeptLink>,
    /// Misses of links that are gone.
    misses: u64,
}

impl TaskEnd {
    /// Creates one without a link.
    pub fn new(hook: Result<Attach, Failure>) -> Self {
        Self { hook, link: None, misses: 0 }
    }

    /// Returns the kind of hook, if there is one.
    pub fn hook(&self) -> Option<Attach> {
        self.hook.as_ref().ok().copied()
    }

    /// Attaches the program, unless it is attached.
    ///
    /// # Errors
    /// Fails if the kernel refuses, or has or permits no hook.
    pub fn attach<'p>(
        &mut self,
        keeper: &LinkKeeper,
        program: impl FnOnce() -> Result<&'p ProgramMut<'p>>,
    ) -> Result<()> {
        if self.link.is_none() {
            let program = program()?;
            let link = self.hook.clone()?.attach_to_task_end(program)?;
            self.link = Some(keeper.keep(program, link));
        }
        Ok(())
    }

    /// Takes the link of the previous daemon, if there is one.
    pub fn adopt(&mut self, links: Vec<KeptLink>) {
        self.link = links.into_iter().next();
    }

    /// Detaches the program.
    pub fn detach(&mut self) {
        self.misses = self.misses();
        self.link = None;
    }

    /// Returns the ends that the kernel skipped at a function.
    pub fn misses(&self) -> u64 {
        self.misses + self.link.as_ref().map_or(0, KeptLink::misses)
    }
}
