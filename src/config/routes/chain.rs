//! The handlers of a route: one name, or several that add to one record one after the other.

use syscalls::Slot;
use toml::Spanned;
use toml::de::{DeArray, DeValue};

use super::{NONE, Target, for_whom};
use crate::bpf::CHAIN_HANDLERS;
use crate::config::fault::Problem;
use crate::config::file::handler_file;
use crate::config::mistakes;
use crate::config::reader::FileReader;
use crate::config::suggest::{closest, list};
use crate::config::text::{printable, quoted};
use crate::config::values::expected;
use crate::handlers::{CALL, Handler, HandlerObject, Handlers};

/// First handler, `None` for "none", and those that follow it.
type Handled = (Option<u16>, Vec<HandlerObject>);

/// Returns whether an array is a chain of handlers, and not of alternatives.
pub(super) fn is_chain(array: &DeArray<'_>) -> bool {
    array.len() > 1 && array.iter().all(|value| matches!(value.get_ref(), DeValue::String(_)))
}

/// Reads the name of a handler, or an array of names; `None` is a fault.
pub(super) fn read(
    reader: &mut FileReader<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Option<Handled> {
    match value.get_ref() {
        DeValue::Array(names) if names.is_empty() => {
            reader.refuse(value.span(), "the array is empty, expected at least one handler");
            None
        }
        DeValue::Array(names) => several(reader, key, value, names),
        DeValue::String(name) if name == NONE => Some((None, Vec::new())),
        DeValue::String(name) => match find(reader.handlers, key, name) {
            Ok(Found::First(handler)) => Some((Some(handler.id), Vec::new())),
            Ok(Found::Object(object)) => Some((call(reader.handlers), vec![object.clone()])),
            Err(problem) => {
                reader.refuse(value.span(), problem);
                None
            }
        },
        other => {
            reader.refuse(value.span(), expected(other, "a handler's name, or an array of names"));
            None
        }
    }
}

/// A handler by its place in chains.
enum Found<'a> {
    /// It captures the call itself.
    First(&'a Handler),
    /// It adds to what others have captured.
    Object(&'a HandlerObject),
}

fn find<'a>(handlers: &'a Handlers, key: &str, name: &str) -> Result<Found<'a>, Problem> {
    if let Some(handler) = handlers.named(name) {
        return Ok(Found::First(handler));
    }
    if let Some(object) = handlers.object(name) {
        return Ok(Found::Object(object));
    }
    if let Some(refused) = handlers.refused().find(|refused| refused.name == name) {
        let path = printable(&refused.path.to_string_lossy());
        return Err(format!("handler {}: {path} {}", quoted(name), refused.reason).into());
    }
    let objects = || handlers.objects().map(|object| object.handler.name.as_str());
    let known =
        || handlers.iter().map(|handler| handler.name.as_str()).chain(objects()).chain([NONE]);
    let meant = match mistakes::is_no_handler(name) {
        true => Some(NONE.to_owned()),
        false => closest(name, known()),
    };
    let expected = match meant {
        None => format!(", expected {}{}", list(known()), own_file(handlers, name)),
        Some(_) => String::new(),
    };
    let foreign =
        mistakes::foreign_letter(name).map_or_else(String::new, |note| format!("; {note}"));
    let message =
        format!("unknown handler {} for {}{expected}{foreign}", quoted(name), for_whom(key));
    Err(Problem::from(message).meant(meant))
}

/// Returns where a handler of that name would be read from, as the end of a list.
fn own_file(handlers: &Handlers, name: &str) -> String {
    let is_name = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if handlers.folder().as_os_str().is_empty() || name.is_empty() || !name.bytes().all(is_name) {
        return String::new();
    }
    let file = handler_file(handlers.folder(), name);
    format!("; one of your own would be {}", printable(&file.to_string_lossy()))
}

/// Returns the number of the handler that chains of nothing but objects begin with.
fn call(handlers: &Handlers) -> Option<u16> {
    handlers.named(CALL).map(|handler| handler.id)
}

fn several(
    reader: &mut FileReader<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    names: &DeArray<'_>,
) -> Option<Handled> {
    let (mut first, mut chain) = (None, Vec::new());
    let mut is_whole = true;
    for (position, name) in names.iter().enumerate() {
        match member(reader.handlers, key, name.get_ref(), position, &chain) {
            Ok(Found::First(handler)) => first = Some(handler.id),
            Ok(Found::Object(object)) => chain.push(object.clone()),
            Err(problem) => {
                is_whole = false;
                reader.refuse(name.span(), problem);
            }
        }
    }
    if chain.len() > CHAIN_HANDLERS {
        reader.refuse(value.span(), too_long(chain.len()));
        is_whole = false;
    }
    is_whole.then(|| (first.or_else(|| call(reader.handlers)), chain))
}

fn member<'a>(
    handlers: &'a Handlers,
    key: &str,
    name: &DeValue<'_>,
    position: usize,
    before: &[HandlerObject],
) -> Result<Found<'a>, Problem> {
    let DeValue::String(name) = name else {
        return Err(expected(name, "a handler's name"));
    };
    if name == NONE {
        return Err(
            format!("{NONE:?} takes {} out of the table, and stands alone", for_whom(key)).into()
        );
    }
    let found = find(handlers, key, name)?;
    match found {
        Found::First(handler) if position > 0 => Err(format!(
            "handler {} captures the call itself, so it can only be the first of a chain",
            quoted(&handler.name)
        )
        .into()),
        Found::First(handler) if !handler.records() => Err(format!(
            "handler {} records nothing that the handlers behind it could add to",
            quoted(&handler.name)
        )
        .into()),
        Found::Object(object) if before.contains(object) => {
            Err(format!("handler {} is in the chain twice", quoted(name)).into())
        }
        found => Ok(found),
    }
}

fn too_long(objects: usize) -> String {
    let jumps = 2 * CHAIN_HANDLERS;
    format!(
        "{objects} handlers follow one another, at most {CHAIN_HANDLERS} may: the kernel follows 33 tail calls for one \
         call, each of these takes two, and {} are left to filters, the first handler and names",
        33 - jumps
    )
}

/// Returns the fault of two handlers of a chain that have a field of the same name: a record has each name once.
pub(super) fn doubled(first: &Handler, target: &Target, slots: &[Slot]) -> Option<Problem> {
    let arguments = slots.iter().filter(|_| first.captures_any_syscall());
    let arguments = arguments.filter_map(|slot| syscalls::signature(*slot));
    let arguments =
        arguments.flat_map(|signature| signature.parameters().iter().map(|one| one.name));
    let declared = first.fields.iter().map(|field| field.name.as_str());
    let mut names: Vec<(&str, &str)> =
        arguments.chain(declared).map(|name| (first.name.as_str(), name)).collect();
    for object in &target.chain {
        let handler = &object.handler;
        for field in &handler.fields {
            if let Some((other, name)) = names.iter().find(|(_, name)| *name == field.name) {
                return Some(Problem::from(format!(
                    "handlers {} and {} both have the field {}; a record has each name once",
                    quoted(other),
                    quoted(&handler.name),
                    quoted(name)
                )));
            }
        }
        names.extend(
            handler.fields.iter().map(|field| (handler.name.as_str(), field.name.as_str())),
        );
    }
    None
}
