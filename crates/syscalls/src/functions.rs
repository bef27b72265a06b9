//! Kernel functions that serve slots.

use crate::io_uring::{UringOperation, uring_operation};
use crate::{Abi, Slot, numbers};

/// Returns the kernel functions that may serve a slot, as the kernel's symbol table spells them; the
/// first one that a kernel has serves it. Functions without arguments serve both ABIs of x86 under
/// one name without an ABI (arch/x86/include/asm/syscall_wrapper.h). Functions of operations of
/// `io_uring` prepare them.
pub fn functions(slot: Slot) -> impl Iterator<Item = String> {
    let prefixes: &[&str] = match slot.abi() {
        Abi::IoUring => &[],
        abi if abi.is_probe() => &[],
        _ if cfg!(target_arch = "aarch64") => &["__arm64_"],
        Abi::Native => &["__x64_", "__do_"],
        _ => &["__ia32_", "__do_"],
    };
    let of_operation = uring_operation(slot).into_iter().flat_map(UringOperation::functions);
    numbers::table(slot.abi())
        .functions(slot.nr())
        .flat_map(move |function| prefixes.iter().map(move |prefix| format!("{prefix}{function}")))
        .chain(of_operation.map(str::to_owned))
}
