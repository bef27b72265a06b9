//! One daemon per machine: two would attach twice and record every call twice.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;

use anyhow::{Context as _, Error, Result};
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::geteuid;

use crate::error::Failure;

/// Lock of the running daemon. The kernel releases it when the process ends, however that happens.
///
/// Whoever may open the file may hold the lock, and so keep the daemon from starting: the file can be opened by
/// its owner alone.
#[derive(Debug)]
pub struct InstanceLock {
    _file: Flock<File>,
}

/// Permissions of the lock file, and the bits that none but its owner may have.
const FILE_MODE: u32 = 0o600;
const OTHERS: u32 = 0o077;
const FOLDER_MODE: u32 = 0o700;
const OTHERS_WRITE: u32 = 0o022;

/// Attempts to open the file before the start fails: another start may replace it at the same time.
const ATTEMPTS: usize = 8;

impl InstanceLock {
    /// Takes the lock in `folder`, which is created if it is missing. A lock file that others can open is
    /// replaced, so that it does not matter who holds the old one.
    ///
    /// # Errors
    /// `Failure::Unavailable` with the process id of the other daemon while that holds the lock;
    /// `Failure::Permission` if others can put files into the folder.
    pub fn take(folder: &Path) -> Result<Self> {
        let path = folder.join("lock");
        let what = || format!("failed to take the lock {}", path.display());
        make_folder(folder)?;
        let file = open(&path)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut file) => {
                // For people only, and for the message below.
                let written =
                    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
                written.map_err(|error| explain("write", &path, error))?;
                Ok(Self { _file: file })
            }
            Err((file, nix::Error::EWOULDBLOCK)) => Err(held(file).into()),
            Err((_, error)) => Err(error).with_context(what),
        }
    }
}

/// Creates the folder. The permissions of an existing one stay, because it may be shared (`/run`): read access
/// for others does no harm.
fn make_folder(folder: &Path) -> Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(|error| explain("create", parent, error))?;
    }
    match DirBuilder::new().mode(FOLDER_MODE).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made.map_err(|error| explain("create", folder, error)),
    }
    let about = fs::metadata(folder).map_err(|error| explain("examine", folder, error))?;
    let (owner, mode) = (about.uid(), about.mode() & 0o7777);
    let is_ours = [0, geteuid().as_raw()].contains(&owner);
    if is_ours && mode & OTHERS_WRITE == 0 {
        return Ok(());
    }
    let text = format!(
        "the folder {0} belongs to user {owner} and has mode {mode:04o}, so others could replace the lock \
         file in it; run: chown root {0} && chmod {FOLDER_MODE:04o} {0}",
        folder.display()
    );
    Err(Failure::Permission(text).into())
}

/// Opens the lock file, which only this user can open from then on. Examines a file before it opens it: root
/// without CAP_DAC_OVERRIDE cannot open every file, but can remove it from a folder of its own.
///
/// Two starts that replace a file at the same moment could both get a lock; the control socket, which is in use
/// then, ends one of them.
fn open(path: &Path) -> Result<File> {
    for _ in 0..ATTEMPTS {
        match fs::symlink_metadata(path) {
            Ok(about) if !is_private(&about) => remove(path)?,
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(explain("examine", path, error));
            }
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
        let file = options.custom_flags(OFlag::O_NOFOLLOW.bits()).open(path);
        let file = file.map_err(|error| explain("open", path, error))?;
        if file.metadata().is_ok_and(|about| is_private(&about)) {
            // The umask may have left fewer permissions.
            let changed = file.set_permissions(Permissions::from_mode(FILE_MODE));
            changed.map_err(|error| explain("change the permissions of", path, error))?;
            return Ok(file);
        }
    }
    anyhow::bail!("the lock {} changed while it was opened", path.display());
}

fn remove(path: &Path) -> Result<()> {
    tracing::warn!("replaced the lock file {}, which others could open", path.display());
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(|error| explain("remove", path, error)),
    }
}

/// Returns the error of an attempt to use `path` in the runtime directory, with what an administrator can do about it.
fn explain(attempt: &str, path: &Path, error: io::Error) -> Error {
    let failed = format!("failed to {attempt} {} ({error})", path.display());
    let another = "name another runtime directory with RUNTIME_DIRECTORY=";
    match error.kind() {
        ErrorKind::PermissionDenied => {
            Failure::Permission(format!("{failed}: run tailcalld as root, or {another}")).into()
        }
        ErrorKind::ReadOnlyFilesystem => Failure::Unavailable(format!(
            "{failed}: mount a file system there that can be written, or {another}"
        ))
        .into(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Error::new(error).context(format!("{failed}: free space there, or {another}"))
        }
        _ => Error::new(error).context(format!("{failed}: {another}")),
    }
}

/// Returns whether the file is a regular one that only this user can open.
fn is_private(about: &Metadata) -> bool {
    about.is_file() && about.uid() == geteuid().as_raw() && about.mode() & OTHERS == 0
}

fn held(mut file: File) -> Failure {
    let mut pid = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut pid));
    let holder = match (read, pid.trim()) {
        (Ok(_), pid) if !pid.is_empty() => format!(" (process {pid})"),
        _ => String::new(),
    };
    Failure::Unavailable(format!(
        "tailcalld is already running{holder}: stop it first, for instance with `systemctl stop tailcalld`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn take_while_another_holds_lock_reports_its_pid() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("run/tailcalld");
        let first = InstanceLock::take(&path).expect("the first lock");
        let refused = InstanceLock::take(&path).expect_err("the second lock");
        let failure = refused.downcast::<Failure>().expect("a failure with an exit code");
        let pid = format!("(process {})", std::process::id());
        assert!(failure.to_string().contains(&pid), "{failure}");
        drop(first);
        InstanceLock::take(&path).expect("the lock after the first is gone");
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).expect("it exists").mode() & 0o7777
    }

    #[test]
    fn take_creates_private_file_in_private_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("run/tailcalld");
        let _lock = InstanceLock::take(&path).expect("the lock");
        assert_eq!((mode(&path), mode(&path.join("lock"))), (0o700, 0o600));
    }

    #[test]
    fn take_replaces_file_that_others_can_open() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("lock");
        for file_mode in [0o644, 0o660, 0o604, 0o640] {
            let old = File::create(&path).expect("a file");
            old.set_permissions(Permissions::from_mode(file_mode)).expect("its owner");
            let _held = Flock::lock(old, FlockArg::LockExclusive).map_err(|(_, error)| error);
            let _lock = InstanceLock::take(folder.path()).expect("the lock of a new file");
            assert_eq!(mode(&path), 0o600);
        }
    }

    #[test]
    fn take_replaces_link_and_leaves_its_target() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (path, target) = (folder.path().join("lock"), folder.path().join("target"));
        fs::write(&target, "kept").expect("a file");
        std::os::unix::fs::symlink(&target, &path).expect("a link");
        let _lock = InstanceLock::take(folder.path()).expect("the lock");
        assert_eq!(fs::read_to_string(&target).expect("the target"), "kept");
    }

    #[test]
    fn take_in_folder_that_others_write_is_error() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for folder_mode in [0o777, 0o1777, 0o770] {
            let permissions = Permissions::from_mode(folder_mode);
            fs::set_permissions(folder.path(), permissions).expect("its owner");
            let refused = InstanceLock::take(folder.path()).expect_err("a folder of everyone");
            let text = format!("{refused:#}");
            assert!(text.contains(&format!("mode {folder_mode:04o}")), "{text}");
            assert!(refused.downcast_ref::<Failure>().is_some(), "{text}");
        }
    }
}
