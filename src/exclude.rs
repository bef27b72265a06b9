//! Paths of executables in, their identities in the kernel's list out: processes of these are not
//! recorded, because our own output keeps them busy.

use std::path::PathBuf;
use std::sync::atomic::Ordering::SeqCst;

use crate::bpf::EXCLUDED_FILES;
use crate::load::Bpf;

/// Executables in the kernel's list, newest first.
///
/// An upgrade replaces the file while its old process still runs from the deleted one, so an
/// identity stays in the list until newer ones push it out.
#[derive(Debug, Default)]
pub struct Excluded {
    files: Vec<[u64; 2]>,
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

    /// Adds the files of `paths`. A path that does not exist excludes nothing: a machine without rsyslog needs no exclusion
    /// of it.
    fn add(&mut self, bpf: &Bpf<'_>, paths: &[PathBuf]) -> bool {
        let mut added = false;
        for id in paths.iter().filter_map(|path| bpf.file_id(path).ok()) {
            if !self.files.contains(&id) {
                self.files.insert(0, id);
                added = true;
            }
        }
        self.files.truncate(EXCLUDED_FILES);
        added
    }

    /// Writes the list. An inode of 0 ends it, so the inode of an entry is written after its device.
    fn write(&self, bpf: &Bpf<'_>) {
        for index in 0..EXCLUDED_FILES {
            let [device, inode] = self.files.get(index).copied().unwrap_or_default();
            if let Some([device_at, inode_at]) = bpf.shared.excluded_file(index) {
                device_at.store(device, SeqCst);
                inode_at.store(inode, SeqCst);
            }
        }
    }
}
