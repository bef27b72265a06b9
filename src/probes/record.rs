//! Contents of tracefs: the records of tracepoints, and the functions that can be probed.

use std::collections::BTreeSet;
use std::{fs, io};

use super::NotFound;
use super::arguments::{ARGUMENTS_MAX, Form, Meaning, Place, ProbeArguments};
use super::pattern::matches;
use crate::btf::Types;

/// Place where tracefs is mounted since Linux 4.1. The older one, below debugfs, is not looked at: that mounts it, of which
/// Linux 6.17 and newer complain in the kernel's log.
const TRACEFS: &str = "/sys/kernel/tracing";

/// Returns the functions that the kernel lists, or those of a module; `None` where the list cannot be read.
pub(super) fn functions(module: Option<&str>) -> Option<BTreeSet<String>> {
    let text = listed()?;
    let is_meant = |line: &&str| module_in(line) == module;
    Some(text.lines().filter(is_meant).filter_map(name_in).map(str::to_owned).collect())
}

/// Returns the module that has a function; `None` if none has it, or the list cannot be read.
pub(super) fn module_with(function: &str) -> Option<String> {
    let text = listed()?;
    let mut lines = text.lines().filter(|line| name_in(line) == Some(function));
    lines.find_map(module_in).map(str::to_owned)
}

fn listed() -> Option<String> {
    fs::read_to_string(format!("{TRACEFS}/available_filter_functions")).ok()
}

fn name_in(line: &str) -> Option<&str> {
    line.split(['\t', ' ']).next()
}

/// Returns the module in a line such as `nft_do_chain [nf_tables]`.
fn module_in(line: &str) -> Option<&str> {
    line.split_once(['\t', ' '])?.1.trim().strip_prefix('[')?.split(']').next()
}

/// Returns the names of the tracepoints in the subsystems that a pattern may mean.
///
/// # Errors
/// Fails where tracefs cannot be read.
pub(super) fn names(pattern: &str) -> Result<Vec<String>, String> {
    let subsystem = pattern.split_once(':').map_or("", |(subsystem, _)| subsystem);
    let mut all = Vec::new();
    for found in folders("")?.into_iter().filter(|one| matches(subsystem, one)) {
        all.extend(folders(&found)?.into_iter().map(|event| format!("{found}:{event}")));
    }
    Ok(all)
}

fn folders(of: &str) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(format!("{TRACEFS}/events/{of}"));
    let entries = entries.map_err(|error| unreadable(&error))?;
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    Ok(folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

/// Reads a file of a tracepoint, which is named with its subsystem.
///
/// # Errors
/// Fails if tracefs cannot be read, or lacks it.
pub(super) fn read(name: &str, file: &str) -> Result<String, String> {
    let path = format!("{TRACEFS}/events/{}/{file}", name.replacen(':', "/", 1));
    fs::read_to_string(path).map_err(|error| unreadable(&error))
}

fn unreadable(error: &io::Error) -> String {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => "only root can read it",
        _ => "is it mounted at /sys/kernel/tracing?",
    };
    format!("cannot be looked up in tracefs: {error}; {hint}")
}

/// Returns the fields of a record, from the text that describes it. A line:
/// `field:char comm[16]; offset:8; size:16; signed:0;`
pub(super) fn arguments(types: &Types<'_>, format: &str) -> ProbeArguments {
    let fields = format.lines().filter_map(|line| field(types, line));
    let mut found = ProbeArguments::default();
    for (name, value, place) in fields.take(ARGUMENTS_MAX) {
        found.add(&name, value, place);
    }
    found
}

fn field(types: &Types<'_>, line: &str) -> Option<(String, Meaning, Place)> {
    let mut parts = line.trim().split(';').map(str::trim);
    let declared = parts.next()?.strip_prefix("field:")?;
    let number = |part: Option<&str>| part?.split_once(':')?.1.parse::<u16>().ok();
    let (offset, size) = (number(parts.next())?, number(parts.next())?);
    let is_signed = number(parts.next())? != 0;
    let at = declared.rfind([' ', '*'])?;
    let (kind, name) = (declared.get(..=at)?.trim(), declared.get(at + 1..)?);
    let (name, is_array) = name.split_once('[').map_or((name, false), |(name, _)| (name, true));
    if name.starts_with("common_") {
        return None;
    }
    let (value, form) = match kind {
        "char" if is_array => (Meaning::Text, Form::Place),
        "__data_loc char[]" => (Meaning::Text, Form::Offset),
        "char *" | "const char *" => (Meaning::Text, Form::Unsigned),
        _ if is_array || !matches!(size, 1 | 2 | 4 | 8) => return None,
        // A place or a pointer that the program that reads it cannot follow.
        _ if kind.starts_with("__") && kind.contains("_loc ") => return None,
        _ if kind.ends_with('*') => (Meaning::Address, Form::Unsigned),
        _ => (Meaning::of_record(types, kind, size, is_signed), Form::of_number(is_signed)),
    };
    Some((name.to_owned(), value, Place { offset, size: u8::try_from(size).unwrap_or(8), form }))
}

impl From<io::Error> for NotFound {
    fn from(error: io::Error) -> Self {
        unreadable(&error).into()
    }
}
