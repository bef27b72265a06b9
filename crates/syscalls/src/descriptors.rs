//! Arguments and results that are descriptors of the calling process.

use crate::{
    Abi, ArgumentSource, Case, Count, Direction, Format, INNER_POSITION, InnerArguments, Kind,
    Member, MemberKind, Memory, Parameter, Part, Prototype, Signature, Slot, Structure, Visibility,
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

/// Place in the captured memory of a call where descriptors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DescriptorMembers {
    /// Index of the captures: position of an argument, or of an inner one.
    pub index: u8,
    /// Part of the argument that they hold.
    pub part: Part,
    /// Form in which descriptors are there.
    pub form: DescriptorForm,
    /// The call passes them.
    pub at_entry: bool,
    /// The call writes them, and they are new.
    pub at_return: bool,
}

/// Form in which memory contains descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DescriptorForm {
    /// A member of each element of `size` bytes, at `offset`; of a single element the size is 0. An element has the
    /// member if the word at the offset `flag.0` has the bit `flag.1`.
    Members {
        /// Bytes of an element.
        size: u8,
        /// Offset of the member.
        offset: u8,
        /// Condition of the member.
        flag: Option<(u8, u8)>,
    },
    /// Bits of a set, by their number.
    Bits,
    /// `SCM_RIGHTS` of control data.
    Rights,
}

/// Returns the places of descriptors in the memory of a call. Of calls that have their own cases, these are arrays
/// that the call writes, and inner arguments.
pub fn descriptor_members(slot: Slot) -> Vec<DescriptorMembers> {
    let mut all = Vec::<DescriptorMembers>::new();
    let Some(signature) = signature(slot) else { return all };
    for one in prototypes(signature).flat_map(|prototype| of_prototype(slot, signature, prototype))
    {
        let is_same = |known: &&mut DescriptorMembers| {
            (known.index, known.part, known.form) == (one.index, one.part, one.form)
        };
        match all.iter_mut().find(is_same) {
            Some(known) => {
                known.at_entry |= one.at_entry;
                known.at_return |= one.at_return;
            }
            None => all.push(one),
        }
    }
    all
}

fn of_prototype(
    slot: Slot,
    signature: &Signature,
    prototype: &Prototype,
) -> Vec<DescriptorMembers> {
    let abi = slot.abi();
    let is_usual = std::ptr::eq(prototype, signature.usual());
    let parameters = (0..).zip(prototype.parameters());
    let own = parameters.flat_map(|(at, one)| of_parameter(abi, at, one));
    let mut all: Vec<_> = own.filter(|one| is_usual || !one.at_entry).collect();
    if let Some(inner) = prototype.inner_arguments(abi) {
        if prototype.inner().is_some() {
            all.extend(words(&inner));
        }
        let parameters = (INNER_POSITION..).zip(inner.signature.parameters());
        all.extend(parameters.flat_map(|(at, one)| of_parameter(abi, at, one)));
    }
    all
}

/// Returns the places of inner arguments that are descriptors themselves.
fn words(inner: &InnerArguments<'_>) -> impl Iterator<Item = DescriptorMembers> {
    let parameters = inner.signature.parameters().iter().zip(&inner.members);
    let descriptors = parameters.filter(|(one, _)| one.is_descriptor());
    descriptors.filter_map(|(_, place)| {
        let form = DescriptorForm::Members { size: 0, offset: small(place.offset)?, flag: None };
        let (index, part) = (inner.position, Part::Whole);
        Some(DescriptorMembers { index, part, form, at_entry: true, at_return: false })
    })
}

fn of_parameter(abi: Abi, index: u8, parameter: &Parameter) -> Vec<DescriptorMembers> {
    let Some(Memory { direction, count, .. }) = parameter.memory else { return Vec::new() };
    let (is_read, is_written) = (direction.is_read(), direction == Direction::Out);
    let at = |part, form, at_entry, at_return| {
        Some(DescriptorMembers { index, part, form, at_entry, at_return })
    };
    let members = |name, part| {
        let is_array = part == Part::Whole && count != Count::One;
        let forms = structure(abi, name).map_or(Vec::new(), |layout| of_layout(layout, is_array));
        forms.into_iter().filter_map(|form| at(part, form, true, false)).collect()
    };
    match parameter.kind {
        Kind::Pointer(Kind::Fd) => {
            let form = DescriptorForm::Members { size: 4, offset: 0, flag: None };
            at(Part::Whole, form, is_read, is_written).into_iter().collect()
        }
        Kind::Bits("fds") => {
            at(Part::Whole, DescriptorForm::Bits, true, false).into_iter().collect()
        }
        Kind::Msghdr | Kind::Mmsghdr => {
            // Of messages that are sent the kernel writes the lengths only.
            let is_sent = direction == Direction::In || is_read && parameter.kind == Kind::Mmsghdr;
            at(Part::Control, DescriptorForm::Rights, is_sent, !is_sent).into_iter().collect()
        }
        Kind::Struct(name) if is_read => members(name, Part::Whole),
        Kind::Pointers(name) if is_read => members(name, Part::Buffer),
        _ => Vec::new(),
    }
}

