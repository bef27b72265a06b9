//! `tailcalld syscalls` and `tailcalld handlers`: the names for both sides of a route.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use syscalls::{
    Abi, Group, Slot, UringOperation, closest, group, groups, names, number, uring_operation,
};

use super::print::{standard_output, table};
use super::report::remark;
use crate::config::{DEFAULT_PATH, NONE, Trust, URING_PREFIX, printable};
use crate::handlers::Handler;
use crate::load;

/// The set that an argument names.
pub(super) fn known_group(name: &str) -> Result<&'static Group, String> {
    let meant = closest(name).filter(|meant| meant.starts_with('@'));
    let meant = meant.map(|meant| format!(" (did you mean \"{meant}\"?)")).unwrap_or_default();
    group(name).ok_or_else(|| format!("no such set of syscalls{meant}"))
}

/// Prints one set, or all sets and all syscalls.
///
/// # Errors
///
/// If the output cannot be written.
pub fn syscalls(set: Option<&Group>) -> anyhow::Result<()> {
    let members: BTreeSet<&str> = match set {
        Some(set) => set.members().collect(),
        None => Abi::BOTH.into_iter().flat_map(names).map(|(_, name)| name).collect(),
    };
    let (mut out, style) = standard_output();
    let listed = groups().filter(|group| set.is_none_or(|set| set == *group));
    let sets: Vec<_> = listed.map(|set| [set.name.to_owned(), set.about.to_owned()]).collect();
    table(&mut out, style, ["SET", "ABOUT"], &sets)?;
    writeln!(out)?;
    let head = ["SYSCALL", Abi::Native.name(), Abi::Compat.name()];
    let rows: Vec<_> = members.into_iter().filter_map(numbers).collect();
    table(&mut out, style, head, &rows)?;
    let head = ["OPERATION", "NUMBER", "ROUTE OF"];
    let is_listed = |slot: &Slot| set.is_none_or(|set| stands_for_member(*slot, set));
    let rows: Vec<_> = operations().filter(is_listed).map(operation).collect();
    if !rows.is_empty() {
        writeln!(out)?;
        table(&mut out, style, head, &rows)?;
    }
    Ok(out.flush()?)
}

fn operations() -> impl Iterator<Item = Slot> {
    names(Abi::IoUring).filter_map(|(nr, _)| Slot::new(Abi::IoUring, nr))
}

fn stands_for_member(slot: Slot, set: &Group) -> bool {
    let syscalls = uring_operation(slot).into_iter().flat_map(UringOperation::syscalls);
    syscalls.filter_map(Slot::name).any(|name| set.contains(name))
}

/// Returns the row of an operation of `io_uring`: its name as a route has it, its number, and the syscalls whose route it
/// has.
fn operation(slot: Slot) -> [String; 3] {
    let syscalls = uring_operation(slot).into_iter().flat_map(UringOperation::syscalls);
    let names: Vec<_> = syscalls.filter_map(Slot::name).collect();
    let names = if names.is_empty() { "-".to_owned() } else { names.join(", ") };
    [format!("{URING_PREFIX}{slot}"), slot.nr().to_string(), names]
}

/// `None` for a syscall of other architectures.
fn numbers(name: &str) -> Option<[String; 3]> {
    let of = |abi| number(abi, name);
    let shown = |abi| of(abi).map_or("-".to_owned(), |nr| nr.to_string());
    let here = Abi::BOTH.into_iter().any(|abi| of(abi).is_some());
    here.then(|| [name.to_owned(), shown(Abi::Native), shown(Abi::Compat)])
}

/// Prints the handlers, their fields, and the files of those in objects of their own. Says of a file that is none why.
///
/// # Errors
///
/// If the output cannot be written.
pub fn handlers() -> anyhow::Result<()> {
    let handlers = load::handlers_for(Path::new(DEFAULT_PATH), &Trust::of_reader())?;
    let (mut out, style) = standard_output();
    let built_in = handlers.iter().map(|handler| row(handler, BUILT_IN.to_owned()));
    let objects = handlers.objects().map(|object| row(&object.handler, shown(&object.path)));
    let mut rows: Vec<_> = built_in.chain(objects).collect();
    let none = [NONE, "removes syscalls from the table", "-", BUILT_IN];
    rows.push(none.map(str::to_owned));
    table(&mut out, style, ["HANDLER", "SUMMARY", "FIELDS", "FILE"], &rows)?;
    out.flush()?;
    handlers
        .refused()
        .try_for_each(|refused| remark(&format!("{} {}", shown(&refused.path), refused.reason)))?;
    Ok(())
}

/// In the place of a file.
const BUILT_IN: &str = "built in";

fn row(handler: &Handler, file: String) -> [String; 4] {
    [handler.name.clone(), handler.summary.clone(), fields(handler), file]
}

fn shown(path: &Path) -> String {
    let is_file = !path.as_os_str().is_empty();
    if is_file { printable(&path.to_string_lossy()) } else { BUILT_IN.to_owned() }
}

fn fields(handler: &Handler) -> String {
    let names: Vec<_> = handler.fields.iter().map(|field| field.name.as_str()).collect();
    match (names.is_empty(), handler.captures_any_syscall()) {
        (false, _) => names.join(", "),
        (true, true) => "the syscall's own arguments".to_owned(),
        (true, false) => "-".to_owned(),
    }
}
