//! Operations of `io_uring` (`io_uring.tsv`): the syscalls that each stands for, and where its arguments are. A malformed
//! line is skipped; a test proves that there is none.

use std::sync::LazyLock;

use crate::numbers::URING_FILE;
use crate::{Abi, Slot, number};

/// Operation of `io_uring`.
#[derive(Debug, Clone)]
pub struct UringOperation {
    /// Syscalls that the operation stands for, the nearest first.
    syscalls: Vec<&'static str>,
    arguments: Vec<SqeMember>,
    functions: Vec<&'static str>,
}

/// Member of an entry of the submission queue (`struct io_uring_sqe`) that holds an argument. Some members share a place,
/// and have the name that most operations use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SqeMember {
    /// Nothing: the operation does not have the argument.
    None,
    Fd,
    Off,
    Addr,
    Len,
    /// Flags of the operation.
    Flags,
    /// Number of a registered buffer, or of a group of buffers.
    Buffer,
    SpliceFd,
    AddrLen,
    Addr3,
    /// `addr`, or `len` if that is 0.
    AddrOrLen,
    /// `off`, or `len` if that is 0.
    OffOrLen,
}

/// Members by their name in the file.
const MEMBERS: [(&str, SqeMember); 12] = [
    ("-", SqeMember::None),
    ("fd", SqeMember::Fd),
    ("off", SqeMember::Off),
    ("addr", SqeMember::Addr),
    ("len", SqeMember::Len),
    ("flags", SqeMember::Flags),
    ("buf", SqeMember::Buffer),
    ("splice_fd", SqeMember::SpliceFd),
    ("addr_len", SqeMember::AddrLen),
    ("addr3", SqeMember::Addr3),
    ("addr|len", SqeMember::AddrOrLen),
    ("off|len", SqeMember::OffOrLen),
];

impl UringOperation {
    /// Returns the slots of the syscalls of this architecture that the operation stands for, the nearest first.
    pub fn syscalls(&self) -> impl Iterator<Item = Slot> {
        let slot = |name: &&str| Slot::new(Abi::Native, number(Abi::Native, name)?);
        self.syscalls.iter().filter_map(slot)
    }

    /// Returns the place of each argument, in the order of the signature.
    pub fn arguments(&self) -> &[SqeMember] {
        &self.arguments
    }

    /// Returns the position of the argument that a member holds.
    pub fn position(&self, member: SqeMember) -> Option<u8> {
        let mut all = self.arguments.iter().zip(0..);
        all.find(|(known, _)| **known == member).map(|(_, position)| position)
    }

    /// Returns the kernel functions that prepare the operation; the first one that a kernel has does.
    pub(super) fn functions(&self) -> impl Iterator<Item = &'static str> {
        self.functions.iter().copied()
    }
}

/// Returns the operation of a slot; `None` for syscalls, and for numbers without a name.
pub fn uring_operation(slot: Slot) -> Option<&'static UringOperation> {
    static OPERATIONS: LazyLock<Vec<Option<UringOperation>>> = LazyLock::new(operations);
    let place = (slot.abi() == Abi::IoUring).then(|| usize::from(slot.nr()))?;
    OPERATIONS.get(place)?.as_ref()
}

fn operations() -> Vec<Option<UringOperation>> {
    let mut all = Vec::new();
    for (nr, operation) in lines().filter_map(parse) {
        all.resize(all.len().max(nr + 1), None);
        if let Some(place) = all.get_mut(nr) {
            *place = Some(operation);
        }
    }
    all
}

fn lines() -> impl Iterator<Item = &'static str> {
    URING_FILE.lines().filter(|line| !line.starts_with('#'))
}

fn parse(line: &'static str) -> Option<(usize, UringOperation)> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [nr, _, _, syscalls, arguments, functions] = *columns.as_slice() else { return None };
    let list = |column: &'static str| column.split(',').filter(|one| *one != "-").collect();
    let arguments = if arguments == "-" { Some(Vec::new()) } else { members(arguments) };
    let (syscalls, functions) = (list(syscalls), list(functions));
    Some((nr.parse().ok()?, UringOperation { syscalls, arguments: arguments?, functions }))
}

fn members(column: &str) -> Option<Vec<SqeMember>> {
    let member = |name: &str| MEMBERS.iter().find(|(known, _)| *known == name);
    column.split(',').map(|name| Some(member(name)?.1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature;

    fn slot(name: &str) -> Slot {
        Slot::new(Abi::IoUring, number(Abi::IoUring, name).unwrap()).unwrap()
    }

    #[test]
    fn parse_reads_every_line_of_file() {
        assert_eq!(lines().find(|line| parse(line).is_none()), None);
        let numbers: Vec<usize> = lines().filter_map(parse).map(|(nr, _)| nr).collect();
        assert_eq!(numbers, (0..=64).collect::<Vec<_>>());
    }

    #[test]
    fn arguments_of_every_operation_are_those_of_its_signature() {
        for (nr, name) in crate::names(Abi::IoUring) {
            let slot = Slot::new(Abi::IoUring, nr).unwrap();
            let signature = signature(slot).unwrap_or_else(|| panic!("{name}"));
            let operation = uring_operation(slot).unwrap();
            assert_eq!(operation.arguments().len(), signature.parameters().len(), "{name}");
            assert!(operation.functions().next().is_some(), "{name}");
        }
    }

    #[test]
    fn syscalls_of_every_operation_are_known() {
        for operation in lines().filter_map(parse).map(|(_, operation)| operation) {
            for name in operation.syscalls {
                assert!(Abi::BOTH.iter().any(|abi| number(*abi, name).is_some()), "{name}");
            }
        }
    }

    #[test]
    fn syscalls_of_operation_begin_with_nearest() {
        let names = |name| -> Vec<_> {
            uring_operation(slot(name)).unwrap().syscalls().filter_map(Slot::name).collect()
        };
        assert_eq!(names("nop"), Vec::<&str>::new());
        assert_eq!(names("statx"), ["statx"]);
        assert_eq!(names("renameat").first(), Some(&"renameat2"));
    }

    #[test]
    fn ring_operation_of_syscall_or_unknown_number_is_none() {
        let last = Slot::new(Abi::IoUring, 127).unwrap();
        for slot in [Slot::new(Abi::Native, 18).unwrap(), last] {
            assert!(uring_operation(slot).is_none(), "{slot}");
        }
        assert_eq!(
            (last.abi(), last.nr(), Slot::new(Abi::IoUring, 128)),
            (Abi::IoUring, 127, None)
        );
    }
}
