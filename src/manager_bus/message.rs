//! Messages of D-Bus, as far as properties need them: the call `Get`, and the values that are asked for. Little-endian.

const METHOD_CALL: u8 = 1;

/// Value of a property, of the types that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    /// A number (`u`).
    Number(u32),
    /// A text (`s`).
    Text(String),
    /// A number and the path of an object (`(uo)`), as a unit's `Job`.
    Object(u32, String),
}

/// Returns the message that asks for a property.
pub fn get(path: &str, interface: &str, name: &str, serial: u32) -> Vec<u8> {
    let mut body = Vec::new();
    text(&mut body, interface);
    text(&mut body, name);
    let mut fields = Vec::new();
    for (code, signature, value) in [
        (1, b'o', path),
        (2, b's', "org.freedesktop.DBus.Properties"),
        (3, b's', "Get"),
        (6, b's', "org.freedesktop.systemd1"),
    ] {
        pad(&mut fields, 8);
        fields.extend([code, 1, signature, 0]);
        text(&mut fields, value);
    }
    pad(&mut fields, 8);
    // The signature of the body: two texts.
    fields.extend([8, 1, b'g', 0, 2, b's', b's', 0]);
    let mut message = vec![b'l', METHOD_CALL, 0, 1];
    for word in [body.len(), serial as usize, fields.len()] {
        message.extend((word as u32).to_le_bytes());
    }
    message.extend(fields);
    pad(&mut message, 8);
    message.extend(body);
    message
}

fn text(bytes: &mut Vec<u8>, value: &str) {
    pad(bytes, 4);
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend(value.as_bytes());
    bytes.push(0);
}

fn pad(bytes: &mut Vec<u8>, alignment: usize) {
    bytes.resize(bytes.len().next_multiple_of(alignment), 0);
}

/// Reads a value behind its signature.
pub fn variant(body: &[u8]) -> Option<Property> {
    match body {
        [1, b'u', 0, ..] => number(body, 4).map(Property::Number),
        [1, b's', 0, ..] => string(body, 4).map(Property::Text),
        [4, b'(', b'u', b'o', b')', 0, ..] => {
            Some(Property::Object(number(body, 8)?, string(body, 12)?))
        }
        _ => None,
    }
}

pub fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn string(bytes: &[u8], at: usize) -> Option<String> {
    let length = number(bytes, at)? as usize;
    let text = bytes.get(at + 4..)?.get(..length)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variant_reads_types_and_refuses_cut_values() {
        let job = b"\x04(uo)\0\0\0\x07\0\0\0\x05\0\0\0/j/71\0";
        assert_eq!(variant(job), Some(Property::Object(7, "/j/71".to_owned())));
        assert_eq!(variant(b"\x01u\0\0\x09\0\0\0"), Some(Property::Number(9)));
        let text = b"\x01s\0\0\x07\0\0\0restart\0";
        assert_eq!(variant(text), Some(Property::Text("restart".to_owned())));
        for end in 0..14 {
            assert_eq!(variant(&text[..end]), None);
            assert_eq!(variant(&job[..end]), None);
        }
        assert_eq!(variant(b"\x01b\0\0\x01\0\0\0"), None);
    }

    #[test]
    fn get_is_message_of_aligned_parts() {
        let message = get("/o", "i", "Name", 3);
        let fields = number(&message, 12).expect("a length") as usize;
        let body = &message[16 + fields.next_multiple_of(8)..];
        assert_eq!(body, b"\x01\0\0\0i\0\0\0\x04\0\0\0Name\0");
        assert_eq!(number(&message, 4), Some(body.len() as u32));
        assert_eq!(&message[16..][..12], b"\x01\x01o\0\x02\0\0\0/o\0\0");
    }
}
