//! Syscall names, numbers, groups and signatures: data, per architecture. A name or a number in, the
//! other out; a group in, its slots out; a slot in, what its arguments are. Never asks the running
//! kernel: a table file reads the same on every host of one architecture.

mod argument;
mod capture;
mod closest;
mod constants;
mod groups;
pub mod notation;
pub mod printable;
mod signature;
mod slot;
mod structs;
mod table;

use std::sync::LazyLock;

pub use argument::{Argument, Call};
pub use capture::{Capture, Moment, Part, Status, Value};
pub use closest::closest;
pub use constants::{Set, set};
pub use groups::{Group, group, groups};
pub use signature::{
    Bits, Case, Count, Direction, Form, Inner, Kind, Memory, Parameter, Place, Signature, Test,
    Width, Words, signature,
};
pub use slot::{Abi, Slot};
pub use structs::{
    Condition, Content, Member, Plain, Shown, Structure, number as word, structure, structure_names,
};
use table::Table;

#[cfg(target_arch = "x86_64")]
const FILES: [&str; 2] = [include_str!("../tables/x86_64.tsv"), include_str!("../tables/i386.tsv")];
/// Of arm there is no table: its numbers reach handlers and records without a name.
#[cfg(target_arch = "aarch64")]
const FILES: [&str; 2] = [include_str!("../tables/aarch64.tsv"), ""];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("no syscall table for this architecture: add its .tsv to crates/syscalls/tables");

/// The number of a syscall in that ABI.
pub fn number(abi: Abi, name: &str) -> Option<u16> {
    table(abi).number(name)
}

/// The name of a number in that ABI.
pub fn name(abi: Abi, nr: u16) -> Option<&'static str> {
    table(abi).name(nr)
}

/// The kernel functions that may serve a slot, as kernels call them; the first that a kernel has is
/// the one. Functions without arguments serve both ABIs of x86, under one name that has no ABI
/// (arch/x86/include/asm/syscall_wrapper.h).
pub fn functions(slot: Slot) -> impl Iterator<Item = String> {
    let prefixes: &[&str] = match slot.abi() {
        _ if cfg!(target_arch = "aarch64") => &["__arm64_"],
        Abi::Native => &["__x64_", "__do_"],
        Abi::Compat => &["__ia32_", "__do_"],
    };
    table(slot.abi())
        .functions(slot.nr())
        .flat_map(move |function| prefixes.iter().map(move |prefix| format!("{prefix}{function}")))
}

/// Every syscall of that ABI, by number.
pub fn names(abi: Abi) -> impl Iterator<Item = (u16, &'static str)> {
    table(abi).rows()
}

/// Whether any ABI of this architecture has a syscall of that name.
pub fn known(name: &str) -> bool {
    Abi::ALL.into_iter().any(|abi| number(abi, name).is_some())
}

fn table(abi: Abi) -> &'static Table {
    static TABLES: LazyLock<[Table; 2]> = LazyLock::new(|| FILES.map(Table::parse));
    let [native, compat] = &*TABLES;
    match abi {
        Abi::Native => native,
        Abi::Compat => compat,
    }
}
