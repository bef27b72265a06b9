//! Short pieces of text, gathered before they are appended to a string: to append each on its own costs more than
//! to make it.

/// Bytes that are gathered.
const ROOM: usize = 256;

/// Bytes of the longest pieces of one character.
const CHARACTER_MAX: usize = 12;

/// Two hexadecimal digits of each byte.
pub(crate) const DIGITS: [[u8; 2]; 256] = all_digits();

const fn all_digits() -> [[u8; 2]; 256] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut all = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        all[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    all
}

/// Returns the two hexadecimal digits of a byte.
pub(crate) fn digits(byte: u8) -> [u8; 2] {
    static TABLE: [[u8; 2]; 256] = DIGITS;
    TABLE.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Pieces that follow the text of `out`.
pub(crate) struct Stage<'o> {
    out: &'o mut String,
    /// Length of the text from which on nothing is added.
    end: usize,
    bytes: [u8; ROOM],
    used: usize,
    /// Number of used bytes from which on there is no room for another character.
    full: usize,
}

impl<'o> Stage<'o> {
    /// Returns an empty stage in front of `out`, for `limit` bytes and the rest of the character that crosses it.
    pub fn new(out: &'o mut String, limit: usize) -> Self {
        let end = out.len().saturating_add(limit);
        let full = limit.min(ROOM - CHARACTER_MAX);
        Self { out, end, bytes: [0; ROOM], used: 0, full }
    }

    /// Makes room for a character; returns whether there is any below the limit.
    #[inline]
    pub fn make_room(&mut self) -> bool {
        if self.used >= self.full {
            self.flush();
        }
        self.used < self.full
    }

    /// Adds the first `length` bytes of an array, which are whole characters. All of the array is copied: a constant
    /// number of bytes takes one instruction.
    #[inline]
    pub fn put<const N: usize>(&mut self, text: [u8; N], length: usize) {
        const { assert!(N <= CHARACTER_MAX) };
        if let Some(place) = self.bytes.get_mut(self.used..self.used + N) {
            place.copy_from_slice(&text);
            self.used += length;
        }
    }

    /// Appends what was gathered.
    fn flush(&mut self) {
        let text = self.bytes.get(..self.used).map(std::str::from_utf8);
        self.out.push_str(text.and_then(Result::ok).unwrap_or_default());
        self.used = 0;
        self.full = self.end.saturating_sub(self.out.len()).min(ROOM - CHARACTER_MAX);
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}
