//! Explanations of a failed load: the kernel returns an errno, an administrator needs a sentence.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use anyhow::{Error, Result};
use libbpf_rs::{ErrorKind, PrintLevel};

use super::rings::Rings;
use crate::bpf::take_messages;
use crate::error::Failure;

/// File with the capabilities of this process.
const STATUS: &str = "/proc/self/status";
const BTF: &str = "/sys/kernel/btf/vmlinux";
/// File with the lockdown mode; missing without lockdown in the kernel or without securityfs.
const LOCKDOWN: &str = "/sys/kernel/security/lockdown";
/// Bits in CapEff, from uapi/linux/capability.h.
const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

/// Checks what would otherwise come back as a bare errno.
///
/// # Errors
/// `Failure` for a lack of privileges, of procfs or of BTF, and for a kernel that is locked down.
pub fn preconditions() -> Result<()> {
    let status = fs::read_to_string(STATUS).map_err(|error| {
        Failure::Unavailable(format!("failed to read {STATUS} ({error}): mount procfs at /proc"))
    })?;
    if let Some(missing) = missing_capability(&status) {
        return Err(Failure::Permission(format!(
            "not allowed to load BPF programs ({missing} is missing): run tailcalld as root, with sudo, or as the service"
        ))
        .into());
    }
    if !Path::new(BTF).exists() {
        return Err(Failure::Unavailable(format!(
            "this kernel has no type information ({BTF} is missing): use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as most distributions have since 2021"
        ))
        .into());
    }
    if fs::read_to_string(LOCKDOWN).is_ok_and(|modes| modes.contains("[confidentiality]")) {
        return Err(locked_down().into());
    }
    Ok(())
}

fn locked_down() -> Failure {
    Failure::Unavailable(
        "this kernel is locked down (mode \"confidentiality\"), which forbids BPF programs to read memory: boot with lockdown=integrity or without lockdown"
            .to_owned(),
    )
}

/// Returns whether this process has `CAP_SYS_ADMIN`.
pub(super) fn has_sys_admin() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    effective_capabilities(&status).is_some_and(|effective| effective & (1 << CAP_SYS_ADMIN) != 0)
}

fn effective_capabilities(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

fn missing_capability(status: &str) -> Option<&'static str> {
    let effective = effective_capabilities(status)?;
    let has = |capability: u32| effective & (1 << capability) != 0;
    match (has(CAP_SYS_ADMIN), has(CAP_BPF), has(CAP_PERFMON)) {
        (true, ..) | (_, true, true) => None,
        (_, false, _) => Some("CAP_BPF"),
        (_, true, false) => Some("CAP_PERFMON"),
    }
}

thread_local! {
    /// Messages of libbpf during the current operation: its errors carry an errno only.
    static MESSAGES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Collects libbpf's messages instead of letting it print them.
pub fn capture_libbpf_messages() {
    // libbpf has thousands of messages for debugging, and writes each before it asks whether anybody wants it.
    let is_debugged = tracing::enabled!(target: "libbpf", tracing::Level::DEBUG);
    let most = if is_debugged { PrintLevel::Debug } else { PrintLevel::Info };
    take_messages(most, |level, text| {
        let text = text.trim_end();
        if level == PrintLevel::Debug {
            tracing::debug!(target: "libbpf", "{text}");
        } else {
            MESSAGES.with_borrow_mut(|messages| messages.push(text.to_owned()));
        }
    });
}

/// Runs an operation of libbpf.
///
/// # Errors
/// The last thing that libbpf said, or of the verifier its last lines.
pub fn said<T>(operation: impl FnOnce() -> libbpf_rs::Result<T>) -> Result<T, String> {
    MESSAGES.with_borrow_mut(Vec::clear);
    operation().map_err(|error| {
        let messages = MESSAGES.take();
        match verifier_log(&messages) {
            Some(log) => format!("the kernel's verifier refuses it: {}", last_lines(log)),
            None => {
                messages.last().map_or(error.to_string(), |message| of_libbpf(message).to_owned())
            }
        }
    })
}

/// Returns the last lines of the verifier's log, but for its statistics.
fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(is_said).collect();
    let from = lines.len().saturating_sub(VERIFIER_LINES);
    lines.get(from..).unwrap_or_default().join("; ")
}

/// Number of lines of the verifier that name the instruction and what is wrong with it.
const VERIFIER_LINES: usize = 3;

