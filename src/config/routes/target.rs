//! The right side of a route in, its alternatives out.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{NONE, Target, chain, for_whom};
use crate::config::options::{Marks, Options};
use crate::config::reader::FileReader;
use crate::config::source::Mark;
use crate::config::text::quoted;
use crate::config::values::expected;
use crate::handlers::{Handler, Role};

/// Reads one alternative, or an array of them; `None` is a fault. "none" alone is no alternative at all.
pub(super) fn all(
    reader: &mut FileReader<'_>,
    key: &str,
    mark: &Mark,
    value: &Spanned<DeValue<'_>>,
) -> Option<Vec<Target>> {
    let several = match value.get_ref() {
        DeValue::Array(several) if !chain::is_chain(several) => Some(several),
        _ => None,
    };
    let Some(alternatives) = several else {
        let only = one(reader, key, mark, value)?;
        if only.handler.is_none() && !only.marks.is_empty() {
            let text = format!("{} is routed to {NONE:?}, which takes no options", for_whom(key));
            reader.refuse(mark.span(), text);
        }
        if only.handler.is_none() {
            return Some(Vec::new());
        }
        refuse_useless(reader, &only);
        return Some(vec![only]);
    };
    let mut read = |alternative: &Spanned<DeValue<'_>>| {
        let mark = reader.mark(alternative.span());
        let target = one(reader, key, &mark, alternative)?;
        refuse_useless(reader, &target);
        Some(target)
    };
    let targets: Vec<_> = alternatives.iter().filter_map(&mut read).collect();
    if alternatives.is_empty() {
        reader.refuse(value.span(), "the array is empty, expected at least one handler");
    }
    (!targets.is_empty() && targets.len() == alternatives.len()).then_some(targets)
}

/// Reads one alternative; `None` is a fault.
fn one(
    reader: &mut FileReader<'_>,
    key: &str,
    mark: &Mark,
    value: &Spanned<DeValue<'_>>,
) -> Option<Target> {
    match value.get_ref() {
        DeValue::String(_) | DeValue::Array(_) => {
            let (handler, chain) = chain::read(reader, key, value)?;
            let (options, marks) = (Options::default(), Marks::new());
            Some(Target { handler, chain, options, marks, mark: mark.clone() })
        }
        DeValue::Table(table) => detailed(reader, key, mark, table),
        other => {
            let what = "a handler's name or { handler = \"...\" }";
            let meant = matches!(other, DeValue::Boolean(false)).then(|| NONE.to_owned());
            reader.refuse(value.span(), expected(other, what).meant(meant));
            None
        }
    }
}

fn detailed(
    reader: &mut FileReader<'_>,
    key: &str,
    mark: &Mark,
    table: &DeTable<'_>,
) -> Option<Target> {
    let (mut options, mut marks) = (Options::default(), Marks::new());
    let mut handled = None;
    Options::refuse_doubles(reader, table);
    for (name, value) in table.iter() {
        if reader.full() {
            break;
        }
        if name.get_ref() == "handler" {
            handled = Some(chain::read(reader, key, value));
        } else if !options.read(&mut marks, reader, name.get_ref(), value) {
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
    let (handler, chain) = handler?;
    Some(Target { handler, chain, options, marks, mark: mark.clone() })
}

/// Reports options of the entry itself that would have no effect.
fn refuse_useless(reader: &mut FileReader<'_>, target: &Target) {
    let handler = target.handler.and_then(|id| reader.handlers.by_id(id));
    let name = quoted(handler.map_or(NONE, |handler| &handler.name));
    let records = handler.is_some_and(Handler::records);
    let has_programs = handler.is_some_and(|handler| handler.has(Role::Argv));
    let has_strings = has_programs || handler.is_some_and(Handler::captures_any_syscall);
    for (key, mark) in Options::beyond_filters(&target.marks) {
        let what = match key {
            _ if handler.is_none() => "nothing",
            _ if !records && Options::is_of_records(key) => "nothing",
            "argv" | "env" if !has_programs => "no program",
            "redact" if !has_strings => "no program",
            _ => continue,
        };
        reader
            .refuse(mark.span(), format!("handler {name} records {what}, so {key} does not apply"));
    }
}
