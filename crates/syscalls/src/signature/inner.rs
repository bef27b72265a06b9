//! Calls that stand for others, as `socketcall` does: the cell of `signatures.tsv` that says so in, name and
//! arguments of the other call out. It never reads the memory that some of them are in.

use super::{Count, Form, Signature};

/// The call that a call stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inner {
    /// What it is called.
    pub name: &'static str,
    /// Where its arguments are.
    pub place: Place,
}

/// Where the arguments of the inner call are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In registers, whose positions these are, in the order of the inner call.
    Registers(Vec<u8>),
    /// In memory, one after the other.
    Memory(Words),
}

/// Arguments that a register points to, each as wide as a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The position of that register.
    pub position: u8,
    /// How many there are.
    pub count: u8,
    /// What they are.
    pub signature: Box<Signature>,
}

impl Inner {
    /// `semop(semid,tsops,nsops)` or `socket(*args) sys_socket`, in a case that passes `form`.
    pub(super) fn parse(
        text: &'static str,
        form: &Form,
        of_function: impl Fn(&str) -> Option<Signature>,
    ) -> Option<Self> {
        let (name, rest) = text.split_once('(')?;
        let (parameters, function) = rest.split_once(')')?;
        let place = match parameters.strip_prefix('*') {
            Some(parameter) => {
                let signature = of_function(function.strip_prefix(' ')?)?;
                Place::Memory(Words::of(parameter, form, signature)?)
            }
            None => {
                let positions = parameters.split(',').map(|one| position(one, form));
                Place::Registers(positions.collect::<Option<_>>()?)
            }
        };
        Some(Self { name, place })
    }
}

impl Words {
    fn of(parameter: &str, form: &Form, signature: Signature) -> Option<Self> {
        let position = position(parameter, form)?;
        let memory = form.parameters.get(usize::from(position))?.memory?;
        let Count::Fixed(count) = memory.count else { return None };
        Some(Self { position, count, signature: Box::new(signature) })
    }
}

fn position(parameter: &str, form: &Form) -> Option<u8> {
    u8::try_from(form.position(parameter)?).ok()
}
