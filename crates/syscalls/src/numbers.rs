//! Numbers and names of syscalls: the tables of this architecture, one for each ABI.

use std::sync::LazyLock;

use crate::table::Table;
use crate::{Abi, probe_names};

#[cfg(target_arch = "x86_64")]
const FILES: [&str; 2] = [include_str!("../tables/x86_64.tsv"), include_str!("../tables/i386.tsv")];
#[cfg(target_arch = "aarch64")]
const FILES: [&str; 2] = [include_str!("../tables/aarch64.tsv"), include_str!("../tables/arm.tsv")];
/// Operations of `io_uring`, the same on every architecture.
pub(super) const URING_FILE: &str = include_str!("../tables/io_uring.tsv");
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("no syscall table for this architecture: add its .tsv to crates/syscalls/tables");

/// Returns the number of the syscall `name` in `abi`; of a probe, if it has one.
pub fn number(abi: Abi, name: &str) -> Option<u16> {
    if abi.is_probe() {
        return probe_names::number(abi, name);
    }
    table(abi).number(name)
}

/// Returns the name of syscall number `nr` in `abi`.
pub fn name(abi: Abi, nr: u16) -> Option<&'static str> {
    if abi.is_probe() {
        return probe_names::name(abi, nr);
    }
    table(abi).name(nr)
}

/// Returns number and name of every syscall of `abi`, sorted by number.
pub fn names(abi: Abi) -> impl Iterator<Item = (u16, &'static str)> {
    table(abi).rows()
}

/// Returns whether any ABI of this architecture has a syscall called `name`.
pub fn is_known(name: &str) -> bool {
    Abi::BOTH.into_iter().any(|abi| number(abi, name).is_some())
}

/// Returns the table of `abi`, which is empty for probes.
pub(super) fn table(abi: Abi) -> &'static Table {
    static TABLES: LazyLock<[Table; 4]> = LazyLock::new(|| {
        let [native, compat] = FILES.map(Table::parse);
        [native, compat, Table::parse(URING_FILE), Table::parse("")]
    });
    let [native, compat, io_uring, of_probes] = &*TABLES;
    match abi {
        Abi::Native => native,
        Abi::Compat => compat,
        Abi::IoUring => io_uring,
        Abi::Kprobe | Abi::Tracepoint | Abi::RawTracepoint => of_probes,
    }
}
