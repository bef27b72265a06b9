//! Events of any content: the bytes of an input decide on the fields, so that most inputs are events.

use std::mem::{offset_of, size_of};
use std::sync::LazyLock;

use tailcalld::bpf::types::{self, capture, wire_size};
use tailcalld::decode::{Event, RingRecord, SyscallExit};
use tailcalld::handlers::{Field, FieldKind, Handler, HandlerObject, Handlers, Role, StructMember};

/// Handlers of the BPF object.
pub static HANDLERS: LazyLock<Handlers> =
    LazyLock::new(|| tailcalld::load::handlers().expect("the object opens"));

/// Most captures of a shaped event.
const CAPTURES: u8 = 24;

/// Decodes an entry, together with an exit if there is one.
pub fn decoded<'a>(entry: &'a [u8], exit: Option<&SyscallExit<'a>>) -> Option<Event<'a>> {
    match RingRecord::decode(entry) {
        Ok(RingRecord::Syscall(header)) => {
            let mut event = Event::decode(&header, entry, exit, &HANDLERS).ok()?;
            event.explain(&CHAIN);
            Some(event)
        }
        _ => None,
    }
}

/// Chain of an event's rule: a handler that captures, one whose data is a structure, and one without fields.
static CHAIN: LazyLock<Vec<HandlerObject>> = LazyLock::new(|| {
    let kinds = [FieldKind::Text, FieldKind::Texts, FieldKind::Long, FieldKind::UserStack];
    let field = |(at, kind): (u32, FieldKind)| Field {
        name: format!("field_{at}"),
        kind,
        role: Role::None,
    };
    let fields = Vec::from_iter((0..).zip(kinds).map(field));
    let members = (0..4).map(|at| StructMember {
        offset: 8 * at,
        size: 8 - at,
        is_array: at == 1,
        names: vec![(1, "ONE".to_owned())],
    });
    let object = |name: &str, fields: &[Field], members: &[StructMember]| HandlerObject {
        handler: Handler {
            id: 0,
            name: name.to_owned(),
            summary: String::new(),
            syscalls: Vec::new(),
            exact: false,
            fields: fields.to_vec(),
            messages: vec!["{field_0} {field_3}".to_owned()],
        },
        path: "/x".into(),
        sha256: String::new(),
        members: members.to_vec(),
    };
    let members = Vec::from_iter(members);
    vec![
        object("captures", &fields, &[]),
        object("structure", &fields, &members),
        object("bare", &[], &[]),
    ]
});

/// Kind of the captures of a handler in the chain.
const CHAINED: u8 = types::capture_kind::CAPTURE_CHAINED.0 as u8;

/// Returns captures as the functions of `tailcalld/handler.h` write them, apart from their content.
fn chained(count: u8, input: &mut Input<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..count {
        let mut head = vec![0; size_of::<types::tailcalld_capture>()];
        let text = input.below(80);
        let text = input.bytes(text.into());
        put(&mut head, 0, &[input.below(5), input.below(4), input.below(3)]);
        put(
            &mut head,
            offset_of!(types::tailcalld_capture, stored),
            &(text.len() as u32).to_ne_bytes(),
        );
        bytes.extend(head);
        bytes.extend(text);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    bytes
}

/// Bytes of the input that are not used yet; zeros behind the end.
struct Input<'i>(&'i [u8]);

impl<'i> Input<'i> {
    fn bytes(&mut self, count: usize) -> &'i [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.bytes(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    fn below(&mut self, end: u8) -> u8 {
        self.array::<1>()[0] % end
    }
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Returns the record of a call. Its header has a known handler and a possible slot; all else is as the input has it.
pub fn entry(input: &[u8]) -> Vec<u8> {
    let mut input = Input(input);
    let mut head = vec![0; size_of::<types::event>()];
    let handlers = u8::try_from(HANDLERS.iter().count()).expect("few handlers");
    let handler = u16::from(input.below(handlers) + 1);
    let slot = u16::from_ne_bytes(input.array()) % 1024;
    let count = input.below(CAPTURES);
    put(&mut head, offset_of!(types::event, pid), &input.array::<24>());
    put(&mut head, offset_of!(types::event, comm), &input.array::<16>());
    put(&mut head, offset_of!(types::event, message), &[input.below(4)]);
    put(&mut head, offset_of!(types::event, flags), &[input.below(4), 0]);
    for at in 0..6 {
        let place = offset_of!(types::event, args) + 8 * at;
        match input.below(3) {
            0 => put(&mut head, place, &input.array::<1>()),
            1 => put(&mut head, place, &[u8::MAX - input.below(8); 8]),
            _ => put(&mut head, place, &input.array::<8>()),
        }
    }
    put(&mut head, offset_of!(types::event, version), &version());
    put(&mut head, offset_of!(types::event, kind), &1u16.to_ne_bytes());
    put(&mut head, offset_of!(types::event, handler), &handler.to_ne_bytes());
    put(&mut head, offset_of!(types::event, slot), &slot.to_ne_bytes());
    put(&mut head, offset_of!(types::event, captures), &u16::from(count).to_ne_bytes());
    captures(&mut head, count, &mut input);
    head
}

/// Returns the record of an exit.
pub fn exit(input: &[u8]) -> Vec<u8> {
    let mut input = Input(input);
    let mut head = vec![0; size_of::<types::result_event>()];
    let count = input.below(CAPTURES);
    put(&mut head, offset_of!(types::result_event, result), &input.array::<8>());
    put(&mut head, offset_of!(types::result_event, ended), &[input.below(2), 0]);
    put(&mut head, offset_of!(types::result_event, version), &version());
    put(&mut head, offset_of!(types::result_event, kind), &2u16.to_ne_bytes());
    put(&mut head, offset_of!(types::result_event, captures), &u16::from(count).to_ne_bytes());
    captures(&mut head, count, &mut input);
    head
}

fn version() -> [u8; 2] {
    (wire_size::EVENT_VERSION.0 as u16).to_ne_bytes()
}

/// Appends captures that a handler could have written, apart from their content.
fn captures(record: &mut Vec<u8>, count: u8, input: &mut Input<'_>) {
    for _ in 0..count {
        let mut head = vec![0; size_of::<capture>()];
        let kind = [CHAINED, 1, 2, 3][usize::from(input.below(4))];
        let nested = if kind == CHAINED { input.below(4) } else { 0 };
        let length = match kind {
            1 => 8,
            _ => usize::from(u16::from_ne_bytes(input.array()) % 700),
        };
        let mut text = input.bytes(length).to_vec();
        if kind == CHAINED && nested > 0 {
            text = chained(nested, input);
        }
        let stored = if kind == 1 { 8 } else { text.len() };
        put(&mut head, offset_of!(capture, field), &[input.below(8)]);
        put(&mut head, offset_of!(capture, kind), &[kind]);
        put(&mut head, offset_of!(capture, status), &[input.below(3)]);
        put(&mut head, offset_of!(capture, part), &[input.below(6)]);
        put(&mut head, offset_of!(capture, moment), &[input.below(3)]);
        let error = if kind == CHAINED { [nested, 0] } else { input.array::<2>() };
        put(&mut head, offset_of!(capture, error), &error);
        put(&mut head, offset_of!(capture, length), &input.array::<4>());
        put(&mut head, offset_of!(capture, stored), &(stored as u32).to_ne_bytes());
        record.extend(head);
        let padded = stored.next_multiple_of(8);
        record.extend(text.iter().copied().chain(std::iter::repeat(0)).take(padded));
    }
}
