//! Reading of the kernel's type information, as it is in `/sys/kernel/btf/vmlinux` (Documentation/bpf/btf.rst).

use anyhow::{Context as _, Result, ensure};
use memchr::memchr;

/// Number of a type; 0 is `void`.
pub type TypeId = u32;

/// Bytes of a type before those that depend on its kind.
pub const HEAD: usize = 12;

/// First bytes of the information, in the byte order of the machine.
pub const MAGIC: u16 = 0xeb9f;

/// Types of the kernel.
pub struct Types<'a> {
    types: &'a [u8],
    strings: &'a [u8],
    /// Offsets of all types but `void`.
    offsets: Vec<u32>,
    /// Module, and the first of the types that are its own.
    module: Option<(&'a str, TypeId)>,
}

/// Type of the kernel.
#[derive(Clone, Copy)]
pub struct Type<'a> {
    /// Offset of its name.
    pub name: u32,
    /// TypeKind, number of elements, and a bit.
    pub info: u32,
    /// Size in bytes, or the type that it refers to.
    pub size_or_type: u32,
    /// Bytes of its elements.
    pub rest: &'a [u8],
}

/// Kinds of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    /// Number, or a type of which nothing but the name matters.
    Plain,
    /// Pointer.
    Pointer,
    /// Array.
    Array,
    /// Structure or union.
    Composite,
    /// Enum.
    Enum,
    /// Another name, or a qualifier.
    Alias,
    /// Function, variable, or a note about a type.
    Other,
}

impl<'a> Types<'a> {
    /// Reads the offsets of all types.
    ///
    /// # Errors
    /// Fails if these are no types, or if a kind is not known.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        ensure!(bytes.get(..2) == Some(&MAGIC.to_ne_bytes()), "it does not begin with {MAGIC:#x}");
        let (types, strings) = sections(bytes)?;
        let offsets = Vec::with_capacity(types.len() / (2 * HEAD));
        let mut all = Self { types, strings, offsets, module: None };
        let mut at = 0;
        while at < types.len() {
            all.offsets.push(at as u32);
            at += HEAD + elements_length(word(types, at + 4)?)?;
        }
        Ok(all)
    }

    /// Names the module whose types those are that begin with a number.
    pub fn with_module(self, name: &'a str, first: TypeId) -> Self {
        Self { module: Some((name, first)), ..self }
    }

    /// Returns a name for a type that no other type has, whatever the module.
    pub fn key(&self, id: TypeId) -> String {
        match self.module {
            Some((name, first)) if id >= first => format!("{name} {id}"),
            _ => id.to_string(),
        }
    }

    /// Returns all types with their numbers.
    pub fn all(&self) -> impl Iterator<Item = (TypeId, Type<'a>)> + '_ {
        let ids = 1..=self.offsets.len() as TypeId;
        ids.filter_map(|id| Some((id, self.get(id)?)))
    }

    /// Returns a type; `void` is none.
    pub fn get(&self, id: TypeId) -> Option<Type<'a>> {
        let at = *self.offsets.get((id as usize).checked_sub(1)?)? as usize;
        let [name, info, size_or_type] = [0, 4, 8].map(|behind| word(self.types, at + behind).ok());
        let info = info?;
        let rest = self.types.get(at + HEAD..at + HEAD + elements_length(info).ok()?)?;
        Some(Type { name: name?, info, size_or_type: size_or_type?, rest })
    }

    /// Returns the text at an offset, without the zero at its end.
    pub fn text(&self, offset: u32) -> &'a [u8] {
        let from = self.strings.get(offset as usize..).unwrap_or_default();
        memchr(0, from).and_then(|end| from.get(..end)).unwrap_or(from)
    }
}

