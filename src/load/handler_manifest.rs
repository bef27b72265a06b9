//! The handlers' declarations, out of the object's `.rodata.handlers`.

use std::mem::{offset_of, size_of};

use anyhow::{Context as _, Result, bail};

use crate::bpf::types;
use crate::handlers::{Field, FieldKind, Handler, Role};

/// Declarations lie side by side, each of the same size.
const HANDLER_SIZE: usize = size_of::<types::handler>();

/// Reads all declarations in the section, in the order of their numbers.
///
/// # Errors
/// Fails if the section is not a sequence of declarations: the object was built by something else.
pub fn read(section: &[u8]) -> Result<Vec<Handler>> {
    if section.len() % HANDLER_SIZE != 0 {
        bail!(".rodata.handlers has {} bytes, not a multiple of {HANDLER_SIZE}", section.len());
    }
    section.chunks_exact(HANDLER_SIZE).zip(1..).map(|(bytes, id)| handler(bytes, id)).collect()
}

/// Gives every declaration its number, which the program compares with its routes.
pub fn number(section: &mut [u8]) {
    for (bytes, id) in section.chunks_exact_mut(HANDLER_SIZE).zip(1u32..) {
        let at = offset_of!(types::handler, id);
        if let Some(field) = bytes.get_mut(at..at + size_of::<u32>()) {
            field.copy_from_slice(&id.to_ne_bytes());
        }
    }
}

fn handler(bytes: &[u8], id: u16) -> Result<Handler> {
    let name = text(part(bytes, offset_of!(types::handler, name), size_of::<[u8; 16]>()));
    let fields = part(bytes, offset_of!(types::handler, fields), size_of::<[types::field; 16]>());
    let fields: Result<Vec<Field>> = fields
        .chunks_exact(size_of::<types::field>())
        .take_while(|bytes| kind(bytes) != 0)
        .map(|bytes| field(bytes).with_context(|| format!("handler \"{name}\"")))
        .collect();
    Ok(Handler {
        id,
        summary: text(part(bytes, offset_of!(types::handler, summary), SUMMARY_SIZE)),
        syscalls: texts(bytes, offset_of!(types::handler, syscalls), SYSCALLS, SYSCALL_SIZE),
        exact: part(bytes, offset_of!(types::handler, exact), size_of::<u32>()) != [0; 4],
        fields: fields?,
        messages: texts(bytes, offset_of!(types::handler, messages), MESSAGES, MESSAGE_SIZE),
        name,
    })
}

const SUMMARY_SIZE: usize = types::handler_size::HANDLER_SUMMARY_SIZE.0 as usize;
const SYSCALLS: usize = types::handler_size::HANDLER_SYSCALLS.0 as usize;
const SYSCALL_SIZE: usize = types::handler_size::HANDLER_SYSCALL_SIZE.0 as usize;
const MESSAGES: usize = types::handler_size::HANDLER_MESSAGES.0 as usize;
const MESSAGE_SIZE: usize = types::handler_size::HANDLER_MESSAGE_SIZE.0 as usize;

fn kind(field: &[u8]) -> u32 {
    half(field, offset_of!(types::field, kind))
}

fn role(field: &[u8]) -> u32 {
    half(field, offset_of!(types::field, role))
}

fn half(field: &[u8], at: usize) -> u32 {
    part(field, at, size_of::<u16>()).try_into().map_or(0, u16::from_ne_bytes).into()
}

fn field(bytes: &[u8]) -> Result<Field> {
    let name = text(part(bytes, offset_of!(types::field, name), size_of::<[u8; 16]>()));
    let Some(kind) = FieldKind::from_wire(kind(bytes)) else {
        bail!("field \"{name}\" has the unknown kind {}", kind(bytes));
    };
    let Some(role) = Role::from_wire(role(bytes)) else {
        bail!("field \"{name}\" has the unknown role {}", role(bytes));
    };
    Ok(Field { name, kind, role })
}

fn part(bytes: &[u8], at: usize, size: usize) -> &[u8] {
    bytes.get(at..at + size).unwrap_or_default()
}

/// An array of strings up to the first empty one.
fn texts(bytes: &[u8], at: usize, count: usize, size: usize) -> Vec<String> {
    let all = part(bytes, at, count * size).chunks_exact(size).map(text);
    all.take_while(|text| !text.is_empty()).collect()
}

fn text(bytes: &[u8]) -> String {
    let until_nul = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(until_nul).into_owned()
}
