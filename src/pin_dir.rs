//! Directory in a bpf file system with the pins of what is to outlive the daemon, where no service manager keeps it
//! (`--pin`). It takes objects of bpf(2) only: copies of other files are in the runtime directory.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::errno::Errno;
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};

use crate::bpf;
use crate::error::Failure;

/// The directory.
#[derive(Debug)]
pub struct PinDir {
    pins: PathBuf,
    /// Directory of the copies of files, which only root may write.
    copies: PathBuf,
}

/// Begin of the name of a copy.
const COPY: &str = "kept-";

/// Permission to execute the file, from Linux 6.3 on (`MFD_EXEC` in memfd_create(2)).
const MFD_EXEC: MFdFlags = MFdFlags::from_bits_retain(0x10);

impl PinDir {
    /// Opens the directory; creates it if it is missing. Copies of files are in the directory `copies`.
    ///
    /// # Errors
    /// `Failure` if it is not in a bpf file system, or if anybody but root may use it.
    pub fn open(path: &Path, copies: &Path) -> Result<Self> {
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
        Ok(Self { pins: path.to_owned(), copies: copies.to_owned() })
    }

    /// Opens all pins and files, by name. A file is read into memory, from where it can be executed whatever the
    /// options are with which its directory is mounted.
    ///
    /// # Errors
    /// Fails if a directory cannot be read, or something in that of the pins is no pin.
    pub fn read(&self) -> Result<Vec<(String, OwnedFd)>> {
        let mut all = self.read_pins()?;
        if !all.is_empty() {
            all.extend(self.read_copies()?);
        }
        Ok(all)
    }

    fn read_pins(&self) -> Result<Vec<(String, OwnedFd)>> {
        let entries = fs::read_dir(&self.pins)
            .with_context(|| format!("failed to read {}", self.pins.display()))?;
        let open = |entry: std::io::Result<fs::DirEntry>| {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().replace('-', ".");
            let fd = bpf::open_pin(&path);
            Ok((name, fd.with_context(|| format!("failed to open the pin {}", path.display()))?))
        };
        entries.map(open).collect()
    }

    fn read_copies(&self) -> Result<Vec<(String, OwnedFd)>> {
        let failed = || format!("failed to read {}", self.copies.display());
        let entries = fs::read_dir(&self.copies).with_context(failed)?;
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let copy = |path: PathBuf| {
            let name = path.file_name()?.to_str()?.strip_prefix(COPY)?.to_owned();
            let file =
                in_memory(&path).with_context(|| format!("failed to read {}", path.display()));
            Some(file.map(|file| (name, file)))
        };
        paths.filter_map(copy).collect()
    }

    /// Copies a file, in place of another one of that name.
    ///
    /// # Errors
    /// Fails if it cannot be read, or there is no room for the copy.
    pub fn put_file(&self, name: &str, mut file: &File) -> Result<()> {
        let path = self.copy(name);
        let failed = || format!("failed to write {}", path.display());
        // Under its name it is whole.
        let partial = self.copies.join(format!("{COPY}partial"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut copy = options.open(&partial).with_context(failed)?;
        io::copy(&mut file, &mut copy).with_context(failed)?;
        fs::rename(&partial, &path).with_context(failed)
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

    /// Removes a pin, or a file.
    ///
    /// # Errors
    /// Fails if there is none.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        let removed = match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => fs::remove_file(self.copy(name)),
            result => result,
        };
        removed.with_context(|| format!("failed to remove {}", path.display()))
    }

    fn copy(&self, name: &str) -> PathBuf {
        self.copies.join(format!("{COPY}{name}"))
    }

    /// Returns the file of a name: dots are reserved in a bpf file system (`bpf_lookup` in kernel/bpf/inode.c).
    fn path(&self, name: &str) -> PathBuf {
        self.pins.join(name.replace('.', "-"))
    }
}

/// Reads a file of root, which nobody else may have written, into memory.
fn in_memory(path: &Path) -> io::Result<OwnedFd> {
    let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() || about.uid() != 0 || about.mode() & 0o022 != 0 {
        return Err(io::Error::other("others than root may have written it"));
    }
    let create = |flags| memfd_create(c"tailcalld", MFdFlags::MFD_CLOEXEC | flags);
    let memory = match create(MFD_EXEC) {
        Err(Errno::EINVAL) => create(MFdFlags::empty()),
        result => result,
    };
    let mut memory = File::from(memory?);
    io::copy(&mut file, &mut memory)?;
    Ok(memory.into())
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
