//! Access to an element of an array in memory that is shared with the programs.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use super::types;

/// Settings that are written as a whole, word by word, while nobody relies on them.
///
/// # Safety
/// The type has no padding and consists of numbers, and its size is a multiple of four.
pub(super) unsafe trait Settings: Copy {}
// SAFETY: bpf/settings.h names every byte of these.
unsafe impl Settings for types::route {}
// SAFETY: as above.
unsafe impl Settings for types::filter {}
// SAFETY: as above.
unsafe impl Settings for types::filter_insn {}
// SAFETY: as above.
unsafe impl Settings for types::pattern {}
// SAFETY: as above.
unsafe impl Settings for types::chain {}
// SAFETY: as above.
unsafe impl Settings for types::limit {}
// SAFETY: as above.
unsafe impl Settings for types::probe {}

/// # Safety
/// `array` points to `length` elements of shared memory.
pub(super) unsafe fn set<T: Settings>(
    array: *mut T,
    length: usize,
    index: usize,
    value: &T,
) -> bool {
    if index >= length {
        return false;
    }
    let from = (&raw const *value).cast::<u32>();
    for word in 0..size_of::<T>() / size_of::<u32>() {
        // SAFETY: the index was checked, the words lie within the element, and both are aligned.
        unsafe {
            let to = AtomicU32::from_ptr(array.add(index).cast::<u32>().add(word));
            to.store(*from.add(word), Relaxed);
        }
    }
    true
}

/// # Safety
/// `array` points to `length` elements of shared memory, and these may be read as `T`, which
/// is made of atomics.
pub(super) unsafe fn at<'a, T>(array: *mut T, length: usize, index: usize) -> Option<&'a T> {
    if index >= length {
        return None;
    }
    // SAFETY: the index was checked, and the memory lives as long as the object.
    Some(unsafe { &*array.add(index) })
}
