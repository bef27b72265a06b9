//! Installation of seccomp filters, which are programs of classic BPF.

use std::io;

use nix::libc::{self, sock_filter, sock_fprog};

/// Makes the filter decide about all further calls of this thread and of those that it starts; it cannot be removed. The
/// thread must have `no_new_privs`. `is_logged`: the kernel logs the calls that the filter refuses.
///
/// # Errors
/// Fails if the kernel has no such filters or refuses this one.
pub fn install_seccomp(filter: &mut [sock_filter], is_logged: bool) -> io::Result<()> {
    let len = u16::try_from(filter.len()).map_err(io::Error::other)?;
    let program = sock_fprog { len, filter: filter.as_mut_ptr() };
    let flags = if is_logged { libc::SECCOMP_FILTER_FLAG_LOG } else { 0 };
    // SAFETY: the program has as many instructions as it says and outlives the call; the kernel copies them.
    let result = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
