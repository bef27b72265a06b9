//! Choice of the hooks, by the configuration and by what this kernel has and permits.

use anyhow::Result;

use syscalls::Abi;

use super::attach::Attach;
use super::functions::Functions;
use super::kernel_facts::{KernelFacts, REQUIREMENTS};
use super::missed_calls::MissedCalls;
use super::perf::PerfRefusal;
use crate::config::{AttachTo, Paths};
use crate::error::Failure;
use crate::plan::Routes;
use served::{FEW_RETURNS, NO_RETURNS, ONE_LINK, all_served, await_returns, best_fentry};

/// Hooks of the programs, and the reason for the choice.
#[derive(Debug, Clone)]
pub struct AttachMode {
    /// Hook at the entry of calls.
    pub attach: Attach,
    /// Hooks that follow calls to their end, if a route asks for that; the failure where that is impossible.
    pub returns: Result<ReturnHooks, Failure>,
    /// Hook at the start of tasks, for process trees.
    pub task_start: Attach,
    /// Hook at the execution of programs.
    pub execution: Attach,
    /// Reason for the choice, as it is printed.
    pub reason: String,
    /// Sentences about what the configuration asks for and these hooks cannot do.
    pub limitations: Vec<String>,
    /// Functions that can be attached to; empty for tracepoints.
    pub functions: Functions,
    /// The next start may choose another hook, if the kernel skips many calls at this one.
    pub is_provisional: bool,
}

/// Hooks that follow calls to their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnHooks {
    /// Hook at the return of calls.
    pub exit: Attach,
    /// Hook at the end of tasks, for calls that never return.
    pub task_end: Attach,
}

impl AttachMode {
    /// Chooses the hooks for the routes.
    ///
    /// # Errors
    /// `Failure` where this kernel does not have, or does not permit, what is asked for.
    pub fn choose(wanted: AttachTo, routes: &Routes) -> Result<Self> {
        Self::choose_after(wanted, routes, None)
    }

    /// Chooses the hooks for a daemon that follows one which missed calls at functions.
    ///
    /// # Errors
    /// Fails where `choose` does.
    pub fn choose_after(
        wanted: AttachTo,
        routes: &Routes,
        missed: Option<MissedCalls>,
    ) -> Result<Self> {
        let kind = of_probes::kind(wanted, routes);
        let facts = KernelFacts::read_after(kind.map_or(wanted, of_probes::setting), missed);
        let facts = if kind == Some(Abi::Tracepoint) { facts.with_perf_events() } else { facts };
        Ok(Self::by_facts(wanted, routes, &facts)?)
    }

    fn by_facts(wanted: AttachTo, routes: &Routes, facts: &KernelFacts) -> Result<Self, Failure> {
        let mut mode = match of_probes::kind(wanted, routes) {
            Some(kind) => Self::for_probes(kind, wanted, routes, facts)?,
            None => Self::for_calls(wanted, routes, facts)?,
        };
        mode.limit_paths(routes);
        for limitation in &mode.limitations {
            mode.reason += "; ";
            mode.reason += limitation;
        }
        Ok(mode)
    }

    fn for_calls(wanted: AttachTo, routes: &Routes, facts: &KernelFacts) -> Result<Self, Failure> {
        Ok(match (wanted, &facts.functions) {
            (AttachTo::Function, Ok(functions)) => {
                Self::at_functions_of(routes, functions, facts, CONFIGURED)
            }
            (AttachTo::Function, Err(reason)) => Self::at_any_fentry(facts, reason)?,
            (AttachTo::Tracepoint, _) => Self::at_tracepoint(facts, CONFIGURED)?,
            (AttachTo::Auto, Ok(functions)) => match facts.missed.filter(|_| !facts.preempts_raw) {
                Some(missed) => Self::at_unskipped(missed, routes, facts)?,
                None => Self::at_best(functions, routes, facts)?,
            },
            (AttachTo::Auto, Err(reason)) => match best_fentry(routes, facts) {
                Ok(functions) => {
                    Self::at_fentry(functions, facts, &format!("{ALL_SERVED}, and {reason}"))
                }
                Err(other) => Self::at_tracepoint(facts, &format!("{reason}, and {other}"))?,
            },
        })
    }

    /// Chooses a hook at which the kernel skips no call beside other programs that use BPF. From Linux 7.2 on it has
    /// none.
    fn at_unskipped(
        missed: MissedCalls,
        routes: &Routes,
        facts: &KernelFacts,
    ) -> Result<Self, Failure> {
        match best_fentry(routes, facts) {
            Ok(functions) => Ok(Self::at_fentry(functions, facts, &missed.to_string())),
            Err(other) => Self::at_tracepoint(facts, &format!("{missed}, and {other}")),
        }
    }

    /// Chooses functions if they serve all routes, or if this process may not attach to the tracepoint.
    fn at_best(
        functions: &Functions,
        routes: &Routes,
        facts: &KernelFacts,
    ) -> Result<Self, Failure> {
        let Err(reason) = all_served(functions, routes) else {
            let mode = Self::at_functions_of(routes, functions, facts, ALL_SERVED);
            return Ok(Self { is_provisional: !facts.preempts_raw, ..mode });
        };
        let Err(refusal) = facts.tracepoint() else { return Self::at_tracepoint(facts, &reason) };
        let mut mode =
            Self::at_functions_of(routes, functions, facts, "the tracepoint is not permitted");
        mode.limitations.push(format!(
            "{reason}, and the tracepoint cannot be used instead, because {}",
            refusal.cause()
        ));
        Ok(mode)
    }