fn of_libbpf(message: &str) -> &str {
    message.strip_prefix("libbpf: ").unwrap_or(message)
}

fn is_said(line: &&str) -> bool {
    !line.is_empty()
        && !line.contains("-- BEGIN PROG")
        && !line.starts_with("--")
        && !line.starts_with("processed ")
}

/// Runs a load and turns its failure into a sentence.
///
/// # Errors
/// As the load's, explained.
pub fn explain<T>(load: impl FnOnce() -> libbpf_rs::Result<T>) -> Result<T> {
    MESSAGES.with_borrow_mut(Vec::clear);
    load().map_err(|error| {
        let messages = MESSAGES.take();
        for message in &messages {
            tracing::debug!(target: "libbpf", "{message}");
        }
        explained(error, &messages)
    })
}

fn explained(error: libbpf_rs::Error, messages: &[String]) -> Error {
    let failure = match verifier_log(messages) {
        // Lockdown takes the helpers away, and /sys/kernel/security is not always mounted.
        Some(log) if log.contains("unknown func bpf_probe_read") => locked_down(),
        Some(log) => Failure::Unavailable(format!(
            "this kernel rejected the BPF programs (Linux 5.10 or newer is required); `tailcalld run -v` prints the verifier's log, which ends with: {}",
            complaint(log)
        )),
        None if error.kind() == ErrorKind::PermissionDenied => Failure::Permission(format!(
            "the kernel rejected the BPF programs: CAP_BPF and CAP_PERFMON are required; the last message of libbpf: {}",
            last(messages)
        )),
        None => Failure::Unavailable(format!(
            "this kernel rejected the BPF programs (Linux 5.10 or newer is required); `tailcalld run -v` prints all messages of libbpf, which end with: {}",
            last(messages)
        )),
    };
    Error::new(error).context(failure)
}

/// Explains that the kernel has no room for a ring.
pub fn refused_ring(error: libbpf_rs::Error, rings: Rings) -> Error {
    let (size, mend) = (rings.bytes / 1024, "or raise the memory limit of the service");
    Error::new(error).context(Failure::Unavailable(match rings.count {
        1 => format!("the kernel refused a ring of {size} KiB: reduce `[ring] size`, {mend}"),
        count => format!(
            "the kernel refused one of {count} rings of {size} KiB: reduce `[ring] size`, raise `[ring] cpus`, {mend}"
        ),
    }))
}

/// Returns the log of the verifier, if the load came that far: then privileges were enough, although EACCES
/// is its usual errno.
fn verifier_log(messages: &[String]) -> Option<&str> {
    messages.iter().map(String::as_str).find(|message| message.contains("BEGIN PROG LOAD LOG"))
}

/// Returns the last sentence of the verifier; only statistics and libbpf's end mark follow it.
fn complaint(log: &str) -> &str {
    log.lines().rev().find(is_said).unwrap_or(log)
}

fn last(messages: &[String]) -> &str {
    messages.last().map_or("nothing", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(errno: i32, messages: &[&str]) -> Failure {
        let messages: Vec<String> = messages.iter().map(|&message| message.to_owned()).collect();
        let error = explained(libbpf_rs::Error::from_raw_os_error(errno), &messages);
        error.downcast_ref::<Failure>().expect("a failure").clone()
    }

    const REFUSED: &str = "prog 'handle_exec': -- BEGIN PROG LOAD LOG --\n494: (7b) r7 = r2\n\
        R7 min value is negative\nprocessed 44066 insns (limit 1000000)\n-- END PROG LOAD LOG --";

    /// Both come back as "permission denied", but only one is mended by capabilities.
    #[test]
    fn explained_verifier_refusal_is_unavailable_not_permission() {
        let Failure::Unavailable(text) = failure(nix::libc::EACCES, &["relocated", REFUSED]) else {
            panic!("reported as a lack of privileges");
        };
        assert!(text.ends_with("which ends with: R7 min value is negative"), "{text}");
        let Failure::Permission(text) = failure(nix::libc::EPERM, &["failed to load: -EPERM"])
        else {
            panic!("not reported as a lack of privileges");
        };
        assert!(text.ends_with("of libbpf: failed to load: -EPERM"), "{text}");
    }

    #[test]
    fn explained_missing_helper_is_lockdown() {
        let log = REFUSED.replace("R7 min value is negative", "unknown func bpf_probe_read#4");
        assert_eq!(failure(nix::libc::EINVAL, &[&log]), locked_down());
    }
}
