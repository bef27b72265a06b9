//! Which way to attach, and why: by what the configuration asks for and what this kernel has.

use std::fs;

use anyhow::Result;
use syscalls::Slot;

use super::attach::Attach;
use super::functions::Functions;
use crate::bpf;
use crate::config::AttachTo;
use crate::error::Failure;
use crate::plan::{Route, Routes};

/// A way to attach, and why it is this one.
#[derive(Debug, Clone)]
pub struct AttachMode {
    /// Where calls are seen.
    pub attach: Attach,
    /// Where their returns are, if results are asked for.
    pub returns: Attach,
    /// Which kind of tracepoint is right on this kernel.
    pub tracepoint: Attach,
    /// Why not another way, for people.
    pub reason: String,
    /// What there is to attach to; empty for tracepoints.
    pub functions: Functions,
}

/// Zero while the kernel calls nobody at its functions.
const SWITCH: &str = "/proc/sys/kernel/ftrace_enabled";

/// How many syscalls a reason names.
const EXAMPLES: usize = 3;

impl AttachMode {
    /// Makes the choice for these routes.
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

    /// That kind of tracepoint for calls and returns, right on this kernel or not.
    pub fn with_tracepoint(attach: Attach, reason: String) -> Self {
        let functions = Functions::default();
        Self { attach, returns: attach, tracepoint: attach, reason, functions }
    }
}

const FEW_RETURNS: &str = "this kernel tracks few concurrent returns of a function";

/// Whether the kernel calls programs at its functions; also true where it does not say.
pub fn functions_are_on() -> bool {
    fs::read_to_string(SWITCH).map_or(true, |switch| switch.trim() != "0")
}

/// What there is to attach to, or why there is nothing.
fn functions() -> Result<Functions, String> {
    if !bpf::has_kprobe_multi() {
        return Err("this kernel has no kprobe.multi".to_owned());
    }
    if !functions_are_on() {
        return Err("ftrace is switched off (sysctl kernel.ftrace_enabled)".to_owned());
    }
    Functions::read().map_err(|error| format!("{error:#}; is tracefs mounted?"))
}

/// Whether calls of all routes would be seen, and their returns without paying for tracepoints as well.
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
