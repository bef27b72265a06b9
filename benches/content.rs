//! `cargo bench --bench content`: CPU time of an event by its content, which a process chooses, beside plain ASCII of
//! the same length. Decoding, redacting, encoding and one datagram are measured here; the rest of an event (the ring,
//! the counters, the socket of journald) does not depend on the content. The whole costs at most three times as much
//! as one of ASCII.

use std::hint::black_box;
use std::mem::{offset_of, size_of};
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use syscalls::{Abi, number};
use tailcalld::bpf::types::{capture, event, wire_size};
use tailcalld::config::Redact;
use tailcalld::decode::{Event, RingRecord};
use tailcalld::handlers::Handlers;
use tailcalld::output::record::{Body, Record, Syscall};
use tailcalld::output::{Scratch, journal_entry, json_line};
use tailcalld::pipeline::redact::secrets;

const VERSION: u16 = wire_size::EVENT_VERSION.0 as u16;
const EVENT_SYSCALL: u16 = 1;
const CAPTURE_TEXT: u8 = 2;
const CAPTURE_BYTES: u8 = 3;

/// Bytes of the path and of all arguments.
const LENGTH: usize = 4095;

/// Longest name that is compared with patterns of secrets.
const NAME: usize = 256;

/// Most times that an event of any content may cost as much as one of ASCII.
const MOST: u32 = 3;

/// CPU time of an event beyond what is measured here: a daemon with a real journald takes 8.2 to 9.6 us for a failed exec
/// with 12 KiB of ASCII, of which some 4.5 us are measured here; 4.3 to 6.2 us for one with 80 bytes, of which 2.4 us are
/// (AMD EPYC, 2 CPUs, Linux 6.18).
const REST: Duration = Duration::from_micros(4);

/// Outputs.
const OUTPUTS: [(&str, Encode); 2] = [("journal", journal_entry), ("JSON", json_line)];

/// Texts that are repeated.
const CONTENTS: [&[u8]; 21] = [
    b"\x01",
    b"x\x01",
    b"\"",
    b"\n",
    b"\xff",
    b"x\xff",
    b"\xc3",
    b"\xe2\x80",
    "é".as_bytes(),
    "e\u{301}".as_bytes(),
    "א".as_bytes(),
    "日".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{10ffff}".as_bytes(),
    "é\u{202e}日\u{1f980}ß".as_bytes(),
    b"://a:b@/",
    b"-",
    b"PASSWOR",
    b"PASSWDTOKENSECRET_KEY",
    b"a=",
    b"--tokenpassword_",
];

fn capture_of(field: u8, kind: u8, text: &[u8]) -> Vec<u8> {
    let mut head = vec![0; size_of::<capture>()];
    let length = (text.len() as u32).to_ne_bytes();
    head[offset_of!(capture, field)] = field;
    head[offset_of!(capture, kind)] = kind;
    head[offset_of!(capture, stored)..][..4].copy_from_slice(&length);
    head[offset_of!(capture, length)..][..4].copy_from_slice(&length);
    head.extend_from_slice(text);
    head.resize(head.len().next_multiple_of(8), 0);
    head
}

/// Returns the bytes of an event with these captures.
fn bytes(handlers: &Handlers, handler: &str, syscall: &str, captures: &[Vec<u8>]) -> Vec<u8> {
    let id = handlers.named(handler).expect("a known handler").id;
    let slot = number(Abi::Native, syscall).expect("a known syscall");
    let mut bytes = vec![0; size_of::<event>()];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(offset_of!(event, version), &VERSION.to_ne_bytes());
    put(offset_of!(event, kind), &EVENT_SYSCALL.to_ne_bytes());
    put(offset_of!(event, handler), &id.to_ne_bytes());
    put(offset_of!(event, slot), &slot.to_ne_bytes());
    put(offset_of!(event, captures), &(captures.len() as u16).to_ne_bytes());
    put(offset_of!(event, comm), b"cat");
    bytes.extend(captures.concat());
    bytes
}

