//! Bytes in, numbers of their members out. What lies beyond the end of the bytes is no number.

use super::{Condition, Content, Member, Structure};

impl Structure {
    /// The number that a member holds, as its register would; `None` for what is no number and for
    /// bytes that end before it.
    pub fn number(&self, bytes: &[u8], name: &str) -> Option<u64> {
        self.members.iter().find(|member| member.name == name)?.number(bytes, 0)
    }

    /// The same, with a sign of the member's own width.
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

    /// The part of the bytes that a nested structure takes.
    pub fn part<'a>(&self, bytes: &'a [u8], name: &str) -> Option<(&Self, &'a [u8])> {
        let member = self.members.iter().find(|member| member.name == name)?;
        match &member.content {
            Content::Struct(structure) => Some((structure, member.bytes(bytes, 0)?)),
            _ => None,
        }
    }
}

impl Member {
    /// The bytes of one element; `None` beyond the end.
    pub fn bytes<'a>(&self, bytes: &'a [u8], index: usize) -> Option<&'a [u8]> {
        let start = self.offset.checked_add(self.width.checked_mul(index)?)?;
        bytes.get(start..start.checked_add(self.width)?)
    }

    /// One element as a number, in the byte order of the machine.
    pub fn number(&self, bytes: &[u8], index: usize) -> Option<u64> {
        let number = number(self.bytes(bytes, index)?)?;
        Some(match self.content {
            Content::Bits { from, count, .. } => {
                number >> from & 1_u64.checked_shl(count).unwrap_or(0).wrapping_sub(1)
            }
            _ => number,
        })
    }

    /// Whether what it depends on is so: one `if`, should there be any, and every `unless`.
    pub fn is_told(&self, structure: &Structure, bytes: &[u8]) -> bool {
        let is_met = |condition: &Condition| condition.is_met(structure, bytes);
        let of_kind = |is_bar| {
            self.conditions.iter().filter(move |condition| condition.is_reversed() == is_bar)
        };
        let has_doors = of_kind(false).next().is_some();
        of_kind(true).all(is_met) && (!has_doors || of_kind(false).any(is_met))
    }

    /// Where it ends, from the structure's beginning.
    pub fn end(&self) -> usize {
        self.offset.saturating_add(self.width.saturating_mul(self.count.unwrap_or(1)))
    }
}

/// 1, 2, 4 or 8 bytes in the byte order of the machine.
pub fn number(bytes: &[u8]) -> Option<u64> {
    Some(match bytes.len() {
        1 => u8::from_ne_bytes(bytes.try_into().ok()?).into(),
        2 => u16::from_ne_bytes(bytes.try_into().ok()?).into(),
        4 => u32::from_ne_bytes(bytes.try_into().ok()?).into(),
        8 => u64::from_ne_bytes(bytes.try_into().ok()?),
        _ => return None,
    })
}
