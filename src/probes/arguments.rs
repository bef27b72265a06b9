//! Arguments of a probe: types of the kernel in, kinds of parameters and places in the context out.

use syscalls::{Abi, Count, Direction, Kind, Memory, Parameter, Width, Written};

use super::structures::structure;
use super::symbols::{enumeration, enumeration_named, interned};
use super::types_of_kernel::{is_char, is_signed_int, resolved};
use crate::bpf::types::{self, probe_form};
use crate::btf::{Type, TypeId, Types, kinds};

/// Most arguments that an event has.
pub(super) const ARGUMENTS_MAX: usize = 6;

/// Offsets of the registers with the arguments of a function, in `struct pt_regs`.
#[cfg(target_arch = "x86_64")]
const REGISTERS: [u16; ARGUMENTS_MAX] = [112, 104, 96, 88, 72, 64];
#[cfg(not(target_arch = "x86_64"))]
const REGISTERS: [u16; ARGUMENTS_MAX] = [0, 8, 16, 24, 32, 40];

/// Arguments of a probe, by position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ProbeArguments {
    /// Parameters.
    pub parameters: Vec<Parameter>,
    places: Vec<(Meaning, Place)>,
}

/// Place of an argument in the context of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Offset, in bytes.
    pub offset: u16,
    /// Size, in bytes.
    pub size: u8,
    /// Form of what is there.
    pub form: Form,
}

/// `enum probe_form` of `bpf/settings.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub(super) enum Form {
    Unsigned,
    Signed,
    Place,
    Offset,
}

/// Meaning of the value of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Number, or a name of one.
    Number(Kind),
    /// Address of a C string.
    Text,
    /// Address of a structure: its name, and the bytes that are read of it.
    Structure(&'static str, u16),
    /// Any other address.
    Address,
}

impl ProbeArguments {
    /// Returns the arguments of a function, or those of a raw tracepoint, of whose iterator the first is no argument.
    pub fn of_prototype(types: &Types<'_>, prototype: Type<'_>, kind: Abi) -> Self {
        let mut found = Self::default();
        let is_raw = kind == Abi::RawTracepoint;
        let parameters = prototype.elements(2).skip(usize::from(is_raw));
        for (position, parameter) in parameters.take(ARGUMENTS_MAX).enumerate() {
            let [name, id] = *parameter.as_slice() else { break };
            // A structure that takes several registers moves those behind it.
            let Some((value, size)) = Meaning::of_type(types, id) else { break };
            let offset =
                if is_raw { Some(position as u16 * 8) } else { REGISTERS.get(position).copied() };
            let Some(offset) = offset else { break };
            let form = Form::of_number(value.is_signed());
            let name = String::from_utf8_lossy(types.text(name)).to_lowercase();
            found.add(&name, value, Place { offset, size, form });
        }
        found
    }

    /// Adds an argument. One without a name, or with that of another one, gets a name by its position.
    pub fn add(&mut self, name: &str, value: Meaning, place: Place) {
        let is_known = self.parameters.iter().any(|one| one.name == name);
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let name = match name.to_ascii_lowercase() {
            name if is_known || name.is_empty() || !name.chars().all(is_word) => {
                format!("arg{}", self.parameters.len() + 1)
            }
            name => name,
        };
        let read = Memory { direction: Direction::In, count: Count::One, written: Written::Always };
        let (kind, memory) = match value {
            Meaning::Number(kind) => (kind, None),
            Meaning::Text => (Kind::String, Some(read)),
            Meaning::Structure(name, _) => (Kind::Struct(name), Some(read)),
            Meaning::Address => (Kind::Address, None),
        };
        self.parameters.push(Parameter { name: interned(&name), kind, memory, label: None });
        self.places.push((value, place));
    }

    /// Returns the places as the programs take them.
    pub fn layout(&self) -> types::probe {
        let mut layout = types::probe::default();
        for (position, (value, place)) in self.places.iter().take(ARGUMENTS_MAX).enumerate() {
            let (argument, size) =
                (layout.arguments.get_mut(position), layout.structures.get_mut(position));
            let (Some(argument), Some(size)) = (argument, size) else { break };
            (argument.offset, argument.size) = (place.offset, place.size);
            argument.form = place.form.number();
            if let Meaning::Structure(_, bytes) = value {
                *size = *bytes;
            }
            layout.pointers |= u32::from(value.is_read()) << position;
        }
        layout
    }
}

impl Form {
    /// Returns the form of a number.
    pub fn of_number(is_signed: bool) -> Self {
        if is_signed { Self::Signed } else { Self::Unsigned }
    }

    fn number(self) -> u8 {
        let form = match self {
            Self::Unsigned => probe_form::PROBE_UNSIGNED,
            Self::Signed => probe_form::PROBE_SIGNED,
            Self::Place => probe_form::PROBE_PLACE,
            Self::Offset => probe_form::PROBE_OFFSET,
        };
        u8::try_from(form.0).unwrap_or_default()
    }
}

impl Meaning {
    /// Returns the meaning of a field of a record, by the name of its type.
    pub fn of_record(types: &Types<'_>, name: &str, size: u16, is_signed: bool) -> Self {
        let width = width(size.into());
        let set = name.strip_prefix("enum ").and_then(|name| enumeration_named(types, name));
        Self::Number(match set {
            Some(set) => Kind::Number(width, set),
            None if is_signed => Kind::Signed(width),
            None => Kind::Unsigned(width),
        })
    }

    /// Returns the meaning of a type that one register holds, and its size; `None` for other types.
    fn of_type(types: &Types<'_>, id: TypeId) -> Option<(Self, u8)> {
        let one = types.get(resolved(types, id)?)?;
        let size = one.size_or_type;
        let small = u8::try_from(size).ok().filter(|size| (1..=8).contains(size));
        Some(match one.number() {
            kinds::POINTER => (pointer(types, one.size_or_type), 8),
            kinds::INT if is_signed_int(one) => (Self::Number(Kind::Signed(width(size))), small?),
            kinds::INT => (Self::Number(Kind::Unsigned(width(size))), small?),
            kinds::ENUM | kinds::ENUM64 => {
                (Self::Number(Kind::Number(width(size), enumeration(types, one))), small?)
            }
            kinds::STRUCT | kinds::UNION => (Self::Number(Kind::Hex(width(size))), small?),
            _ => return None,
        })
    }

    /// Returns whether it is an address whose memory is read.
    fn is_read(self) -> bool {
        matches!(self, Self::Text | Self::Structure(..))
    }

    fn is_signed(self) -> bool {
        matches!(self, Self::Number(Kind::Signed(_)))
    }
}

/// Returns the meaning of a pointer to that type: a text if that is `char`, or a structure.
fn pointer(types: &Types<'_>, target: TypeId) -> Meaning {
    let target = resolved(types, target).and_then(|id| Some((id, types.get(id)?)));
    match target {
        Some((_, one)) if is_char(types, one) => Meaning::Text,
        Some((id, one)) if one.number() == kinds::STRUCT => structure(types, id, one)
            .map_or(Meaning::Address, |(name, bytes)| Meaning::Structure(name, bytes)),
        _ => Meaning::Address,
    }
}

fn width(size: u32) -> Width {
    if size <= 4 { Width::Int } else { Width::Long }
}
