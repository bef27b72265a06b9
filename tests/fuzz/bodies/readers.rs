//! Readers of the formats that the encoders write, after their specifications.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Values of each field of a journal entry, in order.
pub type Entry = BTreeMap<String, Vec<Vec<u8>>>;

/// Reads an entry of journald's native protocol: `NAME=value` up to a newline, or `NAME`, a newline, 8 bytes of length,
/// as many bytes, a newline.
pub fn entry(mut bytes: &[u8]) -> Entry {
    let mut entry = Entry::new();
    while !bytes.is_empty() {
        let end = bytes.iter().position(|&byte| byte == b'\n').expect("a newline behind a field");
        let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
        let (name, value);
        (name, value, bytes) = match line.iter().position(|&byte| byte == b'=') {
            Some(at) => (&line[..at], &line[at + 1..], rest),
            None => {
                let (length, rest) = rest.split_first_chunk().expect("a length");
                let length = usize::try_from(u64::from_le_bytes(*length)).expect("a length");
                assert_eq!(rest[length], b'\n', "the end of a field");
                (line, &rest[..length], &rest[length + 1..])
            }
        };
        let name = String::from_utf8(name.to_vec()).expect("a name");
        assert!(is_name(&name), "{name:?}");
        entry.entry(name).or_default().push(value.to_vec());
    }
    entry
}

/// Returns whether journald accepts a field of that name from a client.
fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_uppercase()) && name.bytes().all(fits)
}

/// Reads the line of an object.
pub fn object(bytes: &[u8]) -> Map<String, Value> {
    let (&end, line) = bytes.split_last().expect("a line");
    assert!(end == b'\n' && !line.contains(&b'\n'), "one line");
    serde_json::from_slice(line).expect("an object")
}

/// Returns the bytes of a value: a string, or an array of numbers.
pub fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Array(numbers) => {
            let byte = |value: &Value| u8::try_from(value.as_u64().expect("a number"));
            numbers.iter().map(|value| byte(value).expect("a byte")).collect()
        }
        other => panic!("no bytes: {other}"),
    }
}
