//! Copies of a program, one for each tracepoint, and their attachments.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};

use libbpf_sys::bpf_insn;
use nix::libc;

use super::calls::open_tracepoint;
use super::fentry::owned;
use super::types::probe_size;

/// Code of the instruction that moves a constant into a register.
const MOV_IMMEDIATE: u8 = 0xb7;

/// Tracepoint that a program is attached to.
#[derive(Debug, Clone)]
pub enum TracepointKey {
    /// Raw one, by its name.
    Raw(String),
    /// Classic one, by its id.
    Classic(u64),
}

/// Copy of a program that is to be loaded.
#[derive(Debug, Clone)]
pub struct ProgramCopy {
    name: CString,
    kind: u32,
    insns: Vec<bpf_insn>,
}

impl ProgramCopy {
    /// Makes the copy for a slot, which takes the place of the mark in the instructions of the program.
    ///
    /// # Errors
    /// Fails if the program has no mark.
    pub fn for_slot(insns: &[bpf_insn], slot: u16, at: &TracepointKey) -> io::Result<Self> {
        let mut insns = insns.to_vec();
        let mark = i32::try_from(probe_size::PROBE_MARK.0).unwrap_or_default();
        let marked = insns.iter_mut().filter(|one| one.code == MOV_IMMEDIATE && one.imm == mark);
        let count = marked.map(|one| one.imm = slot.into()).count();
        if count == 0 {
            return Err(io::Error::other("the program has no place for the slot"));
        }
        let kind = match at {
            TracepointKey::Raw(_) => libbpf_sys::BPF_PROG_TYPE_RAW_TRACEPOINT,
            TracepointKey::Classic(_) => libbpf_sys::BPF_PROG_TYPE_TRACEPOINT,
        };
        Ok(Self { name: c"probe".to_owned(), kind, insns })
    }

    /// Loads the copy and attaches it, as long as the second descriptor is open. Returns both.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn attach(&self, at: &TracepointKey) -> io::Result<(OwnedFd, OwnedFd)> {
        let program = self.load()?;
        let link = match at {
            TracepointKey::Raw(name) => attach_raw_tracepoint(program.as_fd(), name)?,
            TracepointKey::Classic(id) => attach_tracepoint(program.as_fd(), *id)?,
        };
        Ok((program, link))
    }

    fn load(&self) -> io::Result<OwnedFd> {
        // SAFETY: name and licence are C strings, `insns` has that many instructions, and all of them outlive the call;
        // there are no options.
        owned(unsafe {
            libbpf_sys::bpf_prog_load(
                self.kind,
                self.name.as_ptr(),
                c"Dual BSD/GPL".as_ptr(),
                self.insns.as_ptr(),
                self.insns.len() as libbpf_sys::size_t,
                std::ptr::null_mut(),
            )
        })
    }
}

/// Attaches a program to a raw tracepoint, as long as the descriptor is open.
///
/// # Errors
/// Fails if the kernel refuses.
fn attach_raw_tracepoint(program: BorrowedFd<'_>, name: &str) -> io::Result<OwnedFd> {
    let name = CString::new(name)?;
    // SAFETY: the descriptor is open, and the name is a C string that outlives the call.
    owned(unsafe { libbpf_sys::bpf_raw_tracepoint_open(name.as_ptr(), program.as_raw_fd()) })
}

/// Attaches a program to a tracepoint, which is named by its id, as long as the descriptor is open: that of a link, or
/// before Linux 5.15 that of the perf event.
///
/// # Errors
/// Fails if the kernel refuses.
fn attach_tracepoint(program: BorrowedFd<'_>, id: u64) -> io::Result<OwnedFd> {
    let event = open_tracepoint(id)?;
    // SAFETY: both descriptors are open, and there are no options.
    let link = owned(unsafe {
        libbpf_sys::bpf_link_create(
            program.as_raw_fd(),
            event.as_raw_fd(),
            libbpf_sys::BPF_PERF_EVENT,
            std::ptr::null(),
        )
    });
    let attached = match link {
        Ok(link) => link,
        Err(_) => {
            control(&event, SET_BPF, program.as_raw_fd())?;
            event.try_clone()?
        }
    };
    control(&event, ENABLE, 0)?;
    Ok(attached)
}

/// `PERF_EVENT_IOC_ENABLE` and `PERF_EVENT_IOC_SET_BPF` of linux/perf_event.h.
const ENABLE: libc::c_ulong = 0x2400;
const SET_BPF: libc::c_ulong = 0x4004_2408;

fn control(event: &OwnedFd, request: libc::c_ulong, value: i32) -> io::Result<()> {
    // SAFETY: the descriptor is open, and these requests take a number.
    let result = unsafe { libc::ioctl(event.as_raw_fd(), request as _, value) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
