//! Links that run a program at the entry of functions and, unless it returned 1 there, at their return (kprobe.session).

use std::ffi::{CString, NulError};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};

use super::fentry::owned;

/// Attaches a program to functions, as long as the descriptor is open.
///
/// # Errors
/// Fails if the kernel refuses one; then none is attached.
pub fn attach_session<'f>(
    program: BorrowedFd<'_>,
    functions: impl Iterator<Item = &'f str>,
) -> io::Result<OwnedFd> {
    let names: Result<Vec<CString>, NulError> = functions.map(CString::new).collect();
    let names = names?;
    let mut symbols: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
    let mut options = libbpf_sys::bpf_link_create_opts {
        sz: size_of::<libbpf_sys::bpf_link_create_opts>() as libbpf_sys::size_t,
        ..Default::default()
    };
    options.__bindgen_anon_1.kprobe_multi =
        libbpf_sys::bpf_link_create_opts__bindgen_ty_1__bindgen_ty_2 {
            cnt: symbols.len() as u32,
            syms: symbols.as_mut_ptr(),
            ..Default::default()
        };
    let attach_type = libbpf_sys::BPF_TRACE_KPROBE_SESSION;
    // SAFETY: the program is open, and the options point to as many C strings as they tell, all of
    // which outlive the call.
    let link = unsafe {
        libbpf_sys::bpf_link_create(program.as_raw_fd(), 0, attach_type, &raw const options)
    };
    owned(link)
}
