//! Programs, maps and links that a daemon holds in the kernel, and whether they are gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use libbpf_rs::MapHandle;
use libbpf_rs::query::{LinkInfoIter, ProgInfoIter};

use crate::process::eventually;

/// Ids of a daemon's objects. Nothing else in the kernel has them, so tests that run beside do not disturb.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct KernelObjects {
    programs: BTreeSet<u32>,
    maps: BTreeSet<u32>,
    links: BTreeSet<u32>,
}

/// `BPF_MAP_TYPE_PROG_ARRAY` (uapi/linux/bpf.h).
const PROGRAM_ARRAY: u32 = 3;

impl KernelObjects {
    /// Reads the ids of what a daemon has open, which is all that it loaded.
    pub fn of(pid: u32) -> Self {
        let mut objects = Self::default();
        objects.add(Path::new(&format!("/proc/{pid}")));
        let kinds = [&objects.programs, &objects.maps, &objects.links];
        assert!(kinds.iter().all(|ids| !ids.is_empty()), "{objects:?}");
        objects
    }

    /// Returns the programs that any process holds.
    pub fn programs_held() -> BTreeSet<u32> {
        let mut objects = Self::default();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            objects.add(&entry.path());
        }
        objects.programs
    }

    /// Adds what a process has open; nothing if it has ended.
    fn add(&mut self, process: &Path) {
        let fds = fs::read_dir(process.join("fdinfo")).into_iter().flatten().flatten();
        for info in fds.filter_map(|fd| fs::read_to_string(fd.path()).ok()) {
            let id = |key: &str| {
                let value = info.lines().find_map(|line| line.strip_prefix(key))?;
                value.trim().parse::<u32>().ok()
            };
            // A link names its program, too.
            match (id("link_id:"), id("prog_id:"), id("map_id:")) {
                (Some(link), ..) => self.links.insert(link),
                (None, Some(program), _) => self.programs.insert(program),
                // Opening a program array while its owner ends may keep it forever: see `ours` in `kill.rs`.
                (None, None, Some(map)) if id("map_type:") != Some(PROGRAM_ARRAY) => {
                    self.maps.insert(map)
                }
                _ => false,
            };
        }
    }

    /// Waits until none is left, after the daemon has ended. The kernel frees what a process held after a while, not at
    /// once. Maps are looked at last, and no other ones, because that opens them.
    pub fn are_gone(self) {
        eventually("no link is left", || {
            LinkInfoIter::default().all(|link| !self.links.contains(&link.id))
        });
        eventually("no program is left", || {
            ProgInfoIter::default().all(|program| !self.programs.contains(&program.id))
        });
        eventually("no map is left", || {
            self.maps.iter().all(|map| MapHandle::from_map_id(*map).is_err())
        });
    }
}
