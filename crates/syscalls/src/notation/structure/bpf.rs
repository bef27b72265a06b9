//! Attributes of bpf(2). The command decides on the structure.

use super::layout::laid_out;
use super::phase::Phase;
use crate::Abi;
use crate::notation::primitive::hex_bytes;

/// Prints the attributes of `command`. The number of bytes is the size that the caller passed; members
/// beyond it are 0, as in the kernel. Attributes of an unknown command are printed as bytes.
pub fn bpf_attr(abi: Abi, command: u32, bytes: &[u8], phase: Phase, out: &mut String) {
    let symbol =
        crate::constant_set(abi, "bpf").and_then(|commands| commands.symbol(command.into()));
    let name = format!("bpf_{}", symbol.unwrap_or_default());
    match crate::structure(abi, &name) {
        Some(layout) => {
            let mut padded = bytes.to_vec();
            padded.resize(bytes.len().max(layout.min_size()), 0);
            laid_out(abi, &name, &padded, phase, out);
        }
        None => hex_bytes(bytes, out),
    }
}
