//! UTF-8, one character beyond ASCII at a time (table 3-7 of the Unicode standard).

/// Returns whether a character beyond ASCII may begin with that byte.
pub const fn is_lead(byte: u8) -> bool {
    matches!(byte, 0xc2..=0xf4)
}

/// First byte of a character beyond ASCII (table 3-7 of the Unicode standard).
#[derive(Clone, Copy)]
struct Lead {
    /// First value of the second byte, and how many others follow it.
    second: u8,
    others: u8,
    /// Bytes of the character; 1 if no character begins with the byte.
    length: u8,
}

const NO_LEAD: Lead = Lead { second: 0, others: 0, length: 1 };

static LEADS: [Lead; 256] = leads();

const fn leads() -> [Lead; 256] {
    let mut all = [NO_LEAD; 256];
    let mut at = 0;
    while at < 256 {
        let (length, second, last) = match at as u8 {
            0xc2..=0xdf => (2, 0x80, 0xbf),
            0xe0 => (3, 0xa0, 0xbf),
            0xed => (3, 0x80, 0x9f),
            0xe1..=0xef => (3, 0x80, 0xbf),
            0xf0 => (4, 0x90, 0xbf),
            0xf1..=0xf3 => (4, 0x80, 0xbf),
            0xf4 => (4, 0x80, 0x8f),
            _ => (1, 0, 0),
        };
        all[at] = Lead { second, others: last - second, length };
        at += 1;
    }
    all
}

fn lead(byte: u8) -> Lead {
    LEADS.get(usize::from(byte)).copied().unwrap_or(NO_LEAD)
}

/// Returns the number of the character beyond ASCII that has these bytes; `None` if they are none, or not UTF-8.
#[inline(always)]
pub fn character<const N: usize>(text: [u8; N]) -> Option<u32> {
    let [first, rest @ ..] = text.as_slice() else { return None };
    let lead = lead(*first);
    let is_second = rest.first()?.wrapping_sub(lead.second) <= lead.others;
    let is_behind = rest.iter().fold(true, |all, byte| all & (byte & 0xc0 == 0x80));
    if usize::from(lead.length) != N || !is_second || !is_behind {
        return None;
    }
    let bits = u32::from(*first) & (0x7f >> N);
    Some(rest.iter().fold(bits, |bits, byte| bits << 6 | u32::from(byte & 0x3f)))
}

/// Returns the length of the character that begins with a byte; 1 if none beyond ASCII does.
pub fn length(first: u8) -> u8 {
    lead(first).length
}
