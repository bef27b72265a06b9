//! Descriptors that an event has, by their place in the call.

use syscalls::{Slot, SqeMember, Status, uring_operation};

use super::{Descriptor, FileKind, OpenFile};

const EBADF: i32 = 9;
/// Descriptors that one call passes.
const ARGUMENTS: usize = crate::bpf::types::descriptor_size::DESCRIPTOR_ARGUMENTS.0 as usize;

/// Files behind the descriptors of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenFiles<'a> {
    /// The rule asks for them: one that is absent did not fit.
    pub are_wanted: bool,
    arguments: [Option<Descriptor<'a>>; ARGUMENTS],
    result: Option<Descriptor<'a>>,
}

impl<'a> OpenFiles<'a> {
    /// Returns no files.
    pub fn new(are_wanted: bool) -> Self {
        Self { are_wanted, ..Self::default() }
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.arguments.iter().chain([&self.result]).all(Option::is_none)
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

    /// Adds the argument of an operation of `io_uring` that is in that member: the index of a registered file.
    pub(crate) fn add_registered(&mut self, slot: Slot, member: SqeMember) {
        let position = uring_operation(slot).and_then(|operation| operation.position(member));
        let is_one = |position: &u8| syscalls::descriptor_arguments(slot).any(|at| at == *position);
        if let Some(position) = position.filter(is_one) {
            let file = Some(OpenFile { inode: 0, kind: FileKind::Registered });
            self.add(Descriptor { position, status: Status::Ok, file });
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

    /// Returns whether only a part of the path behind a descriptor is known, or the file did not fit at all. `fd` is
    /// its number.
    pub fn is_cut(&self, position: u8, fd: i32) -> bool {
        match self.descriptor(position) {
            Some(descriptor) => descriptor.status.is_truncated(),
            None => self.are_wanted && fd >= 0,
        }
    }

    /// Returns whether a descriptor that was open has no name: its file was closed or renamed while it was read.
    pub fn is_unreadable(&self, position: u8) -> bool {
        let status = self.descriptor(position).map(|descriptor| descriptor.status);
        matches!(status, Some(Status::Unreadable { errno }) if errno != EBADF)
    }
}
