//! Structures that arguments of probes point to: as many of their members as fit into the bytes that an event keeps.

use syscalls::{Format, Member, MemberKind, Visibility};

use super::symbols::{enumeration, interned};
use super::types_of_kernel::{is_char, is_signed_int, resolved};
use crate::bpf::types::probe_size;
use crate::btf::{Type, TypeId, Types, kinds};

/// Bytes of a structure that an event keeps.
const BYTES_MAX: usize = probe_size::PROBE_STRUCTURE_BYTES.0 as usize;

/// Bit of a composite type whose members have their size in bits beside their offset.
const HAS_BIT_SIZES: u32 = 1 << 31;

/// Structures without a name within one another that are followed.
const NESTED_MAX: u32 = 4;

/// Place of a member, in bits; the size of all but those that share a byte is 0.
struct Bits {
    offset: u32,
    size: u32,
}

/// Members of a structure that are printed, and whether it has others.
#[derive(Default)]
struct Members {
    printed: Vec<Member>,
    has_more: bool,
}

/// Registers the layout of a structure; returns its name in the registry, and the bytes that are read of it. `None` if it
/// has no members that are printed: then its address is.
pub(super) fn structure(
    types: &Types<'_>,
    id: TypeId,
    one: Type<'_>,
) -> Option<(&'static str, u16)> {
    let mut members = Members::default();
    members.add(types, one, 0, NESTED_MAX);
    let size = members.printed.iter().map(Member::end).max()?;
    let name = interned(&format!("struct {}", types.key(id)));
    syscalls::give_structure(name, members.printed, members.has_more);
    Some((name, u16::try_from(size).ok()?))
}

impl Members {
    /// Adds the members of a structure that begins at a bit of the whole; those of a structure within that has no name are
    /// its own.
    fn add(&mut self, types: &Types<'_>, one: Type<'_>, begin: u32, depth: u32) {
        for element in one.elements(3) {
            let [name, id, place] = *element.as_slice() else { break };
            let (offset, size) = match one.info & HAS_BIT_SIZES {
                0 => (place, 0),
                _ => (place & 0x00ff_ffff, place >> 24),
            };
            let bits = Bits { offset: begin.saturating_add(offset), size };
            let within = unnamed(types, name, id).filter(|_| depth > 0);
            match (within, member(types, name, id, &bits)) {
                (Some(within), _) => self.add(types, within, bits.offset, depth - 1),
                (None, Some(one)) if one.end() <= BYTES_MAX => self.printed.push(one),
                _ => self.has_more = true,
            }
        }
    }
}

/// Returns the structure that a member without a name is.
fn unnamed<'t>(types: &Types<'t>, name: u32, id: TypeId) -> Option<Type<'t>> {
    let one = types.get(resolved(types, id)?)?;
    (types.text(name).is_empty() && one.number() == kinds::STRUCT).then_some(one)
}

/// Returns a member; `None` for those that are not printed: structures within, arrays of anything but `char`.
fn member(types: &Types<'_>, name: u32, id: TypeId, bits: &Bits) -> Option<Member> {
    let name = std::str::from_utf8(types.text(name)).ok().filter(|name| !name.is_empty())?;
    let one = types.get(resolved(types, id)?)?;
    let number = |kind| (kind, one.size_or_type as usize, None);
    let (kind, width, count) = match one.number() {
        _ if bits.size > 0 => return shared(name, bits),
        kinds::POINTER => (MemberKind::Plain(Format::Address), size_of::<u64>(), None),
        kinds::INT if is_signed_int(one) => number(MemberKind::Plain(Format::Signed)),
        kinds::INT => number(MemberKind::Plain(Format::Unsigned)),
        kinds::ENUM | kinds::ENUM64 => number(MemberKind::Name(enumeration(types, one))),
        kinds::ARRAY => (MemberKind::Plain(Format::Text), 1, Some(text_length(types, one)?)),
        _ => return None,
    };
    let is_read = matches!(width, 1 | 2 | 4 | 8);
    is_read.then(|| plain(name, kind, bits.offset as usize / 8, width, count))
}

/// Returns a member that shares the bytes of a word with others.
fn shared(name: &str, bits: &Bits) -> Option<Member> {
    const WORD: u32 = 32;
    let from = bits.offset % WORD;
    let kind = MemberKind::Bits { from, count: bits.size, remarks: None };
    let offset = (bits.offset / WORD) as usize * size_of::<u32>();
    (from + bits.size <= WORD).then(|| plain(name, kind, offset, size_of::<u32>(), None))
}

/// Returns the length of an array of `char` with a place for an element.
fn text_length(types: &Types<'_>, array: Type<'_>) -> Option<usize> {
    let [element, _, length] = *array.elements(3).next()?.as_slice() else { return None };
    let is_text = is_char(types, types.get(resolved(types, element)?)?);
    (is_text && length > 0).then_some(length as usize)
}

fn plain(
    name: &str,
    kind: MemberKind,
    offset: usize,
    width: usize,
    count: Option<usize>,
) -> Member {
    Member {
        name: interned(name),
        kind,
        offset,
        width,
        count,
        length: None,
        visibility: Visibility::Always,
        is_optional: false,
        conditions: Vec::new(),
        extent: None,
        pointed: None,
        is_written: false,
    }
}
