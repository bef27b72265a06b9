//! Excerpt of the kernel's types: those that the programs name, and those of their members. A pointer points to nothing
//! in it, since programs follow pointers to types that they name.

use std::collections::{HashMap, HashSet};

use crate::btf::{HEAD, MAGIC, Type, TypeId, TypeKind, Types, word};

/// Excerpt while it is made.
pub(super) struct Excerpt<'a> {
    types: &'a Types<'a>,
    /// Numbers in the excerpt, by those in the kernel.
    numbers: HashMap<TypeId, TypeId>,
    /// Types in the order of their numbers.
    order: Vec<TypeId>,
    /// Types that are written with the values of enums.
    named: HashSet<TypeId>,
    strings: Vec<u8>,
    /// Offsets of names, by those in the kernel.
    names: HashMap<u32, u32>,
}

impl<'a> Excerpt<'a> {
    /// Makes an excerpt with these types.
    pub fn of(types: &'a Types<'a>, named: &[TypeId]) -> Self {
        let mut excerpt = Self {
            types,
            numbers: HashMap::new(),
            order: Vec::new(),
            named: named.iter().copied().collect(),
            strings: vec![0],
            names: HashMap::from([(0, 0)]),
        };
        for &id in named {
            excerpt.number(id);
        }
        excerpt
    }

    /// Writes it in the kernel's format.
    pub fn write(mut self) -> Vec<u8> {
        let mut types = Vec::new();
        let mut at = 0;
        // Types are numbered while those that refer to them are written.
        while let Some(&id) = self.order.get(at) {
            if let Some(one) = self.types.get(id) {
                self.write_type(&mut types, id, one);
            }
            at += 1;
        }
        let lengths = [0, types.len(), types.len(), self.strings.len()];
        let mut bytes = Vec::from(MAGIC.to_ne_bytes());
        bytes.extend([1, 0]);
        bytes.extend(24u32.to_ne_bytes());
        lengths.iter().for_each(|&length| bytes.extend((length as u32).to_ne_bytes()));
        bytes.append(&mut types);
        bytes.append(&mut self.strings);
        bytes
    }

    fn number(&mut self, id: TypeId) -> TypeId {
        if self.types.get(id).is_none() {
            return 0;
        }
        let next = self.order.len() as TypeId + 1;
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.order.push(id);
        }
        number
    }

    fn name(&mut self, offset: u32) -> u32 {
        if let Some(&known) = self.names.get(&offset) {
            return known;
        }
        let new = self.strings.len() as u32;
        self.strings.extend_from_slice(self.types.text(offset));
        self.strings.push(0);
        self.names.insert(offset, new);
        new
    }

    fn write_type(&mut self, to: &mut Vec<u8>, id: TypeId, one: Type<'_>) {
        let has_values = one.kind() != TypeKind::Enum || self.named.contains(&id);
        let info = if has_values { one.info } else { one.info & !0xffff };
        let size_or_type = match one.kind() {
            TypeKind::Pointer | TypeKind::Other => 0,
            TypeKind::Alias => self.number(one.size_or_type),
            _ => one.size_or_type,
        };
        let head = [self.name(one.name), info, size_or_type];
        head.iter().for_each(|word| to.extend(word.to_ne_bytes()));
        match one.kind() {
            TypeKind::Composite => self.write_elements(to, one, Self::number),
            TypeKind::Enum if has_values => self.write_elements(to, one, |_, value| value),
            TypeKind::Array => self.write_array(to, one.rest),
            TypeKind::Plain => to.extend_from_slice(one.rest),
            _ => {}
        }
    }

    /// Writes the members of a structure or the values of an enum: a name, a word, and what is left.
    fn write_elements(
        &mut self,
        to: &mut Vec<u8>,
        one: Type<'_>,
        second: impl Fn(&mut Self, u32) -> u32,
    ) {
        for element in one.rest.chunks_exact(one.element_length()) {
            let (Ok(name), Ok(word)) = (word(element, 0), word(element, 4)) else { continue };
            to.extend(self.name(name).to_ne_bytes());
            to.extend(second(self, word).to_ne_bytes());
            to.extend_from_slice(element.get(8..).unwrap_or_default());
        }
    }

    /// Writes the type of the elements, that of the index, and the number.
    fn write_array(&mut self, to: &mut Vec<u8>, rest: &[u8]) {
        for at in [0, 4] {
            let number = word(rest, at).map_or(0, |id| self.number(id));
            to.extend(number.to_ne_bytes());
        }
        to.extend_from_slice(rest.get(8..HEAD).unwrap_or_default());
    }
}
