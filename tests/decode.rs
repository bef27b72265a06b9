//! The byte decoder against bytes that no kernel would write.
#![allow(clippy::unwrap_used)] // clippy sees that a helper is for tests only below #[test]

use std::mem::{offset_of, size_of};

use proptest::prelude::*;
use syscalls::{Status, Value};
use tailcalld::bpf::types::{self, capture, cgroup_event, selftest_event};
use tailcalld::decode::{
    CgroupEvent, Credentials, Device, Error, Event, Exe, Process, RingRecord, render,
};
use tailcalld::handlers::{Field, FieldKind, Handler, Handlers, Role};

fn handlers() -> Handlers {
    let field = |name: &str, kind| Field { name: name.to_owned(), kind, role: Role::None };
    Handlers::new(vec![Handler {
        id: 1,
        name: "open".to_owned(),
        summary: String::new(),
        syscalls: Vec::new(),
        exact: false,
        fields: vec![field("path", FieldKind::Text), field("mode", FieldKind::Unsigned)],
        messages: Vec::new(),
    }])
}

/// Decodes a record in both stages; `None` if it is not an event.
fn event<'a>(bytes: &'a [u8], handlers: &'a Handlers) -> Result<Option<Event<'a>>, Error> {
    let RingRecord::Syscall(header) = RingRecord::decode(bytes)? else { return Ok(None) };
    Event::decode(&header, bytes, None, handlers).map(Some)
}

const VERSION: u16 = types::wire_size::EVENT_VERSION.0 as u16;

/// Writes a value into bytes, as the programs would.
fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// An event of slot 2 (open), without captures.
fn head() -> Vec<u8> {
    let mut bytes = vec![0; size_of::<types::event>()];
    put(&mut bytes, offset_of!(types::event, version), &VERSION.to_ne_bytes());
    put(&mut bytes, offset_of!(types::event, kind), &1u16.to_ne_bytes());
    put(&mut bytes, offset_of!(types::event, handler), &1u16.to_ne_bytes());
    put(&mut bytes, offset_of!(types::event, slot), &2u16.to_ne_bytes());
    put(&mut bytes, offset_of!(types::event, generation), &3u32.to_ne_bytes());
    put(&mut bytes, offset_of!(types::event, pid), &4u32.to_ne_bytes());
    put(&mut bytes, offset_of!(types::event, comm), b"sh\0left over\0");
    put(&mut bytes, offset_of!(types::event, args) + 40, &6u64.to_ne_bytes());
    bytes
}

/// One capture's header and bytes, padded.
fn piece(field: u8, kind: u8, status: u8, error: i32, length: u32, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; size_of::<capture>()];
    put(&mut bytes, offset_of!(capture, field), &[field, kind, status]);
    put(&mut bytes, offset_of!(capture, error), &(error as u16).to_ne_bytes());
    put(&mut bytes, offset_of!(capture, stored), &(value.len() as u32).to_ne_bytes());
    put(&mut bytes, offset_of!(capture, length), &length.to_ne_bytes());
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

fn with(pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = head();
    put(&mut bytes, offset_of!(types::event, captures), &(pieces.len() as u16).to_ne_bytes());
    bytes.extend(pieces.concat());
    bytes
}

const NUMBER: u8 = 1;
const FILE: u8 = 5;
const TEXT: u8 = 2;
const OK: u8 = 0;
const TRUNCATED: u8 = 1;
const UNREADABLE: u8 = 2;

