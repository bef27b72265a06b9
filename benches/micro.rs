//! Decoding and encoding alone, on one event of each size: what a change to them costs. Neither the
//! kernel nor journald takes part; `make bench` measures the whole.
#![allow(missing_docs)] // criterion's macro makes a public function

use std::hint::black_box;
use std::mem::{offset_of, size_of};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use syscalls::{Abi, number};
use tailcalld::bpf::types::{capture, event, result_event, wire_size};
use tailcalld::config::Redact;
use tailcalld::decode::{Error, Event, RingRecord};
use tailcalld::handlers::Handlers;
use tailcalld::output::record::{Body, Record, Syscall};
use tailcalld::output::{Scratch, journal_entry, json_line};
use tailcalld::pipeline::redact::secrets;
use tailcalld::units::CgroupInfo;

const VERSION: u16 = wire_size::EVENT_VERSION.0 as u16;

/// `enum capture_kind`.
const NUMBER: u8 = 1;
const TEXT: u8 = 2;

fn micro(criterion: &mut Criterion) {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let strings: [(u8, &[u8]); 4] =
        [(0, b"/usr/bin/systemctl"), (1, b"systemctl"), (1, b"restart"), (1, b"nginx.service")];
    let mut exec: Vec<_> = strings.map(|(field, text)| piece(field, TEXT, text)).into();
    exec.extend([(2, 3u64), (3, 29)].map(|(at, n)| piece(at, NUMBER, &n.to_ne_bytes())));
    measure(criterion, "args", &bytes(&handlers, "args", &[]), None, &handlers);
    measure(criterion, "args of mmap", &mmap(&handlers), None, &handlers);
    measure(criterion, "args with a path", &openat(&handlers), None, &handlers);
    measure(
        criterion,
        "args with a result",
        &awaiting(openat(&handlers)),
        Some(&exit()),
        &handlers,
    );
    measure(criterion, "exec", &bytes(&handlers, "exec", &exec), None, &handlers);
    measure(criterion, "exec with 8 arguments", &exec_of_8(&handlers), None, &handlers);
    measure(criterion, "exec of a compiler", &compiler(&handlers), None, &handlers);
}

fn measure(
    criterion: &mut Criterion,
    name: &str,
    bytes: &[u8],
    exit: Option<&[u8]>,
    handlers: &Handlers,
) {
    let event = decode(bytes, exit, handlers).expect("an event");
    let unit = Some("nginx.service".to_owned());
    let place = CgroupInfo {
        is_cut: false,
        cgroup: "/system.slice/nginx.service".into(),

        unit,
        user_unit: None,
        container: None,
        claimed_container: None,
    };
    let body = Body::Syscall(Syscall {
        event: &event,
        place: Some(&place),
        suppressed: 0,
        may_be_duplicate: false,
        novel: None,
    });
    let record = Record { time_ns: 1_767_323_045_000_000_006, body };
    let mut scratch = Scratch::new();
    let mut buffer = Vec::new();

    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(1));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| decode(black_box(bytes), exit, handlers).is_ok());
    });
    group.bench_function("redaction", |bencher| {
        bencher.iter(|| secrets(black_box(&event), &Redact::Obvious).is_empty());
    });
    let mut encode = |name, encode: fn(&Record, &mut Scratch, &mut Vec<u8>)| {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                buffer.clear();
                encode(black_box(&record), &mut scratch, &mut buffer);
                buffer.len()
            });
        });
    };
    encode("journal entry", journal_entry);
    encode("JSON line", json_line);
    group.finish();
}

/// Decodes an event as the pipeline does, in both stages.
fn decode<'a>(
    bytes: &'a [u8],
    exit: Option<&'a [u8]>,
    handlers: &'a Handlers,
) -> Result<Event<'a>, Error> {
    let RingRecord::Syscall(header) = RingRecord::decode(bytes)? else { panic!("not an event") };
    let exit = match exit.map(RingRecord::decode).transpose()? {
        Some(RingRecord::Exit(exit)) => Some(exit),
        _ => None,
    };
    Event::decode(&header, bytes, exit.as_ref(), handlers)
}

