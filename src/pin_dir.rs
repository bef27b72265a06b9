//! Directory in a bpf file system with the pins of what is to outlive the daemon, where no service manager keeps it
//! (`--pin`).

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};

use crate::bpf;
use crate::error::Failure;

/// The directory.
#[derive(Debug)]
pub struct PinDir(PathBuf);

impl PinDir {
    /// Opens the directory; creates it if it is missing.
    ///
    /// # Errors
    /// `Failure` if it is not in a bpf file system, or if anybody but root may use it.
    pub fn open(path: &Path) -> Result<Self> {
        let is_missing =
            fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
        // Before it is created: a directory that is refused leaves nothing behind.
        let place = if is_missing { parent(path) } else { path };
        let named = |path: &Path| format!("failed to look at {}", path.display());
        let system = statfs(place).with_context(|| named(place))?;
        if system.filesystem_type() != BPF_FS_MAGIC {
            return Err(unusable(path, "is not in a bpf file system", MOUNT));
        }
        if is_missing {
            let created = DirBuilder::new().mode(0o700).create(path);
            created.with_context(|| format!("failed to create {}", path.display()))?;
        }
        let status = fs::symlink_metadata(path).with_context(|| named(path))?;
        if !status.is_dir() || status.uid() != 0 || status.mode() & 0o077 != 0 {
            return Err(unusable(
                path,
                "is open to others than root",
                "run `chown root` and `chmod 700` on it",
            ));
        }
        Ok(Self(path.to_owned()))
    }

    /// Opens all pins, by name.
    ///
    /// # Errors
    /// Fails if the directory cannot be read, or something in it is no pin.
    pub fn read(&self) -> Result<Vec<(String, OwnedFd)>> {
        let entries = fs::read_dir(&self.0)
            .with_context(|| format!("failed to read {}", self.0.display()))?;
        let open = |entry: std::io::Result<fs::DirEntry>| {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().replace('-', ".");
            let fd = bpf::open_pin(&path);
            Ok((name, fd.with_context(|| format!("failed to open the pin {}", path.display()))?))
        };
        entries.map(open).collect()
    }

    /// Pins an object, in place of another one of that name.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn put(&self, name: &str, object: BorrowedFd<'_>) -> Result<()> {
        let path = self.path(name);
        let mut pinned = bpf::pin(object, &path);
        if matches!(&pinned, Err(error) if error.kind() == ErrorKind::AlreadyExists) {
            self.remove(name)?;
            pinned = bpf::pin(object, &path);
        }
        pinned.with_context(|| format!("failed to pin {}", path.display()))
    }

    /// Removes a pin.
    ///
    /// # Errors
    /// Fails if there is none.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        fs::remove_file(&path).with_context(|| format!("failed to remove {}", path.display()))
    }

    /// Returns the file of a name: dots are reserved in a bpf file system (`bpf_lookup` in kernel/bpf/inode.c).
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name.replace('.', "-"))
    }
}

/// Returns the directory that a path of one word or more lies in.
fn parent(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

const MOUNT: &str =
    "name a directory below /sys/fs/bpf, where `mount -t bpf bpf /sys/fs/bpf` mounts one";

fn unusable(path: &Path, fault: &str, mend: &str) -> anyhow::Error {
    Failure::Unavailable(format!("--pin {}: it {fault}: {mend}", path.display())).into()
}