impl Type<'_> {
    /// Returns the kind.
    pub fn kind(&self) -> TypeKind {
        match kind_number(self.info) {
            1 | 7 | 16 => TypeKind::Plain,
            2 => TypeKind::Pointer,
            3 => TypeKind::Array,
            4 | 5 => TypeKind::Composite,
            6 | 19 => TypeKind::Enum,
            8..=11 | 18 => TypeKind::Alias,
            _ => TypeKind::Other,
        }
    }

    /// Returns the bytes of an element: a member, or a value of an enum.
    pub fn element_length(&self) -> usize {
        if kind_number(self.info) == 6 { 8 } else { HEAD }
    }

    /// Returns the number of the kind.
    pub fn number(&self) -> u32 {
        kind_number(self.info)
    }

    /// Returns the words of each element.
    pub fn elements(&self, words: usize) -> impl Iterator<Item = Vec<u32>> {
        let word = |bytes: &[u8]| Some(u32::from_ne_bytes(*bytes.first_chunk()?));
        self.rest
            .chunks_exact(words.max(1) * size_of::<u32>())
            .map(move |one| one.chunks_exact(size_of::<u32>()).filter_map(word).collect())
    }
}

/// Numbers of kinds.
pub mod kinds {
    #![allow(missing_docs)]
    pub const INT: u32 = 1;
    pub const POINTER: u32 = 2;
    pub const ARRAY: u32 = 3;
    pub const STRUCT: u32 = 4;
    pub const UNION: u32 = 5;
    pub const ENUM: u32 = 6;
    pub const TYPEDEF: u32 = 8;
    pub const VOLATILE: u32 = 9;
    pub const CONST: u32 = 10;
    pub const RESTRICT: u32 = 11;
    pub const FUNCTION: u32 = 12;
    pub const TYPE_TAG: u32 = 18;
    pub const ENUM64: u32 = 19;
}

/// Puts the types of a module behind those of the kernel, which they refer to by their numbers. Returns both as if they were
/// one, and the number of the first that is the module's.
///
/// # Errors
/// Fails if one of the two is damaged.
pub fn joined(kernel: &[u8], module: &[u8]) -> Result<(Vec<u8>, TypeId)> {
    const HEADER: usize = 24;
    let first = Types::read(kernel)?.offsets.len() + 1;
    let ((types, strings), (more, names)) = (sections(kernel)?, sections(module)?);
    let (types_length, strings_length) = (types.len() + more.len(), strings.len() + names.len());
    let mut all = Vec::with_capacity(HEADER + types_length + strings_length);
    all.extend(MAGIC.to_ne_bytes());
    all.extend([1, 0]);
    for word in [HEADER, 0, types_length, types_length, strings_length] {
        all.extend(u32::try_from(word)?.to_ne_bytes());
    }
    [types, more, strings, names].iter().for_each(|part| all.extend(*part));
    Ok((all, TypeId::try_from(first)?))
}

/// Returns the bytes of the types and of the strings.
fn sections(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let [header, types_at, types_length, strings_at, strings_length] =
        [4, 8, 12, 16, 20].map(|at| word(bytes, at).map(|word| word as usize));
    let body = bytes.get(header?..).context(CUT_OFF)?;
    let part = |at: usize, length: usize| body.get(at..at.saturating_add(length)).context(CUT_OFF);
    Ok((part(types_at?, types_length?)?, part(strings_at?, strings_length?)?))
}

/// Returns the word at an offset.
///
/// # Errors
/// Fails behind the last one.
pub fn word(bytes: &[u8], at: usize) -> Result<u32> {
    let word = bytes.get(at..).and_then(<[u8]>::first_chunk).context(CUT_OFF)?;
    Ok(u32::from_ne_bytes(*word))
}

fn kind_number(info: u32) -> u32 {
    info >> 24 & 0x1f
}

/// Returns the bytes behind the head of a type.
fn elements_length(info: u32) -> Result<usize> {
    let each = match kind_number(info) {
        // Pointers, forward declarations, names, qualifiers, functions, floating-point numbers, tags of types.
        2 | 7..=12 | 16 | 18 => 0,
        // Numbers, variables and tags have one word, arrays three.
        1 | 14 | 17 => return Ok(4),
        3 => return Ok(HEAD),
        6 | 13 => 8,
        4 | 5 | 15 | 19 => HEAD,
        other => anyhow::bail!("kind {other} of a type is not known"),
    };
    Ok((info & 0xffff) as usize * each)
}

const CUT_OFF: &str = "it is cut off";
