//! The configuration's files in, "something changed" out. Folders are watched, not files: editors
//! write a new file and rename it over the old one, and then the old one's watch is dead.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

/// Watch on a configuration file, the files that it links to, and its drop-ins.
#[derive(Debug)]
pub struct ConfigWatch {
    inotify: Inotify,
    file: PathBuf,
    drop_ins: PathBuf,
    folders: BTreeMap<WatchDescriptor, Folder>,
}

/// Names that matter in one folder.
#[derive(Debug, Default)]
struct Folder {
    names: Vec<OsString>,
    any_toml: bool,
}

/// A change of content is complete when its writer closes the file, or when a name comes or goes.
const CHANGES: AddWatchFlags = AddWatchFlags::IN_CLOSE_WRITE
    .union(AddWatchFlags::IN_MOVED_TO)
    .union(AddWatchFlags::IN_MOVED_FROM)
    .union(AddWatchFlags::IN_CREATE)
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_ATTRIB);

/// A mounted Kubernetes ConfigMap is changed by swapping this link, two links away from the file.
const CONFIG_MAP: &str = "..data";

/// Links that the kernel follows in one path at most (`MAXSYMLINKS` in fs/namei.c).
const LINKS_MAX: usize = 40;

impl ConfigWatch {
    /// Starts to watch.
    ///
    /// # Errors
    /// Fails if the kernel has no more inotify instances for this user.
    pub fn new(file: &Path, drop_ins: &Path) -> Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC);
        let mut watch = Self {
            inotify: inotify.context("failed to watch the configuration (inotify)")?,
            file: file.to_owned(),
            drop_ins: drop_ins.to_owned(),
            folders: BTreeMap::new(),
        };
        watch.refresh();
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
            self.refresh();
        }
        changed
    }

    fn concerns(&self, event: &InotifyEvent) -> bool {
        // Without a name it is the folder itself, or events were dropped: better look.
        let Some(name) = &event.name else { return true };
        self.folders.get(&event.wd).is_some_and(|folder| {
            let toml = Path::new(name).extension().is_some_and(|extension| extension == "toml");
            folder.names.contains(name) || (folder.any_toml && toml) || name == CONFIG_MAP
        })
    }

    /// Finds the folders again: links may point elsewhere now, and the folder of drop-ins may have been created.
    fn refresh(&mut self) {
        let mut wanted: BTreeMap<PathBuf, Folder> = BTreeMap::new();
        for path in links(&self.file).chain([self.drop_ins.clone()]) {
            if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
                wanted.entry(folder.to_owned()).or_default().names.push(name.to_owned());
            }
        }
        wanted.entry(self.drop_ins.clone()).or_default().any_toml = true;
        self.folders.clear();
        for (path, folder) in wanted {
            // An empty parent is the current directory.
            let path = if path.as_os_str().is_empty() { Path::new(".") } else { &path };
            // One that is not there will be seen in its parent when it comes.
            if let Ok(descriptor) = self.inotify.add_watch(path, CHANGES) {
                let known = self.folders.entry(descriptor).or_default();
                known.names.extend(folder.names);
                known.any_toml |= folder.any_toml;
            }
        }
    }
}

/// The file, what it links to, what that links to, and so on.
fn links(file: &Path) -> impl Iterator<Item = PathBuf> {
    let next = |path: &PathBuf| {
        let target = std::fs::read_link(path).ok()?;
        Some(path.parent().unwrap_or_else(|| Path::new("")).join(target))
    };
    std::iter::successors(Some(file.to_owned()), next).take(LINKS_MAX)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn watched(name: &str) -> (tempfile::TempDir, PathBuf, ConfigWatch) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join(name);
        fs::write(&file, "old").expect("the file");
        let watch = ConfigWatch::new(&file, &file.with_extension("d")).expect("inotify");
        (folder, file, watch)
    }

    #[test]
    fn editors_are_seen_however_they_write() {
        let (folder, file, mut watch) = watched("a.toml");
        assert!(!watch.changed(), "nothing happened yet");
        fs::write(&file, "truncated and written").expect("write");
        assert!(watch.changed());
        let temporary = folder.path().join("a.toml~");
        fs::write(&temporary, "new").expect("write");
        assert!(!watch.changed(), "a temporary file is ignored");
        fs::rename(&temporary, &file).expect("rename");
        assert!(watch.changed());
        fs::remove_file(&file).expect("remove");
        assert!(watch.changed());
        fs::write(&file, "back").expect("write");
        assert!(watch.changed());
    }

    #[test]
    fn changed_reports_first_and_last_drop_in() {
        let (_folder, file, mut watch) = watched("a.toml");
        let drop_ins = file.with_extension("d");
        fs::create_dir(&drop_ins).expect("a folder");
        assert!(watch.changed());
        fs::write(drop_ins.join("10.toml"), "x").expect("write");
        assert!(watch.changed());
        fs::write(drop_ins.join("README"), "x").expect("write");
        assert!(!watch.changed());
        fs::remove_file(drop_ins.join("10.toml")).expect("remove");
        assert!(watch.changed());
    }

    #[test]
    fn changed_follows_links_and_their_replacement() {
        let (folder, _, _) = watched("a.toml");
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        let [first, second] = ["1.toml", "2.toml"].map(|name| elsewhere.path().join(name));
        fs::write(&first, "1").expect("write");
        fs::write(&second, "2").expect("write");
        let link = folder.path().join("link.toml");
        symlink(&first, &link).expect("a link");
        let mut watch = ConfigWatch::new(&link, &folder.path().join("link.d")).expect("inotify");
        fs::write(&first, "edited").expect("write");
        assert!(watch.changed(), "the target was edited");
        let fresh = folder.path().join("fresh");
        symlink(&second, &fresh).expect("a link");
        fs::rename(&fresh, &link).expect("rename");
        assert!(watch.changed(), "the link was swapped");
        fs::write(&second, "edited").expect("write");
        assert!(watch.changed(), "the new target was edited");
    }
}
