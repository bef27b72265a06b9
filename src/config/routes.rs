//! The table `[routes]`: a syscall, its number or a group on the left, what handles it on the right.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::Problem;
use super::options::Options;
use super::reader::Reader;
use super::source::Mark;
use super::subject::{self, Subject};
use super::suggest::{closest, list};
use super::text::quoted;
use super::values::expected;
use crate::handlers::Handlers;
use crate::syscalls::Slot;

/// Takes syscalls out of the table. It is no handler, so no handler may have this name.
pub const NONE: &str = "none";

/// One line of `[routes]`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The left side as it was written: `openat`, `226`, `@mount`.
    pub key: String,
    /// One syscall, or a set of them.
    pub subject: Subject,
    /// What it covers in both ABIs; of these, `abi` may leave out some.
    pub slots: Vec<Slot>,
    /// The first whose filter a call passes handles it. None takes the slots out of the table.
    pub targets: Vec<Target>,
    /// Where the left side stands.
    pub mark: Mark,
}

/// One of the alternatives on the right side of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The handler's number; `None`: these calls are not recorded.
    pub handler: Option<u16>,
    /// What the entry itself says.
    pub options: Options,
}

/// Reads the table, in the order in which its entries stand in the file.
pub(super) fn read(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Vec<Entry> {
    let mut rows: Vec<_> = table.iter().collect();
    rows.sort_by_key(|(key, _)| key.span().start);
    let read = |(key, value)| if reader.full() { None } else { entry(reader, key, value) };
    rows.into_iter().filter_map(read).collect()
}

/// Both sides are read even if one is faulty: all faults are told.
fn entry(
    reader: &mut Reader<'_>,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
) -> Option<Entry> {
    let mark = reader.mark(key.span());
    let left = subject::read(key.get_ref());
    let targets = targets(reader, key.get_ref(), &mark, value);
    match left {
        Ok((subject, slots)) => {
            let targets = targets?;
            for target in &targets {
                if let Some(problem) = misfit(reader.handlers, target, &slots) {
                    reader.refuse(value.span(), problem);
                }
            }
            Some(Entry { key: key.get_ref().to_string(), subject, slots, targets, mark })
        }
        Err(problem) => {
            reader.refuse(key.span(), problem);
            None
        }
    }
}

/// Why the handler cannot take these syscalls: it would read other arguments than there are.
fn misfit(handlers: &Handlers, target: &Target, slots: &[Slot]) -> Option<Problem> {
    let handler = handlers.by_id(target.handler?)?;
    let foreign = slots.iter().find(|slot| handler.variant(**slot).is_none())?;
    Some(Problem::from(format!(
        "handler {} does not know the arguments of {foreign}, only of {}",
        quoted(&handler.name),
        handler.syscalls.join(", ")
    )))
}

/// One alternative, or an array of them; `None` is a fault. "none" alone is none at all.
fn targets(
    reader: &mut Reader<'_>,
    key: &str,
    mark: &Mark,
    value: &Spanned<DeValue<'_>>,
) -> Option<Vec<Target>> {
    let DeValue::Array(alternatives) = value.get_ref() else {
        let only = target(reader, key, mark, value)?;
        return Some(if only.handler.is_some() { vec![only] } else { Vec::new() });
    };
    let read = |alternative| target(reader, key, mark, alternative);
    let targets: Vec<_> = alternatives.iter().filter_map(read).collect();
    if alternatives.is_empty() {
        reader.refuse(value.span(), "the array is empty, expected at least one handler");
    }
    (!targets.is_empty() && targets.len() == alternatives.len()).then_some(targets)
}

/// `None` is a fault.
fn target(
    reader: &mut Reader<'_>,
    key: &str,
    mark: &Mark,
    value: &Spanned<DeValue<'_>>,
) -> Option<Target> {
    match value.get_ref() {
        DeValue::String(_) => {
            let handler = handler(reader, key, value)?;
            Some(Target { handler, options: Options::default() })
        }
        DeValue::Table(table) => detailed(reader, key, mark, table),
        other => {
            let what = "a handler's name or { handler = \"...\" }";
            reader.refuse(value.span(), expected(other, what));
            None
        }
    }
}

fn detailed(
    reader: &mut Reader<'_>,
    key: &str,
    mark: &Mark,
    table: &DeTable<'_>,
) -> Option<Target> {
    let mut options = Options::default();
    let mut handled = None;
    for (name, value) in table.iter() {
        if reader.full() {
            break;
        }
        if name.get_ref() == "handler" {
            handled = Some(handler(reader, key, value));
        } else if !options.read(reader, name.get_ref(), value) {
            let known: Vec<_> = std::iter::once("handler").chain(Options::keys()).collect();
            reader.unknown_key(name.span(), name.get_ref(), "a route", &known);
        }
    }
    let Some(handler) = handled else {
        reader.refuse(
            mark.span(),
            format!("{} names no handler, expected handler = \"...\"", for_whom(key)),
        );
        return None;
    };
    let handler = handler?;
    if let Some(problem) = idle(reader.handlers, key, handler, &options) {
        reader.refuse(mark.span(), problem);
    }
    Some(Target { handler, options })
}

/// Why an option of the entry itself would do nothing.
fn idle(handlers: &Handlers, key: &str, handler: Option<u16>, options: &Options) -> Option<String> {
    let Some(id) = handler else {
        let text = || format!("{} is routed to {NONE:?}, which takes no options", for_whom(key));
        return (*options != Options::default()).then(text);
    };
    let handler = handlers.by_id(id)?;
    let name = quoted(&handler.name);
    if options.result.is_some() && !handler.records() {
        return Some(format!("handler {name} records nothing, so it takes no result"));
    }
    let of_programs = [
        ("argv", options.argv.is_some()),
        ("env", options.env.is_some()),
        ("redact", options.redact.is_some()),
    ];
    let (key, _) = of_programs.iter().find(|(_, is_set)| *is_set && !handler.has("argv"))?;
    Some(format!("handler {name} records no program, so it takes no {key}"))
}

/// `Some(None)` is "none"; `None` is a fault.
fn handler(
    reader: &mut Reader<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Option<Option<u16>> {
    let DeValue::String(name) = value.get_ref() else {
        reader.refuse(value.span(), expected(value.get_ref(), "a handler's name"));
        return None;
    };
    if name == NONE {
        return Some(None);
    }
    if let Some(handler) = reader.handlers.named(name) {
        return Some(Some(handler.id));
    }
    let known = || reader.handlers.iter().map(|handler| handler.name.as_str()).chain([NONE]);
    let meant = closest(name, known());
    let expected =
        if meant.is_none() { format!(", expected {}", list(known())) } else { String::new() };
    let message = format!("unknown handler {} for {}{expected}", quoted(name), for_whom(key));
    reader.refuse(value.span(), Problem::from(message).meant(meant));
    None
}

fn for_whom(key: &str) -> String {
    match key.chars().next() {
        Some('@') => format!("group {}", quoted(key)),
        _ => format!("syscall {}", quoted(key)),
    }
}
