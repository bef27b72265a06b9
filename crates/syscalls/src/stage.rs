//! Short pieces of text, gathered before they are appended to a string: to append each on its own costs more than
//! to make it.

/// Bytes that are gathered.
const ROOM: usize = 512;

/// Bytes of the longest pieces of one character.
pub(crate) const CHARACTER_MAX: usize = 12;

/// Room of a pen to begin with, as far as the limit of the text permits.
const PEN_ROOM: usize = 128;

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

/// A text that grows: a string, or the bytes of one.
pub trait TextBuffer {
    /// Returns the text so far.
    fn written(&self) -> &[u8];
    /// Appends a text.
    fn append(&mut self, text: &str);
    /// Appends the bytes of a text, which are UTF-8.
    fn append_bytes(&mut self, text: &[u8]);
}

impl TextBuffer for String {
    fn written(&self) -> &[u8] {
        self.as_bytes()
    }

    fn append(&mut self, text: &str) {
        self.push_str(text);
    }

    fn append_bytes(&mut self, text: &[u8]) {
        self.push_str(std::str::from_utf8(text).unwrap_or_default());
    }
}

/// A string that is copied into an entry anyway is not checked twice.
impl TextBuffer for Vec<u8> {
    fn written(&self) -> &[u8] {
        self
    }

    fn append(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }

    fn append_bytes(&mut self, text: &[u8]) {
        self.extend_from_slice(text);
    }
}

/// Pieces that follow the text of `out`.
pub(crate) struct Stage<'o, T: TextBuffer> {
    out: &'o mut T,
    /// Length of the text from which on nothing is added.
    end: usize,
    bytes: [u8; ROOM],
    used: usize,
    /// Number of used bytes from which on there is no room for another character.
    full: usize,
}

impl<'o, T: TextBuffer> Stage<'o, T> {
    /// Returns an empty stage in front of `out`, for `limit` bytes and the rest of the character that crosses it.
    pub fn new(out: &'o mut T, limit: usize) -> Self {
        let end = out.written().len().saturating_add(limit);
        let full = limit.min(ROOM - CHARACTER_MAX);
        Self { out, end, bytes: [0; ROOM], used: 0, full }
    }

    /// Adds characters until `rest` is empty; `add` adds some of them, for which the pen has room, and returns the rest
    /// behind them. Returns whether all of them fitted below the limit.
    #[inline(always)]
    pub fn fill<'r>(
        &mut self,
        mut rest: &'r [u8],
        mut add: impl FnMut(&mut Pen<'_>, &'r [u8]) -> &'r [u8],
    ) -> bool {
        while !rest.is_empty() {
            if self.used > ROOM - CHARACTER_MAX - PEN_ROOM {
                self.flush();
            }
            if self.used >= self.full {
                return false;
            }
            let mut pen = Pen { bytes: &mut self.bytes, used: self.used, full: self.full };
            rest = add(&mut pen, rest);
            self.used = pen.used;
        }
        true
    }

    /// Does the same, with one byte for each character.
    #[inline(always)]
    pub fn fill_each(&mut self, bytes: &[u8], mut add: impl FnMut(&mut Pen<'_>, u8, Option<u8>)) {
        self.fill(bytes, |pen, bytes| {
            let (now, rest) = bytes.split_at(pen.room(CHARACTER_MAX).min(bytes.len()));
            let following = bytes.iter().skip(1).copied().map(Some).chain([None]);
            now.iter().zip(following).for_each(|(&byte, next)| add(pen, byte, next));
            rest
        });
    }

    /// Appends what was gathered.
    fn flush(&mut self) {
        self.out.append_bytes(self.bytes.get(..self.used).unwrap_or_default());
        self.used = 0;
        self.full = self.end.saturating_sub(self.out.written().len()).min(ROOM - CHARACTER_MAX);
    }
}

impl<T: TextBuffer> Drop for Stage<'_, T> {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Place in a stage. It is a value of its own so that it is kept in registers.
pub(crate) struct Pen<'s> {
    bytes: &'s mut [u8; ROOM],
    used: usize,
    /// Number of used bytes from which on there is no room for another character.
    full: usize,
}

impl Pen<'_> {
    /// Returns the number of characters of so many bytes at most for which there is room for certain.
    #[inline(always)]
    pub fn room(&self, size: usize) -> usize {
        self.full.saturating_sub(self.used).div_ceil(size)
    }

    /// Adds the first `length` bytes of an array, which are whole characters. All of the array is copied: a constant
    /// number of bytes takes one instruction.
    #[inline(always)]
    pub fn put<const N: usize>(&mut self, text: [u8; N], length: usize) {
        const { assert!(N <= CHARACTER_MAX) };
        if let Some(place) = self.bytes.get_mut(self.used..self.used + N) {
            place.copy_from_slice(&text);
            self.used += length;
        }
    }

    /// Adds all bytes of an array.
    #[inline(always)]
    pub fn put_all<const N: usize>(&mut self, text: [u8; N]) {
        if let Some(place) = self.bytes.get_mut(self.used..self.used + N) {
            place.copy_from_slice(&text);
            self.used += N;
        }
    }
}
