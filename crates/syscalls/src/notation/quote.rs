//! Quoted strings in ASCII as strace prints them, with the escapes of C and octal numbers.

use std::fmt::Write;

/// Prints all bytes as a quoted string.
pub fn quoted(bytes: &[u8], out: &mut String) {
    out.push('"');
    for (at, &byte) in bytes.iter().enumerate() {
        let _ = match byte {
            b'"' | b'\\' => write!(out, "\\{}", char::from(byte)),
            b' '..=b'~' => write!(out, "{}", char::from(byte)),
            b'\t' => write!(out, "\\t"),
            b'\n' => write!(out, "\\n"),
            0x0b => write!(out, "\\v"),
            0x0c => write!(out, "\\f"),
            b'\r' => write!(out, "\\r"),
            // Three digits, because a digit that follows would belong to the number.
            _ if matches!(bytes.get(at.saturating_add(1)), Some(b'0'..=b'7')) => {
                write!(out, "\\{byte:03o}")
            }
            _ => write!(out, "\\{byte:o}"),
        };
    }
    out.push('"');
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
    for byte in bytes {
        let _ = write!(out, "\\x{byte:02x}");
    }
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
