//! Cgroup ids in, units out. The tree is read once from the cgroup file system and then follows the
//! cgroups that the kernel reports as they come and go, in order with the events.

mod container;
mod gone;
mod info;
mod path;
mod tags;
mod tree;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirEntryExt as _, MetadataExt as _};
use std::path::PathBuf;
use std::rc::Rc;

use self::gone::GonePlaces;
use crate::decode::CgroupEvent;
use crate::filter::NameKind;
pub use path::PathState;
pub use tags::CgroupTags;
use tree::Tree;

/// Cgroup of a process, with the unit and the container that it belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CgroupInfo {
    /// Path within the v2 hierarchy as the daemon sees it, up to 4 KiB.
    pub cgroup: String,
    /// Parts of the path are left out: it is too long, or a name in it had no room.
    pub is_cut: bool,
    /// The system's unit.
    pub unit: Option<String>,
    /// The unit of a user's own manager.
    pub user_unit: Option<String>,
    /// The container, if the path names one: its id, or its machine's name.
    pub container: Option<String>,
    /// The container that a path below a user's manager names: the user has chosen the name.
    pub claimed_container: Option<String>,
}

/// Returns the system's unit of a process, by its `/proc/PID/cgroup`; `None` if it is in none.
pub fn own(cgroups: &str) -> Option<String> {
    let path = cgroups.lines().find_map(|line| line.strip_prefix("0::"))?;
    info::info(&components(path)).unit
}

/// Returns whether a cgroup path is that of a container; `None` where a user has chosen its names.
pub fn container_of(path: &str) -> Option<bool> {
    let info = info::info(&components(path));
    info.claimed_container.is_none().then_some(info.container.is_some())
}

fn components(path: &str) -> Vec<&str> {
    path.split('/').filter(|component| !component.is_empty()).collect()
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
    tree: Tree,
    /// Filled on demand; an entry is removed with its cgroup.
    places: HashMap<u64, Option<Rc<CgroupInfo>>>,
    /// Bytes of `places`.
    places_bytes: usize,
    gone: GonePlaces,
}

/// Removed cgroups that are remembered; beyond that all of them are
/// forgotten. Each takes some 100 bytes.
const GONE_MAX: usize = 10_000;

/// Bytes of the places that are kept; beyond that all of them are made again on demand.
const PLACES_MAX: usize = 4 << 20;

/// Length from which on a path of the file system is opened: the kernel takes none of 4,096 bytes.
const LONG: usize = 3_000;

