//! The values of an array map as memory: read without a call, while programs write them.

use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicU32, AtomicU64};

use nix::libc::{c_void, off_t};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// Maps the value of a map with one entry over `globals`, which libbpf has mapped without a file: it maps the globals of
/// an object itself only if it created the map.
///
/// # Errors
/// Fails if the kernel refuses; then nothing has changed.
pub(super) fn map_over<T>(globals: NonNull<T>, map: BorrowedFd<'_>) -> io::Result<()> {
    let address = NonZeroUsize::new(globals.as_ptr() as usize);
    let bytes = NonZeroUsize::new(size_of::<T>());
    let (Some(address), Some(bytes)) = (address, bytes) else { return Ok(()) };
    let (prot, flags) =
        (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED | MapFlags::MAP_FIXED);
    // SAFETY: libbpf has mapped at least as many bytes at this address, rounded up to whole pages as here, and unmaps
    // them itself; they hold numbers only, any value of which is valid.
    unsafe { mmap(Some(address), bytes, prot, flags, map, 0) }.map(drop).map_err(Into::into)
}

/// The words of a map; unmapped when dropped.
#[derive(Debug)]
pub struct Mapping {
    words: NonNull<c_void>,
    bytes: NonZeroUsize,
}

impl Mapping {
    /// Maps the first `bytes` of the values. The map must be an array with `BPF_F_MMAPABLE`; each
    /// value takes a multiple of 8 bytes there.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn open(map: BorrowedFd<'_>, bytes: NonZeroUsize) -> io::Result<Self> {
        Self::part(map, 0, bytes)
    }

    /// Maps `bytes` from an offset on, which must be a multiple of the size of a page.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn part(map: BorrowedFd<'_>, offset: usize, bytes: NonZeroUsize) -> io::Result<Self> {
        let offset = off_t::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        Self::map(map, offset, bytes, ProtFlags::PROT_READ)
    }

    fn map(
        map: BorrowedFd<'_>,
        offset: off_t,
        bytes: NonZeroUsize,
        access: ProtFlags,
    ) -> io::Result<Self> {
        // SAFETY: the kernel chooses the address, so no memory of ours is replaced.
        let words = unsafe { mmap(None, bytes, access, MapFlags::MAP_SHARED, map, offset)? };
        Ok(Self { words, bytes })
    }

    /// Stores the first word of a map, which the kernel must let this process write.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn store_first(map: BorrowedFd<'_>, value: u64) -> io::Result<()> {
        let page = NonZeroUsize::MIN.saturating_add(size_of::<AtomicU64>() - 1);
        let mapping = Self::map(map, 0, page, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE)?;
        // SAFETY: the word begins the mapping, which may be written, and is only reached through atomics.
        unsafe { mapping.words.cast::<AtomicU64>().as_ref() }.store(value, SeqCst);
        Ok(())
    }

    /// One word; `None` beyond the end.
    pub fn word(&self, index: usize) -> Option<&AtomicU64> {
        if index >= self.bytes.get() / size_of::<AtomicU64>() {
            return None;
        }
        // SAFETY: the word lies within the mapping, which begins on a page and lives as long as
        // `self`. Unless the mapping is writable, it is only ever loaded.
        Some(unsafe { self.words.cast::<AtomicU64>().add(index).as_ref() })
    }

    /// Bytes at an offset; `None` beyond the end.
    ///
    /// # Safety
    /// Nobody may write these bytes as long as they are borrowed.
    pub(super) unsafe fn bytes(&self, offset: usize, length: usize) -> Option<&[u8]> {
        if offset.checked_add(length)? > self.bytes.get() {
            return None;
        }
        // SAFETY: they lie within the mapping, which lives as long as `self`; nobody writes them.
        Some(unsafe {
            std::slice::from_raw_parts(self.words.cast::<u8>().add(offset).as_ptr(), length)
        })
    }
}

/// The words of a map that may be stored to as well.
#[derive(Debug)]
pub struct WritableMapping(Mapping);

impl WritableMapping {
    /// Maps the first `bytes` of the values, as [`Mapping::open`] does.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn open(map: BorrowedFd<'_>, bytes: NonZeroUsize) -> io::Result<Self> {
        Mapping::map(map, 0, bytes, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE).map(Self)
    }

    /// Half a word at an offset in bytes; `None` beyond the end, or where it is not aligned.
    pub fn half_word(&self, offset: usize) -> Option<&AtomicU32> {
        let size = size_of::<AtomicU32>();
        if offset % size != 0 || offset.checked_add(size)? > self.0.bytes.get() {
            return None;
        }
        // SAFETY: it lies within the mapping, which begins on a page, may be written, and lives as long as `self`.
        Some(unsafe { self.0.words.cast::<AtomicU32>().byte_add(offset).as_ref() })
    }

    /// One word, for loads and stores; `None` beyond the end.
    pub fn word(&self, index: usize) -> Option<&AtomicU64> {
        self.0.word(index)
    }
}

/// Bytes of a file of sysfs that the kernel never changes; unmapped when dropped.
#[derive(Debug)]
pub struct ConstantFile(Mapping);

impl ConstantFile {
    /// Maps `/sys/kernel/btf/vmlinux`, of which 6.16 allows private mappings that cannot be written.
    ///
    /// # Errors
    /// Fails if the kernel refuses, as older ones do.
    pub fn kernel_types() -> io::Result<Self> {
        let file = File::open(Self::KERNEL_TYPES)?;
        let bytes = usize::try_from(file.metadata()?.len()).ok().and_then(NonZeroUsize::new);
        let bytes = bytes.ok_or(io::ErrorKind::UnexpectedEof)?;
        // SAFETY: the kernel chooses the address, so no memory of ours is replaced.
        let words =
            unsafe { mmap(None, bytes, ProtFlags::PROT_READ, MapFlags::MAP_PRIVATE, &file, 0)? };
        Ok(Self(Mapping { words, bytes }))
    }

    /// File with the kernel's types.
    pub const KERNEL_TYPES: &str = "/sys/kernel/btf/vmlinux";
}

impl Deref for ConstantFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the constructor maps no file but that of the kernel's types, which is a part of the kernel's image
        // that nobody can write; all of the mapping is within its length.
        unsafe { self.0.bytes(0, self.0.bytes.get()) }.unwrap_or_default()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: these are the bounds of our own mapping, and no reference outlives `self`.
        let _ = unsafe { munmap(self.words, self.bytes.get()) };
    }
}
