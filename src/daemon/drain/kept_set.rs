//! Set that a daemon with other types left: descriptors in the store, and its files, which get a directory of their own
//! below the runtime directory. There its executable finds them under the names that it knows, and nothing overwrites
//! them.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::fd_store::FdStore;
use crate::load::LAYOUT;

/// File that describes the set, and the one that is moved last: with it the directory is whole.
const TABLE: &str = "table";
/// Other files of a daemon that the next one needs.
const FILES: [&str; 4] = ["counters", "pending-calls", "waiting-calls", "waiting-event"];
/// File with the time at which the dispatcher was silenced, ns of `CLOCK_BOOTTIME`.
const SILENCED: &str = "silenced";
/// File of a set that is read to its end or given up; removed last. A daemon that is killed while it removes the set
/// leaves it to the next one, which has nothing to read or to report any more.
const DONE: &str = "done";
/// Name of the directory, in front of the number of the set.
const FOLDER: &str = "drain-";

/// Part of the file `table` that all versions have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Outline {
    version: String,
    kernel: KernelOutline,
    previous: Option<Box<Self>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct KernelOutline {
    layout: String,
    scope: u32,
    books: u32,
}

impl Outline {
    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Returns whether a name in the store belongs to the set, or to a predecessor that it had not taken over from.
    fn has(&self, name: &str) -> bool {
        let all = std::iter::successors(Some(self), |outline| outline.previous.as_deref());
        let prefixes =
            all.flat_map(|Self { kernel: KernelOutline { scope, books, .. }, .. }| {
                [format!("{scope}."), format!("b{books}.")]
            });
        prefixes.into_iter().any(|prefix| name.starts_with(&prefix))
    }
}

/// A set.
#[derive(Debug)]
pub struct KeptSet {
    /// Directory with its files.
    pub folder: PathBuf,
    /// Version of the daemon.
    pub version: String,
    /// Time at which its dispatcher was silenced, ns of `CLOCK_BOOTTIME`.
    pub silenced_ns: Option<u64>,
    scope: u32,
    /// Descriptors by their name in the store.
    fds: BTreeMap<String, OwnedFd>,
}

impl KeptSet {
    /// Takes all sets of other types out of the store, the oldest first.
    pub fn take_all(runtime: &Path, store: &FdStore) -> Vec<Self> {
        let found = folders(runtime).into_iter();
        let mut sets: Vec<_> = found.filter_map(|folder| Self::take(folder, store)).collect();
        let last = Outline::read(&runtime.join(TABLE));
        let last = last.filter(|last| last.kernel.layout != LAYOUT && !store.is_empty());
        if let Some(last) = last {
            let folder = runtime.join(format!("{FOLDER}{}", last.kernel.scope));
            match move_files(runtime, &folder) {
                Ok(()) => sets.extend(Self::of(folder, last, store.claim(|_| true))),
                Err(error) => tracing::warn!("{error:#}"),
            }
        }
        sets
    }

    /// Takes the set of a directory out of the store; `None` if nothing is left to read. Removes one that is done.
    fn take(folder: PathBuf, store: &FdStore) -> Option<Self> {
        let outline = Outline::read(&folder.join(TABLE));
        let is_part = |name: &str| outline.as_ref().is_some_and(|outline| outline.has(name));
        let fds = store.claim(is_part);
        if folder.join(DONE).exists() {
            store.release(fds.keys());
            remove_folder(&folder);
            return None;
        }
        Self::of(folder, outline?, fds)
    }

    /// Makes the set; `None` if the store has nothing of it.
    fn of(folder: PathBuf, outline: Outline, fds: BTreeMap<String, OwnedFd>) -> Option<Self> {
        let silenced = fs::read_to_string(folder.join(SILENCED)).ok();
        let set = Self {
            silenced_ns: silenced.and_then(|text| text.trim().parse().ok()),
            version: outline.version,
            scope: outline.kernel.scope,
            folder,
            fds,
        };
        if set.fds.is_empty() {
            tracing::warn!("what was left of version {} is gone", set.version);
            remove_folder(&set.folder);
            return None;
        }
        Some(set)
    }