/// An event of execve as the ring has it.
fn bytes(handlers: &Handlers, handler: &str, pieces: &[Vec<u8>]) -> Vec<u8> {
    let id = handlers.named(handler).expect("a known handler").id;
    let mut bytes = vec![0; size_of::<event>()];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(offset_of!(event, version), &VERSION.to_ne_bytes());
    put(offset_of!(event, kind), &1u16.to_ne_bytes());
    put(offset_of!(event, handler), &id.to_ne_bytes());
    put(offset_of!(event, slot), &59u16.to_ne_bytes());
    put(offset_of!(event, priority), &[6]);
    put(offset_of!(event, pid), &1234u32.to_ne_bytes());
    put(offset_of!(event, comm), b"bash");
    put(offset_of!(event, args), &0x5581_9c3a_12f0_u64.to_ne_bytes());
    let count = u16::try_from(pieces.len()).expect("few captures");
    put(offset_of!(event, captures), &count.to_ne_bytes());
    bytes.extend(pieces.concat());
    bytes
}

/// Six arguments, two of them flags.
fn mmap(handlers: &Handlers) -> Vec<u8> {
    let nr = number(Abi::Native, "mmap").expect("a known syscall");
    let mut bytes = bytes(handlers, "args", &[]);
    bytes[offset_of!(event, slot)..][..2].copy_from_slice(&nr.to_ne_bytes());
    let args: [u64; 6] = [0x7f12_3456_7000, 8192, 3, 0x32, u64::MAX, 0];
    for (position, arg) in args.into_iter().enumerate() {
        bytes[offset_of!(event, args) + 8 * position..][..8].copy_from_slice(&arg.to_ne_bytes());
    }
    bytes
}

/// `openat` with the path that it was given.
fn openat(handlers: &Handlers) -> Vec<u8> {
    let nr = number(Abi::Native, "openat").expect("a known syscall");
    let path = piece(1, TEXT, b"/usr/lib/x86_64-linux-gnu/libc.so.6");
    let mut bytes = bytes(handlers, "args", &[path]);
    bytes[offset_of!(event, slot)..][..2].copy_from_slice(&nr.to_ne_bytes());
    let args: [u64; 6] = [0xffff_ff9c, 0x7f12_3456_7000, 0x80000, 0, 0, 0];
    for (position, arg) in args.into_iter().enumerate() {
        bytes[offset_of!(event, args) + 8 * position..][..8].copy_from_slice(&arg.to_ne_bytes());
    }
    bytes
}

/// The event of a call whose result is asked for.
fn awaiting(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[offset_of!(event, flags)] = 1;
    bytes
}

/// The exit of that call, which returned 3.
fn exit() -> Vec<u8> {
    let mut bytes = vec![0; size_of::<result_event>()];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(offset_of!(result_event, version), &VERSION.to_ne_bytes());
    put(offset_of!(result_event, kind), &5u16.to_ne_bytes());
    put(offset_of!(result_event, boottime_ns), &1500u64.to_ne_bytes());
    put(offset_of!(result_event, result), &3i64.to_ne_bytes());
    bytes
}

/// A program with eight arguments, one of which may hold a secret.
fn exec_of_8(handlers: &Handlers) -> Vec<u8> {
    exec(handlers, "curl -s -o /tmp/page --retry 3 -L https://example.org/index")
}

/// A program with many options.
fn compiler(handlers: &Handlers) -> Vec<u8> {
    let options = "gcc -std=gnu11 -O2 -g -Wall -Wextra -Wno-unused-parameter -fno-strict-aliasing -fPIC -MMD \
                   -MF=.deps/a.d -DNDEBUG -DVERSION=\"1.2\" -D_GNU_SOURCE -Iinclude -I/usr/include/x \
                   -isystem=/opt/include -march=x86-64-v2 -c -o build/a.o src/a.c";
    exec(handlers, options)
}

fn exec(handlers: &Handlers, command: &str) -> Vec<u8> {
    let words: Vec<_> = command.split_whitespace().collect();
    let mut pieces = vec![piece(0, TEXT, format!("/usr/bin/{}", words[0]).as_bytes())];
    pieces.extend(words.iter().map(|word| piece(1, TEXT, word.as_bytes())));
    let totals = [(2, words.len()), (3, command.len() + 1)];
    pieces.extend(totals.map(|(at, n)| piece(at, NUMBER, &(n as u64).to_ne_bytes())));
    bytes(handlers, "exec", &pieces)
}

/// A capture's header and bytes, padded.
fn piece(field: u8, kind: u8, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).expect("a short value").to_ne_bytes();
    let mut bytes = vec![0; size_of::<capture>()];
    bytes[offset_of!(capture, field)] = field;
    bytes[offset_of!(capture, kind)] = kind;
    bytes[offset_of!(capture, stored)..][..4].copy_from_slice(&length);
    bytes[offset_of!(capture, length)..][..4].copy_from_slice(&length);
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

criterion_group!(benches, micro);
criterion_main!(benches);
