//! Files that a call names, by a path or by a descriptor, as the kernel reads them for patterns. Pure.

use syscalls::{PathArgument, PathBase, Signature, Slot, descriptor_arguments, path_arguments};

/// Files of a syscall whose paths patterns compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Files {
    /// Path arguments, two at most.
    pub paths: Vec<FileSource>,
    /// Descriptors, two at most.
    pub descriptors: Vec<FileSource>,
}

/// Arguments that name one file, by their positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileSource {
    /// Path, unless the descriptor itself is meant.
    pub path: Option<u8>,
    /// Directory that a relative path begins at, or the file itself.
    pub base: FileBase,
    /// Flags, which may have `AT_EMPTY_PATH`.
    pub flags: Option<u8>,
}

/// `PathBase`, ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum FileBase {
    Cwd,
    Descriptor(u8),
    Unknown,
}

/// Returns whether a syscall has a path argument.
pub fn has_path(slot: Slot) -> bool {
    path_arguments(slot).next().is_some()
}

/// Returns whether a syscall has a descriptor among its arguments.
pub fn has_descriptor(slot: Slot) -> bool {
    descriptor_arguments(slot).next().is_some()
}

/// Returns the path arguments of a syscall.
pub(super) fn paths(slot: Slot) -> Vec<FileSource> {
    let flags = empty_path_flags(slot);
    let of = |PathArgument { position, base }| FileSource {
        path: Some(position),
        base: match base {
            PathBase::Cwd => FileBase::Cwd,
            PathBase::Descriptor(position) => FileBase::Descriptor(position),
            PathBase::Unknown => FileBase::Unknown,
        },
        flags,
    };
    path_arguments(slot).map(of).collect()
}

/// Returns the descriptors among the arguments of a syscall.
pub(super) fn descriptors(slot: Slot) -> Vec<FileSource> {
    let of =
        |position| FileSource { path: None, base: FileBase::Descriptor(position), flags: None };
    descriptor_arguments(slot).map(of).collect()
}

/// Returns the position of the flags that may have `AT_EMPTY_PATH`.
fn empty_path_flags(slot: Slot) -> Option<u8> {
    let parameters = syscalls::signature(slot).map(Signature::parameters).unwrap_or_default();
    let has_flag =
        |kind: syscalls::Kind| kind.set().is_some_and(|set| set.value("AT_EMPTY_PATH").is_some());
    (0..).zip(parameters).find(|(_, one)| has_flag(one.kind)).map(|(position, _)| position)
}

#[cfg(test)]
mod tests {
    use syscalls::signature;

    use super::*;

    /// `bpf/filter_path.bpf.c` knows one position and one bit.
    #[test]
    fn empty_path_flags_of_every_syscall_are_one_argument_with_one_bit() {
        for slot in (0..).map_while(Slot::from_index) {
            let parameters = signature(slot).map(Signature::parameters).unwrap_or_default();
            let sets = parameters.iter().filter_map(|one| one.kind.set());
            let bits: Vec<_> = sets.filter_map(|set| set.value("AT_EMPTY_PATH")).collect();
            assert!(matches!(bits[..], [] | [0x1000]), "{slot}");
        }
    }

    #[test]
    fn files_of_every_syscall_have_room() {
        for slot in (0..).map_while(Slot::from_index) {
            assert!(paths(slot).len() <= 2 && descriptors(slot).len() <= 2, "{slot}");
        }
    }
}
