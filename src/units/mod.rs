//! Cgroup ids in, units out. The tree is read once from the cgroup file system and then follows the
//! cgroups that the kernel reports as they come and go, in order with the events.

mod container;
mod info;
mod path;
mod tags;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirEntryExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::decode::CgroupEvent;
pub use path::PathState;
pub use tags::CgroupTags;

/// Cgroup of a process, with the unit and the container that it belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CgroupInfo {
    /// Path within the v2 hierarchy as the daemon sees it.
    pub cgroup: String,
    /// The system's unit.
    pub unit: Option<String>,
    /// The unit of a user's own manager.
    pub user_unit: Option<String>,
    /// The container, if the path names one: its id, or its machine's name.
    pub container: Option<String>,
}

/// Returns the system's unit of a process, by its `/proc/PID/cgroup`; `None` if it is in none.
pub fn own(cgroups: &str) -> Option<String> {
    let path = cgroups.lines().find_map(|line| line.strip_prefix("0::"))?;
    info::info(path.to_owned()).unit
}

impl CgroupInfo {
    /// Returns the name for people: the unit, or else the path.
    pub fn name(&self) -> &str {
        self.user_unit.as_ref().or(self.unit.as_ref()).unwrap_or(&self.cgroup)
    }
}

/// The cgroups of the v2 hierarchy by id, a cgroup's inode number.
#[derive(Debug)]
pub struct Units {
    mount: Option<PathBuf>,
    root: u64,
    nodes: HashMap<u64, Node>,
    /// Filled on demand; an entry is removed with its cgroup.
    places: HashMap<u64, Option<Rc<CgroupInfo>>>,
}

#[derive(Debug)]
struct Node {
    parent: u64,
    name: String,
}

/// Removed cgroups that are remembered; beyond that all of them are
/// forgotten. Each takes some 100 bytes.
const GONE_MAX: usize = 10_000;

/// No cgroup path is deeper: PATH_MAX of two-byte components.
const DEPTH_MAX: usize = 2048;

impl Units {
    /// Finds the v2 hierarchy; nothing is read yet. A host without it has no units.
    pub fn new() -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        Self::at(mount_point(&mounts))
    }

    fn at(mount: Option<PathBuf>) -> Self {
        Self { mount, root: 0, nodes: HashMap::new(), places: HashMap::new() }
    }

    /// Reads the tree as it is now: at the start, and after the kernel could not report some cgroups. Removed
    /// cgroups are remembered, since its last events may still be in the ring.
    pub fn read(&mut self) {
        let before = std::mem::take(&mut self.nodes);
        self.places.clear();
        let Some(mount) = self.mount.clone() else { return };
        let Ok(root) = fs::metadata(&mount) else { return };
        self.root = root.ino();
        self.read_below(&mount, self.root);
        if before.len() <= self.nodes.len() + GONE_MAX {
            for (id, node) in before {
                self.nodes.entry(id).or_insert(node);
            }
        }
    }

    fn read_below(&mut self, folder: &Path, parent: u64) {
        // A cgroup that goes while we read is no fault.
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.insert(entry.ino(), parent, entry.file_name().as_bytes());
                self.read_below(&entry.path(), entry.ino());
            }
        }
    }

    /// Follows a change that the kernel reports.
    pub fn follow(&mut self, event: &CgroupEvent<'_>) {
        match *event {
            CgroupEvent::Born { id, parent, name } => self.insert(id, parent, name),
            CgroupEvent::Gone { id } => {
                self.nodes.remove(&id);
                self.places.remove(&id);
            }
        }
    }

    fn insert(&mut self, id: u64, parent: u64, name: &[u8]) {
        let name = String::from_utf8_lossy(name).into_owned();
        self.nodes.insert(id, Node { parent, name });
        self.places.remove(&id);
    }

    /// Returns unit and container of a cgroup; `None` if it is not below our root.
    pub fn place(&mut self, id: u64) -> Option<Rc<CgroupInfo>> {
        if let Some(known) = self.places.get(&id) {
            return known.clone();
        }
        let place = self.path(id).map(|cgroup| Rc::new(info::info(cgroup)));
        self.places.insert(id, place.clone());
        place
    }

    /// Returns whether this host has a v2 hierarchy, without which the kernel does not distinguish cgroups.
    pub fn is_there(&self) -> bool {
        self.mount.is_some()
    }

    /// Returns all known cgroups with their paths.
    pub fn all(&self) -> impl Iterator<Item = (u64, String)> {
        let ids = std::iter::once(self.root).chain(self.nodes.keys().copied());
        let ids = ids.filter(|id| *id != 0);
        ids.filter_map(|id| Some((id, self.path(id)?)))
    }

    fn path(&self, id: u64) -> Option<String> {
        let mut components = Vec::new();
        let mut at = id;
        while at != self.root {
            let node = self.nodes.get(&at)?;
            components.push(node.name.as_str());
            at = node.parent;
            if components.len() > DEPTH_MAX {
                return None;
            }
        }
        components.push("");
        components.reverse();
        Some(if components.len() == 1 { "/".to_owned() } else { components.join("/") })
    }
}

