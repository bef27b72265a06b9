//! The left side of a route in, the slots that it covers out.

use syscalls::{self, Abi, Slot};

use super::fault::Problem;
use super::mistakes;
use super::suggest::{closest, list};
use super::text::quoted;
use crate::probes;

/// Reads the keys of a table of routes.
pub(super) type ReadKey = fn(&str) -> Result<(Subject, Vec<Slot>), Problem>;

/// Kind of an entry; the later kind wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A set of syscalls, or a pattern of probes.
    Group,
    /// One syscall, by name or number, or one probe.
    Syscall,
}

/// Beginning of a key that names an operation of `io_uring`.
pub const URING_PREFIX: &str = "uring:";

/// Returns the kind and the slots of a key. A name or a group covers both ABIs, each by its own number.
pub(super) fn read(key: &str) -> Result<(Subject, Vec<Slot>), Problem> {
    if key.starts_with('@') {
        let group = syscalls::group(key).ok_or_else(|| unknown("set", key))?;
        return Ok((Subject::Group, group.slots().into_iter().collect()));
    }
    if probes::parse(key).is_some() {
        return Err(format!("{} is a probe; move it below [probes]", quoted(key)).into());
    }
    if let Some(name) = key.strip_prefix(URING_PREFIX) {
        return Ok((Subject::Syscall, vec![operation(key, name)?]));
    }
    let slots = if key.starts_with(|c: char| c.is_ascii_digit()) {
        vec![numbered(key)?]
    } else {
        named(key)
    };
    if slots.is_empty() && key.contains('*') {
        return Err(pattern(key));
    }
    if slots.is_empty() { Err(unknown("syscall", key)) } else { Ok((Subject::Syscall, slots)) }
}

/// Returns the slot of an operation of `io_uring`.
fn operation(key: &str, name: &str) -> Result<Slot, Problem> {
    let slot = |name| Slot::new(Abi::IoUring, syscalls::number(Abi::IoUring, name)?);
    slot(name).ok_or_else(|| {
        let names: Vec<_> = syscalls::names(Abi::IoUring).map(|(_, name)| name).collect();
        let meant = closest(name, names);
        let list = if meant.is_none() { "; `tailcalld syscalls` lists all" } else { "" };
        Problem::from(format!("unknown operation of io_uring {}{list}", quoted(key)))
            .meant(meant.map(|name| format!("{URING_PREFIX}{name}")))
    })
}

/// Returns the kind and the slots of a key below `[probes]`.
pub(super) fn read_probe(key: &str) -> Result<(Subject, Vec<Slot>), Problem> {
    let Some((kind, pattern)) = probes::parse(key) else {
        let kinds = list(probes::PREFIXES.map(|(prefix, _)| prefix));
        return Err(
            format!("{} is no probe, expected a name behind one of {kinds}", quoted(key)).into()
        );
    };
    let subject = if pattern.contains('*') { Subject::Group } else { Subject::Syscall };
    let slots = probes::find(kind, pattern).map_err(|not_found| {
        let meant = closest(key, not_found.names.iter().map(String::as_str));
        Problem::from(format!("{} {}", quoted(key), not_found.reason)).meant(meant)
    })?;
    Ok((subject, slots))
}

fn named(name: &str) -> Vec<Slot> {
    let slot = |abi| Slot::new(abi, syscalls::number(abi, name)?);
    Abi::BOTH.into_iter().filter_map(slot).collect()
}

/// A number means the native ABI: the same number is another syscall in the 32-bit one.
fn numbered(key: &str) -> Result<Slot, Problem> {
    let canonical = !(key.len() > 1 && key.starts_with('0'));
    let digits = key.bytes().all(|byte| byte.is_ascii_digit());
    if !(canonical && digits) {
        return Err(format!(
            "{} is not a syscall number, expected decimal digits without leading zeros",
            quoted(key)
        )
        .into());
    }
    let slot = key.parse().ok().and_then(|nr| Slot::new(Abi::Native, nr));
    slot.ok_or_else(|| format!("syscall number {} is out of range, 0 to 511", quoted(key)).into())
}

/// Returns the fault of a pattern, which only `[probes]` has.
fn pattern(key: &str) -> Problem {
    let all = (key.trim_matches('*').is_empty()).then(|| "@known".to_owned());
    let problem = format!(
        "{} is a pattern, expected a syscall, or a set such as \"@file-system\"; `tailcalld syscalls` lists both",
        quoted(key)
    );
    Problem::from(problem).meant(all)
}

fn unknown(what: &str, key: &str) -> Problem {
    let meant = syscalls::closest(mistakes::without_prefix(key)).map(str::to_owned);
    let list = if meant.is_none() { "; `tailcalld syscalls` lists all" } else { "" };
    let foreign =
        mistakes::foreign_letter(key).map_or_else(String::new, |note| format!("; {note}"));
    Problem::from(format!("unknown {what} {}{list}{foreign}", quoted(key))).meant(meant)
}
