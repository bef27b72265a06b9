//! Why a load failed, and what to do: the kernel says a number, an administrator needs a sentence.

use std::cell::RefCell;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Error, Result};
use libbpf_rs::{ErrorKind, PrintLevel, set_print};

/// A failure that the exit code tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The process may not do it (exit code 77).
    Permission(String),
    /// This machine cannot do it (exit code 69).
    Unavailable(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permission(text) | Self::Unavailable(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Failure {}

const BTF: &str = "/sys/kernel/btf/vmlinux";
/// Bits in CapEff, from uapi/linux/capability.h.
const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

/// Checks what would otherwise come back as a bare errno.
///
/// # Errors
/// `Failure` for a lack of privileges or of BTF.
pub fn preconditions() -> Result<()> {
    if let Some(missing) = missing_capability(&fs::read_to_string("/proc/self/status")?) {
        return Err(Failure::Permission(format!(
            "not allowed to load BPF programs ({missing} is missing): run it as root, with sudo, or as the service"
        ))
        .into());
    }
    if !Path::new(BTF).exists() {
        return Err(Failure::Unavailable(format!(
            "this kernel has no type information ({BTF} is missing): use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distributions since 2021 have it"
        ))
        .into());
    }
    Ok(())
}

fn missing_capability(status: &str) -> Option<&'static str> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    let effective = u64::from_str_radix(line.trim(), 16).ok()?;
    let has = |capability: u32| effective & (1 << capability) != 0;
    match (has(CAP_SYS_ADMIN), has(CAP_BPF), has(CAP_PERFMON)) {
        (true, ..) | (_, true, true) => None,
        (_, false, _) => Some("CAP_BPF"),
        (_, true, false) => Some("CAP_PERFMON"),
    }
}

thread_local! {
    /// What libbpf said during the current operation: its errors carry an errno only.
    static MESSAGES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Collects libbpf's messages instead of letting it print them.
pub fn capture_libbpf_messages() {
    set_print(Some((PrintLevel::Debug, |level, text| {
        let text = text.trim_end();
        if level == PrintLevel::Debug {
            tracing::debug!(target: "libbpf", "{text}");
        } else {
            MESSAGES.with_borrow_mut(|messages| messages.push(text.to_owned()));
        }
    })));
}

/// Runs a load and turns its failure into a sentence.
///
/// # Errors
/// As the load's, explained.
pub fn explain<T>(ring_bytes: u32, load: impl FnOnce() -> libbpf_rs::Result<T>) -> Result<T> {
    MESSAGES.with_borrow_mut(Vec::clear);
    load().map_err(|error| {
        let messages = MESSAGES.take();
        for message in &messages {
            tracing::debug!(target: "libbpf", "{message}");
        }
        explained(error, &messages, ring_bytes)
    })
}

fn explained(error: libbpf_rs::Error, messages: &[String], ring_bytes: u32) -> Error {
    let kind = error.kind();
    let about_ring = messages.iter().any(|message| message.contains("'events'"));
    let failure = match kind {
        _ if about_ring => Failure::Unavailable(format!(
            "the kernel refused a ring of {} KiB: make `[ring] size` smaller, or raise the memory limit of the service",
            ring_bytes / 1024
        )),
        ErrorKind::PermissionDenied => Failure::Permission(format!(
            "the kernel refused the BPF programs: CAP_BPF and CAP_PERFMON are needed, and a lockdown mode other than \"confidentiality\"; it said: {}",
            last(messages)
        )),
        _ => Failure::Unavailable(format!(
            "this kernel refused the BPF programs (5.10 or newer is needed); `tailcalld -v run` shows all that it said; it ended with: {}",
            last(messages)
        )),
    };
    Error::new(error).context(failure)
}

/// The verifier's own complaint where there is one, else the last thing that was said.
fn last(messages: &[String]) -> String {
    let log = messages.iter().find(|message| message.contains("BEGIN PROG LOAD LOG"));
    let lines = log.map(|log| log.lines().rev().filter(|line| !line.starts_with("--")).take(2));
    match lines {
        Some(lines) => lines.collect::<Vec<_>>().join("; "),
        None => messages.last().cloned().unwrap_or_else(|| "nothing".to_owned()),
    }
}
