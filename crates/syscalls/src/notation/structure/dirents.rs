//! Entries of a directory in, their number out; which they are, strace does not say.

use crate::Abi;

/// How many entries the bytes hold that the kernel wrote; `name` is that of their layout. Bytes that
/// end within an entry still tell of it.
pub fn dirents(abi: Abi, name: &str, mut bytes: &[u8]) -> usize {
    let Some(layout) = crate::structure(abi, name) else { return 0 };
    let mut count = 0_usize;
    while let Some(length) = layout.number(bytes, "d_reclen") {
        count = count.saturating_add(1);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        match bytes.get(length..) {
            Some(rest) if length > 0 => bytes = rest,
            _ => break,
        }
    }
    count
}
