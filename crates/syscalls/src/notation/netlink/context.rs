//! Knowledge of a message where one of its parts is printed; steps that messages and attributes have in common.

use super::several::Several;
use crate::Abi;
use crate::notation::bytes::with_ellipsis;
use crate::notation::quote::hex;

/// Depth of attributes within attributes, and of messages within messages, to which they are printed.
pub const DEPTH: u8 = 8;

/// Knowledge of a message where one of its parts is printed.
#[derive(Clone, Copy)]
pub struct Context {
    /// ABI of the call.
    pub abi: Abi,
    /// Number of the socket's protocol; `None` if it is not known.
    pub protocol: Option<u16>,
    /// First byte of the body of a message: the family of addresses.
    pub family: u8,
    /// Absence of bytes behind the last one, because they were not captured.
    pub is_cut: bool,
    /// Number of values around this one.
    pub depth: u8,
}

impl Context {
    /// Returns the context within an element that claims that length, at the beginning of the bytes.
    pub fn of_element(&self, length: usize, bytes: &[u8]) -> Self {
        Self { is_cut: self.is_cut && length > bytes.len(), ..*self }
    }

    /// Returns the context behind it: an ellipsis within it is not repeated.
    pub fn behind_element(&self, length: usize, bytes: &[u8]) -> Self {
        Self { is_cut: self.is_cut && length <= bytes.len(), ..*self }
    }
}

/// Returns the bytes behind an element of that length, which begins at a multiple of 4; those behind its header if
/// it claims to be shorter than that.
pub fn rest(bytes: &[u8], length: usize, header: usize) -> &[u8] {
    let next = length.max(header).checked_next_multiple_of(4);
    next.and_then(|next| bytes.get(next..)).unwrap_or_default()
}

/// Adds what is left behind the last element: an ellipsis for bytes that are not printed.
pub fn remainder(context: &Context, bytes: &[u8], list: &mut Several<'_>) {
    if context.is_cut || bytes.iter().any(|byte| *byte != 0) {
        list.item().push_str("...");
    }
}

/// Prints bytes that have no known structure.
pub fn unknown(context: &Context, bytes: &[u8], out: &mut String) {
    with_ellipsis(context.is_cut, out, |out| hex(bytes, out));
}
