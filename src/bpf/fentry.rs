//! Programs of BPF trampolines (fentry). The function is part of the load, so that each one gets a copy of the program
//! of its own.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use libbpf_sys::{bpf_insn, bpf_prog_load_opts};

/// Loads instructions as a program at the entry of a kernel function, which is named by the id of its type.
///
/// # Errors
/// Fails if the kernel refuses.
pub fn load_fentry(name: &str, insns: &[bpf_insn], function: u32) -> io::Result<OwnedFd> {
    let name = CString::new(name)?;
    let mut options = bpf_prog_load_opts {
        sz: size_of::<bpf_prog_load_opts>() as libbpf_sys::size_t,
        expected_attach_type: libbpf_sys::BPF_TRACE_FENTRY,
        attach_btf_id: function,
        ..Default::default()
    };
    // SAFETY: name and licence are C strings, `insns` holds that many instructions, and
    // all of them outlive the call.
    let fd = unsafe {
        libbpf_sys::bpf_prog_load(
            libbpf_sys::BPF_PROG_TYPE_TRACING,
            name.as_ptr(),
            LICENSE.as_ptr(),
            insns.as_ptr(),
            insns.len() as libbpf_sys::size_t,
            &raw mut options,
        )
    };
    owned(fd)
}

/// Attaches such a program to its function, as long as the descriptor is open.
///
/// # Errors
/// Fails if the kernel refuses.
pub fn attach_fentry(program: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: the descriptor is open, and without a name no memory of ours is read.
    owned(unsafe { libbpf_sys::bpf_raw_tracepoint_open(std::ptr::null(), program.as_raw_fd()) })
}

/// Returns whether programs at these two functions, named by their types, may use one program array: Linux 6.12, and
/// earlier stable versions, compare the types of their arguments.
///
/// # Errors
/// Fails if the kernel has no such programs.
pub fn may_share_array(first: u32, second: u32) -> io::Result<bool> {
    // SAFETY: the name is a C string, and there are no options.
    let array = unsafe {
        let map_type = libbpf_sys::BPF_MAP_TYPE_PROG_ARRAY;
        libbpf_sys::bpf_map_create(map_type, c"probe".as_ptr(), 4, 4, 1, std::ptr::null())
    };
    let array = owned(array)?;
    let insns = tail_call(array.as_raw_fd());
    let _owner = load_fentry("probe", &insns, first)?;
    Ok(load_fentry("probe", &insns, second).is_ok())
}

/// Returns a program that tail-calls the first program of an array.
fn tail_call(array: i32) -> [bpf_insn; 6] {
    let mut load = insn(LOAD_IMMEDIATE, array);
    load.set_dst_reg(2);
    load.set_src_reg(libbpf_sys::BPF_PSEUDO_MAP_FD as u8);
    let mut index = insn(MOV_IMMEDIATE, 0);
    index.set_dst_reg(3);
    let call = insn(CALL, libbpf_sys::BPF_FUNC_tail_call as i32);
    [load, insn(0, 0), index, call, insn(MOV_IMMEDIATE, 0), insn(EXIT, 0)]
}

/// Codes of instructions, as uapi/linux/bpf.h has them.
const LOAD_IMMEDIATE: u8 = 0x18;
const MOV_IMMEDIATE: u8 = 0xb7;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;

fn insn(code: u8, imm: i32) -> bpf_insn {
    bpf_insn { code, imm, ..Default::default() }
}

pub(super) fn owned(fd: i32) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// License of the object (bpf/globals.bpf.c).
const LICENSE: &std::ffi::CStr = c"Dual BSD/GPL";