    /// Returns a descriptor of the set.
    ///
    /// # Errors
    /// Fails if there is none of that name.
    pub fn fd(&self, name: &str) -> Result<BorrowedFd<'_>> {
        let fd = self.fds.get(&format!("{}.{name}", self.scope)).map(OwnedFd::as_fd);
        fd.with_context(|| format!("its {name} is not kept"))
    }

    /// Returns all descriptors.
    pub fn fds(&self) -> &BTreeMap<String, OwnedFd> {
        &self.fds
    }

    /// Notes that its dispatcher was silenced.
    pub fn silence(&mut self, at_ns: u64) {
        self.silenced_ns = Some(at_ns);
        if let Err(error) = fs::write(self.folder.join(SILENCED), at_ns.to_string()) {
            tracing::warn!("a daemon that follows cannot mark calls that come twice: {error}");
        }
    }

    /// Returns the last time at which it is known to have been read, ns since 1970 UTC.
    pub fn last_sign_ns(&self) -> u64 {
        let times = FILES.iter().chain([&TABLE]).filter_map(|name| {
            let modified = fs::metadata(self.folder.join(name)).and_then(|about| about.modified());
            modified.ok()?.duration_since(UNIX_EPOCH).ok()
        });
        times.max().map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Detaches and removes all of it.
    pub fn remove(self, store: &FdStore) {
        if let Err(error) = fs::write(self.folder.join(DONE), "") {
            tracing::debug!("a daemon that follows may read {} again: {error}", self.version);
        }
        store.release(self.fds.keys());
        remove_folder(&self.folder);
    }
}

/// Removes a directory, and the file that it is done last.
fn remove_folder(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name() != DONE {
            let _ = fs::remove_file(entry.path());
        }
    }
    if let Err(error) = fs::remove_dir_all(folder) {
        tracing::warn!("failed to remove {}: {error}", folder.display());
    }
}

/// Returns the directories of sets that an earlier daemon did not finish, the oldest first.
fn folders(runtime: &Path) -> Vec<PathBuf> {
    let number = |path: &Path| -> Option<u32> {
        path.file_name()?.to_str()?.strip_prefix(FOLDER)?.parse().ok()
    };
    let entries = fs::read_dir(runtime).into_iter().flatten().flatten();
    let found = entries.map(|entry| entry.path());
    let mut found: Vec<_> = found.filter_map(|path| Some((number(&path)?, path))).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

fn move_files(runtime: &Path, folder: &Path) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        result => result.with_context(|| format!("failed to create {}", folder.display()))?,
    }
    for name in FILES.into_iter().chain([TABLE]) {
        match fs::rename(runtime.join(name), folder.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            result => {
                result.with_context(|| format!("failed to move {name} to {}", folder.display()))?
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outline_is_read_from_table_of_unknown_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(TABLE);
        let kernel = |scope| format!(r#"{{"layout":"x","scope":{scope},"books":1,"news":[]}}"#);
        let text = format!(
            r#"{{"version":"9","kernel":{},"tables":"?","previous":
                {{"version":"8","kernel":{},"previous":null}}}}"#,
            kernel(3),
            kernel(2)
        );
        fs::write(&path, text).unwrap();
        let outline = Outline::read(&path).unwrap();
        for (name, is_part) in [
            ("3.map.events", true),
            ("2.link.sys_enter.0", true),
            ("b1.map.counters", true),
            ("1.map.events", false),
            ("33.map.events", false),
            ("b3.map.counters", false),
        ] {
            assert_eq!(outline.has(name), is_part, "{name}");
        }
    }

    #[test]
    fn take_all_of_set_whose_removal_was_interrupted_removes_it() {
        let runtime = tempfile::tempdir().unwrap();
        let (whole, done) = (runtime.path().join("drain-6"), runtime.path().join("drain-7"));
        for (folder, scope) in [(&whole, 6), (&done, 7)] {
            fs::create_dir(folder).unwrap();
            let kernel = format!(r#"{{"layout":"x","scope":{scope},"books":{scope}}}"#);
            let text = format!(r#"{{"version":"9","kernel":{kernel},"previous":null}}"#);
            fs::write(folder.join(TABLE), text).unwrap();
        }
        fs::write(done.join(DONE), "").unwrap();
        let fd = || fs::File::open("/dev/null").unwrap().into();
        let names = ["6.map.events", "7.map.events"];
        let store = FdStore::of(names.map(|name| (name.to_owned(), fd())));
        let sets = KeptSet::take_all(runtime.path(), &store);
        assert_eq!(sets.iter().map(|set| &set.folder).collect::<Vec<_>>(), [&whole]);
        assert!(whole.exists() && !done.exists());
        assert!(store.is_empty());
    }

    #[test]
    fn move_files_that_was_interrupted_is_finished() {
        let runtime = tempfile::tempdir().unwrap();
        let folder = runtime.path().join("drain-7");
        for name in ["counters", "table"] {
            fs::write(runtime.path().join(name), name).unwrap();
        }
        fs::create_dir(&folder).unwrap();
        move_files(runtime.path(), &folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join(TABLE)).unwrap(), "table");
        assert_eq!(folders(runtime.path()), [folder]);
        assert!(!runtime.path().join(TABLE).exists());
    }
}
