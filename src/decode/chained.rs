//! Captures of the further handlers of a chain, as `sdk/tailcalld/handler.h` describes them. The bytes come from a
//! program of somebody else, so none of them is believed.

use std::mem::{offset_of, size_of};

use syscalls::{Capture, Moment, Part, Status, Value};

use super::captures::Captures;
use super::encoded_captures::EncodedChained;
use super::reader::Reader;
use crate::bpf::types::tailcalld_capture;
use crate::handlers::{FieldKind, HandlerObject, StructMember};

const CAPTURE_SIZE: usize = size_of::<tailcalld_capture>();

/// Captures of one handler of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chained<'a> {
    encoded: EncodedChained<'a>,
    /// The handler, as soon as the rule of the event is known.
    pub object: Option<&'a HandlerObject>,
    /// Captures by field of the handler; `None` if the bytes are not what it declares.
    pub captures: Option<Captures<'a>>,
}

impl<'a> Chained<'a> {
    /// Takes what is not explained yet.
    pub(super) const fn new(encoded: EncodedChained<'a>) -> Self {
        Self { encoded, object: None, captures: None }
    }

    /// Returns the position of the handler in the chain, from 1.
    pub fn position(&self) -> u8 {
        self.encoded.position
    }

    /// Explains the bytes by the chain of the event's rule.
    pub(super) fn explain(&mut self, chain: &'a [HandlerObject]) {
        let EncodedChained { position, count, bytes, .. } = self.encoded;
        self.object = usize::from(position).checked_sub(1).and_then(|at| chain.get(at));
        self.captures = self.object.and_then(|object| captures(bytes, count, object));
    }

    /// Returns the template of the sentence that the handler has chosen, if it has any.
    pub fn template(&self) -> Option<&'a str> {
        let index = usize::try_from(self.encoded.message).ok()?;
        self.object?.handler.messages.get(index).map(String::as_str)
    }
}

/// Returns `None` if the bytes are not what the handler declares.
fn captures<'a>(bytes: &'a [u8], count: u16, object: &'a HandlerObject) -> Option<Captures<'a>> {
    if count == 0 && !bytes.is_empty() {
        let members = (0..).zip(object.members.iter().zip(&object.handler.fields));
        let values = members.map(|(index, (member, field))| {
            let value = value_of(bytes, member, field.kind)?;
            Some(Capture {
                index,
                part: Part::Whole,
                moment: Moment::Entry,
                value,
                status: Status::Ok,
            })
        });
        return values.collect::<Option<Vec<_>>>().map(|all| all.into_iter().collect());
    }
    let mut at = 0;
    let captures = (0..count).map(|_| capture(bytes, &mut at, object));
    captures.collect::<Option<Vec<_>>>().map(|all| all.into_iter().collect())
}

fn capture<'a>(bytes: &'a [u8], at: &mut usize, object: &HandlerObject) -> Option<Capture<'a>> {
    let head: &[u8; CAPTURE_SIZE] = bytes.get(*at..)?.first_chunk()?;
    let head = Reader(head);
    let index = head.u8(offset_of!(tailcalld_capture, field)).ok()?;
    let field = object.handler.fields.get(usize::from(index))?;
    let stored = head.u32(offset_of!(tailcalld_capture, stored)).ok()? as usize;
    let from = *at + CAPTURE_SIZE;
    let memory = bytes.get(from..from.checked_add(stored)?)?;
    *at = from + stored.checked_next_multiple_of(8)?;
    let value = match head.u8(offset_of!(tailcalld_capture, kind)).ok()? {
        NUMBER => Value::Number(memory.try_into().map(u64::from_ne_bytes).ok()?),
        TEXT => Value::Text(memory),
        BYTES => Value::Bytes(memory),
        _ => return None,
    };
    let is_text = matches!(field.kind, FieldKind::Text | FieldKind::Texts);
    let status = status(&head)?;
    let is_fitting = !is_text || !matches!(value, Value::Number(_));
    is_fitting.then_some(Capture { index, part: Part::Whole, moment: Moment::Entry, value, status })
}

/// Returns the value of a member of a structure.
fn value_of<'a>(bytes: &'a [u8], member: &'a StructMember, kind: FieldKind) -> Option<Value<'a>> {
    let from = usize::try_from(member.offset).ok()?;
    let memory = bytes.get(from..from.checked_add(usize::try_from(member.size).ok()?)?)?;
    if kind == FieldKind::Text {
        return memory.split(|&byte| byte == 0).next().map(Value::Text);
    }
    let number = number(memory, kind).filter(|_| !member.is_array);
    let Some(number) = number else { return Some(Value::Bytes(memory)) };
    let named = member.names.iter().find(|(value, _)| *value == number as i64);
    Some(named.map_or(Value::Number(number), |(_, name)| Value::Text(name.as_bytes())))
}

/// Returns the number in memory of 1, 2, 4 or 8 bytes, with its sign if the kind has one.
fn number(memory: &[u8], kind: FieldKind) -> Option<u64> {
    let is_signed = kind == FieldKind::Long;
    let of = |unsigned: u64, signed: i64| if is_signed { signed as u64 } else { unsigned };
    Some(match *memory {
        [byte] => of(byte.into(), i8::from_ne_bytes([byte]).into()),
        [a, b] => of(u16::from_ne_bytes([a, b]).into(), i16::from_ne_bytes([a, b]).into()),
        [a, b, c, d] => {
            let bytes = [a, b, c, d];
            of(u32::from_ne_bytes(bytes).into(), i32::from_ne_bytes(bytes).into())
        }
        _ => u64::from_ne_bytes(memory.try_into().ok()?),
    })
}

/// Kinds of captures, and their states.
const NUMBER: u8 = 1;
const TEXT: u8 = 2;
const BYTES: u8 = 3;
const WHOLE: u8 = 0;
const TRUNCATED: u8 = 1;
const UNREADABLE: u8 = 2;

fn status(head: &Reader<'_>) -> Option<Status> {
    let length = head.u32(offset_of!(tailcalld_capture, length)).ok()?;
    let errno = head.u16(offset_of!(tailcalld_capture, error)).ok()?;
    match head.u8(offset_of!(tailcalld_capture, status)).ok()? {
        WHOLE => Some(Status::Ok),
        TRUNCATED => Some(Status::Truncated { length: Some(length).filter(|&length| length != 0) }),
        UNREADABLE => Some(Status::Unreadable { errno: errno.into() }),
        _ => None,
    }
}
