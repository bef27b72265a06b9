//! Functions of the running kernel that serve syscalls and that fentry programs can be attached to: those with a type
//! that lets their programs share one table.

use std::collections::BTreeMap;
use std::io;

use anyhow::{Context as _, Result, anyhow};
use libbpf_rs::btf::types::{Func, FuncProto, Ptr};
use libbpf_rs::btf::{Btf, BtfType, TypeId};
use nix::libc;

use super::functions::{Functions, listed};
use crate::bpf;

/// Function that every kernel has. The programs of the table are loaded for it, whatever they are called for.
pub(super) const REFERENCE: &str = "__x64_sys_execve";

/// Prefixes of the functions at the entry of syscalls.
const PREFIXES: [&str; 3] = ["__x64_", "__ia32_", "__do_sys_"];

/// Options of the kernel that fentry needs.
const NEEDED: &str = "it needs CONFIG_FUNCTION_TRACER and CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS";

/// "Operation is not supported", an error of the kernel's own (include/linux/errno.h).
const ENOTSUPP: i32 = 524;

/// Function in the kernel's type information.
#[derive(Clone, Copy)]
struct TypedFunction {
    id: u32,
    /// Type of its arguments.
    arguments: u32,
}

/// Returns the functions, or the reason why there are none.
pub(super) fn fentry_functions() -> Result<Functions, String> {
    if !cfg!(target_arch = "x86_64") {
        return Err("fentry is used on x86_64 only".to_owned());
    }
    typed_functions().map_err(|error| format!("{error:#}"))
}

fn typed_functions() -> Result<Functions> {
    let types = Btf::from_vmlinux().context("failed to read the kernel's type information")?;
    let reference = types
        .type_by_name::<Func<'_>>(REFERENCE)
        .and_then(|function| typed(&types, function))
        .with_context(|| format!("the kernel's type information has no {REFERENCE}"))?;
    // Asked first, because to look at all types takes longer.
    let share = |other| bpf::may_share_array(reference.id, other);
    share(reference.id).map_err(refused)?;
    let mut all = by_name(&types, reference.arguments);
    let other = all.values().find(|function| function.arguments != reference.arguments);
    let is_shared = other.map_or(Ok(true), |other| share(other.id))?;
    all.retain(|_, function| is_shared || function.arguments == reference.arguments);
    let names = listed().context("is tracefs mounted?")?;
    let typed = names.into_iter().filter_map(|name| Some((all.get(&*name)?.id, name)));
    Ok(Functions::typed(typed.map(|(id, name)| (name, id))))
}

/// Returns what a refusal means: the daemon has all privileges when it asks, so an error of privileges is that of a kernel
/// without CONFIG_FUNCTION_TRACER (seen with 6.18).
fn refused(error: io::Error) -> anyhow::Error {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EINVAL | ENOTSUPP) => {
            anyhow!("this kernel has no fentry ({NEEDED})")
        }
        _ => anyhow!(error).context("failed to load a program for the entry of a function"),
    }
}

/// Returns the functions of syscalls. A name may have several types (kernel/sys_ni.c declares the functions of what a
/// kernel may lack in its own way); the one with these arguments is preferred.
fn by_name(types: &Btf<'_>, arguments: u32) -> BTreeMap<String, TypedFunction> {
    let mut all = BTreeMap::new();
    for function in types.type_by_kind::<Func<'_>>() {
        let name = function.name().and_then(|name| name.to_str()).unwrap_or_default();
        if !PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let name = name.to_owned();
        match typed(types, function) {
            Some(found) if found.arguments == arguments => {
                all.insert(name, found);
            }
            Some(found) => {
                all.entry(name).or_insert(found);
            }
            None => {}
        }
    }
    all
}

/// Returns a function of the type that those at the entry of syscalls have: the registers are its only argument.
fn typed(types: &Btf<'_>, function: Func<'_>) -> Option<TypedFunction> {
    let arguments = FuncProto::try_from(function.next_type()?).ok()?;
    let only = arguments.iter().next().filter(|_| arguments.len() == 1)?;
    let (id, arguments) = (function.type_id().into(), arguments.type_id().into());
    are_registers(types, only.ty).then_some(TypedFunction { id, arguments })
}

/// Returns whether a type is a pointer to registers. Some declarations know no more of them than the name.
fn are_registers(types: &Btf<'_>, argument: TypeId) -> bool {
    let pointer = types.type_by_id::<Ptr<'_>>(argument);
    let target = pointer.and_then(|pointer| pointer.next_type());
    let target = target.as_ref().map(BtfType::skip_mods_and_typedefs);
    target.and_then(|target| target.name()).is_some_and(|name| name == "pt_regs")
}
