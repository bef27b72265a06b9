//! Messages of libbpf. libbpf-rs panics on one that is not UTF-8, and a damaged object has such names.

use std::ffi::{c_char, c_int, c_void};
use std::mem::transmute;
use std::sync::OnceLock;

use libbpf_rs::PrintLevel;

/// Takes a message and its level.
pub type TakeMessage = fn(PrintLevel, String);

static TAKE: OnceLock<(PrintLevel, TakeMessage)> = OnceLock::new();

/// Hands all messages of at most that level to `take`, from now on and for good.
pub fn take_messages(most: PrintLevel, take: TakeMessage) {
    if TAKE.set((most, take)).is_ok() {
        // The type of the arguments' list differs by architecture, and is a pointer as a parameter on all of them.
        type Print = unsafe extern "C" fn(u32, *const c_char, *mut c_void) -> c_int;
        // SAFETY: both are functions with the same parameters, as libbpf-rs passes its own.
        unsafe {
            libbpf_sys::libbpf_set_print(transmute::<Print, libbpf_sys::libbpf_print_fn_t>(print))
        };
    }
}

unsafe extern "C" fn print(level: u32, format: *const c_char, arguments: *mut c_void) -> c_int {
    let Some((most, take)) = TAKE.get() else { return 0 };
    if level > *most as u32 {
        return 0;
    }
    // SAFETY: libbpf passes a format and the arguments that belong to it.
    if let Ok(bytes) = unsafe { vsprintf::vsprintf_raw(format, arguments) } {
        let level = match level {
            libbpf_sys::LIBBPF_WARN => PrintLevel::Warn,
            libbpf_sys::LIBBPF_INFO => PrintLevel::Info,
            _ => PrintLevel::Debug,
        };
        take(level, String::from_utf8_lossy(&bytes).into_owned());
    }
    0
}
