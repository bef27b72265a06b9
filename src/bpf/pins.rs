//! Pins of maps, programs and links in a bpf file system, which keep them as an open descriptor does.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Pins an object.
///
/// # Errors
/// Fails if the kernel refuses, for instance because the file is there already.
pub fn pin(object: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the descriptor is open, and the text ends with a zero.
    let failed = unsafe { libbpf_sys::bpf_obj_pin(object.as_raw_fd(), path.as_ptr()) };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Opens a pinned object.
///
/// # Errors
/// Fails if the kernel refuses, for instance because the file is not a pin.
pub fn open_pin(path: &Path) -> io::Result<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the text ends with a zero.
    let fd = unsafe { libbpf_sys::bpf_obj_get(path.as_ptr()) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has opened the descriptor just now, for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
