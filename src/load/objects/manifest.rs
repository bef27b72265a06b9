//! The declaration of a handler in an object of its own, out of the section `.rodata.tailcalld`.
//! `sdk/tailcalld/handler.h` describes the bytes. Any file may be given: nothing here indexes, unwraps or panics.

use std::collections::BTreeSet;
use std::mem::{offset_of, size_of};

use libbpf_rs::{ObjectBuilder, OpenObject};
use syscalls::{Abi, number};

use super::event_struct;
use crate::bpf::types::{self, tailcalld_kind, tailcalld_limit};
use crate::config::{NONE, printable};
use crate::handlers::{Field, FieldKind, Handler, Role, StructMember};
use crate::load::errors;

/// Section of the declaration.
const SECTION: &str = ".rodata.tailcalld";
/// Section of the program.
const PROGRAM: &str = "tailcalld";
/// Map behind which the way back is.
const AFTER: &str = "tailcalld_after";

const ABI: u32 = tailcalld_limit::TAILCALLD_ABI.0;
const NAME_SIZE: usize = tailcalld_limit::TAILCALLD_NAME_SIZE.0 as usize;
const SUMMARY_SIZE: usize = tailcalld_limit::TAILCALLD_SUMMARY_SIZE.0 as usize;
const SYSCALL_SIZE: usize = tailcalld_limit::TAILCALLD_SYSCALL_SIZE.0 as usize;
const SYSCALLS: usize = tailcalld_limit::TAILCALLD_SYSCALLS.0 as usize;
const FIELDS: usize = tailcalld_limit::TAILCALLD_FIELDS.0 as usize;
const EVENT_SIZE: usize = tailcalld_limit::TAILCALLD_EVENT_SIZE.0 as usize;
const MESSAGES: usize = tailcalld_limit::TAILCALLD_MESSAGES.0 as usize;
const MESSAGE_SIZE: usize = tailcalld_limit::TAILCALLD_MESSAGE_SIZE.0 as usize;

/// Reads the declaration of the handler `name`.
///
/// # Errors
/// The reason why it is no object of a handler, as a clause about its file.
pub fn read(bytes: &[u8], name: &str) -> Result<(Handler, Vec<StructMember>), String> {
    errors::capture_libbpf_messages();
    let opened = errors::said(|| ObjectBuilder::default().name(name)?.open_memory(bytes));
    let object = opened.map_err(|said| {
        format!(
            "is no BPF object that libbpf can read ({}); compile it with clang -O2 -g -target bpf",
            printable(&said)
        )
    })?;
    check_programs(&object)?;
    let section = object.maps().find(|map| map.name() == SECTION);
    let declared = section.as_ref().and_then(|map| map.initial_value()).unwrap_or_default();
    if declared.is_empty() {
        return Err(format!(
            "has no declaration (section {SECTION}): declare the handler with TAILCALLD_HANDLER"
        ));
    }
    let mut handler = declaration(declared)?;
    let event = part(declared, offset_of!(types::tailcalld_handler, event), EVENT_SIZE);
    let event = text(event, "its event")?;
    let mut members = Vec::new();
    if !event.is_empty() {
        if !handler.fields.is_empty() {
            return Err("declares both fields and an event; declare one of them".to_owned());
        }
        (handler.fields, members) = event_struct::fields(bytes, &event)?.into_iter().unzip();
    }
    check(&handler, name)?;
    Ok((handler, members))
}

/// Checks that there is one program, of the kind that can stand in the table, and a way back from it.
fn check_programs(object: &OpenObject) -> Result<(), String> {
    let sections: Vec<_> =
        object.progs().map(|program| program.section().to_string_lossy().into_owned()).collect();
    match sections.as_slice() {
        [section] if section == PROGRAM => {}
        [section] => {
            return Err(format!(
                "has a program in the section {0:?}: all programs of a table are of one type, which the daemon \
                 chooses, so that they can call each other; put it into SEC(\"{PROGRAM}\")",
                printable(section)
            ));
        }
        [] => return Err(format!("has no program: put one into SEC(\"{PROGRAM}\")")),
        several => {
            return Err(format!(
                "has {} programs, expected one, in SEC(\"{PROGRAM}\")",
                several.len()
            ));
        }
    }
    match object.maps().any(|map| map.name() == AFTER) {
        true => Ok(()),
        false => Err("never gives the call back: end the program with return tailcalld_next(ctx);"
            .to_owned()),
    }
}