#[test]
fn decode_event_has_every_capture() {
    let handlers = handlers();
    let bytes = with(&[
        piece(0, TEXT, OK, 0, 5, b"/etc\n"),
        piece(1, NUMBER, OK, 0, 8, &0o644u64.to_ne_bytes()),
        piece(0, TEXT, TRUNCATED, 0, 9000, b"/very"),
        piece(0, TEXT, TRUNCATED, 0, 0, b"/very"),
        piece(0, TEXT, UNREADABLE, 14, 0, b""),
    ]);
    let Ok(Some(event)) = event(&bytes, &handlers) else { panic!("not an event") };
    assert_eq!(event.handler.name, "open");
    assert_eq!((event.slot.index(), event.generation, event.pid), (2, 3, 4));
    assert_eq!(event.comm, b"sh");
    assert_eq!(event.args, [0, 0, 0, 0, 0, 6]);
    let captures: Vec<_> = event
        .captures
        .iter()
        .map(|capture| (capture.index, capture.value, capture.status))
        .collect();
    assert_eq!(
        captures,
        [
            (0, Value::Text(b"/etc\n"), Status::Ok),
            (0, Value::Text(b"/very"), Status::Truncated { length: Some(9000) }),
            (0, Value::Text(b"/very"), Status::Truncated { length: None }),
            (0, Value::Text(b""), Status::Unreadable { errno: 14 }),
            (1, Value::Number(0o644), Status::Ok),
        ]
    );
}

#[test]
fn decode_event_has_process() {
    let handlers = handlers();
    let process = |bytes: &[u8]| match event(bytes, &handlers) {
        Ok(Some(event)) => event.process,
        other => panic!("{other:?}"),
    };
    let mut bytes = head();
    assert_eq!(process(&bytes), Process::default());
    put(&mut bytes, offset_of!(types::event, start_ns), &7u64.to_ne_bytes());
    put(&mut bytes, offset_of!(types::event, exe_inode), &8u64.to_ne_bytes());
    put(&mut bytes, offset_of!(types::event, exe_device), &0x00d0_0003u32.to_ne_bytes());
    put(&mut bytes, offset_of!(types::event, namespaces), &9u32.to_ne_bytes());
    put(&mut bytes, offset_of!(types::event, namespaces) + 24, &10u32.to_ne_bytes());
    put(&mut bytes, offset_of!(types::event, parent_start_ns), &6u64.to_ne_bytes());
    put(&mut bytes, offset_of!(types::event, tty), &0x0880_0002u32.to_ne_bytes());
    let device = Device(0x00d0_0003);
    assert_eq!((device.major(), device.minor()), (13, 3));
    let exe = Some(Exe { device, inode: 8 });
    let namespaces = [9, 0, 0, 0, 0, 0, 10];
    let tty = Some(Device(136 << 20 | 2));
    let expected = Process { start_ns: 7, parent_start_ns: 6, tty, exe, namespaces };
    assert_eq!(process(&bytes), expected);
}

/// A TCP socket behind the descriptor at a position, and one byte behind it.
fn socket(position: u8) -> Vec<u8> {
    let mut value = vec![0; size_of::<types::open_file>() + size_of::<types::open_socket>() + 1];
    put(&mut value, offset_of!(types::open_file, magic), &0x534f_434b_u32.to_ne_bytes());
    let at = |member| size_of::<types::open_file>() + member;
    put(&mut value, at(offset_of!(types::open_socket, name)), b"TCP");
    put(&mut value, at(offset_of!(types::open_socket, family)), &2u16.to_ne_bytes());
    put(&mut value, at(offset_of!(types::open_socket, port)), &80u16.to_ne_bytes());
    put(&mut value, at(offset_of!(types::open_socket, address)), &[127, 0, 0, 1]);
    piece(position, FILE, OK, 0, 0, &value)
}

fn file_text(event: &Event<'_>, position: u8) -> Option<String> {
    let mut text = String::new();
    render::open_file(event.files.of(position)?, &mut text);
    Some(text)
}

#[test]
fn decode_event_has_files_of_descriptors() {
    let handlers = handlers();
    let closed = piece(2, FILE, UNREADABLE, 9, 0, b"");
    let bytes = with(&[socket(0), closed]);
    let Ok(Some(event)) = event(&bytes, &handlers) else { panic!("not an event") };
    assert_eq!(file_text(&event, 0).as_deref(), Some("<TCP:[127.0.0.1:80]>"));
    assert_eq!((file_text(&event, 1), file_text(&event, 2)), (None, None));
    assert!(event.captures.is_empty());
}

