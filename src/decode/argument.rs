//! The arguments of an event, for handlers that leave their meaning to the syscall's signature.

use syscalls::{Argument, Call, Kind};

use super::Event;

impl Event<'_> {
    /// Returns the arguments of the call, or those of the call that it stands for. `None` if the handler
    /// declares fields of its own, and for an unknown syscall.
    pub fn arguments(&self) -> Option<impl Iterator<Item = Argument<'_>>> {
        let signature =
            syscalls::signature(self.slot).filter(|_| self.handler.fields.is_empty())?;
        let (mut direct, mut in_memory) = (None, None);
        match self.words() {
            None => direct = Some(self.call().arguments(signature)),
            Some((inner, words)) => in_memory = Some(self.call().arguments_in_memory(inner, words)),
        }
        Some(direct.into_iter().flatten().chain(in_memory.into_iter().flatten()))
    }

    /// Returns the kind of the call's result; `None` for an unknown syscall.
    pub fn result_kind(&self) -> Option<Kind> {
        let (signature, registers) =
            self.words().or_else(|| Some((syscalls::signature(self.slot)?, self.args)))?;
        Some(signature.result(registers))
    }

    fn call(&self) -> Call<'_> {
        Call {
            abi: self.slot.abi(),
            registers: self.args,
            captures: &self.captures,
            result: self.result(),
        }
    }
}
