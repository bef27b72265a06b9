//! Information about a signal (`siginfo_t`). The name of the code depends on the signal, the remaining members
//! on both.

use std::fmt::Write;

use super::layout::{members, value};
use super::list::List;
use super::phase::Phase;
use crate::notation::names;
use crate::notation::primitive::{hex_bytes, register};
use crate::{Abi, Structure};

const SEGV_BNDERR: i32 = 3;
const CLD_EXITED: i32 = 1;

/// Prints `{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7, ...}`; `{}` for no signal.
pub fn siginfo(abi: Abi, bytes: &[u8], phase: Phase, out: &mut String) {
    let Some(head) = crate::structure(abi, "siginfo") else { return hex_bytes(bytes, out) };
    let number = |name| head.number(bytes, name).map(|n| n as i32);
    let (Some(signo), Some(code)) = (number("si_signo"), number("si_code")) else {
        return hex_bytes(bytes, out);
    };
    let mut list = List::open("{", out);
    if signo != 0 {
        let mut name = String::new();
        names::signal(signo, &mut name);
        let _ = write!(list.item(), "si_signo={name}");
        list.item().push_str("si_code=");
        code_name(abi, &name, code, &mut list);
        errno(head, bytes, phase, &mut list);
        if let Some((layout, bytes)) = rest(abi, head, bytes, &name, code) {
            members(layout, bytes, phase, &mut list);
        }
    }
    list.close("}");
}

/// Adds the error, if there is one. In memory it precedes the code, in text it follows.
fn errno(head: &Structure, bytes: &[u8], phase: Phase, list: &mut List) {
    let mut members = head.members().iter().filter(|member| member.is_present(head, bytes));
    if let Some(member) = members.find(|member| member.name == "si_errno") {
        let out = list.item();
        out.push_str("si_errno=");
        value(head, member, bytes, phase, out);
    }
}

/// Adds the name of the code. Codes of 0 and below, and that of the kernel, are the same for every
/// signal.
fn code_name(abi: Abi, signal: &str, code: i32, list: &mut List) {
    let named = |name: &str| {
        let layout = crate::structure(abi, name)?;
        match &layout.members().first()?.kind {
            crate::MemberKind::Enum(set) => set.symbol((code as u32).into()),
            _ => None,
        }
    };
    let own = if code > 0 { named(&format!("sicode_{signal}")) } else { None };
    match own.or_else(|| named("sicode")) {
        Some(symbol) => list.last().push_str(symbol),
        None => register((code as u32).into(), list.last()),
    }
}

/// Returns layout and bytes of the members that depend on signal and code.
fn rest<'a>(
    abi: Abi,
    head: &Structure,
    bytes: &'a [u8],
    signal: &str,
    code: i32,
) -> Option<(&'static Structure, &'a [u8])> {
    let fields = head.members().iter().find(|member| member.name == "fields")?;
    let layout = crate::structure(abi, &format!("siginfo_{}", kind(signal, code)))?;
    let bytes = bytes.get(fields.offset..)?;
    Some((layout, bytes.get(..layout.size()).unwrap_or(bytes)))
}

fn kind(signal: &str, code: i32) -> &'static str {
    match (code, signal) {
        (0 | -6, _) => "kill",
        (-2, _) => "timer",
        (-5, _) => "poll",
        (..0, _) => "queue",
        (CLD_EXITED, "SIGCHLD") => "exit",
        (_, "SIGCHLD") => "child",
        (SEGV_BNDERR, "SIGSEGV") => "bounds",
        (_, "SIGILL" | "SIGFPE" | "SIGSEGV" | "SIGBUS" | "SIGTRAP") => "fault",
        (1..=6, "SIGIO") => "poll",
        (_, "SIGIO") => "none",
        (_, "SIGSYS") => "syscall",
        _ => "other",
    }
}
