//! Calls as they were made, and their arguments with the memory that was captured for them.

use crate::{Abi, Capture, Moment, Parameter, Part, Signature, Status, Value};

/// A syscall as it was made: registers, captured memory and, once it has returned, its result.
#[derive(Debug, Clone, Copy)]
pub struct Call<'c> {
    /// ABI of the caller.
    pub abi: Abi,
    /// Six argument registers as the caller passed them.
    pub registers: [u64; 6],
    /// Captured memory of all arguments.
    pub captures: &'c [Capture<'c>],
    /// Value that the call returned; `None` if it is not known.
    pub result: Option<i64>,
}

/// One argument of a call.
#[derive(Debug, Clone, Copy)]
pub struct Argument<'c> {
    /// Parameter of the signature.
    pub parameter: Parameter,
    /// Value that was passed.
    pub register: u64,
    /// Index of the argument's captures; `None` for an argument that is itself in memory, because no
    /// memory is captured through it.
    position: Option<u8>,
    call: &'c Call<'c>,
}

impl<'c> Call<'c> {
    /// Returns the arguments of the call according to its signature.
    pub fn arguments(
        &'c self,
        signature: &'static Signature,
    ) -> impl Iterator<Item = Argument<'c>> {
        self.arguments_from(signature, self.registers, false)
    }

    /// Returns the arguments of the call, or with `in_memory` those of an inner call whose arguments are in
    /// memory (`socketcall`), through which no memory is captured. `values` are the numbers passed.
    pub fn arguments_from(
        &'c self,
        signature: &'static Signature,
        values: [u64; 6],
        in_memory: bool,
    ) -> impl Iterator<Item = Argument<'c>> {
        signature.with_positions(values).map(move |(position, parameter, register)| Argument {
            parameter,
            register,
            position: (!in_memory).then_some(position),
            call: self,
        })
    }
}

impl<'c> Argument<'c> {
    /// Returns the ABI of the call.
    pub fn abi(&self) -> Abi {
        self.call.abi
    }

    /// Returns the register of the argument at `position`; 0 beyond the sixth.
    pub fn register_at(&self, position: u8) -> u64 {
        self.call.registers.get(usize::from(position)).copied().unwrap_or_default()
    }

    /// Returns the memory that the kernel read.
    pub fn at_entry(&self) -> impl Iterator<Item = &'c Capture<'c>> + Clone {
        self.captures().filter(|capture| capture.moment != Moment::Return)
    }

    /// Returns the memory that the kernel wrote.
    pub fn at_return(&self) -> impl Iterator<Item = &'c Capture<'c>> + Clone {
        self.captures().filter(|capture| capture.moment == Moment::Return)
    }

    /// Returns the result of the call, if it is known.
    pub fn result(&self) -> Option<i64> {
        self.call.result
    }

    /// Returns whether some memory of the argument could not be read.
    pub fn is_unreadable(&self) -> bool {
        self.parameter.memory.is_some()
            && self.captures().any(|capture| !capture.status.is_readable())
    }

    /// Returns whether the argument has more memory than was captured.
    pub fn is_truncated(&self) -> bool {
        let is_cut =
            |capture: &Capture<'_>| matches!(capture.status, Status::Truncated { length: Some(_) });
        // The length of a string is unknown if its end was not captured.
        self.captures().any(|capture| is_cut(capture) || is_text_cut(capture))
    }

    fn captures(&self) -> impl Iterator<Item = &'c Capture<'c>> + Clone + use<'c> {
        let position = self.position;
        self.call.captures.iter().filter(move |capture| Some(capture.index) == position)
    }
}

fn is_text_cut(capture: &Capture<'_>) -> bool {
    let is_text = matches!(capture.value, Value::Text(_)) && capture.part == Part::Whole;
    is_text && matches!(capture.status, Status::Truncated { .. })
}