/// Returns the members of a structure that are descriptors and are printed.
fn of_layout(layout: &Structure, is_array: bool) -> Vec<DescriptorForm> {
    let size = if is_array { small(layout.size()) } else { Some(0) };
    let form = |member: &Member| {
        Some(DescriptorForm::Members {
            size: size?,
            offset: small(member.offset)?,
            flag: flag(layout, member),
        })
    };
    layout.members().iter().filter(|one| is_descriptor(one)).filter_map(form).collect()
}

fn is_descriptor(member: &Member) -> bool {
    member.kind == MemberKind::Plain(Format::Fd) && member.visibility != Visibility::Never
}

/// Returns the place and the bit of another member on which one depends, if that is all.
fn flag(layout: &Structure, member: &Member) -> Option<(u8, u8)> {
    let [condition] = member.conditions.as_slice() else { return None };
    let flags = layout.members().iter().find(|one| one.name == condition.name())?;
    let mask = u8::try_from(condition.any_of()?).ok()?;
    Some((small(flags.offset)?, mask)).filter(|_| flags.width == size_of::<u32>())
}

fn small(number: usize) -> Option<u8> {
    u8::try_from(number).ok()
}

/// Returns the names of the members behind which a text has descriptors, of a kind of memory.
pub fn descriptor_names(abi: Abi, kind: Kind) -> Vec<&'static str> {
    let (Kind::Struct(name) | Kind::Sized(name) | Kind::Pointers(name)) = kind else {
        return Vec::new();
    };
    let Some(layout) = structure(abi, name) else { return Vec::new() };
    let is_one = |one: &&Member| is_descriptor(one) || one.pointed == Some("*fd");
    layout.members().iter().filter(is_one).map(|one| one.name).collect()
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
    use crate::number;

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

    /// Returns index, part, form and moments of the places of a syscall, as text.
    fn places(abi: Abi, name: &str) -> Vec<String> {
        let text = |one: DescriptorMembers| {
            let form = match one.form {
                DescriptorForm::Members { size, offset, flag: None } => format!("{size}+{offset}"),
                DescriptorForm::Members { size, offset, flag: Some((at, bits)) } => {
                    format!("{size}+{offset} if {at}&{bits}")
                }
                form => format!("{form:?}"),
            };
            let moments = ["", " in"][usize::from(one.at_entry)].to_owned()
                + ["", " out"][usize::from(one.at_return)];
            format!("{} {:?} {form}{moments}", one.index, one.part)
        };
        descriptor_members(slot(abi, name)).into_iter().map(text).collect()
    }

    #[test]
    fn descriptor_members_are_those_of_memory() {
        for (name, expected) in [
            ("poll", &["0 Whole 8+0 in"][..]),
            ("ppoll", &["0 Whole 8+0 in"]),
            ("pipe2", &["0 Whole 4+0 out"]),
            ("socketpair", &["3 Whole 4+0 out"]),
            ("read", &[]),
            ("ioctl", &[]),
            ("select", &["1 Whole Bits in", "2 Whole Bits in", "3 Whole Bits in"]),
            ("sendmsg", &["1 Control Rights in"]),
            ("recvmmsg", &["1 Control Rights out"]),
            ("clone", &["2 Whole 4+0 out"]),
            ("clone3", &["16 Whole 4+0 out"]),
            ("io_submit", &["2 Buffer 0+20 in", "2 Buffer 0+60 if 56&1 in"]),
            ("io_uring_setup", &["1 Whole 0+24 if 8&32 in"]),
        ] {
            assert_eq!(places(Abi::Native, name), expected, "{name}");
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn descriptor_members_are_those_of_inner_calls() {
        for (name, expected) in [
            ("socketcall", &["1 Whole 0+0 in", "19 Whole 4+0 out", "17 Control Rights in out"][..]),
            ("select", &["17 Whole Bits in", "18 Whole Bits in", "19 Whole Bits in"]),
            ("mmap", &["0 Whole 0+16 in"]),
        ] {
            assert_eq!(places(Abi::Compat, name), expected, "{name}");
        }
    }

    #[test]
    fn descriptor_members_of_every_syscall_are_three_at_most() {
        for slot in (0..).map_while(Slot::from_index) {
            let known = descriptor_members(slot);
            assert!(known.len() <= 3, "{slot}: {known:?}");
        }
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
