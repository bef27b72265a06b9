//! Descriptors that an event has, by their place in the call.

use syscalls::{INNER_POSITION, Slot, SqeMember, Status, uring_operation};

use super::{Descriptor, FileKind, KernelPath, OpenFile};

const EBADF: i32 = 9;
/// The working directory, where the descriptor of a directory could be.
const AT_FDCWD: i32 = -100;
/// Descriptors that one call passes.
const ARGUMENTS: usize = crate::bpf::types::descriptor_size::DESCRIPTOR_ARGUMENTS.0 as usize;

/// Files behind the descriptors of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenFiles<'a> {
    /// The rule asks for them: one that is absent did not fit.
    pub are_wanted: bool,
    arguments: [Option<Descriptor<'a>>; ARGUMENTS],
    result: Option<Descriptor<'a>>,
    /// In the memory of arguments, with their numbers.
    members: Vec<(i32, Descriptor<'a>)>,
}

impl<'a> OpenFiles<'a> {
    /// Returns no files.
    pub fn new(are_wanted: bool) -> Self {
        Self { are_wanted, ..Self::default() }
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.arguments.iter().chain([&self.result]).all(Option::is_none) && self.members.is_empty()
    }

    /// Adds a descriptor; `false` if there is no place for it.
    pub(crate) fn add(&mut self, descriptor: Descriptor<'a>) -> bool {
        let mut places = self.arguments.iter_mut();
        let place = match descriptor.position {
            Descriptor::RESULT => Some(&mut self.result).filter(|place| place.is_none()),
            0..Descriptor::RESULT => places.find(|place| place.is_none()),
            _ => None,
        };
        place.map(|place| *place = Some(descriptor)).is_some()
    }

    /// Adds a descriptor of that number in the memory of an argument.
    pub(crate) fn add_member(&mut self, number: i32, descriptor: Descriptor<'a>) {
        self.members.push((number, descriptor));
    }

    /// Returns the numbers and files of the descriptors in the memory of arguments, by the index of the captures.
    pub fn members(
        &self,
        is_one: impl Fn(u8) -> bool,
    ) -> impl Iterator<Item = (i32, &OpenFile<'a>)> {
        let own = self.members.iter().filter(move |(_, one)| is_one(one.position));
        own.filter_map(|(number, one)| Some((*number, one.file.as_ref()?)))
    }

    /// Returns the file behind the argument of an inner call that is a descriptor of that number: it is in memory behind
    /// an argument.
    pub fn word(&self, number: i32) -> Option<&OpenFile<'a>> {
        let mut words = self.members(|index| index < INNER_POSITION);
        words.find(|(known, _)| *known == number).map(|(_, file)| file)
    }

    /// Adds the argument of an operation of `io_uring` that is in that member: the index of a registered file.
    pub(crate) fn add_registered(&mut self, slot: Slot, member: SqeMember) {
        let position = uring_operation(slot).and_then(|operation| operation.position(member));
        let is_one = |position: &u8| syscalls::descriptor_arguments(slot).any(|at| at == *position);
        if let Some(position) = position.filter(is_one) {
            let file = Some(OpenFile { inode: 0, kind: FileKind::Registered });
            self.add(Descriptor { position, status: Status::Ok, file });
        }
    }

    /// Adds the working directory to the arguments that are `AT_FDCWD` and have it as the base of a path.
    pub(crate) fn add_cwd(&mut self, slot: Slot, args: &[u64; 6], cwd: &KernelPath<'a>) {
        let is_cwd = |position: &u8| is_cwd(args.get(usize::from(*position)).copied());
        for position in syscalls::directory_arguments(slot).filter(is_cwd) {
            if self.are_wanted && self.descriptor(position).is_none() {
                let file = OpenFile { inode: 0, kind: FileKind::Path(*cwd) };
                let file = Some(file).filter(|_| cwd.status.is_readable());
                self.add(Descriptor { position, status: cwd.status, file });
            }
        }
    }

    /// Returns the descriptor at a position.
    fn descriptor(&self, position: u8) -> Option<&Descriptor<'a>> {
        let mut all = self.arguments.iter().chain([&self.result]).flatten();
        all.find(|known| known.position == position)
    }

    /// Returns the file behind the descriptor at a position, if it is known.
    pub fn of(&self, position: u8) -> Option<&OpenFile<'a>> {
        self.descriptor(position)?.file.as_ref()
    }

    /// Returns whether only a part of the path behind a descriptor is known, or the file did not fit at all. `is_one`:
    /// its number may be that of a file.
    pub fn is_cut(&self, position: u8, is_one: bool) -> bool {
        match self.descriptor(position) {
            Some(descriptor) => descriptor.status.is_truncated(),
            None => self.are_wanted && is_one,
        }
    }

    /// Returns whether a descriptor that was open has no name: its file was closed or renamed while it was read.
    pub fn is_unreadable(&self, position: u8) -> bool {
        let status = self.descriptor(position).map(|descriptor| descriptor.status);
        matches!(status, Some(Status::Unreadable { errno }) if errno != EBADF)
    }
}

/// Returns whether an argument is the working directory, if it may be the descriptor of a directory.
pub fn is_cwd(argument: Option<u64>) -> bool {
    argument.is_some_and(|fd| fd as i32 == AT_FDCWD)
}