#[test]
fn decode_damaged_file_is_error() {
    let handlers = handlers();
    let whole = socket(0);
    let fixed = size_of::<types::open_file>() + size_of::<types::open_socket>();
    for stored in 0..fixed {
        let value = &whole[size_of::<capture>()..][..stored];
        let bytes = with(&[piece(0, FILE, OK, 0, 0, value)]);
        assert!(matches!(event(&bytes, &handlers), Err(Error::TooShort(_))), "{stored}");
    }
    for pieces in
        [vec![socket(7)], vec![socket(0), socket(1), socket(2)], vec![socket(6), socket(6)]]
    {
        let bytes = with(&pieces);
        assert!(matches!(event(&bytes, &handlers), Err(Error::Capture(_))));
    }
}

proptest! {
    #[test]
    fn decode_random_file_is_printable(
        magic in prop_oneof![
            any::<u32>(), Just(0x534f_434b), Just(0x6e73_6673), Just(0x0904_1934), Just(0x5049_4446)
        ],
        family in prop_oneof![any::<u16>(), Just(1), Just(2), Just(10), Just(16)],
        rest: Vec<u8>,
        status in 0..4u8,
    ) {
        let handlers = handlers();
        let mut value = rest;
        let family_at = size_of::<types::open_file>() + offset_of!(types::open_socket, family);
        if value.len() > family_at + 2 {
            put(&mut value, offset_of!(types::open_file, magic), &magic.to_ne_bytes());
            put(&mut value, family_at, &family.to_ne_bytes());
        }
        let bytes = with(&[piece(0, FILE, status, 11, 0, &value)]);
        if let Ok(Some(event)) = event(&bytes, &handlers) {
            let text = file_text(&event, 0).unwrap_or_default();
            prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", text);
        }
    }
}

#[test]
fn decode_event_has_credentials() {
    let handlers = handlers();
    let mut bytes = head();
    let ids = [
        offset_of!(types::event, euid),
        offset_of!(types::event, egid),
        offset_of!(types::event, suid),
        offset_of!(types::event, sgid),
        offset_of!(types::event, session),
    ];
    for (id, at) in (5u32..).zip(ids) {
        put(&mut bytes, at, &id.to_ne_bytes());
    }
    let Ok(Some(event)) = event(&bytes, &handlers) else { panic!("not an event") };
    assert_eq!(
        event.credentials,
        Credentials { euid: 5, egid: 6, suid: 7, sgid: 8, capabilities: None }
    );
    assert_eq!((event.session, event.uid, event.gid), (9, 0, 0));
}

#[test]
fn decode_comm_without_nul_has_every_byte() {
    let handlers = handlers();
    let mut bytes = head();
    put(&mut bytes, offset_of!(types::event, comm), &[0xff; 16]);
    let Ok(Some(event)) = event(&bytes, &handlers) else { panic!("not an event") };
    assert_eq!(event.comm, [0xff; 16]);
}

