//! Inner calls of syscalls like `socketcall`: name and arguments of the call that an event stands for.

use syscalls::{
    self, Abi, ArgumentSource, Capture, InnerCall, Kind, MemoryArguments, Moment, Part, Signature,
    Value, notation::uint_at,
};

use super::Event;

impl Event<'_> {
    /// Returns the name of the call that the syscall stands for; `None` if it stands for itself.
    pub fn inner_name(&self) -> Option<&'static str> {
        Some(self.inner()?.name)
    }

    /// Returns the name of that call if its arguments are known, too.
    pub fn display_name(&self) -> Option<&'static str> {
        let inner = self.inner().filter(|_| self.handler.is_of_arguments())?;
        match inner.source {
            ArgumentSource::Registers(_) => Some(inner.name),
            ArgumentSource::Memory(_) => self.words().map(|_| inner.name),
        }
    }

    /// Returns the signature of the inner call and its arguments, if they lie in memory that was readable.
    pub(super) fn words(&self) -> Option<(&'static Signature, [u64; 6])> {
        let ArgumentSource::Memory(words) = &self.inner()?.source else { return None };
        let width = Kind::Address.size(self.slot.abi())?;
        let bytes = self.bytes_of(words)?;
        let mut registers = [0; 6];
        let places = registers.iter_mut().take(words.count.into());
        for (nth, register) in places.enumerate() {
            *register = uint_at(bytes, nth, width)?;
        }
        Some((&words.signature, registers))
    }

    fn inner(&self) -> Option<&'static InnerCall> {
        // No 64-bit ABI has such calls: theirs are not searched for the case that applies.
        let signature =
            syscalls::signature(self.slot).filter(|_| self.slot.abi() == Abi::Compat)?;
        signature.prototype(self.args).inner()
    }

    fn bytes_of(&self, words: &MemoryArguments) -> Option<&[u8]> {
        let is_of = |capture: &&Capture<'_>| {
            let is_due = capture.part == Part::Whole && capture.moment != Moment::Return;
            is_due && capture.status.is_readable()
        };
        match self.captures.of(words.position).iter().find(is_of)?.value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}
