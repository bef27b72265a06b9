//! Short pieces of text, gathered before they are appended to a string: to append each on its own costs more than
//! to make it.

/// Bytes that are gathered.
const ROOM: usize = 256;

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
    bytes: [u8; ROOM],
    used: usize,
}

impl<'o> Stage<'o> {
    /// Returns an empty stage in front of `out`.
    pub fn new(out: &'o mut String) -> Self {
        Self { out, bytes: [0; ROOM], used: 0 }
    }

    /// Returns the length of the whole text.
    pub fn len(&self) -> usize {
        self.out.len() + self.used
    }

    /// Adds the first `length` bytes of an array, which are whole characters. All of the array is copied: a constant
    /// number of bytes takes one instruction.
    #[inline(always)]
    pub fn put<const N: usize>(&mut self, text: [u8; N], length: usize) {
        if self.used + N > ROOM {
            self.flush();
        }
        if let Some(place) = self.bytes.get_mut(self.used..self.used + N) {
            place.copy_from_slice(&text);
            self.used += length;
        }
    }

    /// Appends what was gathered.
    pub fn flush(&mut self) {
        let text = self.bytes.get(..self.used).map(std::str::from_utf8);
        self.out.push_str(text.and_then(Result::ok).unwrap_or_default());
        self.used = 0;
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}
