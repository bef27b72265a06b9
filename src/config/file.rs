//! A path in, its text or one clear reason out. Never blocks, never reads more than a
//! configuration may have.

use std::fs::{DirEntry, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::libc::ENXIO;

use super::text::printable;

/// Largest file. Routes for every syscall of both ABIs, with a comment each, take a tenth of this; whatever
/// is larger is not a configuration, and the daemon has 20 MB in all.
pub(super) const FILE_MAX_BYTES: u64 = 1 << 20;
/// Most drop-ins that are read: more are not the work of a person.
const DROP_INS_MAX: usize = 256;

const OTHERS_WRITE: u32 = 0o002;

/// Owners whose files this process accepts as its configuration.
#[derive(Debug)]
pub(super) struct Trust {
    caller: u32,
    /// Owner of the working directory: root that starts the daemon in a user's checkout trusts
    /// that user. Under systemd it is `/`, so a service trusts root alone.
    host: Option<u32>,
}

impl Trust {
    pub fn of_process() -> Self {
        let host = std::fs::metadata(".").ok().map(|directory| directory.uid());
        Self { caller: nix::unistd::geteuid().as_raw(), host }
    }

    /// Returns the reason why a file or directory of that mode and owner must not be used.
    fn refuse(&self, path: &Path, mode: u32, owner: u32) -> Result<(), String> {
        let path = printable(&path.to_string_lossy());
        if mode & OTHERS_WRITE != 0 {
            return Err(format!(
                "is writable by everyone, so anyone could change what is traced; run: chmod o-w '{path}'"
            ));
        }
        if self.caller == 0 && owner != 0 && self.host != Some(owner) {
            return Err(format!(
                "belongs to user {owner}, who could change what root traces; run: chown root '{path}'"
            ));
        }
        Ok(())
    }
}

/// Returns the bytes of a regular file that others cannot write.
pub(super) fn read(path: &Path, trust: &Trust) -> Result<Vec<u8>, String> {
    let file = open(path).map_err(|error| cannot_open(path, &error))?;
    let about = file.metadata().map_err(|error| format!("cannot be examined: {error}"))?;
    let kind = about.file_type();
    let unusual = [
        (kind.is_dir(), "a directory"),
        (kind.is_fifo(), "a FIFO"),
        (kind.is_char_device() || kind.is_block_device(), "a device"),
        (!kind.is_file(), "not a regular file"),
    ];
    if let Some((_, what)) = unusual.iter().find(|(is, _)| *is) {
        return Err(format!("is {what}, expected a TOML file"));
    }
    trust.refuse(path, about.mode(), about.uid())?;
    if about.len() > FILE_MAX_BYTES {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // A file may grow while it is read, and those of /proc have no size.
    let read = file.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > FILE_MAX_BYTES { Err(too_large()) } else { Ok(bytes) }
}

/// Opens a file without waiting for the writer of a FIFO, and without making a terminal the controlling one.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)
}

fn cannot_open(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound if path.is_symlink() => {
            "is a link to a file that does not exist; restore that file, or remove the link".into()
        }
        ErrorKind::NotFound => {
            "does not exist; create it, or name another file on the command line".into()
        }
        ErrorKind::PermissionDenied => "cannot be read by this user; run as root".into(),
        _ if error.raw_os_error() == Some(ENXIO) => {
            "is a socket or an absent device, expected a TOML file".into()
        }
        _ => format!("cannot be opened: {error}"),
    }
}

fn too_large() -> String {
    format!("is larger than {} MiB, the limit for a configuration file", FILE_MAX_BYTES >> 20)
}

/// Returns the directory of the drop-ins of a file: `/etc/tailcalld.d` for `/etc/tailcalld.toml`.
pub fn drop_in_dir(path: &Path) -> PathBuf {
    path.with_extension("d")
}

/// Returns the drop-ins of a directory, in name order. A missing directory has none.
pub(super) fn drop_ins(directory: &Path, trust: &Trust) -> Result<Vec<PathBuf>, String> {
    let about = match std::fs::metadata(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("cannot be examined: {error}")),
        Ok(about) => about,
    };
    if !about.is_dir() {
        return Err(
            "is not a directory; drop-ins are *.toml files in a directory of that name".into()
        );
    }
    trust.refuse(directory, about.mode(), about.uid())?;
    let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| format!("cannot be read: {error}"))?;
    let mut files: Vec<_> = entries.iter().filter(|entry| is_drop_in(entry)).collect();
    if files.len() > DROP_INS_MAX {
        return Err(format!("holds {} drop-ins, at most {DROP_INS_MAX} are read", files.len()));
    }
    files.sort_by_key(|entry| entry.file_name());
    Ok(files.into_iter().map(DirEntry::path).collect())
}

/// Returns whether a file is a drop-in. Hidden ones are temporary files of editors and package managers.
fn is_drop_in(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.as_encoded_bytes();
    name.ends_with(b".toml") && !name.starts_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(caller: u32, host: Option<u32>, mode: u32, owner: u32) -> Result<(), String> {
        Trust { caller, host }.refuse(Path::new("/etc/x.toml"), mode, owner)
    }

    #[test]
    fn refuse_as_root_accepts_files_of_root_and_host_only() {
        assert_eq!(judged(0, Some(0), 0o644, 0), Ok(()));
        assert_eq!(judged(0, Some(1000), 0o664, 1000), Ok(()));
        let refused = "belongs to user 1000, who could change what root traces; \
                       run: chown root '/etc/x.toml'";
        assert_eq!(judged(0, Some(0), 0o600, 1000), Err(refused.into()));
        assert_eq!(judged(0, None, 0o600, 1000), Err(refused.into()));
    }

    #[test]
    fn refuse_as_user_accepts_any_owner_unless_writable_by_everyone() {
        assert_eq!(judged(1000, None, 0o644, 1001), Ok(()));
        let refused = "is writable by everyone, so anyone could change what is traced; \
                       run: chmod o-w '/etc/x.toml'";
        assert_eq!(judged(1000, None, 0o646, 1000), Err(refused.into()));
    }
}
