//! Link of a program to what happens to tasks: their end, and the execution of programs.

use std::fmt;

use anyhow::Result;
use libbpf_rs::{Link, ProgramMut};

use super::attach::Attach;
use super::kept_link::{KeptLink, LinkKeeper};
use crate::error::Failure;

/// Link of `task_exit` or `task_exec`.
pub(super) struct TaskLink {
    /// Kind of hook; the failure where this kernel has, or permits, none.
    hook: Result<Attach, Failure>,
    attach_to: AttachTask,
    link: Option<KeptLink>,
    /// Misses of links that are gone.
    misses: u64,
}

/// Attaches a program at a hook of that kind.
type AttachTask = fn(Attach, &ProgramMut<'_>) -> Result<Link>;

impl TaskLink {
    /// Creates one without a link.
    pub fn new(hook: Result<Attach, Failure>, attach_to: AttachTask) -> Self {
        Self { hook, attach_to, link: None, misses: 0 }
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
            let link = (self.attach_to)(self.hook.clone()?, program)?;
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

    /// Returns the runs that the kernel skipped at a function.
    pub fn misses(&self) -> u64 {
        self.misses + self.link.as_ref().map_or(0, KeptLink::misses)
    }
}

impl fmt::Debug for TaskLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLink").field("hook", &self.hook).field("link", &self.link).finish()
    }
}
