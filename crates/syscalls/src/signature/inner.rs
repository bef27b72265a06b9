//! Inner calls of syscalls that multiplex others, as `socketcall` and `ipc` do: the name of the inner call
//! and the source of its arguments. Reading of memory is up to the user of this module.

use super::{Count, Prototype, Signature};

/// Call that a multiplexing syscall makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InnerCall {
    /// Name of the inner call.
    pub name: &'static str,
    /// Source of its arguments.
    pub source: ArgumentSource,
}

/// Source of the arguments of an inner call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentSource {
    /// Positions of registers, in the order of the inner call's parameters.
    Registers(Vec<u8>),
    /// An array in memory.
    Memory(MemoryArguments),
}

/// Array of arguments that a register points to, each as wide as a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryArguments {
    /// Position of that register.
    pub position: u8,
    /// Number of arguments.
    pub count: u8,
    /// Signature of the inner call.
    pub signature: Box<Signature>,
}

impl InnerCall {
    /// Parses `semop(semid,tsops,nsops)` or `socket(*args) sys_socket` in a case with that prototype;
    /// `signature` looks up the signature of a function.
    pub(super) fn parse(
        text: &'static str,
        prototype: &Prototype,
        signature: impl Fn(&str) -> Option<Signature>,
    ) -> Option<Self> {
        let (name, rest) = text.split_once('(')?;
        let (parameters, function) = rest.split_once(')')?;
        let source = match parameters.strip_prefix('*') {
            Some(parameter) => {
                let signature = signature(function.strip_prefix(' ')?)?;
                ArgumentSource::Memory(MemoryArguments::new(parameter, prototype, signature)?)
            }
            None => {
                let positions = parameters.split(',').map(|one| position(one, prototype));
                ArgumentSource::Registers(positions.collect::<Option<_>>()?)
            }
        };
        Some(Self { name, source })
    }
}

impl MemoryArguments {
    fn new(parameter: &str, prototype: &Prototype, signature: Signature) -> Option<Self> {
        let position = position(parameter, prototype)?;
        let memory = prototype.parameters.get(usize::from(position))?.memory?;
        let Count::Fixed(count) = memory.count else { return None };
        Some(Self { position, count, signature: Box::new(signature) })
    }
}

fn position(parameter: &str, prototype: &Prototype) -> Option<u8> {
    u8::try_from(prototype.position(parameter)?).ok()
}
