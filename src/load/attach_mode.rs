//! Choice of the hooks, by the configuration and by what this kernel has.

use std::fs;

use anyhow::Result;
use syscalls::Slot;

use super::attach::Attach;
use super::functions::Functions;
use crate::bpf;
use crate::config::AttachTo;
use crate::error::Failure;
use crate::plan::{Route, Routes};

/// Hooks of the programs, and the reason for the choice.
#[derive(Debug, Clone)]
pub struct AttachMode {
    /// Hook at the entry of calls.
    pub attach: Attach,
    /// Hook at their return, if a route asks for results.
    pub returns: Attach,
    /// Kind of tracepoint that misses no calls on this kernel.
    pub tracepoint: Attach,
    /// Reason for the choice, as it is printed.
    pub reason: String,
    /// Functions that can be attached to; empty for tracepoints.
    pub functions: Functions,
}

/// File that contains 0 while ftrace is switched off, so that no function calls a program.
const SWITCH: &str = "/proc/sys/kernel/ftrace_enabled";

/// Syscalls that a reason names as examples.
const EXAMPLES: usize = 3;

impl AttachMode {
    /// Chooses the hooks for the routes.
    ///
    /// # Errors
    /// `Failure::Unavailable` where functions are asked for and this kernel does not have them.
    pub fn choose(wanted: AttachTo, routes: &Routes) -> Result<Self> {
        match wanted {
            AttachTo::Tracepoint => Ok(Self::tracepoint("as configured")),
            AttachTo::Function => match functions() {
                Ok(functions) => Ok(Self::functions("as configured", functions)),
                Err(reason) => Err(Failure::Unavailable(format!(
                    "cannot attach to functions: {reason}; this needs Linux 5.19 with CONFIG_FPROBE, ftrace and tracefs; use attach = \"auto\" or \"tracepoint\""
                ))
                .into()),
            },
            AttachTo::Auto => Ok(match functions().and_then(|found| all_served(found, routes)) {
                Ok(functions) => Self::functions("every routed syscall has a kernel function", functions),
                Err(reason) => Self::tracepoint(&reason),
            }),
        }
    }

    fn functions(reason: &str, functions: Functions) -> Self {
        let (attach, tracepoint) = (Attach::Function, Attach::tracepoint());
        if functions.all_return() {
            return Self {
                attach,
                returns: attach,
                tracepoint,
                reason: reason.to_owned(),
                functions,
            };
        }
        let reason = format!("{reason}; results come from {tracepoint}: {FEW_RETURNS}");
        Self { attach, returns: tracepoint, tracepoint, reason, functions }
    }

    fn tracepoint(reason: &str) -> Self {
        let attach = Attach::tracepoint();
        let preempted = match attach {
            Attach::Tracepoint => "this kernel may preempt raw tracepoint programs",
            _ => "this kernel runs raw tracepoint programs without preemption",
        };
        Self::with_tracepoint(attach, format!("{reason}; {preempted}"))
    }

    /// Selects a kind of tracepoint for calls and returns, whether it fits this kernel or not.
    pub fn with_tracepoint(attach: Attach, reason: String) -> Self {
        let functions = Functions::default();
        Self { attach, returns: attach, tracepoint: attach, reason, functions }
    }
}

const FEW_RETURNS: &str = "this kernel tracks few concurrent returns of a function";

/// Returns whether ftrace is switched on; also true where the kernel does not say.
pub fn functions_are_on() -> bool {
    fs::read_to_string(SWITCH).map_or(true, |switch| switch.trim() != "0")
}

/// Returns the functions that can be attached to, or the reason why there are none.
fn functions() -> Result<Functions, String> {
    if !bpf::has_kprobe_multi() {
        return Err("this kernel has no kprobe.multi".to_owned());
    }
    if !functions_are_on() {
        return Err("ftrace is switched off (sysctl kernel.ftrace_enabled)".to_owned());
    }
    Functions::read().map_err(|error| format!("{error:#}; is tracefs mounted?"))
}

/// Checks that every routed syscall has a function, and that results need no tracepoint as well.
fn all_served(functions: Functions, routes: &Routes) -> Result<Functions, String> {
    if !functions.all_return() && routes.values().any(Route::awaits_results) {
        return Err(format!("a route asks for results, and {FEW_RETURNS}"));
    }
    let without: Vec<&Slot> = routes.keys().filter(|&&slot| functions.of(slot).is_none()).collect();
    if without.is_empty() {
        return Ok(functions);
    }
    let names: Vec<String> = without.iter().take(EXAMPLES).map(|slot| slot.with_abi()).collect();
    let more = match without.len().saturating_sub(EXAMPLES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Err(format!("this kernel has no function for {}{more}", names.join(", ")))
}
