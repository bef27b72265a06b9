//! Paths of executables in, their identities in the kernel's list out: processes of these are not
//! recorded, because our own output keeps them busy.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::SeqCst;

use nix::fcntl::OFlag;

use crate::bpf::EXCLUDED_FILES;
use crate::config::printable;
use crate::load::Bpf;

/// Returns the reason why a path excludes nothing. A typing error would otherwise go unnoticed, and so would a
/// path that the service cannot see.
pub fn fault(path: &Path) -> Option<String> {
    match open(path).and_then(|file| file.metadata()) {
        Ok(about) if about.is_file() => None,
        Ok(_) => Some("is not a file".to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Some("does not exist".to_owned()),
        Err(error) => Some(format!("cannot be opened: {error}")),
    }
}

/// Opens a file without waiting for the writer of a FIFO, which whoever owns the directory could put there.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)
}

/// Warns about the paths of `[exclude] exe` that exclude nothing.
pub fn warn(paths: &[PathBuf]) {
    for path in paths {
        if let Some(reason) = fault(path) {
            let path = printable(&path.to_string_lossy());
            tracing::warn!("`[exclude] exe`: {path} {reason}, so it excludes nothing");
        }
    }
}

/// Executables in the kernel's list, newest first.
///
/// An upgrade replaces the file while its old process still runs from the deleted one, so an
/// identity stays in the list until newer ones push it out.
#[derive(Debug, Default)]
pub struct Excluded {
    files: Vec<ExcludedFile>,
    /// Executables of earlier versions that write their last records: each would be another record.
    processes: Vec<ExcludedFile>,
}

/// An executable, which stays open so that no other file gets the address of its inode.
#[derive(Debug)]
struct ExcludedFile {
    address: u64,
    _file: File,
}

impl Excluded {
    /// Excludes these executables and no others.
    pub fn replace(&mut self, bpf: &Bpf<'_>, paths: &[PathBuf]) {
        self.files.clear();
        self.add(bpf, paths);
        self.write(bpf);
    }

    /// Looks the paths up again and updates the kernel's list if a file was replaced.
    pub fn refresh(&mut self, bpf: &Bpf<'_>, paths: &[PathBuf]) {
        if self.add(bpf, paths) {
            self.write(bpf);
        }
    }

    /// Excludes the processes of an executable, too.
    pub fn add_process_of(&mut self, bpf: &Bpf<'_>, file: File) {
        if let Ok(address) = bpf.inode_address(&file) {
            self.processes.push(ExcludedFile { address, _file: file });
            self.write(bpf);
        }
    }

    /// Ends the exclusion of those.
    pub fn forget_processes(&mut self, bpf: &Bpf<'_>) {
        self.processes.clear();
        self.write(bpf);
    }

    /// Adds the files of `paths`. A path that does not exist excludes nothing: a machine without rsyslog needs no exclusion
    /// of it.
    fn add(&mut self, bpf: &Bpf<'_>, paths: &[PathBuf]) -> bool {
        let mut added = false;
        for file in paths.iter().filter_map(|path| open(path).ok()) {
            let Ok(address) = bpf.inode_address(&file) else { continue };
            if self.files.iter().all(|known| known.address != address) {
                self.files.insert(0, ExcludedFile { address, _file: file });
                added = true;
            }
        }
        self.files.truncate(EXCLUDED_FILES);
        added
    }

    /// Writes the list, which 0 ends.
    fn write(&self, bpf: &Bpf<'_>) {
        for index in 0..EXCLUDED_FILES {
            let mut all = self.processes.iter().chain(&self.files);
            let address = all.nth(index).map_or(0, |executable| executable.address);
            if let Some(entry) = bpf.shared.excluded_file(index) {
                entry.store(address, SeqCst);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_names_reason_of_path_that_excludes_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = folder.path().join("program");
        assert_eq!(fault(&program).as_deref(), Some("does not exist"));
        assert_eq!(fault(folder.path()).as_deref(), Some("is not a file"));
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
        assert_eq!(fault(&fifo).as_deref(), Some("is not a file"));
        std::fs::write(&program, "").expect("a file");
        assert_eq!(fault(&program), None);
    }
}
