//! Quoted strings in ASCII as strace prints them, with the escapes of C and octal numbers.

use std::fmt::Write;

use crate::printable::NO_LIMIT;
use crate::stage::{Stage, digits};

/// Prints all bytes as a quoted string.
pub fn quoted(bytes: &[u8], out: &mut String) {
    out.push('"');
    escaped(bytes, b"", out);
    out.push('"');
}

/// Prints the name of a file without quotes, for a place between `<` and `>`, which are escaped in it.
pub fn file_name(bytes: &[u8], out: &mut String) {
    escaped(bytes, b"<>", out);
}

/// Prints all bytes; those of `special` as octal numbers.
fn escaped(bytes: &[u8], special: &[u8], out: &mut String) {
    Stage::new(out, NO_LIMIT).fill_each(bytes, |pen, byte, next| {
        let (text, length) = match byte {
            b'"' | b'\\' => ([b'\\', byte, 0, 0], 2),
            b' '..=b'~' if !special.contains(&byte) => ([byte, 0, 0, 0], 1),
            b'\t' => (*b"\\t\0\0", 2),
            b'\n' => (*b"\\n\0\0", 2),
            0x0b => (*b"\\v\0\0", 2),
            0x0c => (*b"\\f\0\0", 2),
            b'\r' => (*b"\\r\0\0", 2),
            // Three digits, because a digit that follows would belong to the number.
            _ if matches!(next, Some(b'0'..=b'7')) => octal(byte, 0),
            _ => octal(byte, (byte.leading_zeros() + 1) / 3),
        };
        pen.put(text, length);
    });
}

/// Returns a backslash and the digits of a byte without the first `zeros` of three, and their length.
fn octal(byte: u8, zeros: u32) -> ([u8; 4], usize) {
    let [high, middle, low] = [byte >> 6, byte >> 3 & 7, byte & 7].map(|digit| b'0' + digit);
    match zeros {
        0 => ([b'\\', high, middle, low], 4),
        1 => ([b'\\', middle, low, 0], 3),
        _ => ([b'\\', low, 0, 0], 2),
    }
}

/// Prints a text up to its first NUL; in a field without one, an ellipsis replaces the last byte.
pub fn text(field: &[u8], out: &mut String) {
    match field.iter().position(|byte| *byte == 0) {
        Some(end) => quoted(field.get(..end).unwrap_or_default(), out),
        None => {
            quoted(field.get(..field.len().saturating_sub(1)).unwrap_or_default(), out);
            out.push_str("...");
        }
    }
}

/// Prints every byte in hexadecimal: `"\x01\xff"`.
pub fn hex(bytes: &[u8], out: &mut String) {
    out.push('"');
    Stage::new(out, NO_LIMIT).fill_each(bytes, |pen, byte, _| {
        let [high, low] = digits(byte);
        pen.put([b'\\', b'x', high, low], 4);
    });
    out.push('"');
}

/// Prints the address of a link: `01:02:03:04:05:06`.
pub fn mac(bytes: &[u8], out: &mut String) {
    for (at, byte) in bytes.iter().enumerate() {
        let _ = write!(out, "{}{byte:02x}", if at == 0 { "" } else { ":" });
    }
}

/// Prints the call sign of a radio station, `N0CALL-1`, of which AX.25 shifts every character by one bit.
/// Anything else is printed as bytes.
pub fn callsign(bytes: &[u8], out: &mut String) {
    let (name, number) = bytes.split_at_checked(6).unwrap_or_default();
    let shifted: String = name.iter().map(|byte| char::from(byte >> 1)).collect();
    let name_only = shifted.trim_end_matches(' ');
    let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    match number {
        [number]
            if number & !0x1e == 0
                && name.iter().all(|byte| byte & 1 == 0)
                && !name_only.is_empty()
                && name_only.chars().all(is_plain) =>
        {
            let _ = write!(out, "{name_only}-{}", number >> 1);
        }
        _ => {
            out.push_str("{ax25_call=");
            hex(bytes, out);
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn quoted_control_byte_is_shortest_octal_unless_digit_follows() {
        for byte in (0..=255).filter(|byte| !matches!(byte, b' '..=b'~' | b'\t'..=b'\r')) {
            for (next, expected) in
                [(b'x', format!("\"\\{byte:o}x\"")), (b'7', format!("\"\\{byte:03o}7\""))]
            {
                let mut out = String::new();
                quoted(&[byte, next], &mut out);
                assert_eq!(out, expected);
            }
        }
    }
}