fn repeated(content: &[u8], length: usize) -> Vec<u8> {
    content.iter().copied().cycle().take(length).collect()
}

type Encode = fn(&Record, &mut Scratch, &mut Vec<u8>);

/// Returns the least time in which the event is decoded, redacted, encoded and sent.
fn cost(bytes: &[u8], handlers: &Handlers, encode: Encode) -> Duration {
    let (mut scratch, mut buffer) = (Scratch::new(), Vec::new());
    let (to, from) = UnixDatagram::pair().expect("sockets");
    let mut received = vec![0; 1 << 18];
    let mut pass = || {
        let start = Instant::now();
        buffer.clear();
        let Ok(RingRecord::Syscall(header)) = RingRecord::decode(black_box(bytes)) else {
            panic!("not an event")
        };
        let event = Event::decode(&header, bytes, None, handlers).expect("an event");
        let secrets = secrets(&event, &Redact::Obvious);
        let redacted = (!secrets.is_empty()).then(|| secrets.redacted(&event));
        let body = Body::Syscall(Syscall {
            event: redacted.as_ref().unwrap_or(&event),
            place: None,
            suppressed: 0,
            may_be_duplicate: false,
            novel: None,
        });
        encode(&Record { time_ns: 1, body }, &mut scratch, &mut buffer);
        to.send(&buffer).expect("room for an entry");
        let elapsed = start.elapsed();
        from.recv(&mut received).expect("an entry");
        elapsed
    };
    (0..200).map(|_| pass()).min().expect("many passes")
}

/// Events of one content: a path and an argument, a setting, many short arguments, long names of settings, a path of
/// a call, and a buffer.
fn events(handlers: &Handlers, content: &[u8]) -> [Vec<u8>; 6] {
    let long = repeated(content, LENGTH);
    let text = |field, text: &[u8]| capture_of(field, CAPTURE_TEXT, text);
    let setting = [text(0, b"/bin/a"), text(1, &[&long[..LENGTH - 2], b"=x"].concat())];
    let words: Vec<_> = long.chunks(8).map(|word| text(1, word)).collect();
    let names = long.chunks(NAME).map(|name| text(1, &[&name[..name.len() - 2], b"=x"].concat()));
    [
        bytes(handlers, "exec", "execve", &[text(0, &long), text(1, &long)]),
        bytes(handlers, "exec", "execve", &setting),
        bytes(handlers, "exec", "execve", &words),
        bytes(handlers, "exec", "execve", &names.collect::<Vec<_>>()),
        bytes(handlers, "args", "openat", &[text(1, &long)]),
        bytes(handlers, "args", "write", &[capture_of(1, CAPTURE_BYTES, &long)]),
    ]
}

/// A usual event: a program with three arguments.
fn usual(handlers: &Handlers) -> Vec<u8> {
    let texts: [(u8, &[u8]); 5] =
        [(0, b"/usr/bin/grep"), (1, b"grep"), (1, b"-rn"), (1, b"pattern"), (1, b"src")];
    bytes(
        handlers,
        "exec",
        "execve",
        &texts.map(|(field, text)| capture_of(field, CAPTURE_TEXT, text)),
    )
}

/// Prints a line for each content, and `DEAR` in front of those that cost more than the most.
fn main() {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    for (output, encode) in OUTPUTS {
        let ascii = events(&handlers, b"x").map(|bytes| cost(&bytes, &handlers, encode));
        println!("{output}: a usual event {:.2?}", cost(&usual(&handlers), &handlers, encode));
        println!(
            "{output}: plain ASCII {ascii:.1?}, the rest {REST:.1?}; at most {MOST} times as much:"
        );
        for content in CONTENTS {
            let costs = events(&handlers, content).map(|bytes| cost(&bytes, &handlers, encode));
            let is_dear =
                costs.iter().zip(ascii).any(|(cost, ascii)| *cost + REST > (ascii + REST) * MOST);
            let mark = if is_dear { "DEAR " } else { "" };
            println!("{mark}{output} {}: {costs:.1?}", content.escape_ascii());
        }
    }
}
