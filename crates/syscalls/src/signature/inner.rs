//! Inner arguments: members of a structure behind an argument that are pointers themselves, or say how much these
//! point to. They have parameters like the arguments of a call.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::kind::{Kind, Width};
use super::parameter::{Direction, Parameter};
use super::parameter_parser;
use super::types::{ArgumentSource, InnerCall, MemoryArguments, Prototype, Signature};
use crate::Abi;
use crate::constants::sets;
use crate::structs::{Member, Structure, structure, structure_names};

/// Position of the first inner argument, as captures have it (`INNER_POSITION` in `bpf/event.h`).
pub const INNER_POSITION: u8 = 16;

/// Number of inner arguments of one call at most.
const INNER_MEMBERS: usize = 6;

/// Place of an inner argument in the memory behind the argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InnerMember {
    /// Offset in bytes.
    pub offset: usize,
    /// Size in bytes.
    pub width: usize,
}

/// Arguments of a call that are in the memory behind another one.
#[derive(Debug, Clone)]
pub struct InnerArguments<'s> {
    /// Position of the argument that points to them.
    pub position: u8,
    /// Places of the members.
    pub members: Vec<InnerMember>,
    /// Signature with a parameter for each of the members.
    pub signature: &'s Signature,
}

/// Members of a structure that are pointers, and those that count what is behind them.
#[derive(Debug, Clone)]
pub struct Pointers {
    layout: &'static Structure,
    members: Vec<&'static Member>,
    signature: Signature,
}

impl Prototype {
    /// Returns the inner arguments of its calls; `None` if they have none.
    pub fn inner_arguments(&self, abi: Abi) -> Option<InnerArguments<'_>> {
        if let Some(InnerCall { source: ArgumentSource::Memory(words), .. }) = &self.inner {
            return Some(words.places(abi));
        }
        (0..).zip(&self.parameters).find_map(|(position, one)| {
            let pointers = one.pointers(abi)?;
            let place =
                |member: &&Member| InnerMember { offset: member.offset, width: member.width };
            let members = pointers.members.iter().map(place).collect();
            Some(InnerArguments { position, members, signature: &pointers.signature })
        })
    }
}

impl MemoryArguments {
    fn places(&self, abi: Abi) -> InnerArguments<'_> {
        let width = Kind::Address.size(abi).unwrap_or_default();
        let place = |nth: u8| InnerMember { offset: usize::from(nth) * width, width };
        let members = (0..self.count).map(place).collect();
        InnerArguments { position: self.position, members, signature: &self.signature }
    }
}

impl Parameter {
    /// Returns the pointers in the structure that it points to; `None` if it has none.
    pub(crate) fn pointers(&self, abi: Abi) -> Option<&'static Pointers> {
        match self.kind {
            Kind::Struct(name) | Kind::Sized(name) => pointers(abi, name),
            _ => None,
        }
    }
}

impl Pointers {
    /// Returns the layout of the structure.
    pub(crate) fn layout(&self) -> &'static Structure {
        self.layout
    }

    /// Returns the signature that has them as parameters.
    pub(crate) fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Returns which of the members are passed, according to their conditions.
    pub(crate) fn presence(&self, bytes: &[u8]) -> [bool; INNER_MEMBERS] {
        let mut presence = [false; INNER_MEMBERS];
        for (is_present, member) in presence.iter_mut().zip(&self.members) {
            *is_present = member.is_present(self.layout, bytes);
        }
        presence
    }

    /// Returns the values of the members; 0 for one behind the end.
    pub(crate) fn values(&self, bytes: &[u8]) -> [u64; 6] {
        let mut values = [0; INNER_MEMBERS];
        for (value, member) in values.iter_mut().zip(&self.members) {
            *value = member.number(bytes, 0).unwrap_or_default();
        }
        values
    }

    /// Parses the marks of the members; `None` if there is none, or a malformed one.
    fn of(layout: &'static Structure, abi: Abi) -> Option<Self> {
        let is_length = |name: &str| {
            let ends_with = |kind: &str| kind.ends_with(&format!("[{name}]"));
            layout.members().iter().filter_map(|one| one.pointed).any(ends_with)
        };
        let is_one = |one: &&Member| one.pointed.is_some() || is_length(one.name);
        let members: Vec<_> = layout.members().iter().filter(is_one).collect();
        let names: Vec<_> = members.iter().map(|one| one.name).collect();
        let parameters = members.iter().map(|one| parameter(one, &names, abi));
        let parameters = parameters.collect::<Option<Vec<_>>>()?;
        let is_any = !parameters.is_empty() && parameters.len() <= INNER_MEMBERS;
        let conditions = vec![None; parameters.len()];
        let prototype = Prototype { parameters, conditions, ..Prototype::default() };
        let signature = Signature { prototype, cases: Vec::new() };
        is_any.then_some(Self { layout, members, signature })
    }
}

/// Returns the parameter that a member is: a pointer, or a length.
fn parameter(member: &Member, names: &[&str], abi: Abi) -> Option<Parameter> {
    match member.pointed {
        Some(kind) => {
            let direction = if member.is_written { Direction::Out } else { Direction::In };
            parameter_parser::pointer(member.name, kind, direction, names, sets(abi))
        }
        None => {
            let width = if member.width == 4 { Width::Int } else { Width::Quad };
            let kind = Kind::Unsigned(width);
            Some(Parameter { name: member.name, kind, memory: None, label: None })
        }
    }
}

/// Returns the pointers in a structure, if it has any.
fn pointers(abi: Abi, name: &str) -> Option<&'static Pointers> {
    type All = HashMap<&'static str, Pointers>;
    static ALL: LazyLock<[All; 2]> = LazyLock::new(|| Abi::BOTH.map(all));
    let [native, compat] = &*ALL;
    match abi {
        Abi::Compat => compat.get(name),
        _ => native.get(name),
    }
}

fn all(abi: Abi) -> HashMap<&'static str, Pointers> {
    let of = |name| Some((name, Pointers::of(structure(abi, name)?, abi)?));
    structure_names(abi).filter_map(of).collect()
}
