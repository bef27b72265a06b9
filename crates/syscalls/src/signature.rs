//! Signatures of syscalls (`signatures.tsv`): parameters, the memory behind pointers, results, and
//! the cases of calls whose arguments depend on another argument. A malformed line is skipped; a test
//! proves that there is none.

/// Kinds of arguments.
mod kind;

/// Parser of kinds.
mod kind_parser;

/// Parameters, and the memory behind pointers.
mod parameter;

/// Tests of registers.
mod register_test;

/// Parser of one parameter.
mod parameter_parser;

/// Signatures, cases, prototypes and inner calls.
mod types;

/// Parser of prototypes, cases and inner calls.
mod parse;

/// Parser of `signatures.tsv`.
mod rows;

/// Inner arguments.
mod inner;

/// Signatures of probes.
mod of_probes;

use std::sync::{LazyLock, OnceLock};

use super::constants::sets;
use super::numbers::table;
use super::{Abi, Slot};
pub use inner::{INNER_POSITION, InnerArguments, InnerMember};
pub use kind::{Kind, Width};
pub(crate) use of_probes::set_parameters;
pub use parameter::{Count, Direction, Memory, Parameter, Written};
pub use register_test::RegisterTest;
use rows::Rows;
pub use types::{ArgumentSource, Case, InnerCall, MemoryArguments, Prototype, Signature};

/// Returns the signature of a slot; `None` for a number without a name, and if no kernel has the
/// syscall. That of a probe is as it was found in the running kernel.
pub fn signature(slot: Slot) -> Option<&'static Signature> {
    static SIGNATURES: LazyLock<[Signatures; 3]> = LazyLock::new(|| Abi::ALL.map(Signatures::read));
    let [native, compat, io_uring] = &*SIGNATURES;
    let all = match slot.abi() {
        Abi::Native => native,
        Abi::Compat => compat,
        Abi::IoUring => io_uring,
        Abi::Kprobe | Abi::Tracepoint | Abi::RawTracepoint => {
            return of_probes::signature(slot);
        }
    };
    all.get(slot.nr())
}

/// Signatures of one ABI, each of which is parsed when it is asked for: most programs need few.
struct Signatures {
    abi: Abi,
    rows: Rows,
    by_number: Vec<OnceLock<Option<Signature>>>,
}

impl Signatures {
    fn read(abi: Abi) -> Self {
        let rows = Rows::read(include_str!("../tables/signatures.tsv"), abi.layout().name());
        Self { abi, rows, by_number: vec![OnceLock::new(); abi.slots().into()] }
    }

    fn get(&self, nr: u16) -> Option<&Signature> {
        self.by_number.get(usize::from(nr))?.get_or_init(|| self.parse(nr)).as_ref()
    }

    fn parse(&self, nr: u16) -> Option<Signature> {
        let signature = |function: &str| self.rows.signature(function, sets(self.abi));
        table(self.abi).functions(nr).find_map(signature)
    }
}

#[cfg(test)]
mod tests;
