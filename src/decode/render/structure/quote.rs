//! Bytes in, a quoted string out as strace quotes them: the escapes of C, octal numbers for what has
//! none, nothing but ASCII.

use std::fmt::Write;

/// All of the bytes.
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
            // A digit behind it would belong to the number.
            _ if matches!(bytes.get(at.saturating_add(1)), Some(b'0'..=b'7')) => {
                write!(out, "\\{byte:03o}")
            }
            _ => write!(out, "\\{byte:o}"),
        };
    }
    out.push('"');
}

/// Up to the first NUL; of a field that is full to its end, that end is not told.
pub fn text(field: &[u8], out: &mut String) {
    match field.iter().position(|byte| *byte == 0) {
        Some(end) => quoted(field.get(..end).unwrap_or_default(), out),
        None => {
            quoted(field.get(..field.len().saturating_sub(1)).unwrap_or_default(), out);
            out.push_str("...");
        }
    }
}

/// Every byte as a hexadecimal number.
pub fn hex(bytes: &[u8], out: &mut String) {
    out.push('"');
    for byte in bytes {
        let _ = write!(out, "\\x{byte:02x}");
    }
    out.push('"');
}

/// An address of a link: `01:02:03:04:05:06`.
pub fn mac(bytes: &[u8], out: &mut String) {
    for (at, byte) in bytes.iter().enumerate() {
        let _ = write!(out, "{}{byte:02x}", if at == 0 { "" } else { ":" });
    }
}
