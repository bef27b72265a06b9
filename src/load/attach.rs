//! Kinds of hooks that the dispatcher is attached to. The kind decides the type of all programs that share its
//! table.
//!
//! Raw tracepoints are the cheapest way to see a call, but from Linux 7.2 on their programs can be
//! preempted, and while a task is preempted inside one the kernel skips the program for every other
//! task on that CPU: 54 to 76 % of the events of a few busy threads were lost on 7.3. The programs of
//! classic tracepoints and of functions run with preemption off in every kernel. The classic ones are
//! attached to through perf events, which Debian and Ubuntu let nobody without CAP_SYS_ADMIN open. Any
//! tracepoint costs every syscall of the machine; functions cost those only that are routed. `fentry`
//! needs neither kprobe.multi nor perf events, and no bpf(2) call of others makes the kernel skip its
//! programs; but each function takes a program and a link of its own, some milliseconds each, and a
//! kernel that is built or booted for full preemption preempts them.

use std::os::fd::IntoRawFd as _;
use std::{fmt, fs, io};

use libbpf_rs::{ErrorKind, Link, OpenProgramMut};
use libbpf_rs::{ProgramAttachType, ProgramMut, ProgramType};

use anyhow::{Context as _, Error, Result};
use serde::{Deserialize, Serialize};

use super::fentry_functions::REFERENCE;
use super::functions::{EXECUTION, TASK_END, TASK_START};
use super::perf::PerfRefusal;
use crate::bpf;
use crate::bpf::types::attach_kind;

/// Kind of hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attach {
    /// `raw_tp/sys_enter`.
    RawTracepoint,
    /// `tp/raw_syscalls/sys_enter`.
    Tracepoint,
    /// `kprobe.multi` at the functions of the routed syscalls.
    Function,
    /// `kprobe.session` at these functions: one link for entry and return, which runs at the return of those calls
    /// only that wait for it.
    Session,
    /// `fentry`, a program at the function of each routed syscall.
    Fentry,
}

/// End of a call that a program is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Entry of the call.
    Entry,
    /// Return of the call.
    Return,
    /// Submission of an operation of `io_uring`.
    Submission,
}

impl Attach {
    /// Returns the number that the programs know the kind by.
    pub(super) fn kind(self) -> u32 {
        match self {
            Self::RawTracepoint => attach_kind::ATTACH_RAW_TRACEPOINT.0,
            Self::Tracepoint => attach_kind::ATTACH_TRACEPOINT.0,
            Self::Function | Self::Session => attach_kind::ATTACH_FUNCTION.0,
            Self::Fentry => attach_kind::ATTACH_FENTRY.0,
        }
    }

    /// Returns whether programs are attached to the functions of the routed syscalls only.
    pub fn is_at_functions(self) -> bool {
        matches!(self, Self::Function | Self::Session | Self::Fentry)
    }

    /// Returns whether returns are seen at the functions of the routed syscalls, at no cost to other calls.
    pub fn sees_returns(self) -> bool {
        matches!(self, Self::Function | Self::Session)
    }

    /// Returns whether the kernel runs no programs while `kernel.ftrace_enabled` is 0.
    pub fn is_switched_by_ftrace(self) -> bool {
        matches!(self, Self::Function | Self::Session)
    }

    /// Sets the type of a program, so that it can share the table.
    ///
    /// # Errors
    /// Fails if the kernel lacks the function that programs of `Fentry` are loaded for.
    pub(super) fn prepare(self, program: &mut OpenProgramMut<'_>) -> Result<()> {
        program.set_prog_type(match self {
            Self::RawTracepoint => ProgramType::RawTracepoint,
            Self::Tracepoint => ProgramType::Tracepoint,
            Self::Function | Self::Session => ProgramType::Kprobe,
            Self::Fentry => ProgramType::Tracing,
        });
        match self {
            Self::Function => program.set_attach_type(ProgramAttachType::KprobeMulti),
            Self::Session => program.set_attach_type(ProgramAttachType::TraceKprobeSession),
            Self::Fentry => {
                program.set_attach_type(ProgramAttachType::TraceFentry);
                let target = program.set_attach_target(0, Some(REFERENCE.to_owned()));
                target.with_context(|| format!("failed to find the function {REFERENCE}"))?;
            }
            Self::RawTracepoint | Self::Tracepoint => {}
        }
        Ok(())
    }

