//! Capabilities in, text out: of two structures each has half of the bits.

use super::list::List;
use super::symbols::capabilities as names;
use super::{Side, laid_out};
use crate::{Abi, Content};

/// One structure, or two of which the second has the upper halves.
pub fn capabilities(abi: Abi, bytes: &[u8], side: Side, out: &mut String) {
    let Some(layout) = crate::structure(abi, "cap_user_data") else { return };
    let upper = bytes.get(layout.size()..).unwrap_or_default();
    if upper.len() < layout.size() {
        return laid_out(abi, "cap_user_data", bytes, side, out);
    }
    let mut list = List::open("{", out);
    for member in layout.members() {
        let half = |bytes| member.number(bytes, 0).unwrap_or_default();
        let out = list.item();
        out.push_str(member.name);
        out.push('=');
        if let Content::Capabilities(set) = member.content {
            names(set, half(upper) << 32 | half(bytes), out);
        }
    }
    list.close("}");
}
