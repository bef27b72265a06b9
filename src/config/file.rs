//! A path in, its text or one clear reason out. Never blocks, never reads more than a
//! configuration may have.

use std::ffi::OsStr;
use std::fs::{DirEntry, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::libc::ENXIO;
use nix::unistd::geteuid;

use super::text::printable;
use super::trust::Trust;

/// Largest file. Routes for every syscall of both ABIs, with a comment each, take a tenth of this; whatever
/// is larger is not a configuration, and the daemon has 20 MB in all.
pub(super) const FILE_MAX_BYTES: u64 = 1 << 20;
/// Most drop-ins that are read: more are not the work of a person.
const DROP_INS_MAX: usize = 256;

/// Returns the bytes of a regular file that is trusted.
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
    trust.refuse(path, &about)?;
    trust.refuse_parents(path)?;
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
        ErrorKind::PermissionDenied if geteuid().is_root() => format!(
            "cannot be read without CAP_DAC_OVERRIDE, which the service does not have; run: chown root '{0}' && \
             chmod u+rX '{0}', and the same for the directories above it",
            printable(&path.to_string_lossy())
        ),
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
        Err(error) => return Err(cannot_open(directory, &error)),
        Ok(about) => about,
    };
    if !about.is_dir() {
        return Err(
            "is not a directory; drop-ins are *.toml files in a directory of that name".into()
        );
    }
    trust.refuse(directory, &about)?;
    let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| cannot_open(directory, &error))?;
    let mut files: Vec<_> = entries.iter().filter(|entry| is_drop_in(&entry.file_name())).collect();
    if files.len() > DROP_INS_MAX {
        return Err(format!("holds {} drop-ins, at most {DROP_INS_MAX} are read", files.len()));
    }
    files.sort_by_key(|entry| entry.file_name());
    Ok(files.into_iter().map(DirEntry::path).collect())
}

/// Returns whether a file of that name is a drop-in. Hidden ones are temporary files of editors and package managers.
pub fn is_drop_in(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.ends_with(b".toml") && !name.starts_with(b".")
}

/// Folder of the handlers that packages install.
const SYSTEM_HANDLERS: &str = "/usr/lib/tailcalld/handlers";

/// End of the file name of a handler's object, behind the name of the handler.
const OBJECT: &str = ".bpf.o";

/// Returns the folders of the handlers in objects of their own that belong to a configuration: `/etc/tailcalld/handlers`
/// to `/etc/tailcalld.toml`, and that of packages. Of two files with the same name, that of the first folder counts.
pub fn handler_folders(path: &Path) -> [PathBuf; 2] {
    [path.with_extension("").join("handlers"), SYSTEM_HANDLERS.into()]
}

/// Returns the file of the handler of that name.
pub(super) fn handler_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{OBJECT}"))
}

/// Returns the name of the handler in a file of that name; `None` for other files. Hidden ones are temporary files.
pub fn handler_in(file: &OsStr) -> Option<&str> {
    let name = file.to_str()?.strip_suffix(OBJECT)?;
    (!name.is_empty() && !name.starts_with('.')).then_some(name)
}
