//! Capabilities, of which two structures have half of the bits each.

use super::layout::laid_out;
use super::list::List;
use super::phase::Phase;
use super::symbols::capabilities as names;
use crate::{Abi, MemberKind};

/// Prints one structure, or two of which the second has the upper halves.
pub fn capabilities(abi: Abi, bytes: &[u8], phase: Phase, out: &mut String) {
    let Some(layout) = crate::structure(abi, "cap_user_data") else { return };
    let upper = bytes.get(layout.size()..).unwrap_or_default();
    if upper.len() < layout.size() {
        return laid_out(abi, "cap_user_data", bytes, phase, out);
    }
    let mut list = List::open("{", out);
    for member in layout.members() {
        let half = |bytes| member.number(bytes, 0).unwrap_or_default();
        let out = list.item();
        out.push_str(member.name);
        out.push('=');
        if let MemberKind::Capabilities(set) = member.kind {
            names(set, half(upper) << 32 | half(bytes), out);
        }
    }
    list.close("}");
}