    /// Attaches a program to all syscalls at once; `None` for functions, which are attached to as they
    /// are routed.
    ///
    /// # Errors
    /// Fails if the kernel refuses; for `Tracepoint` also where tracefs is not mounted.
    pub(super) fn attach_to_all(
        self,
        program: &ProgramMut<'_>,
        side: Side,
    ) -> Result<Option<Link>> {
        let name = match side {
            _ if self.is_at_functions() => return Ok(None),
            Side::Entry => "sys_enter",
            Side::Return => "sys_exit",
            Side::Submission => return self.attach_to_rings(program),
        };
        self.attach_to_tracepoint(program, ("raw_syscalls", name)).map(Some)
    }

    /// Attaches a program to the submission of operations of `io_uring`; `None` where the kernel has none.
    fn attach_to_rings(self, program: &ProgramMut<'_>) -> Result<Option<Link>> {
        let attach = |name| match self {
            Self::RawTracepoint => program.attach_raw_tracepoint(name),
            _ => attach_classic(program, "io_uring", name),
        };
        let [name, old] = SUBMISSIONS;
        match attach(name).or_else(|_| attach(old)) {
            Ok(link) => Ok(Some(link)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(explained(error, &format!("attach to the tracepoint {name}"))),
        }
    }

    /// Attaches a program to the end of tasks.
    ///
    /// # Errors
    /// Fails where `attach_to_all` does.
    pub(super) fn attach_to_task_end(self, program: &ProgramMut<'_>) -> Result<Link> {
        self.attach_to_tasks(program, TASK_END, "sched_process_exit")
    }

    /// Attaches a program to the start of tasks.
    ///
    /// # Errors
    /// Fails where `attach_to_all` does.
    pub(super) fn attach_to_task_start(self, program: &ProgramMut<'_>) -> Result<Link> {
        self.attach_to_tasks(program, TASK_START, "sched_process_fork")
    }

    /// Attaches a program to the execution of programs.
    ///
    /// # Errors
    /// Fails where `attach_to_all` does.
    pub(super) fn attach_to_execution(self, program: &ProgramMut<'_>) -> Result<Link> {
        self.attach_to_tasks(program, EXECUTION, "sched_process_exec")
    }

    fn attach_to_tasks(
        self,
        program: &ProgramMut<'_>,
        function: &str,
        tracepoint: &str,
    ) -> Result<Link> {
        match self {
            Self::Function => program
                .attach_kprobe_multi(false, vec![function])
                .with_context(|| format!("failed to attach to the function {function}")),
            _ => self.attach_to_tracepoint(program, ("sched", tracepoint)),
        }
    }

    fn attach_to_tracepoint(
        self,
        program: &ProgramMut<'_>,
        (category, name): (&str, &str),
    ) -> Result<Link> {
        let what = format!("attach to the tracepoint {name}");
        match self {
            Self::RawTracepoint => {
                program.attach_raw_tracepoint(name).with_context(|| format!("failed to {what}"))
            }
            _ => attach_classic(program, category, name).map_err(|error| explained(error, &what)),
        }
    }
}

/// Attaches a program to a classic tracepoint. Not `attach_tracepoint`: libbpf looks for tracefs below debugfs first, which
/// mounts it there, and since Linux 6.17 the kernel's log complains of that.
fn attach_classic(program: &ProgramMut<'_>, category: &str, name: &str) -> libbpf_rs::Result<Link> {
    let id = fs::read_to_string(format!("/sys/kernel/tracing/events/{category}/{name}/id"))?;
    let id = id.trim().parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    program.attach_perf_event(bpf::open_tracepoint(id)?.into_raw_fd())
}

/// Explains a failure to attach to a classic tracepoint.
fn explained(error: libbpf_rs::Error, what: &str) -> Error {
    let error = Error::new(error);
    match PerfRefusal::probe() {
        Some(refusal) => error.context(refusal.failure(what, RESTART)),
        None => error.context(format!("failed to {what} ({TRACEFS})")),
    }
}

/// Tracepoints at which operations of `io_uring` are submitted: since Linux 6.3, and before.
const SUBMISSIONS: [&str; 2] = ["io_uring_submit_req", "io_uring_submit_sqe"];
const TRACEFS: &str = "is tracefs mounted at /sys/kernel/tracing?";
const RESTART: &str = "set attach = \"auto\" below [kernel] and restart";

impl fmt::Display for Attach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RawTracepoint => "raw_tp/sys_enter",
            Self::Tracepoint => "tp/raw_syscalls/sys_enter",
            Self::Function => "kprobe.multi",
            Self::Session => "kprobe.session",
            Self::Fentry => "fentry",
        })
    }
}
