//! Link of the program at the end of tasks, which ends the calls that never return.

use anyhow::Result;
use libbpf_rs::{Link, ProgramMut};

use super::attach::Attach;
use super::attachment::misses_of;
use crate::error::Failure;

/// Link of the program `task_exit`.
#[derive(Debug)]
pub(super) struct TaskEnd {
    /// Kind of hook; the failure where this kernel has, or permits, none.
    hook: Result<Attach, Failure>,
    link: Option<Link>,
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
    pub fn attach(&mut self, program: &ProgramMut<'_>) -> Result<()> {
        if self.link.is_none() {
            self.link = Some(self.hook.clone()?.attach_to_task_end(program)?);
        }
        Ok(())
    }

    /// Detaches the program.
    pub fn detach(&mut self) {
        self.misses = self.misses();
        self.link = None;
    }

    /// Returns the ends that the kernel skipped at a function.
    pub fn misses(&self) -> u64 {
        self.misses + self.link.as_ref().map_or(0, misses_of)
    }
}
