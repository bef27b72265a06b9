//! The arguments of an event, for handlers that leave their meaning to the syscall's signature.

use syscalls::{Argument, Call, INNER_POSITION, Kind, Signature, Socket};

use super::{Descriptor, Event, FileKind, OpenFile, SocketFamily};

/// The call of an event, with the signature that explains its arguments.
#[derive(Debug, Clone, Copy)]
pub struct KnownCall<'e> {
    call: Call<'e>,
    signature: &'static Signature,
    /// Values of the arguments: the registers, or numbers in memory for the inner call of `socketcall`.
    values: [u64; 6],
    in_memory: bool,
}

impl KnownCall<'_> {
    /// Returns the arguments.
    pub fn arguments(&self) -> impl Iterator<Item = Argument<'_>> {
        self.call.arguments_from(self.signature, self.values, self.in_memory)
    }
}

impl Event<'_> {
    /// Returns the call, or the inner call that it makes. `None` if the handler declares fields of its own, and
    /// for an unknown syscall.
    pub fn known_call(&self) -> Option<KnownCall<'_>> {
        let signature =
            syscalls::signature(self.slot).filter(|_| self.handler.is_of_arguments())?;
        let (registers, inner) = (self.args, self.words());
        let in_memory = inner.is_some();
        let (signature, values) = inner.unwrap_or((signature, registers));
        let (abi, captures, result) = (self.slot.abi(), &*self.captures, self.result());
        let socket = self.socket();
        let call = Call { abi, registers, captures, result, socket };
        Some(KnownCall { call, signature, values, in_memory })
    }

    /// Returns the file behind an argument, if that is a descriptor and the file is known.
    pub fn file_of(&self, one: &Argument<'_>) -> Option<&OpenFile<'_>> {
        if !one.parameter.is_descriptor() {
            return None;
        }
        match one.position() {
            Some(position) => self.files.of(position),
            None => self.files.word(one.register as i32),
        }
    }

    /// Returns the files behind descriptors in the memory of an argument, or behind pointers in that, with their numbers.
    pub fn files_within<'e>(
        &'e self,
        one: &Argument<'_>,
    ) -> impl Iterator<Item = (i32, &'e OpenFile<'e>)> {
        let (own, is_outer) = (one.index(), one.position().is_some());
        self.files.members(move |index| index == own || is_outer && index >= INNER_POSITION)
    }

    /// Returns the file behind the result of the call, if that is a descriptor and the file is known.
    pub fn file_of_result(&self) -> Option<&OpenFile<'_>> {
        let is_one = self.result_kind() == Some(Kind::Fd);
        self.files.of(Descriptor::RESULT).filter(|_| is_one)
    }

    /// Returns the socket behind the first descriptor of the call, if that is one and its file is known.
    fn socket(&self) -> Option<Socket> {
        let position = syscalls::descriptor_arguments(self.slot).next()?;
        match self.files.of(position)?.kind {
            FileKind::Socket(socket) => Some(match socket.family {
                SocketFamily::Netlink(protocol, _) => Socket::Netlink(Some(protocol)),
                _ => Socket::Other,
            }),
            _ => None,
        }
    }

    /// Returns the kind of the call's result; `None` for an unknown syscall.
    pub fn result_kind(&self) -> Option<Kind> {
        let (signature, registers) =
            self.words().or_else(|| Some((syscalls::signature(self.slot)?, self.args)))?;
        Some(signature.result(registers))
    }
}
