//! What the dispatcher is attached to. Raw tracepoints are the cheapest way, but from Linux 7.2 on
//! their programs can be preempted, and while a task is preempted inside one the kernel skips the
//! program for every other task on that CPU: 54 to 76 % of the events of a few busy threads were
//! lost on 7.3. The programs of classic tracepoints run with preemption off in every kernel.

use std::fmt;

use anyhow::{Context as _, Result};
use libbpf_rs::{Link, ProgramMut, ProgramType, TracepointCategory};

use crate::bpf::{self, types::attach_kind};

/// A way to attach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attach {
    /// `raw_tp/sys_enter`.
    RawTracepoint,
    /// `tp/raw_syscalls/sys_enter`.
    Tracepoint,
}

impl Attach {
    /// The cheapest way that loses nothing on this kernel.
    ///
    /// The kernel does not say whether it preempts raw tracepoint programs. It began to with the
    /// change that lets them sleep, so it is asked whether they may.
    pub fn choose() -> Self {
        if bpf::may_raw_tracepoints_sleep() { Self::Tracepoint } else { Self::RawTracepoint }
    }

    /// Why this way and not the other, for people.
    pub fn reason(self) -> &'static str {
        match self {
            Self::RawTracepoint => "this kernel runs raw tracepoint programs without preemption",
            Self::Tracepoint => {
                "this kernel may preempt raw tracepoint programs, which would lose events"
            }
        }
    }

    /// Of all programs that share the table.
    pub(super) fn program_type(self) -> ProgramType {
        match self {
            Self::RawTracepoint => ProgramType::RawTracepoint,
            Self::Tracepoint => ProgramType::Tracepoint,
        }
    }

    /// As the programs know it.
    pub(super) fn kind(self) -> u32 {
        match self {
            Self::RawTracepoint => attach_kind::ATTACH_RAW_TRACEPOINT.0,
            Self::Tracepoint => attach_kind::ATTACH_TRACEPOINT.0,
        }
    }

    /// Attaches the dispatcher.
    ///
    /// # Errors
    /// When the kernel refuses; for `Tracepoint` also where tracefs is not mounted.
    pub(super) fn attach(self, hello: &ProgramMut<'_>) -> Result<Link> {
        let attached = match self {
            Self::RawTracepoint => hello.attach_raw_tracepoint("sys_enter"),
            Self::Tracepoint => {
                hello.attach_tracepoint(TracepointCategory::RawSyscalls, "sys_enter")
            }
        };
        attached.with_context(|| match self {
            Self::RawTracepoint => format!("failed to attach to {self}"),
            Self::Tracepoint => {
                format!("failed to attach to {self} (is tracefs mounted at /sys/kernel/tracing?)")
            }
        })
    }
}

impl fmt::Display for Attach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RawTracepoint => "raw_tp/sys_enter",
            Self::Tracepoint => "tp/raw_syscalls/sys_enter",
        })
    }
}