#[test]
fn decode_cgroup_and_selftest_events() {
    let mut bytes = vec![0; size_of::<cgroup_event>()];
    put(&mut bytes, offset_of!(cgroup_event, version), &VERSION.to_ne_bytes());
    put(&mut bytes, offset_of!(cgroup_event, kind), &2u16.to_ne_bytes());
    put(&mut bytes, offset_of!(cgroup_event, id), &7u64.to_ne_bytes());
    put(&mut bytes, offset_of!(cgroup_event, parent), &1u64.to_ne_bytes());
    put(&mut bytes, offset_of!(cgroup_event, name), b"a.service\0");
    let born = CgroupEvent::Born { id: 7, parent: 1, name: b"a.service" };
    assert_eq!(RingRecord::decode(&bytes), Ok(RingRecord::Cgroup(born)));
    put(&mut bytes, offset_of!(cgroup_event, kind), &3u16.to_ne_bytes());
    assert_eq!(RingRecord::decode(&bytes), Ok(RingRecord::Cgroup(CgroupEvent::Gone { id: 7 })));

    let mut bytes = vec![0; size_of::<selftest_event>()];
    put(&mut bytes, offset_of!(selftest_event, version), &VERSION.to_ne_bytes());
    put(&mut bytes, offset_of!(selftest_event, kind), &4u16.to_ne_bytes());
    put(&mut bytes, offset_of!(selftest_event, nonce), &99u64.to_ne_bytes());
    assert_eq!(RingRecord::decode(&bytes), Ok(RingRecord::Selftest(99)));
}

#[test]
fn decode_malformed_record_is_error() {
    let handlers = handlers();
    let changed = |at: usize, value: &[u8]| {
        let mut bytes = head();
        put(&mut bytes, at, value);
        bytes
    };
    let path = piece(0, TEXT, OK, 0, 4, b"/etc");
    let mut oversized = with(std::slice::from_ref(&path));
    put(
        &mut oversized,
        size_of::<types::event>() + offset_of!(capture, stored),
        &u32::MAX.to_ne_bytes(),
    );
    let mut short = with(std::slice::from_ref(&path));
    short.truncate(size_of::<types::event>() + size_of::<capture>() + 3);
    let mut many = head();
    put(&mut many, offset_of!(types::event, captures), &u16::MAX.to_ne_bytes());
    for (what, bytes, error) in [
        ("nothing", Vec::new(), Error::TooShort(0)),
        ("a header cut off", head()[..100].to_vec(), Error::TooShort(100)),
        (
            "version",
            changed(offset_of!(types::event, version), &1u16.to_ne_bytes()),
            Error::Version(1),
        ),
        ("kind", changed(offset_of!(types::event, kind), &9u16.to_ne_bytes()), Error::Kind(9)),
        (
            "no handler",
            changed(offset_of!(types::event, handler), &0u16.to_ne_bytes()),
            Error::Handler(0),
        ),
        (
            "handler",
            changed(offset_of!(types::event, handler), &2u16.to_ne_bytes()),
            Error::Handler(2),
        ),
        (
            "slot",
            changed(offset_of!(types::event, slot), &1536u16.to_ne_bytes()),
            Error::Slot(1536),
        ),
        ("a field of no handler", with(&[piece(2, TEXT, OK, 0, 1, b"x")]), Error::Capture(2)),
        ("a capture's kind", with(&[piece(0, 9, OK, 0, 1, b"x")]), Error::Capture(0)),
        ("a capture's status", with(&[piece(1, TEXT, 3, 0, 1, b"x")]), Error::Capture(1)),
        ("a number of 4 bytes", with(&[piece(1, NUMBER, OK, 0, 4, b"1234")]), Error::Capture(1)),
        ("a length beyond the end", oversized, Error::TooShort(240)),
        ("a value cut off", short, Error::TooShort(235)),
        ("captures that are not there", many, Error::TooShort(216)),
    ] {
        assert_eq!(event(&bytes, &handlers), Err(error), "{what}");
    }
}

proptest! {
    #[test]
    fn decode_random_bytes_returns(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = event(&bytes, &handlers());
    }

    /// Random bytes rarely get past the header; these do.
    #[test]
    fn decode_damaged_event_returns(
        damage in proptest::collection::vec((0usize..400, any::<u8>()), 0..12),
        length in 0usize..400,
    ) {
        let mut bytes = with(&[
            piece(0, TEXT, OK, 0, 200, &[b'x'; 200]),
            piece(1, NUMBER, OK, 0, 8, &[1; 8]),
        ]);
        for (at, value) in damage {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        bytes.truncate(length);
        let _ = event(&bytes, &handlers());
    }
}