fn declaration(bytes: &[u8]) -> Result<Handler, String> {
    let abi = part(bytes, offset_of!(types::tailcalld_handler, abi), size_of::<u32>());
    let abi = abi.try_into().map(u32::from_ne_bytes).unwrap_or_default();
    if abi != ABI {
        return Err(format!(
            "is built for version {abi} of the interface of handlers, this tailcalld has version {ABI}; \
             compile it again with its tailcalld/handler.h"
        ));
    }
    if bytes.len() != size_of::<types::tailcalld_handler>() {
        return Err(format!(
            "declares {} bytes in {SECTION}, expected one handler of {}",
            bytes.len(),
            size_of::<types::tailcalld_handler>()
        ));
    }
    let handler = Handler {
        id: 0,
        name: text(part(bytes, offset_of!(types::tailcalld_handler, name), NAME_SIZE), "its name")?,
        summary: text(
            part(bytes, offset_of!(types::tailcalld_handler, summary), SUMMARY_SIZE),
            "its summary",
        )?,
        syscalls: texts(
            bytes,
            offset_of!(types::tailcalld_handler, syscalls),
            SYSCALLS,
            SYSCALL_SIZE,
            "a syscall",
        )?,
        exact: false,
        fields: fields(bytes)?,
        messages: texts(
            bytes,
            offset_of!(types::tailcalld_handler, messages),
            MESSAGES,
            MESSAGE_SIZE,
            "a message",
        )?,
    };
    Ok(handler)
}

fn check(handler: &Handler, name: &str) -> Result<(), String> {
    check_name(&handler.name)?;
    if handler.name == NONE {
        return Err(format!("declares the handler {NONE:?}, a word of the configuration"));
    }
    if handler.name != name {
        return Err(format!(
            "declares the handler {:?}, but the file is called {name:?}",
            handler.name
        ));
    }
    for syscall in &handler.syscalls {
        if Abi::BOTH.into_iter().all(|abi| number(abi, syscall).is_none()) {
            return Err(format!("is for the syscall {syscall:?}, which does not exist"));
        }
    }
    let mut names = BTreeSet::new();
    for field in &handler.fields {
        check_name(&field.name)?;
        if !names.insert(field.name.as_str()) {
            return Err(format!("declares the field {:?} twice", field.name));
        }
    }
    for message in &handler.messages {
        let placeholders = message.split('{').skip(1).map(|rest| rest.split_once('}'));
        for placeholder in placeholders {
            match placeholder {
                Some((known, _)) if known == "syscall" || names.contains(known) => {}
                Some((unknown, _)) => {
                    return Err(format!(
                        "has a message with {{{unknown}}}, which is none of its fields"
                    ));
                }
                None => return Err(format!("has a message with an open brace: {message:?}")),
            }
        }
    }
    Ok(())
}

/// Names of handlers and fields: they become labels in the journal and keys in JSON.
fn check_name(name: &str) -> Result<(), String> {
    let is_one = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    match !name.is_empty() && name.bytes().all(is_one) {
        true => Ok(()),
        false => Err(format!("declares the name {name:?}, expected letters a to z, digits and _")),
    }
}

fn fields(bytes: &[u8]) -> Result<Vec<Field>, String> {
    const SIZE: usize = size_of::<types::tailcalld_field>();
    let all = part(bytes, offset_of!(types::tailcalld_handler, fields), FIELDS * SIZE);
    let mut fields = Vec::new();
    for bytes in all.chunks_exact(SIZE) {
        let kind = part(bytes, offset_of!(types::tailcalld_field, kind), size_of::<u32>());
        let kind = kind.try_into().map(u32::from_ne_bytes).unwrap_or_default();
        if kind == 0 {
            break;
        }
        let name = part(bytes, offset_of!(types::tailcalld_field, name), NAME_SIZE);
        let name = text(name, "a field's name")?;
        let kind = KINDS
            .contains(&tailcalld_kind(kind))
            .then(|| FieldKind::from_wire(kind))
            .flatten()
            .ok_or_else(|| format!("declares the field {name:?} with the unknown kind {kind}"))?;
        fields.push(Field { name, kind, role: Role::None });
    }
    Ok(fields)
}

/// Kinds that are there for handlers in objects of their own.
const KINDS: [tailcalld_kind; 8] = [
    tailcalld_kind::TAILCALLD_TEXT,
    tailcalld_kind::TAILCALLD_TEXTS,
    tailcalld_kind::TAILCALLD_UNSIGNED,
    tailcalld_kind::TAILCALLD_SIGNED,
    tailcalld_kind::TAILCALLD_HEX,
    tailcalld_kind::TAILCALLD_DIRFD,
    tailcalld_kind::TAILCALLD_USER_STACK,
    tailcalld_kind::TAILCALLD_LONG,
];

fn part(bytes: &[u8], at: usize, size: usize) -> &[u8] {
    bytes.get(at..at + size).unwrap_or_default()
}

/// An array of strings up to the first empty one.
fn texts(
    bytes: &[u8],
    at: usize,
    count: usize,
    size: usize,
    what: &str,
) -> Result<Vec<String>, String> {
    let all = part(bytes, at, count * size).chunks_exact(size);
    let used = all.take_while(|bytes| bytes.first().is_some_and(|&byte| byte != 0));
    used.map(|bytes| text(bytes, what)).collect()
}

/// Text up to its NUL. It is printed as it is, in sentences and tables.
fn text(bytes: &[u8], what: &str) -> Result<String, String> {
    let Some(end) = bytes.iter().position(|&byte| byte == 0) else {
        return Err(format!("declares {what} without a NUL at its end"));
    };
    let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
    match text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        true => Ok(text.into_owned()),
        false => {
            Err(format!("declares {what} with characters that are not printable ASCII: {text:?}"))
        }
    }
}
