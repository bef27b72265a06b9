//! An argument of a call with what is known of its memory, for handlers that leave that to the
//! syscall's signature.

use super::{End, Event, Moment, Part, Piece, Status};
use crate::syscalls::{self, Abi, Kind, Parameter};

/// One argument that was passed.
#[derive(Debug, Clone, Copy)]
pub struct Argument<'e> {
    /// What the signature says of it.
    pub parameter: Parameter,
    /// What was passed.
    pub register: u64,
    /// Which memory is its own; an argument that is in memory itself has none that is known.
    position: Option<u8>,
    event: &'e Event<'e>,
}

impl Event<'_> {
    /// Its arguments, or those of the call that it stands for; `None` where the handler tells them by
    /// fields of its own, and for a syscall that is not known.
    pub fn arguments(&self) -> Option<impl Iterator<Item = Argument<'_>>> {
        let signature =
            syscalls::signature(self.slot).filter(|_| self.handler.fields.is_empty())?;
        let words = self.words();
        let (signature, registers) = words.unwrap_or((signature, self.args));
        let arguments = signature.placed(registers);
        Some(arguments.map(move |(position, parameter, register)| Argument {
            parameter,
            register,
            position: Some(position).filter(|_| words.is_none()),
            event: self,
        }))
    }

    /// How its result is read; `None` for a syscall that is not known.
    pub fn result_kind(&self) -> Option<Kind> {
        let (signature, registers) =
            self.words().or_else(|| Some((syscalls::signature(self.slot)?, self.args)))?;
        Some(signature.result(registers))
    }
}

impl<'e> Argument<'e> {
    /// Of the call.
    pub fn abi(&self) -> Abi {
        self.event.slot.abi()
    }

    /// The register of the argument at that position.
    pub fn register_at(&self, position: u8) -> u64 {
        self.event.args.get(usize::from(position)).copied().unwrap_or_default()
    }

    /// Its memory as the kernel read it.
    pub fn at_entry(&self) -> impl Iterator<Item = &'e Piece<'e>> + Clone {
        self.pieces().filter(|piece| piece.moment != Moment::Return)
    }

    /// Its memory as the kernel wrote it.
    pub fn at_return(&self) -> impl Iterator<Item = &'e Piece<'e>> + Clone {
        self.pieces().filter(|piece| piece.moment == Moment::Return)
    }

    /// What the call returned, if that is known.
    pub fn result(&self) -> Option<i64> {
        match self.event.end {
            Some(End::Returned { result, .. }) => Some(result),
            _ => None,
        }
    }

    /// Whether some of its memory could not be read.
    pub fn is_unreadable(&self) -> bool {
        self.parameter.memory.is_some()
            && self.pieces().any(|piece| matches!(piece.status, Status::Unreadable { .. }))
    }

    /// Whether there was more of its memory than is told.
    pub fn is_truncated(&self) -> bool {
        let is_cut =
            |piece: &&Piece<'_>| matches!(piece.status, Status::Truncated { length: Some(_) });
        // Of a string that has no end in sight the length is not known either.
        self.pieces().any(|piece| is_cut(&piece) || self.is_text_cut(piece))
    }

    fn is_text_cut(&self, piece: &Piece<'_>) -> bool {
        let is_text = matches!(piece.value, super::Value::Text(_)) && piece.part == Part::Whole;
        is_text && matches!(piece.status, Status::Truncated { .. })
    }

    fn pieces(&self) -> impl Iterator<Item = &'e Piece<'e>> + Clone + use<'e> {
        let position = self.position;
        self.event.pieces.iter().filter(move |piece| Some(piece.index) == position)
    }
}
