//! Entries of a directory, of which strace prints only the number.

use crate::Abi;

/// Counts the entries that the kernel wrote; `name` is that of their layout. An incomplete last entry
/// counts.
pub fn count_dirents(abi: Abi, name: &str, mut bytes: &[u8]) -> usize {
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
