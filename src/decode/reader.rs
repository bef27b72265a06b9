//! Numbers and strings out of bytes that may end anywhere.

use super::Error;

/// Bytes of a record, which are read only where they are.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    #[inline]
    pub fn bytes(&self, at: usize, size: usize) -> Result<&'a [u8], Error> {
        let end = at.checked_add(size);
        end.and_then(|end| self.0.get(at..end)).ok_or(Error::TooShort(self.0.len()))
    }

    #[inline]
    pub fn array<const SIZE: usize>(&self, at: usize) -> Result<[u8; SIZE], Error> {
        self.bytes(at, SIZE)?.try_into().map_err(|_| Error::TooShort(self.0.len()))
    }

    #[inline]
    pub fn u8(&self, at: usize) -> Result<u8, Error> {
        self.array(at).map(u8::from_ne_bytes)
    }

    #[inline]
    pub fn u16(&self, at: usize) -> Result<u16, Error> {
        self.array(at).map(u16::from_ne_bytes)
    }

    #[inline]
    pub fn u32(&self, at: usize) -> Result<u32, Error> {
        self.array(at).map(u32::from_ne_bytes)
    }

    #[inline]
    pub fn u64(&self, at: usize) -> Result<u64, Error> {
        self.array(at).map(u64::from_ne_bytes)
    }

    /// Returns the string in a field of fixed size, up to its NUL if it has one.
    pub fn until_nul(&self, at: usize, size: usize) -> Result<&'a [u8], Error> {
        let bytes = self.bytes(at, size)?;
        Ok(bytes.split(|&byte| byte == 0).next().unwrap_or_default())
    }
}
