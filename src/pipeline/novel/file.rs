//! The file of the keys: a first line with its version, and a line for each key. Lines are appended; only the first
//! byte of a line is ever written over. An administrator may remove lines while the daemon is stopped.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use nix::fcntl::{Flock, FlockArg};
use nix::libc::{O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK};

use super::line::{KeyLine, KeyStatus};

/// Name of the file in the state directory.
pub const NAME: &str = "first-times";
/// First line of the file.
const HEADER: &str = "tailcalld first-times 1\n";
/// Size of a file that is read; more than all keys take.
const BYTES_MAX: u64 = 64 << 20;
/// Lines without a meaning, beyond which a file is written anew.
const DEAD_MAX: usize = 1024;

/// Returns whether a folder has the file.
pub fn is_there(folder: &Path) -> bool {
    folder.join(NAME).exists()
}

/// Returns the text of the file of this version in a folder; nothing if there is none.
///
/// # Errors
/// Fails if it cannot be read, or is of another version.
pub fn read(folder: &Path) -> Result<Vec<u8>> {
    let path = folder.join(NAME);
    let mut text = Vec::new();
    let file = match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(text),
        opened => opened.with_context(|| format!("failed to open {}", path.display()))?,
    };
    let length = file.take(BYTES_MAX).read_to_end(&mut text);
    length.with_context(|| format!("failed to read {}", path.display()))?;
    anyhow::ensure!(
        text.is_empty() || text.starts_with(HEADER.as_bytes()),
        "{} is not of this version",
        path.display()
    );
    Ok(text)
}

/// The file, open and locked.
#[derive(Debug)]
pub struct KeyFile {
    path: PathBuf,
    file: Flock<File>,
    end: u64,
    dead: usize,
    is_whole: bool,
    is_full: bool,
}

impl KeyFile {
    /// Opens the file in a folder, and returns its text too. Creates it if there is none. One of another version, or
    /// that is no such file, is moved aside.
    ///
    /// # Errors
    /// Fails if the file cannot be read or written, or another daemon has it.
    pub fn open(folder: &Path) -> Result<(Self, Vec<u8>)> {
        let path = folder.join(NAME);
        let (mut file, mut text) = open_and_read(&path)?;
        if !text.is_empty() && !text.starts_with(HEADER.as_bytes()) {
            let aside = path.with_extension("old");
            tracing::warn!(
                "{} is not of this version and is moved to {}; first times are recorded anew",
                path.display(),
                aside.display()
            );
            fs::rename(&path, &aside)
                .with_context(|| format!("failed to move {}", path.display()))?;
            (file, text) = open_and_read(&path)?;
        }
        if text.is_empty() {
            file.write_all_at(HEADER.as_bytes(), 0)
                .with_context(|| format!("failed to write {}", path.display()))?;
            text = HEADER.into();
        }
        let is_whole = text.ends_with(b"\n");
        let end = text.len() as u64;
        Ok((Self { path, file, end, dead: 0, is_whole, is_full: false }, text))
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Counts a line without a meaning.
    pub fn count_dead(&mut self) {
        self.dead += 1;
    }

    /// Returns whether each line has a meaning.
    pub fn is_clean(&self) -> bool {
        self.is_whole && self.dead == 0
    }

    /// Returns whether many lines have no meaning.
    pub fn is_worn(&self) -> bool {
        self.dead > DEAD_MAX
    }

    /// Appends a line and returns its place; `None`, with a warning, if there is no room.
    pub fn append(&mut self, line: &KeyLine<'_>) -> Option<u64> {
        let (bytes, offset) = (line.encode(), self.end);
        match self.file.write_all_at(&bytes, offset) {
            Ok(()) => {
                self.end += bytes.len() as u64;
                self.is_full = false;
                Some(offset)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_full, true) {
                    let path = self.path.display();
                    tracing::warn!(
                        "failed to write {path}: {error}; first times are recorded again after a restart"
                    );
                }
                // A part of a line is written over by the next one, or is left out as damaged.
                let _ = self.file.set_len(offset);
                None
            }
        }
    }

    /// Writes the status of the line at that place; returns whether it is there.
    pub fn mark(&mut self, offset: u64, status: KeyStatus) -> bool {
        self.dead += usize::from(status == KeyStatus::Revoked);
        let written = self.file.write_all_at(&[status.byte()], offset);
        let path = &self.path;
        written
            .map_err(|error| tracing::debug!("failed to write {}: {error}", path.display()))
            .is_ok()
    }

    /// Replaces the file by one with these lines at once, and tells each its place.
    pub fn rewrite<'l>(
        &mut self,
        lines: impl Iterator<Item = (KeyLine<'l>, &'l mut Option<u64>)>,
    ) -> Result<()> {
        let new = self.path.with_extension("new");
        let _ = fs::remove_file(&new);
        let file = lock(options().create_new(true).open(&new), &new)?;
        let (mut text, mut places) = (Vec::from(HEADER), Vec::new());
        for (line, place) in lines {
            places.push((text.len() as u64, place));
            text.extend(line.encode());
        }
        let written = (&*file).write_all(&text).and_then(|()| file.sync_data());
        written.with_context(|| format!("failed to write {}", new.display()))?;
        fs::rename(&new, &self.path)
            .with_context(|| format!("failed to replace {}", self.path.display()))?;
        places.into_iter().for_each(|(offset, place)| *place = Some(offset));
        (self.file, self.end, self.dead, self.is_whole) = (file, text.len() as u64, 0, true);
        Ok(())
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options.custom_flags(O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    options
}

fn open_and_read(path: &Path) -> Result<(Flock<File>, Vec<u8>)> {
    let file = lock(options().create(true).truncate(false).open(path), path)?;
    let of_file = || format!("failed to read {}", path.display());
    let facts = file.metadata().with_context(of_file)?;
    if !facts.is_file() || facts.len() > BYTES_MAX {
        bail!("{} is no file of at most {BYTES_MAX} bytes", path.display());
    }
    let mut text = Vec::new();
    (&*file).take(BYTES_MAX).read_to_end(&mut text).with_context(of_file)?;
    Ok((file, text))
}

fn lock(opened: std::io::Result<File>, path: &Path) -> Result<Flock<File>> {
    let file = opened.with_context(|| format!("failed to open {}", path.display()))?;
    let locked = Flock::lock(file, FlockArg::LockExclusiveNonblock);
    locked.map_err(|(_, errno)| errno).with_context(|| format!("failed to lock {}", path.display()))
}
