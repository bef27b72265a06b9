//! Arguments and results that are descriptors of the calling process.

use crate::{
    ArgumentSource, Case, Count, Direction, Kind, Memory, Parameter, Prototype, Signature, Slot,
    signature, structure,
};

/// Returns the positions of the arguments that may be descriptors, in their order: a number below 0, such as
/// `AT_FDCWD`, is none.
pub fn descriptor_arguments(slot: Slot) -> impl Iterator<Item = u8> {
    positions(slot, Parameter::is_descriptor)
}

/// Returns the positions of those that may be `AT_FDCWD`, the working directory.
pub fn directory_arguments(slot: Slot) -> impl Iterator<Item = u8> {
    positions(slot, Parameter::is_directory)
}

fn positions(slot: Slot, is_one: fn(&Parameter) -> bool) -> impl Iterator<Item = u8> {
    let has_one = move |position: &u8| {
        let at = usize::from(*position);
        let all = signature(slot).into_iter().flat_map(prototypes);
        all.filter_map(|one| one.parameters().get(at)).any(is_one)
    };
    (0..6).filter(has_one)
}

/// Descriptors in the memory of a call: each at the begin of an element of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DescriptorMembers {
    /// Position of the argument that points to them.
    pub position: u8,
    /// Number of elements.
    pub count: Count,
    /// Bytes of an element.
    pub size: u8,
    /// The call writes them, and they are new.
    pub at_return: bool,
}

/// Returns the descriptors that a call has in memory, if they are at the same place in all of its calls.
pub fn descriptor_members(slot: Slot) -> Option<DescriptorMembers> {
    let parameters = signature(slot)?.usual().parameters();
    (0..).zip(parameters).find_map(|(position, parameter)| members(slot, position, parameter))
}

fn members(slot: Slot, position: u8, parameter: &Parameter) -> Option<DescriptorMembers> {
    let Memory { direction, count, .. } = parameter.memory?;
    let size = match (parameter.kind, direction) {
        (Kind::Pointer(Kind::Fd), _) => size_of::<i32>(),
        (Kind::Struct(name), Direction::In | Direction::InOut) => {
            let layout = structure(slot.abi(), name)?;
            layout.members().first().filter(|first| first.offset == 0 && first.name == "fd")?;
            layout.size()
        }
        _ => return None,
    };
    let at_return = direction == Direction::Out;
    Some(DescriptorMembers { position, count, size: u8::try_from(size).ok()?, at_return })
}

/// Returns whether some calls of a syscall return a new descriptor.
pub fn may_return_descriptor(slot: Slot) -> bool {
    let is_one = |one: &Prototype| one.result() == Kind::Fd || makes_descriptor(one);
    signature(slot).is_some_and(|signature| prototypes(signature).any(is_one))
}

/// Returns whether the inner call returns a new descriptor, as that of `socketcall`.
fn makes_descriptor(prototype: &Prototype) -> bool {
    match prototype.inner().map(|inner| &inner.source) {
        Some(ArgumentSource::Memory(words)) => {
            prototypes(&words.signature).any(|one| one.result() == Kind::Fd)
        }
        _ => false,
    }
}

fn prototypes(signature: &Signature) -> impl Iterator<Item = &Prototype> {
    let cases = signature.cases().iter().map(Case::prototype);
    std::iter::once(signature.usual()).chain(cases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Abi, number};

    fn slot(abi: Abi, name: &str) -> Slot {
        Slot::new(abi, number(abi, name).unwrap()).unwrap()
    }

    #[test]
    fn descriptor_arguments_are_those_of_caller() {
        for (name, expected) in [
            ("read", &[0][..]),
            ("dup2", &[0, 1]),
            ("epoll_ctl", &[0, 2]),
            ("mmap", &[4]),
            ("openat", &[0]),
            ("renameat2", &[0, 2]),
            ("fanotify_mark", &[0, 3]),
            ("perf_event_open", &[3]),
            ("pidfd_getfd", &[0]),
            ("kcmp", &[]),
            ("close_range", &[]),
            ("getpid", &[]),
        ] {
            let positions: Vec<_> = descriptor_arguments(slot(Abi::Native, name)).collect();
            assert_eq!(positions, expected, "{name}");
        }
    }

    #[test]
    fn directory_arguments_are_those_that_may_be_the_working_directory() {
        for (name, expected) in
            [("read", &[][..]), ("openat", &[0]), ("renameat2", &[0, 2]), ("fanotify_mark", &[3])]
        {
            let positions: Vec<_> = directory_arguments(slot(Abi::Native, name)).collect();
            assert_eq!(positions, expected, "{name}");
        }
    }

    #[test]
    fn descriptor_members_are_those_of_arrays() {
        let names = (0..).map_while(Slot::from_index).filter(|slot| slot.abi() == Abi::Native);
        let known = names.filter_map(|slot| Some((slot.name()?, descriptor_members(slot)?)));
        let known: Vec<_> = known
            .map(|(name, one)| (name, one.position, one.count, one.size, one.at_return))
            .collect();
        let polled = |name| (name, 0, Count::Argument(1), 8, false);
        let pair = |name, position| (name, position, Count::Fixed(2), 4, true);
        let expected = [
            polled("poll"),
            pair("pipe", 0),
            pair("socketpair", 3),
            polled("ppoll"),
            pair("pipe2", 0),
        ];
        assert_eq!(known, expected);
    }

    #[test]
    fn descriptor_arguments_of_every_syscall_are_two_at_most() {
        for slot in (0..).map_while(Slot::from_index) {
            assert!(descriptor_arguments(slot).count() <= 2, "{slot}");
        }
    }

    #[test]
    fn may_return_descriptor_of_calls_that_open() {
        for name in ["openat", "dup", "socket", "accept4", "pidfd_open", "fcntl", "bpf", "fsopen"] {
            assert!(may_return_descriptor(slot(Abi::Native, name)), "{name}");
        }
        for name in ["read", "close", "epoll_ctl", "getpid", "ioctl"] {
            assert!(!may_return_descriptor(slot(Abi::Native, name)), "{name}");
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn may_return_descriptor_of_inner_call() {
        assert!(may_return_descriptor(slot(Abi::Compat, "socketcall")));
    }
}
