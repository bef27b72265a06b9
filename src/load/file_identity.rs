//! Identity of an open file as the kernel has it, for a comparison with the file that a call has executed.

use std::os::fd::{AsRawFd as _, BorrowedFd};

use anyhow::{Context as _, Result};
use libbpf_rs::ProgramInput;

use super::Bpf;
use crate::bpf::types;

impl Bpf<'_> {
    /// Returns the `struct executable` of an open file, by `file_identify`.
    ///
    /// # Errors
    /// Fails if the kernel does not run the program.
    pub fn identify_file(
        &self,
        file: BorrowedFd<'_>,
    ) -> Result<[u8; size_of::<types::executable>()]> {
        let mut args = i64::from(file.as_raw_fd()).to_ne_bytes();
        let input = ProgramInput { context_in: Some(&mut args), ..ProgramInput::default() };
        let program = self.programs.get(&self.skeleton, |programs| &programs.file_identify)?;
        program.test_run(input).context("failed to run the program that identifies a file")?;
        Ok(self.shared.identified_executable())
    }
}
