//! Fields of a handler whose data is a structure, out of the types in its object: each member is a field. Any types may be
//! given, so chains of them are followed to some length only.

use libbpf_rs::btf::types::{Array, Enum, Int, IntEncoding, MemberAttr, Struct};
use libbpf_rs::btf::{Btf, BtfKind, BtfType, HasSize as _, TypeId};

use crate::bpf::types::tailcalld_limit;
use crate::handlers::{Field, FieldKind, Role, StructMember};
use crate::load::errors;

/// Most bytes of a handler's data.
const DATA_BYTES: usize = tailcalld_limit::TAILCALLD_DATA_BYTES.0 as usize;

/// Names that one type may have, one behind the other.
const ALIASES: usize = 16;

/// Returns the fields of the structure of that name, and where they stand.
///
/// # Errors
/// The reason why it cannot be the data of a handler, as a clause about the file.
pub fn fields(bytes: &[u8], name: &str) -> Result<Vec<(Field, StructMember)>, String> {
    let types = errors::said(|| Btf::from_raw("handler", bytes));
    let types = types.ok().flatten().ok_or("has no types; compile it with -g")?;
    let found = types.type_by_name::<Struct<'_>>(name);
    let structure = found.ok_or_else(|| {
        format!(
            "has no structure {name:?}, which it names as its event; name it with TAILCALLD_EVENT"
        )
    })?;
    if structure.size() % 8 != 0 || structure.size() > DATA_BYTES {
        return Err(format!(
            "has the event {name:?} of {} bytes, expected a multiple of 8 up to {DATA_BYTES}",
            structure.size()
        ));
    }
    let mut fields = Vec::new();
    for member in structure.iter() {
        let member_name = member.name.and_then(|name| name.to_str()).unwrap_or_default();
        let MemberAttr::Normal { offset } = member.attr else {
            return Err(format!("has the member {member_name:?} of bits, which is no field"));
        };
        let is_array = bare(&types, member.ty).is_some_and(|bare| bare.kind() == BtfKind::Array);
        let (kind, size, names) = kind(&types, member.ty).ok_or_else(|| {
            format!("has the member {member_name:?} of a type that is no field: expected numbers, enumerations, or arrays of bytes or characters")
        })?;
        // Members that only fill the structure up.
        if member_name.starts_with('_') {
            continue;
        }
        let member = StructMember { offset: offset / 8, size, is_array, names };
        fields.push((Field { name: member_name.to_owned(), kind, role: Role::None }, member));
    }
    Ok(fields)
}

/// Kind, size in bytes, and names of the values of an enumeration.
type MemberKind = (FieldKind, u32, Vec<(i64, String)>);

fn kind(types: &Btf<'_>, id: TypeId) -> Option<MemberKind> {
    let bare = bare(types, id)?;
    match bare.kind() {
        BtfKind::Int => {
            let int = Int::try_from(bare).ok()?;
            let kind = match int.encoding {
                IntEncoding::Signed => FieldKind::Long,
                _ => FieldKind::Unsigned,
            };
            matches!(int.bits, 8 | 16 | 32 | 64)
                .then(|| (kind, u32::from(int.bits) / 8, Vec::new()))
        }
        BtfKind::Ptr => Some((FieldKind::Hex, 8, Vec::new())),
        BtfKind::Enum => {
            let named = Enum::try_from(bare).ok()?;
            let names = named.iter().filter_map(|one| {
                Some((one.value, one.name?.to_str().filter(|name| is_word(name))?.to_owned()))
            });
            Some((FieldKind::Long, 4, names.collect()))
        }
        BtfKind::Array => {
            let array = Array::try_from(bare).ok()?;
            let element = self::bare(types, array.ty())?;
            let is_character = element.name().is_some_and(|name| name == "char");
            let int = Int::try_from(element).ok().filter(|int| int.bits == 8);
            let size = u32::try_from(array.capacity()).ok()?;
            int.map(|_| {
                (if is_character { FieldKind::Text } else { FieldKind::Hex }, size, Vec::new())
            })
        }
        _ => None,
    }
}

fn is_word(name: &str) -> bool {
    name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// Returns the type behind aliases and qualifiers.
fn bare<'t>(types: &'t Btf<'_>, id: TypeId) -> Option<BtfType<'t>> {
    let mut found = types.type_by_id::<BtfType<'_>>(id)?;
    for _ in 0..ALIASES {
        if !found.is_mod() && found.kind() != BtfKind::Typedef {
            return Some(found);
        }
        found = found.next_type()?;
    }
    None
}
