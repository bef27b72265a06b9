//! Identity of the daemon and of files as the kernel knows them, read by a program in the daemon's own context.
//! Their clock is compared with the daemon's at the same time. It is right in a pid namespace, where `getpid()` is not what the programs see, and on overlay and btrfs,
//! where `stat()` returns numbers that are no identity.

use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::sync::atomic::Ordering::SeqCst;

use anyhow::{Context as _, Result, bail};
use libbpf_rs::{ProgramInput, ProgramMut};

use crate::bpf::Shared;
use crate::clock;

/// Runs `self_identify`: stores our thread group for the programs and returns the address of the inode of `file`.
///
/// # Errors
/// Fails if the kernel does not run it (`BPF_PROG_TEST_RUN` of raw tracepoints came with 5.10).
pub fn learn(
    identify: &ProgramMut<'_>,
    shared: &Shared<'_>,
    file: Option<BorrowedFd<'_>>,
) -> Result<u64> {
    let fd = file.map_or(-1, |file| i64::from(file.as_raw_fd()));
    let mut args = fd.to_ne_bytes();
    let input = ProgramInput { context_in: Some(&mut args), ..ProgramInput::default() };
    let before_ns = clock::boot_now_ns();
    identify.test_run(input).context("failed to run the program that identifies the daemon")?;
    clock::compare(before_ns, shared.identified_ns().load(SeqCst), clock::boot_now_ns());
    if shared.self_tgid().load(SeqCst) == 0 {
        bail!("the kernel did not report the process id of the daemon");
    }
    if shared.initial_namespaces().iter().all(|id| id.load(SeqCst) == 0) {
        bail!("the kernel did not report its initial namespaces: too many ancestors");
    }
    Ok(shared.identified_file().load(SeqCst))
}
