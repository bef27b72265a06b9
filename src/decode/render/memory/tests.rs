use super::memory;
use crate::decode::{End, Moment, Part, Piece, Status, Value};
use crate::sink::samples;
use crate::syscalls::{Abi, Slot, number};

/// The argument at that position, of a call that wrote these bytes there.
fn written(syscall: &str, args: [u64; 6], index: u8, bytes: &[u8], result: i64) -> String {
    let mut handler = samples::handler();
    handler.fields.clear();
    let mut event = samples::event(&handler, vec![]);
    event.slot = Slot::new(Abi::Native, number(Abi::Native, syscall).unwrap()).unwrap();
    event.args = args;
    event.end = Some(End::Returned { result, duration_ns: 1 });
    let (moment, status) = (Moment::Return, Status::Ok);
    let value = Value::Bytes(bytes);
    event.pieces = vec![Piece { index, part: Part::Whole, moment, value, status }];
    let mut out = String::new();
    memory(&event.arguments().unwrap().nth(index.into()).unwrap(), &mut out);
    out
}

#[test]
fn a_wait_that_finds_no_child_writes_no_status() {
    let args = [u64::MAX, 0x7000, 1, 0, 0, 0];
    let ended = "[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]";
    assert_eq!(written("wait4", args, 1, &0x300_i32.to_ne_bytes(), 77), ended);
    assert_eq!(written("wait4", args, 1, &0x300_i32.to_ne_bytes(), 0), "0x7000");
}

#[test]
fn a_message_has_a_type_and_as_much_text_as_was_received() {
    let bytes = [&3_i64.to_ne_bytes()[..], b"text"].concat();
    let args = [1, 0x7000, 20, 0, 0, 0];
    assert_eq!(written("msgrcv", args, 1, &bytes, 4), r#"{mtype=3, mtext="text"}"#);
}

#[test]
fn random_bytes_are_hexadecimal() {
    assert_eq!(written("getrandom", [0x7000, 2, 0, 0, 0, 0], 0, b"a\xff", 2), r#""\x61\xff""#);
}
