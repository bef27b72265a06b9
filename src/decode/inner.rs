//! The call that a call like `socketcall` stands for: an event in, its name and its arguments out. What
//! these point to is not known, for only the memory that registers lead to is captured.

use syscalls::{
    self, Abi, ArgumentSource, Capture, InnerCall, Kind, MemoryArguments, Moment, Part, Signature,
    Status, Value, notation::uint_at,
};

use super::Event;

impl Event<'_> {
    /// The name of the call that it stands for; `None` for one that stands for itself.
    pub fn inner_name(&self) -> Option<&'static str> {
        Some(self.inner()?.name)
    }

    /// The same, if its arguments are known, too.
    pub fn told_name(&self) -> Option<&'static str> {
        let inner = self.inner().filter(|_| self.handler.fields.is_empty())?;
        match inner.source {
            ArgumentSource::Registers(_) => Some(inner.name),
            ArgumentSource::Memory(_) => self.words().map(|_| inner.name),
        }
    }

    /// What the inner call takes, and its arguments, where these are in memory that could be read.
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
        let is_of = |piece: &&Capture<'_>| {
            piece.index == words.position
                && piece.part == Part::Whole
                && piece.moment != Moment::Return
                && !matches!(piece.status, Status::Unreadable { .. })
        };
        match self.pieces.iter().find(is_of)?.value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}