impl Units {
    /// Finds the v2 hierarchy; nothing is read yet. A host without it has no units.
    pub fn new() -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        // Every cgroup has this file; what was mounted over the hierarchy has not.
        let mount = mount_point(&mounts).filter(|mount| mount.join("cgroup.procs").exists());
        Self::at(mount)
    }

    /// Returns whether the hierarchy can be read.
    pub fn has_hierarchy(&self) -> bool {
        self.mount.is_some()
    }

    fn at(mount: Option<PathBuf>) -> Self {
        let gone = GonePlaces::default();
        Self { mount, tree: Tree::new(0), places: HashMap::new(), places_bytes: 0, gone }
    }

    /// Reads the tree as it is now: at the start, and after the kernel could not report some cgroups. Removed
    /// cgroups are remembered, since its last events may still be in the ring.
    pub fn read(&mut self) {
        let before = std::mem::replace(&mut self.tree, Tree::new(0));
        self.forget_places();
        let Some(mount) = self.mount.clone() else { return };
        let Ok(root) = fs::metadata(&mount) else { return };
        self.tree = Tree::new(root.ino());
        self.read_below(&mut mount.clone(), root.ino());
        if before.len() <= self.tree.len() + GONE_MAX {
            self.tree.add_missing(before);
        }
    }

    /// Reads the cgroups below a folder. Each folder is read to its end before those below it, since paths may be
    /// deeper than there are file descriptors.
    fn read_below(&mut self, folder: &mut PathBuf, parent: u64) {
        // A cgroup that goes while we read is no fault.
        let Ok(entries) = fs::read_dir(&folder) else { return };
        let folders =
            entries.flatten().filter(|entry| entry.file_type().is_ok_and(|it| it.is_dir()));
        let mut below = Vec::new();
        for entry in folders {
            let (id, name) = (entry.ino(), entry.file_name());
            if self.insert(id, parent, name.as_bytes()) {
                below.push((id, name));
            }
        }
        for (id, name) in below {
            folder.push(name);
            if folder.as_os_str().len() <= LONG {
                self.read_below(folder, id);
            } else if let Ok(open) = fs::File::open(&folder) {
                self.read_below(&mut format!("/proc/self/fd/{}", open.as_raw_fd()).into(), id);
            }
            folder.pop();
        }
    }

    /// Follows a change that the kernel reports.
    pub fn follow(&mut self, event: &CgroupEvent<'_>) {
        match *event {
            CgroupEvent::Born { id, parent, name } => {
                self.insert(id, parent, name);
            }
            CgroupEvent::Gone { id } => {
                // Calls that wait for a result or a digest, and aggregates, are written later.
                if let Some(place) = self.place(id) {
                    self.gone.insert(id, place);
                }
                self.tree.remove(id);
                self.forget_place(id);
            }
        }
    }

    fn insert(&mut self, id: u64, parent: u64, name: &[u8]) -> bool {
        self.forget_place(id);
        self.gone.remove(id);
        self.tree.insert(id, parent, &String::from_utf8_lossy(name))
    }

    fn forget_place(&mut self, id: u64) {
        if let Some(place) = self.places.remove(&id) {
            self.places_bytes -= bytes_of(&place);
        }
    }

    fn forget_places(&mut self) {
        self.places.clear();
        self.places_bytes = 0;
    }

    /// Returns unit and container of a cgroup, also of one that was removed a while ago; `None` if it is not below our
    /// root.
    pub fn place(&mut self, id: u64) -> Option<Rc<CgroupInfo>> {
        if let Some(known) = self.places.get(&id) {
            return known.clone();
        }
        if let Some(gone) = self.gone.get(id) {
            return Some(gone);
        }
        let components = self.tree.components(id);
        let place = components.map(|components| Rc::new(info::info(&components)));
        if self.places_bytes + bytes_of(&place) > PLACES_MAX {
            self.forget_places();
        }
        self.places_bytes += bytes_of(&place);
        self.places.insert(id, place.clone());
        place
    }

    /// Returns whether a cgroup was removed a while ago.
    pub fn was_removed(&self, id: u64) -> bool {
        self.gone.has(id)
    }

    /// Returns the id of the root; 0 before it is read. In a cgroup namespace it is not the root of the host.
    pub fn root(&self) -> u64 {
        self.tree.root
    }

    /// Returns whether this host has a v2 hierarchy, without which the kernel does not distinguish cgroups.
    pub fn is_there(&self) -> bool {
        self.mount.is_some()
    }

    /// Returns the tags of all known cgroups: first those of slices and units, then the others, each the shallowest
    /// first. `bits` returns the bits of a name.
    pub fn tags(&self, bits: impl Fn(NameKind, &str) -> u64) -> Vec<(u64, CgroupTags)> {
        if self.tree.root == 0 { Vec::new() } else { self.tree.tags(bits) }
    }
}

/// Returns the memory of a place and its entry in the table.
fn bytes_of(place: &Option<Rc<CgroupInfo>>) -> usize {
    let entry = 2 * size_of::<(u64, Option<Rc<CgroupInfo>>)>();
    let Some(place) = place else { return entry };
    let names = [&place.unit, &place.user_unit, &place.container, &place.claimed_container];
    let names: usize = names.into_iter().flatten().map(String::len).sum();
    entry + size_of::<CgroupInfo>() + place.cgroup.len() + names
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
mod tests;
