//! What bpf(2) is asked for, in text: which of the kernel's structures it is, the command tells.

use super::{Side, hex_bytes, laid_out};
use crate::Abi;

/// `bytes` are as many as the call says it passes; what every form of the structure has and they have
/// not is 0 for the kernel. Of a command whose structure is not known they are told as they are.
pub fn bpf_attr(abi: Abi, command: u32, bytes: &[u8], side: Side, out: &mut String) {
    let symbol = crate::set(abi, "bpf").and_then(|commands| commands.symbol(command.into()));
    let name = format!("bpf_{}", symbol.unwrap_or_default());
    match crate::structure(abi, &name) {
        Some(layout) => {
            let mut padded = bytes.to_vec();
            padded.resize(bytes.len().max(layout.least()), 0);
            laid_out(abi, &name, &padded, side, out);
        }
        None => hex_bytes(bytes, out),
    }
}
