//! Strings and arrays of bytes in JSON. A process chooses the bytes; each takes about the same time.

use super::close;

/// Bytes that are looked at together.
const BLOCK: usize = 32;

/// Text that stands for a byte, with the length of the part that counts.
#[derive(Clone, Copy)]
struct Spelled<const N: usize>([u8; N], u8);

/// Bytes within a string.
static IN_STRING: [Spelled<8>; 256] = in_string();

/// Bytes as elements of an array, each with the comma behind it.
static IN_ARRAY: [Spelled<4>; 256] = in_array();

const fn in_string() -> [Spelled<8>; 256] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut all = [Spelled([0; 8], 0); 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        all[at] = match byte {
            b'"' | b'\\' => Spelled([b'\\', byte, 0, 0, 0, 0, 0, 0], 2),
            b'\n' => Spelled(*b"\\n\0\0\0\0\0\0", 2),
            b'\r' => Spelled(*b"\\r\0\0\0\0\0\0", 2),
            b'\t' => Spelled(*b"\\t\0\0\0\0\0\0", 2),
            ..b' ' => Spelled([b'\\', b'u', b'0', b'0', DIGITS[at >> 4], DIGITS[at & 15], 0, 0], 6),
            _ => Spelled([byte, 0, 0, 0, 0, 0, 0, 0], 1),
        };
        at += 1;
    }
    all
}

const fn in_array() -> [Spelled<4>; 256] {
    let mut all = [Spelled([0; 4], 0); 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        let [hundreds, tens, ones] = [b'0' + byte / 100, b'0' + byte / 10 % 10, b'0' + byte % 10];
        all[at] = match byte {
            ..10 => Spelled([ones, b',', 0, 0], 2),
            10..100 => Spelled([tens, ones, b',', 0], 3),
            100.. => Spelled([hundreds, tens, ones, b','], 4),
        };
        at += 1;
    }
    all
}

/// Appends bytes of any kind: a string if they are UTF-8, otherwise an array of numbers.
pub(super) fn bytes(value: &[u8], buffer: &mut Vec<u8>) {
    match std::str::from_utf8(value) {
        Ok(text) => string(text, buffer),
        Err(_) => {
            buffer.push(b'[');
            spell(value, &IN_ARRAY, buffer);
            close(b']', buffer);
        }
    }
}

/// Appends a string with its quotes.
pub(super) fn string(text: &str, buffer: &mut Vec<u8>) {
    buffer.push(b'"');
    for block in text.as_bytes().chunks(BLOCK) {
        // Most strings need no escape. Without an early end the compiler makes the loop look at 32 bytes at once.
        let is_plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
        if block.iter().fold(true, |all, &byte| all & is_plain(byte)) {
            buffer.extend_from_slice(block);
        } else {
            spell(block, &IN_STRING, buffer);
        }
    }
    buffer.push(b'"');
}

/// Appends what stands for each byte, in about the same time for any byte.
fn spell<const N: usize>(bytes: &[u8], table: &[Spelled<N>; 256], buffer: &mut Vec<u8>) {
    for &byte in bytes {
        let Some(Spelled(text, length)) = table.get(usize::from(byte)) else { continue };
        let end = buffer.len() + usize::from(*length);
        // All of the array is copied: a constant number of bytes takes one instruction.
        buffer.extend_from_slice(text);
        buffer.truncate(end);
    }
}
