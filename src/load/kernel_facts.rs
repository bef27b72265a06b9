//! Facts about the running kernel, and about what it permits this process, that decide where programs are
//! attached.

use std::fs;

use super::attach::Attach;
use super::fentry_functions::fentry_functions;
use super::functions::{EXECUTION, Functions, TASK_END, TASK_START};
use super::missed_calls::MissedCalls;
use super::perf::PerfRefusal;
use super::preemption::preemption;
use crate::bpf;
use crate::config::AttachTo;
use crate::error::Failure;

/// Facts that decide where programs are attached.
#[derive(Debug, Clone)]
pub(super) struct KernelFacts {
    /// Functions that can be attached to, or the reason why there are none.
    pub functions: Result<Functions, String>,
    /// Functions for fentry, or the reason why there are none; not asked for where they would not be chosen.
    pub fentry: Result<Functions, String>,
    /// Reason why fentry programs may be preempted, and then miss calls.
    pub preemption: Option<String>,
    /// The kernel may preempt raw tracepoint programs, which then miss calls.
    pub preempts_raw: bool,
    /// Cause of the refusal of perf events; not asked for where raw tracepoints miss nothing.
    pub perf: Option<PerfRefusal>,
    /// Calls that an earlier daemon missed at functions.
    pub missed: Option<MissedCalls>,
}

/// File that contains 0 while ftrace is switched off, so that no function calls a program.
const SWITCH: &str = "/proc/sys/kernel/ftrace_enabled";

impl KernelFacts {
    /// Asks the kernel for the facts that matter for that setting.
    ///
    /// The kernel does not say whether it preempts raw tracepoint programs. It began to with the
    /// change that lets them sleep, so it is asked whether they may.
    pub fn read(wanted: AttachTo) -> Self {
        Self::read_after(wanted, None)
    }

    /// Does so for a daemon that follows one which missed calls at functions.
    pub fn read_after(wanted: AttachTo, missed: Option<MissedCalls>) -> Self {
        let preempts_raw = bpf::may_raw_tracepoints_sleep();
        let needs_functions = preempts_raw || wanted != AttachTo::Tracepoint;
        let functions = if needs_functions { functions() } else { not_asked_for() };
        let preemption = preempted(preempts_raw);
        let wants_fentry = match wanted {
            AttachTo::Auto => preemption.is_none(),
            AttachTo::Function => true,
            AttachTo::Tracepoint => false,
        };
        let needs_fentry = (functions.is_err() || missed.is_some()) && wants_fentry;
        Self {
            fentry: if needs_fentry { fentry() } else { not_asked_for() },
            preemption,
            functions,
            preempts_raw,
            perf: if preempts_raw { PerfRefusal::probe() } else { None },
            missed,
        }
    }

    /// Asks whether perf events are permitted, which classic tracepoints take in any kernel.
    pub fn with_perf_events(self) -> Self {
        Self { perf: PerfRefusal::probe(), ..self }
    }

    /// Asks for the facts that matter for fentry, where the kernel has kprobe.multi as well.
    pub fn of_fentry() -> Self {
        let facts = Self::read(AttachTo::Tracepoint);
        Self { fentry: fentry(), ..facts }
    }

    /// Returns the cheapest tracepoint that misses no calls.
    ///
    /// # Errors
    /// `PerfRefusal` where that is the classic one, and this process may not attach to it.
    pub fn tracepoint(&self) -> Result<Attach, &PerfRefusal> {
        match &self.perf {
            _ if !self.preempts_raw => Ok(Attach::RawTracepoint),
            Some(refusal) => Err(refusal),
            None => Ok(Attach::Tracepoint),
        }
    }

    /// Returns the hook at the end of tasks: one that misses none and, where the kernel has it, needs no perf event.
    ///
    /// # Errors
    /// Fails where `tracepoint` does.
    pub fn task_end(&self) -> Result<Attach, &PerfRefusal> {
        if self.preempts_raw && self.has_function(TASK_END) {
            return Ok(Attach::Function);
        }
        self.tracepoint()
    }

    /// Returns the hook at the start of tasks: one that misses none, if there is one that needs no perf event. What a
    /// raw tracepoint misses is repaired.
    pub fn task_start(&self) -> Attach {
        if self.preempts_raw && self.has_function(TASK_START) {
            return Attach::Function;
        }
        Attach::RawTracepoint
    }

    /// Returns the hook at the execution of programs: one that misses none, if there is one. The classic tracepoint
    /// does not have the interpreter of a script.
    pub fn execution(&self) -> Attach {
        if self.preempts_raw && self.has_function(EXECUTION) {
            return Attach::Function;
        }
        self.tracepoint().unwrap_or(Attach::RawTracepoint)
    }

    fn has_function(&self, name: &str) -> bool {
        self.functions.as_ref().is_ok_and(|functions| functions.have(name))
    }

    /// Returns the failure to attach to a classic tracepoint.
    pub fn refused(&self, refusal: &PerfRefusal, action: &str) -> Failure {
        let alternative = match &self.functions {
            Ok(_) => {
                "set attach = \"auto\" below [kernel], to attach to kernel functions".to_owned()
            }
            Err(reason) => format!(
                "boot a kernel with kprobe.multi ({REQUIREMENTS}), to attach to functions ({reason})"
            ),
        };
        refusal.failure(action, &alternative)
    }
}

/// Requirements of `kprobe.multi`.
pub(super) const REQUIREMENTS: &str = "Linux 5.19 with CONFIG_FPROBE, ftrace and tracefs";

/// Returns whether ftrace is switched on; also true where the kernel does not say.
pub fn functions_are_on() -> bool {
    fs::read_to_string(SWITCH).map_or(true, |switch| switch.trim() != "0")
}

fn not_asked_for() -> Result<Functions, String> {
    Err("not asked for".to_owned())
}

/// Returns the reason why fentry programs may be preempted. Where raw tracepoint programs are, so are they, in every
/// mode.
fn preempted(preempts_raw: bool) -> Option<String> {
    let always = preempts_raw.then(|| "this kernel may preempt fentry programs".to_owned());
    always.or_else(preemption)
}

/// Returns the functions that can be attached to, or the reason why there are none.
fn functions() -> Result<Functions, String> {
    if !bpf::has_kprobe_multi() {
        return Err("this kernel has no kprobe.multi".to_owned());
    }
    needs_ftrace()?;
    Functions::read().map_err(|error| format!("{error:#}; is tracefs mounted?"))
}

/// Returns the functions that fentry programs can be attached to, or the reason why there are none.
fn fentry() -> Result<Functions, String> {
    needs_ftrace()?;
    fentry_functions()
}

fn needs_ftrace() -> Result<(), String> {
    let off = "ftrace is switched off (sysctl kernel.ftrace_enabled)";
    if functions_are_on() { Ok(()) } else { Err(off.to_owned()) }
}
