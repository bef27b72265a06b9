//! Reading of members from the bytes of a structure. Members beyond the end of the bytes have no value.

use super::condition::Condition;
use super::types::{Member, MemberKind, Structure};

impl Structure {
    /// Returns the value of a member, zero-extended; `None` if it is not a number, and if the bytes end
    /// before it.
    pub fn number(&self, bytes: &[u8], name: &str) -> Option<u64> {
        self.members.iter().find(|member| member.name == name)?.number(bytes, 0)
    }

    /// Returns the number of bytes that the structure claims to have: by its own size, or by the number of
    /// elements behind it; `None` if it says nothing, or if the bytes end before that.
    pub fn extent(&self, bytes: &[u8]) -> Option<usize> {
        if let Some((member, default)) =
            self.members.iter().find_map(|one| Some((one, one.extent?)))
        {
            let size = usize::try_from(member.number(bytes, 0)?).unwrap_or(usize::MAX);
            return Some(if size == 0 { default } else { size });
        }
        let last = self.members.last().filter(|member| member.count == Some(0))?;
        let count = usize::try_from(self.number(bytes, last.length?)?).unwrap_or(usize::MAX);
        Some(last.offset.saturating_add(last.width.saturating_mul(count)))
    }

    /// Returns the value of a member, sign-extended from the member's width.
    pub fn signed(&self, bytes: &[u8], name: &str) -> Option<i64> {
        let member = self.members.iter().find(|member| member.name == name)?;
        let number = member.number(bytes, 0)?;
        Some(match member.width {
            1 => (number as i8).into(),
            2 => (number as i16).into(),
            4 => (number as i32).into(),
            _ => number as i64,
        })
    }

    /// Returns layout and bytes of a nested structure.
    pub fn nested<'a>(&self, bytes: &'a [u8], name: &str) -> Option<(&Self, &'a [u8])> {
        let member = self.members.iter().find(|member| member.name == name)?;
        match &member.kind {
            MemberKind::Struct(structure) => Some((structure, member.bytes(bytes, 0)?)),
            _ => None,
        }
    }
}

impl Member {
    /// Returns the bytes of the element at `index`; `None` beyond the end.
    pub fn bytes<'a>(&self, bytes: &'a [u8], index: usize) -> Option<&'a [u8]> {
        let start = self.offset.checked_add(self.width.checked_mul(index)?)?;
        bytes.get(start..start.checked_add(self.width)?)
    }

    /// Returns the element at `index` as a number in native byte order.
    pub fn number(&self, bytes: &[u8], index: usize) -> Option<u64> {
        let number = native_uint(self.bytes(bytes, index)?)?;
        Some(match self.kind {
            MemberKind::Bits { from, count, .. } => {
                number >> from & 1_u64.checked_shl(count).unwrap_or(0).wrapping_sub(1)
            }
            _ => number,
        })
    }

    /// Returns whether its conditions are met: every `unless`, and one `if` should there be any.
    pub fn is_present(&self, structure: &Structure, bytes: &[u8]) -> bool {
        let is_met =
            |condition: &Condition| condition.is_met(structure.number(bytes, condition.name()));
        let conditions = |is_reversed| {
            self.conditions.iter().filter(move |one| one.is_reversed() == is_reversed)
        };
        let has_if = conditions(false).next().is_some();
        conditions(true).all(is_met) && (!has_if || conditions(false).any(is_met))
    }

    /// Returns the offset of its end.
    pub fn end(&self) -> usize {
        self.offset.saturating_add(self.width.saturating_mul(self.count.unwrap_or(1)))
    }
}

/// Converts 1, 2, 4 or 8 bytes in native byte order to a number; `None` for another length.
pub fn native_uint(bytes: &[u8]) -> Option<u64> {
    Some(match bytes.len() {
        1 => u8::from_ne_bytes(bytes.try_into().ok()?).into(),
        2 => u16::from_ne_bytes(bytes.try_into().ok()?).into(),
        4 => u32::from_ne_bytes(bytes.try_into().ok()?).into(),
        8 => u64::from_ne_bytes(bytes.try_into().ok()?),
        _ => return None,
    })
}