impl Default for Units {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the mount point of cgroup2 in /proc/self/mountinfo: the fifth field, and after a lone `-` the
/// file system's type (proc_pid_mountinfo(5)). Blanks in paths stand there as `\040`.
fn mount_point(mounts: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let path = left.split(' ').nth(4)?.replace("\\040", " ");
        right.starts_with("cgroup2 ").then(|| PathBuf::from(OsStr::new(&path)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_point_finds_cgroup2() {
        let mounts = "22 1 0:20 / /proc rw - proc proc rw\n\
                      30 22 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs rw\n\
                      31 30 0:27 / /sys/fs/cgroup/my\\040own rw shared:4 - cgroup2 cgroup2 rw\n";
        assert_eq!(mount_point(mounts), Some(PathBuf::from("/sys/fs/cgroup/my own")));
        assert_eq!(mount_point("22 1 0:20 / /proc rw - proc proc rw\n"), None);
    }

    fn tree() -> (tempfile::TempDir, Units) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir_all(folder.path().join("system.slice/nginx.service")).expect("folders");
        let mut units = Units::at(Some(folder.path().to_owned()));
        units.read();
        (folder, units)
    }

    #[test]
    fn read_finds_existing_cgroups() {
        let (folder, mut units) = tree();
        let path = folder.path().join("system.slice/nginx.service");
        let id = fs::metadata(path).expect("the folder").ino();
        let place = units.place(id).expect("a known cgroup");
        assert_eq!(place.cgroup, "/system.slice/nginx.service");
        assert_eq!(place.unit.as_deref(), Some("nginx.service"));
    }

    #[test]
    fn follow_adds_and_removes_cgroups() {
        let (_folder, mut units) = tree();
        let parent = units.root;
        assert_eq!(units.place(7), None);
        units.follow(&CgroupEvent::Born { id: 7, parent, name: b"cron.service" });
        assert_eq!(
            units.place(7).and_then(|place| place.unit.clone()),
            Some("cron.service".into())
        );
        units.follow(&CgroupEvent::Gone { id: 7 });
        assert_eq!(units.place(7), None);
        // The number is used again by another.
        units.follow(&CgroupEvent::Born { id: 7, parent, name: b"ssh.service" });
        assert_eq!(units.place(7).and_then(|place| place.unit.clone()), Some("ssh.service".into()));
    }

    #[test]
    fn read_again_keeps_removed_cgroups() {
        let (folder, mut units) = tree();
        let path = folder.path().join("system.slice/nginx.service");
        let gone = fs::metadata(&path).expect("the folder").ino();
        let fresh = folder.path().join("system.slice/cron.service");
        fs::create_dir(&fresh).expect("a folder");
        let born = fs::metadata(&fresh).expect("the folder").ino();
        fs::remove_dir(&path).expect("removed");
        units.read();
        let unit = |id, units: &mut Units| units.place(id).and_then(|place| place.unit.clone());
        assert_eq!(unit(gone, &mut units).as_deref(), Some("nginx.service"));
        assert_eq!(unit(born, &mut units).as_deref(), Some("cron.service"));
    }

    #[test]
    fn read_again_bounds_removed_cgroups() {
        let (_folder, mut units) = tree();
        let (parent, living) = (units.root, units.nodes.len());
        for id in 0..=GONE_MAX as u64 {
            units.follow(&CgroupEvent::Born { id: u64::MAX - id, parent, name: b"x.service" });
        }
        units.read();
        assert_eq!(units.nodes.len(), living);
    }

    #[test]
    fn place_in_loop_of_parents_is_none() {
        let (_folder, mut units) = tree();
        units.follow(&CgroupEvent::Born { id: 8, parent: 9, name: b"a" });
        units.follow(&CgroupEvent::Born { id: 9, parent: 8, name: b"b" });
        assert_eq!(units.place(8), None);
    }

    #[test]
    fn is_there_without_hierarchy_is_false() {
        assert!(tree().1.is_there() && !Units::at(None).is_there());
    }

    #[test]
    fn place_of_root_has_no_unit() {
        let (_folder, mut units) = tree();
        let place = units.place(units.root).expect("the root");
        assert_eq!((place.cgroup.as_str(), &place.unit, &place.user_unit), ("/", &None, &None));
    }
}
