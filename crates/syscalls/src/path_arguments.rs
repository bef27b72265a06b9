//! Arguments that are paths, and the directories that relative ones begin at.

use crate::{Kind, Parameter, Signature, Slot, signature};

/// Path that the kernel looks up for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathArgument {
    /// Position of the argument.
    pub position: u8,
    /// Directory that a relative path begins at.
    pub base: PathBase,
}

/// Directory that a relative path begins at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathBase {
    /// Working directory.
    Cwd,
    /// Directory of the descriptor at that position; the working directory if it is `AT_FDCWD`.
    Descriptor(u8),
    /// No directory: the text is a path only if it is absolute, as the source of a mount, which may as well be
    /// a word such as `tmpfs`.
    Unknown,
}

/// Returns the path arguments of a syscall, in their order. A text that is not looked up, as the target of a new
/// symbolic link, is none, nor is a path that the kernel returns.
pub fn path_arguments(slot: Slot) -> impl Iterator<Item = PathArgument> {
    let parameters = signature(slot).map(Signature::parameters).unwrap_or_default();
    (0..)
        .zip(parameters)
        .filter(|(_, one)| is_path(one))
        .map(|(position, one)| PathArgument { position, base: base(position, one, parameters) })
}

fn is_path(parameter: &Parameter) -> bool {
    parameter.kind == Kind::Path
        && parameter.memory.is_some_and(|memory| memory.direction.is_read())
}

fn base(position: u8, path: &Parameter, parameters: &[Parameter]) -> PathBase {
    let before = position.checked_sub(1);
    let is_directory =
        |at: &u8| parameters.get(usize::from(*at)).is_some_and(Parameter::is_directory);
    match before.filter(is_directory) {
        _ if path.name == "dev_name" => PathBase::Unknown,
        Some(directory) => PathBase::Descriptor(directory),
        None => PathBase::Cwd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Abi, number};

    fn of(name: &str) -> Vec<(u8, PathBase)> {
        let slot = Slot::new(Abi::Native, number(Abi::Native, name).unwrap()).unwrap();
        path_arguments(slot).map(|one| (one.position, one.base)).collect()
    }

    #[test]
    fn path_arguments_have_descriptor_before_them_or_cwd() {
        use PathBase::{Cwd, Descriptor, Unknown};
        for (name, expected) in [
            ("openat", vec![(1, Descriptor(0))]),
            ("renameat2", vec![(1, Descriptor(0)), (3, Descriptor(2))]),
            ("linkat", vec![(1, Descriptor(0)), (3, Descriptor(2))]),
            ("execve", vec![(0, Cwd)]),
            ("execveat", vec![(1, Descriptor(0))]),
            ("chdir", vec![(0, Cwd)]),
            ("symlinkat", vec![(2, Descriptor(1))]),
            ("fanotify_mark", vec![(4, Descriptor(3))]),
            ("inotify_add_watch", vec![(1, Cwd)]),
            ("mount", vec![(0, Unknown), (1, Cwd)]),
            ("getcwd", vec![]),
            ("read", vec![]),
        ] {
            assert_eq!(of(name), expected, "{name}");
        }
    }

    #[test]
    fn path_arguments_of_every_syscall_are_two_at_most() {
        for slot in (0..).map_while(Slot::from_index) {
            assert!(path_arguments(slot).count() <= 2, "{slot}");
        }
    }
}
