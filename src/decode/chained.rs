//! Captures of the further handlers of a chain, as `sdk/tailcalld/handler.h` describes them. The bytes come from a
//! program of somebody else, so none of them is believed.

use std::mem::{offset_of, size_of};

use syscalls::{Capture, Moment, Part, Status, Value};

use super::captures::{Captures, EncodedChained};
use super::reader::Reader;
use crate::bpf::types::tailcalld_capture;
use crate::handlers::{FieldKind, HandlerObject};

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
fn captures<'a>(bytes: &'a [u8], count: u16, object: &HandlerObject) -> Option<Captures<'a>> {
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
