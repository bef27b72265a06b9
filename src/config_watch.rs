//! The configuration's files in, "something changed" out. Folders are watched, not files: editors write a new file
//! and rename it over the old one, and then the old one's watch is dead. Every folder is watched in which a name of
//! a path is looked up, since any of these names may come to mean another file.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::errno::Errno;
use nix::libc::IN_MASK_ADD;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

use crate::config::{handler_folders, handler_in, is_drop_in, lookups};

/// Watch on a configuration file, its drop-ins and its handlers, and on every folder and link on the way to them.
#[derive(Debug)]
pub struct ConfigWatch {
    inotify: Inotify,
    file: PathBuf,
    /// Folders of which all files of a kind matter.
    lists: Vec<(PathBuf, Listed)>,
    folders: BTreeMap<WatchDescriptor, Folder>,
    /// Folders that could not be watched, about which there was a warning.
    unwatched: BTreeSet<PathBuf>,
}

/// Names that matter in one folder.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Folder {
    names: BTreeSet<OsString>,
    /// True if one of the names is that of a file, whose content matters.
    has_files: bool,
    listed: BTreeSet<Listed>,
}

/// Kind of the files in a folder that are read whatever their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Listed {
    DropIns,
    Handlers,
}

impl Listed {
    fn has(self, name: &OsStr) -> bool {
        match self {
            Self::DropIns => is_drop_in(name),
            Self::Handlers => handler_in(name).is_some(),
        }
    }
}

/// A name comes, goes or changes its permissions.
const NAMES: AddWatchFlags = AddWatchFlags::IN_MOVED_TO
    .union(AddWatchFlags::IN_MOVED_FROM)
    .union(AddWatchFlags::IN_CREATE)
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_ATTRIB);

/// A change of content is complete when its writer closes the file.
const CONTENTS: AddWatchFlags = AddWatchFlags::IN_CLOSE_WRITE;

/// The paths of folders have no links, and a folder that is reached in two ways keeps what it is watched for.
const HOW: AddWatchFlags = AddWatchFlags::IN_ONLYDIR
    .union(AddWatchFlags::IN_DONT_FOLLOW)
    .union(AddWatchFlags::from_bits_retain(IN_MASK_ADD));

/// Attempts to see the same folders before and after they are watched. Whatever changes in a folder that is
/// watched by then is an event.
const ATTEMPTS: usize = 8;

/// Links in a folder that are followed, at least as many as there may be drop-ins.
const LINKS_MAX: usize = 256;

impl ConfigWatch {
    /// Starts to watch.
    ///
    /// # Errors
    /// Fails if the kernel has no more inotify instances for this user.
    pub fn new(file: &Path, drop_ins: &Path) -> Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC);
        let inotify = inotify.context(
            "failed to watch the configuration (inotify); if the user has too many instances, raise \
             fs.inotify.max_user_instances with sysctl",
        )?;
        let handlers = handler_folders(file).map(|folder| (folder, Listed::Handlers));
        let drop_ins = (drop_ins.to_owned(), Listed::DropIns);
        let mut watch = Self {
            inotify,
            file: file.to_owned(),
            lists: std::iter::once(drop_ins).chain(handlers).collect(),
            folders: BTreeMap::new(),
            unwatched: BTreeSet::new(),
        };
        watch.renew();
        Ok(watch)
    }

    /// Returns the descriptor that becomes readable when something has changed.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }

    /// Takes the events that are there; returns whether one of them concerns the configuration.
    pub fn changed(&mut self) -> bool {
        let mut changed = false;
        while let Ok(events) = self.inotify.read_events() {
            changed |= events.iter().any(|event| self.concerns(event));
        }
        if changed {
            self.renew();
        }
        changed
    }

    fn concerns(&self, event: &InotifyEvent) -> bool {
        // The kernel had to drop events: better look.
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            return true;
        }
        // One of a folder that no longer matters.
        let Some(folder) = self.folders.get(&event.wd) else { return false };
        // Without a name it is the folder itself.
        let Some(name) = &event.name else { return true };
        folder.names.contains(name) || folder.listed.iter().any(|listed| listed.has(name))
    }

    /// Finds the folders again, and watches these and no others. To be called before each reading: links may point
    /// elsewhere now, folders may have been created, and no event reports a mount.
    pub fn renew(&mut self) {
        let mut wanted = self.wanted();
        for _ in 0..ATTEMPTS {
            self.watch_only(&wanted);
            let afterwards = self.wanted();
            if afterwards == wanted {
                break;
            }
            wanted = afterwards;
        }
    }

    fn wanted(&self) -> BTreeMap<PathBuf, Folder> {
        let mut wanted: BTreeMap<PathBuf, Folder> = BTreeMap::new();
        let lists = self.lists.iter().map(|(path, listed)| (resolved(path), *listed));
        let lists = Vec::from_iter(lists);
        let links: Vec<_> =
            lists.iter().flat_map(|(path, listed)| links_among(path, *listed)).collect();
        let folders = self.lists.iter().map(|(path, _)| path);
        for path in links.iter().chain([&self.file]).chain(folders) {
            let found = lookups(path);
            for (nth, lookup) in found.iter().enumerate() {
                let folder = wanted.entry(lookup.folder.clone()).or_default();
                folder.names.insert(lookup.name.clone());
                folder.has_files |= nth + 1 == found.len();
            }
        }
        for (path, listed) in lists {
            let folder = wanted.entry(path).or_default();
            folder.has_files = true;
            folder.listed.insert(listed);
        }
        wanted
    }

    fn watch_only(&mut self, wanted: &BTreeMap<PathBuf, Folder>) {
        let mut folders: BTreeMap<WatchDescriptor, Folder> = BTreeMap::new();
        let mut unwatched = BTreeSet::new();
        for (path, folder) in wanted {
            let contents = if folder.has_files { CONTENTS } else { AddWatchFlags::empty() };
            match self.inotify.add_watch(path, NAMES | contents | HOW) {
                Ok(descriptor) => folders.entry(descriptor).or_default().merge(folder),
                // One that is not there is seen in its parent when it comes.
                Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => {}
                Err(errno) => {
                    self.warn(path, errno);
                    unwatched.insert(path.clone());
                }
            }
        }
        for descriptor in self.folders.keys().filter(|known| !folders.contains_key(known)) {
            // A folder that was removed took its watch along.
            let _ = self.inotify.rm_watch(*descriptor);
        }
        (self.folders, self.unwatched) = (folders, unwatched);
    }

    /// Logs once that changes in a folder go unnoticed.
    fn warn(&self, path: &Path, errno: Errno) {
        if self.unwatched.contains(path) {
            return;
        }
        let advice = match errno {
            Errno::ENOSPC => "; raise fs.inotify.max_user_watches with sysctl",
            _ => "",
        };
        tracing::warn!(
            "cannot watch {} ({errno}{advice}): after a change there, run `tailcalld reload`",
            path.display()
        );
    }
}

impl Folder {
    fn merge(&mut self, other: &Self) {
        self.names.extend(other.names.iter().cloned());
        self.has_files |= other.has_files;
        self.listed.extend(&other.listed);
    }
}

/// Returns the path without links.
fn resolved(path: &Path) -> PathBuf {
    lookups(path).last().map_or_else(|| path.to_owned(), crate::config::Lookup::path)
}

/// Returns the files of a kind that are links.
fn links_among(folder: &Path, listed: Listed) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let links = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    let files = links.filter(|entry| listed.has(&entry.file_name()));
    files.map(|entry| entry.path()).take(LINKS_MAX).collect()
}

#[cfg(test)]
mod tests;
