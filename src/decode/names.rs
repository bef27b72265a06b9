//! Paths that the kernel side adds to a call: the executable, the root and the directories that the paths of the call
//! begin at.

use super::{AncestorExes, KernelPath};
use crate::bpf::types::capture_part;

/// Paths of the kernel that belong to an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KernelPaths<'a> {
    /// The rule asks for them: one that is absent did not fit.
    pub are_wanted: bool,
    /// Executable, in the mounts that the task sees.
    pub exe: Option<KernelPath<'a>>,
    /// Working directory, below the task's root.
    pub cwd: Option<KernelPath<'a>>,
    /// Root of the task, unless that is the root of the mounts.
    pub root: Option<KernelPath<'a>>,
    /// Directories behind descriptors, with the positions of these arguments.
    pub directories: [Option<(u8, KernelPath<'a>)>; 2],
    /// Executables of the ancestors, each in the mounts that the ancestor sees.
    pub ancestors: AncestorExes<'a>,
}

impl<'a> KernelPaths<'a> {
    /// Returns no names.
    pub fn new(are_wanted: bool) -> Self {
        Self { are_wanted, ..Self::default() }
    }

    /// Adds a path; `false` for a part of another version. `position` is that of the descriptor, or the place of the
    /// ancestor.
    pub(super) fn add(&mut self, part: u8, position: u8, path: KernelPath<'a>) -> bool {
        let place = match capture_part(u32::from(part)) {
            capture_part::PART_EXE => &mut self.exe,
            capture_part::PART_CWD => &mut self.cwd,
            capture_part::PART_ROOT => &mut self.root,
            capture_part::PART_DIRECTORY => {
                let place = self.directories.iter_mut().find(|place| place.is_none());
                return place.map(|place| *place = Some((position, path))).is_some();
            }
            capture_part::PART_ANCESTOR => {
                self.ancestors.add(position, path);
                return true;
            }
            _ => return false,
        };
        *place = Some(path);
        true
    }

    /// Returns the directory behind the descriptor at a position.
    pub(super) fn directory(&self, position: u8) -> Option<&KernelPath<'a>> {
        let known = self.directories.iter().flatten();
        known.into_iter().find(|(known, _)| *known == position).map(|(_, path)| path)
    }
}