    /// Chooses sessions where calls wait for their return: they cost less than a second link, and entries without a
    /// return cost more.
    fn at_functions_of(
        routes: &Routes,
        functions: &Functions,
        facts: &KernelFacts,
        reason: &str,
    ) -> Self {
        if !functions.has_sessions() || !await_returns(routes) {
            return Self::at_functions(functions, facts, reason);
        }
        let reason = format!("{reason}; {ONE_LINK}");
        Self::at((Attach::Session, functions), facts, (&reason, FEW_RETURNS))
    }

    /// Selects sessions, whatever is routed; `None` where the kernel has none.
    pub fn with_sessions() -> Option<Self> {
        let facts = KernelFacts::read(AttachTo::Function);
        let functions = facts.functions.as_ref().ok().filter(|functions| functions.has_sessions());
        functions.map(|functions| {
            Self::at((Attach::Session, functions), &facts, (CONFIGURED, FEW_RETURNS))
        })
    }

    fn at_functions(functions: &Functions, facts: &KernelFacts, reason: &str) -> Self {
        Self::at((Attach::Function, functions), facts, (reason, FEW_RETURNS))
    }

    fn at_fentry(functions: &Functions, facts: &KernelFacts, reason: &str) -> Self {
        Self::at((Attach::Fentry, functions), facts, (reason, NO_RETURNS))
    }

    /// Selects fentry, whatever it is good for: `reason` is why there are no other functions.
    fn at_any_fentry(facts: &KernelFacts, reason: &str) -> Result<Self, Failure> {
        let functions = facts.fentry.as_ref().map_err(|other| no_functions(reason, other))?;
        let mut mode = Self::at_fentry(functions, facts, &format!("{CONFIGURED}; {reason}"));
        mode.limitations.extend(
            facts
                .preemption
                .as_ref()
                .map(|why| format!("calls may be missing, and are counted as such, because {why}")),
        );
        Ok(mode)
    }

    /// Returns the mode for programs of the same object that are attached in another way.
    pub(super) fn with_attach(&self, attach: Attach) -> Self {
        Self { attach, ..self.clone() }
    }

    /// Selects fentry, also where the kernel has kprobe.multi.
    ///
    /// # Errors
    /// `Failure` where this kernel does not have it.
    pub fn with_fentry() -> Result<Self, Failure> {
        Self::at_any_fentry(&KernelFacts::of_fentry(), "chosen instead of kprobe.multi")
    }

    fn at(
        (attach, functions): (Attach, &Functions),
        facts: &KernelFacts,
        (reason, no_returns_because): (&str, &str),
    ) -> Self {
        let all_return = functions.all_return();
        let exit = if all_return { Ok(attach) } else { facts.tracepoint() };
        let reason = match exit {
            Ok(exit) if !all_return => {
                format!("{reason}; results come from {exit}: {no_returns_because}")
            }
            _ => reason.to_owned(),
        };
        Self {
            attach,
            returns: exit
                .and_then(|exit| Ok(ReturnHooks { exit, task_end: facts.task_end()? }))
                .map_err(no_returns),
            task_start: facts.task_start(),
            execution: facts.execution(),
            reason,
            limitations: Vec::new(),
            functions: functions.clone(),
            is_provisional: false,
        }
    }

    fn at_tracepoint(facts: &KernelFacts, reason: &str) -> Result<Self, Failure> {
        let action = "attach to the tracepoint of all syscalls";
        let attach = facts.tracepoint().map_err(|refusal| facts.refused(refusal, action))?;
        let preempted = match attach {
            Attach::Tracepoint => "this kernel may preempt raw tracepoint programs",
            _ => "this kernel runs raw tracepoint programs without preemption",
        };
        let task_end = facts.task_end().unwrap_or(attach);
        Ok(Self {
            returns: Ok(ReturnHooks { exit: attach, task_end }),
            task_start: facts.task_start(),
            execution: facts.execution(),
            ..Self::with_tracepoint(attach, format!("{reason}; {preempted}"))
        })
    }

    /// Selects a kind of tracepoint for calls and returns, and raw ones for the start of tasks, whether they fit this
    /// kernel or not.
    pub fn with_tracepoint(attach: Attach, reason: String) -> Self {
        Self {
            attach,
            returns: Ok(ReturnHooks { exit: attach, task_end: attach }),
            task_start: Attach::RawTracepoint,
            execution: attach,
            reason,
            limitations: Vec::new(),
            functions: Functions::default(),
            is_provisional: false,
        }
    }

    /// Returns the hooks that follow calls to their end. Raw ones, which are never attached, stand for none.
    pub(super) fn return_hooks(&self) -> ReturnHooks {
        let raw = Attach::RawTracepoint;
        self.returns.clone().unwrap_or(ReturnHooks { exit: raw, task_end: raw })
    }

    /// Adds a sentence if a route would read memory again at the return, and calls cannot be followed to it.
    fn limit_paths(&mut self, routes: &Routes) {
        let mut rules = routes.values().flat_map(|route| &route.rules);
        let Err(failure) = &self.returns else { return };
        if rules.any(|rule| rule.paths == Paths::Auto) {
            self.limitations.push(format!("paths = \"auto\" is \"entry\": {failure}"));
        }
    }
}

const CONFIGURED: &str = "as configured";
const ALL_SERVED: &str = "every routed syscall has a kernel function";
fn no_functions(reason: &str, of_fentry: &str) -> Failure {
    Failure::Unavailable(format!(
        "cannot attach to functions: {reason}, and {of_fentry}; this needs {REQUIREMENTS}, or fentry; use attach = \"auto\" or \"tracepoint\""
    ))
}

fn no_returns(refusal: &PerfRefusal) -> Failure {
    let alternative = "use neither `result` nor paths = \"exact\"";
    refusal.failure("follow calls to their end", alternative)
}

mod of_probes;
pub(super) use of_probes::must_be_probed;
mod served;
#[cfg(test)]
mod tests;
