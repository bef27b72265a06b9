//! Facts that the kernel reports about a program.

use std::io;
use std::os::fd::RawFd;

use super::calls::program_info;

/// A program as the kernel knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramFacts {
    /// Number by which `bpftool prog show id` finds it.
    pub id: u32,
    /// Name, of which the kernel keeps 15 bytes.
    pub kernel_name: String,
    /// Instructions that the verifier processed; `None` before Linux 5.16.
    pub verified_insns: Option<u32>,
}

/// Returns the facts about a program.
///
/// # Errors
/// Fails if the kernel does not report them.
pub fn program_facts(program: RawFd) -> io::Result<ProgramFacts> {
    let info = program_info(program)?;
    let name = info.name.iter().map(|&byte| byte as u8).take_while(|&byte| byte != 0);
    Ok(ProgramFacts {
        id: info.id,
        kernel_name: String::from_utf8_lossy(&name.collect::<Vec<_>>()).into_owned(),
        verified_insns: Some(info.verified_insns).filter(|&count| count > 0),
    })
}
