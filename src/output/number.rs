//! Decimal numbers into a byte buffer. An event has some fifteen of them; with the formatting
//! machinery of the standard library a JSON line takes a quarter longer.

/// Appends `number`.
pub fn append(number: impl itoa::Integer, buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}
